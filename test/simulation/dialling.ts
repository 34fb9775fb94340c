/**
 * Dials and knocks of one network.
 *
 * 1. A dial ends with a connection or is told to have failed, once, unless its process is gone by then.
 * 2. It is refused where the machine answers and the process is gone; it times out where nothing answers.
 * 3. A process has one dial to a node id under way at a time.
 */
import type { NodeId } from '../../src/core/ids.ts'
import type { Endpoint, Network } from './network.ts'
import type { Random } from './random.ts'
import type { Schedule, Target } from './schedule.ts'

interface Dial {
  readonly from: Endpoint
  /** Undefined where nobody has that id. */
  readonly to: Endpoint | undefined
  readonly peer: NodeId
  readonly starts: number
  readonly deadlineMs: number
}

const HANDSHAKE_TRIPS = 3
const DIAL_TIMEOUT_MS = 5_000
const REDIAL_MS = 1_000

export class Dialling {
  readonly #schedule: Schedule
  readonly #network: Network
  readonly #endpoints: readonly Endpoint[]
  readonly #random: Random
  /** By machine: the peers that its process dials, and which start of it that is. */
  readonly #underWay: { starts: number; peers: Set<NodeId> }[] = []

  constructor(schedule: Schedule, network: Network, endpoints: readonly Endpoint[], random: Random) {
    this.#schedule = schedule
    this.#network = network
    this.#endpoints = endpoints
    this.#random = random
  }

  dial(from: Endpoint, peer: NodeId): void {
    const underWay = this.#underWayOf(from)
    if (peer === from.id || this.#network.isConnected(from, peer) || underWay.has(peer)) return
    underWay.add(peer)
    const { nowMs } = this.#schedule
    const to = this.#choose(from, peer)
    const trip =
      to === undefined ? DIAL_TIMEOUT_MS : HANDSHAKE_TRIPS * this.#network.links.delayMs(from.index, to.index, 0)
    const dial = { from, to, peer, starts: from.starts, deadlineMs: nowMs + DIAL_TIMEOUT_MS }
    this.#schedule.at(nowMs + Math.min(trip, DIAL_TIMEOUT_MS), this.#dials, dial)
  }

  #underWayOf(from: Endpoint): Set<NodeId> {
    let known = this.#underWay[from.index]
    if (known === undefined || known.starts !== from.starts) {
      known = { starts: from.starts, peers: new Set() }
      this.#underWay[from.index] = known
    }
    return known.peers
  }

  /** Two machines may have one id, copied with the disk; a dial reaches one of them. */
  #choose(from: Endpoint, peer: NodeId): Endpoint | undefined {
    const all = this.#endpoints.filter((each) => each.id === peer && each !== from)
    const up = all.filter((each) => each.up)
    return up.length > 1 ? this.#random.pick(up) : (up[0] ?? all[0])
  }

  /** Asks the kernel of a machine alone: whether somebody listens there. */
  knock(from: Endpoint, peer: NodeId): void {
    const { nowMs } = this.#schedule
    const to = this.#choose(from, peer)
    const isSilent = to === undefined || this.#network.links.isCut(from.index, to.index)
    const trip = isSilent ? DIAL_TIMEOUT_MS : 2 * this.#network.links.delayMs(from.index, to.index, 0)
    const knock = { from, to, peer, starts: from.starts, deadlineMs: nowMs + DIAL_TIMEOUT_MS }
    this.#schedule.at(nowMs + Math.min(trip, DIAL_TIMEOUT_MS), this.#knocks, knock)
  }

  readonly #knocks: Target<Dial> = {
    happen: ({ from, to, peer, starts }) => {
      if (!from.up || from.starts !== starts) return
      const refused = to !== undefined && !to.up && !this.#network.links.isCut(from.index, to.index)
      from.post({ type: 'knocked', peer, refused })
    },
  }

  readonly #dials: Target<Dial> = {
    happen: (dial) => {
      const { from, to, starts, deadlineMs } = dial
      if (!from.up || from.starts !== starts) return
      const { nowMs } = this.#schedule
      const answers = to !== undefined && !this.#network.links.isCut(from.index, to.index)
      if (answers && !to.up) this.#failed(dial, true)
      else if (answers && !to.frozen) {
        this.#underWayOf(from).delete(dial.peer)
        this.#network.connect(from, to)
      } else if (nowMs >= deadlineMs) this.#failed(dial, false)
      else this.#schedule.at(Math.min(nowMs + REDIAL_MS, deadlineMs), this.#dials, dial)
    },
  }

  #failed({ from, peer }: Dial, refused: boolean): void {
    this.#underWayOf(from).delete(peer)
    if (!this.#network.isConnected(from, peer)) from.post({ type: 'dial-failed', peer, refused })
  }
}
