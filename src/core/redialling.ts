/**
 * Keeps a connection to each peer that this node wants one to, and reads the evidence in refused ones (protocol.md,
 * section 4).
 *
 * A line: down -> dialling -> up -> down. While it is down it is dialled every second, once its peer is dead every 30 s,
 * after a day of that every 5 min; at once where the peer was found.
 *
 * 1. At most one dial of a peer is under way: each ends with `connected` or `failed`, or is given up after 30 s. One that
 *    has connected is followed by the next a second later at the earliest, however soon the connection ended: two
 *    copies of a node would take each other's connections without a pause.
 * 2. The lower id of a pair dials first; the higher one waits 3 s from when either may.
 * 3. Two refusals at least 1 s apart, and no other outcome between them, are evidence that the process is gone; but
 *    only where a connection of this start stood before and the other side, or the way there, closed it: an address
 *    that nobody ever answered at proves nothing.
 * 4. The higher id finds that evidence by knocking, at once and 1 s later, so that (2) delays no verdict.
 */
import type { NodeId } from './ids.ts'
import type { Line } from './line.ts'
import { LIVENESS } from './liveness-settings.ts'
import type { LivenessWorld } from './liveness-world.ts'
import type { Peer } from './peer.ts'

const NEVER = Number.NEGATIVE_INFINITY
const KNOCKS = 2

export class Redialling {
  readonly #world: LivenessWorld

  constructor(world: LivenessWorld) {
    this.#world = world
  }

  /** The peer may be reached anew: somebody saw it, or it is a new member. */
  found({ id, line }: Peer): void {
    line.nextDialMs = Math.min(line.nextDialMs, this.#turnMs(id))
  }

  added({ id, line }: Peer): void {
    line.nextDialMs = this.#turnMs(id)
  }

  connected({ line }: Peer): void {
    line.connected = true
    line.dialledMs = undefined
    line.refusedMs = undefined
    line.nextDialMs = Math.min(line.nextDialMs, this.#world.nowMs + LIVENESS.redialMs)
  }

  disconnected({ id, line }: Peer): void {
    if (!line.connected) return
    line.connected = false
    line.wasClosed = true
    line.refusedMs = undefined
    line.nextDialMs = Math.max(line.nextDialMs, this.#turnMs(id))
    if (this.#world.self > id) line.knocksLeft = KNOCKS
  }

  /** A dial came to nothing; answers whether that proves the peer's process gone. */
  failed({ line }: Peer, refused: boolean): boolean {
    const startedMs = line.dialledMs
    line.dialledMs = undefined
    return startedMs !== undefined && this.#proves(line, refused, startedMs)
  }

  /** How a knock ended; answers whether that proves the peer's process gone. */
  knocked({ line }: Peer, refused: boolean): boolean {
    return this.#proves(line, refused, line.knockedMs)
  }

  #proves(line: Line, refused: boolean, startedMs: number): boolean {
    if (!refused || !line.wasClosed) {
      line.refusedMs = undefined
      return false
    }
    line.refusedMs ??= startedMs
    return startedMs - line.refusedMs >= LIVENESS.refusalsApartMs
  }

  /** Nobody needs the connection: this end of it says nothing about the peer. */
  hangUp({ id, line }: Peer): void {
    this.#world.out({ type: 'hang-up', to: id })
    line.connected = false
    line.wasClosed = false
    line.nextDialMs = this.#turnMs(id)
  }

  /** The peer is held for dead: its line, where it still stands, leads nowhere. */
  died({ id, line }: Peer): void {
    if (line.connected) this.#world.out({ type: 'hang-up', to: id })
    line.connected = false
    line.wasClosed = false
    line.knocksLeft = 0
    line.deadMs = this.#world.nowMs
    line.nextDialMs = this.#turnMs(id) + LIVENESS.redialDeadMs
  }

  /** Does what is due; answers when more will be. */
  look(peer: Peer, isWanted: boolean): number {
    if (peer.line.connected) return Number.POSITIVE_INFINITY
    return Math.min(this.#knock(peer), isWanted ? this.#dial(peer) : Number.POSITIVE_INFINITY)
  }

  #knock({ id, line }: Peer): number {
    if (line.knocksLeft === 0) return Number.POSITIVE_INFINITY
    const { nowMs, out } = this.#world
    const dueMs = line.knockedMs + LIVENESS.refusalsApartMs
    if (nowMs < dueMs) return dueMs
    line.knocksLeft--
    line.knockedMs = nowMs
    out({ type: 'knock', to: id })
    return nowMs + LIVENESS.refusalsApartMs
  }

  #dial(peer: Peer): number {
    const { line } = peer
    const { nowMs, out } = this.#world
    const busyUntilMs = line.dialledMs === undefined ? NEVER : line.dialledMs + LIVENESS.dialMsMax
    const dueMs = Math.max(line.nextDialMs, busyUntilMs)
    if (nowMs < dueMs) return dueMs
    line.dialledMs = nowMs
    line.nextDialMs = nowMs + this.#paceMs(peer)
    out({ type: 'dial', to: peer.id })
    return line.nextDialMs
  }

  #paceMs({ state, line }: Peer): number {
    if (state !== 'dead') return LIVENESS.redialMs
    const isLong = this.#world.nowMs - line.deadMs >= LIVENESS.longDeadMs
    return isLong ? LIVENESS.redialLongDeadMs : LIVENESS.redialDeadMs
  }

  /** The earliest time at which this node may dial a peer that both could dial now. */
  #turnMs(id: NodeId): number {
    return this.#world.nowMs + (this.#world.self < id ? 0 : LIVENESS.higherIdWaitsMs)
  }
}
