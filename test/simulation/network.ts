/**
 * Connections between nodes, as TCP under libp2p gives them.
 *
 * 1. Bytes arrive in order and once while a connection lives; what is under way when it ends is lost, from some
 *    message on. Each end hears of its end at its own time, or, where the wire is cut, only when it gives up waiting.
 * 2. A node has at most one connection to a node id: a new one takes the place of one that is dead without knowing it.
 * 3. What is sent over a cut wire waits, and arrives late in its order if the wire heals before an end gives up.
 */
import type { Event } from '../../src/core/events.ts'
import type { NodeId } from '../../src/core/ids.ts'
import type { Links } from './links.ts'
import type { Random } from './random.ts'
import type { Schedule, Target } from './schedule.ts'

/** A machine with one process, as the network sees it. */
export interface Endpoint {
  readonly index: number
  readonly id: NodeId
  /** Its process runs and listens. */
  readonly up: boolean
  /** It runs but does nothing now: its kernel takes bytes, and it shakes no hands. */
  readonly frozen: boolean
  /** Rises with each start of its process. */
  readonly starts: number
  post(event: Event): void
}

/** One side of a connection. */
export interface End {
  readonly owner: Endpoint
  readonly peer: Endpoint
  open: boolean
  /** Whether the owner was told of the connection. */
  told: boolean
  other: End
  /** The last of what is under way to this end arrives then. */
  arrivesMs: number
  /** Arrived at a cut: waits for the wire. */
  readonly stalled: Uint8Array[]
  bytesUnderWay: number
}

interface Arrival {
  readonly end: End
  readonly bytes: Uint8Array
}

export interface NetworkFigures {
  messages: number
  bytes: number
  lost: number
  connections: number
}

/** How long an end waits for what it sent to be acknowledged. */
const GIVE_UP_MS_MIN = 6_000
const GIVE_UP_MS_MAX = 40_000

export class Network {
  readonly links: Links
  readonly figures: NetworkFigures = { messages: 0, bytes: 0, lost: 0, connections: 0 }
  #connecting = 0
  readonly #schedule: Schedule
  readonly #random: Random
  readonly #ends: Map<NodeId, End>[] = []
  /** Pairs of machines => how often they were cut. */
  readonly #cuts = new Map<number, number>()

  constructor(schedule: Schedule, links: Links, random: Random) {
    this.#schedule = schedule
    this.links = links
    this.#random = random
    links.onOpened = (from, to) => this.#opened(from, to)
    links.onCut = (a, b) => this.#cut(a, b)
  }

  /** Rises whenever it changes who is connected to whom, or over which wires something passes. */
  get topology(): number {
    return this.#connecting + this.links.changes
  }

  add(endpoint: Endpoint): void {
    this.#ends[endpoint.index] = new Map()
  }

  /** Connections that a machine's process knows, by the id of the peer. */
  endsOf(index: number): ReadonlyMap<NodeId, End> {
    return this.#ends[index] as Map<NodeId, End>
  }

  isConnected(from: Endpoint, peer: NodeId): boolean {
    return this.#ends[from.index]?.get(peer)?.open === true
  }

  send(from: Endpoint, to: NodeId, bytes: Uint8Array): void {
    const end = this.#ends[from.index]?.get(to)
    if (end === undefined || !end.open) {
      this.figures.lost++
      return
    }
    this.figures.messages++
    this.figures.bytes += bytes.length
    this.#countDown(end)
    const there = end.other
    const at = this.#schedule.nowMs + this.links.delayMs(from.index, end.peer.index, bytes.length)
    there.arrivesMs = Math.max(there.arrivesMs, at)
    there.bytesUnderWay += bytes.length
    this.#schedule.at(there.arrivesMs, this.#arrivals, { end: there, bytes })
  }

  readonly #arrivals: Target<Arrival> = {
    happen: ({ end, bytes }) => {
      if (end.stalled.length > 0 || this.links.isBlocked(end.peer.index, end.owner.index)) end.stalled.push(bytes)
      else this.#deliver(end, bytes)
    },
  }

  #deliver(end: End, bytes: Uint8Array): void {
    end.bytesUnderWay -= bytes.length
    if (end.open) end.owner.post({ type: 'received', from: end.peer.id, bytes })
    else {
      this.figures.lost++
      this.#reset(end)
    }
  }

  /** The kernel of a closed end answers what still arrives; the sender hears that the connection is gone. */
  #reset(end: End): void {
    if (end.other.open) this.#closeLater(end.other, this.#delay(end.owner, end.peer))
  }

  #delay(from: Endpoint, to: Endpoint): number {
    return this.links.delayMs(from.index, to.index, 0)
  }

  #closeLater(end: End, delayMs: number): void {
    this.#schedule.at(this.#schedule.nowMs + delayMs, this.#closings, end)
  }

  readonly #closings: Target<End> = {
    happen: (end) => {
      // Over a cut wire the word is lost; the end gives up by itself, or is told when it next sends.
      if (end.open && !this.links.isBlocked(end.peer.index, end.owner.index)) this.#close(end, true)
    },
  }

  #close(end: End, tellsPeer: boolean): void {
    if (!end.open) return
    end.open = false
    this.#connecting++
    const known = this.#ends[end.owner.index] as Map<NodeId, End>
    if (known.get(end.peer.id) === end) known.delete(end.peer.id)
    if (end.told) end.owner.post({ type: 'disconnected', peer: end.peer.id })
    if (!tellsPeer || !end.other.open) return
    const { nowMs } = this.#schedule
    const soonest = nowMs + this.#delay(end.owner, end.peer)
    // What is under way arrives before that or is lost.
    const last = this.#random.chance(0.5) ? Math.max(soonest, end.other.arrivesMs) : soonest
    this.#closeLater(end.other, last - nowMs)
  }

  /** An end of its connection to a peer, asked for by a node or by a fault. */
  hangUp(from: Endpoint, peer: NodeId): void {
    const end = this.#ends[from.index]?.get(peer)
    // Not at once: its owner is in the middle of a step.
    if (end !== undefined) this.#schedule.at(this.#schedule.nowMs, this.#hangUps, end)
  }

  readonly #hangUps: Target<End> = { happen: (end) => this.#close(end, true) }

  /** Ends the connection of a pair at both sides, each at its own time. */
  reset(a: Endpoint, b: Endpoint): void {
    const end = this.#ends[a.index]?.get(b.id)
    if (end === undefined || end.peer !== b) return
    this.#closeLater(end, this.#random.between(0, 1_000))
    this.#closeLater(end.other, this.#random.between(0, 1_000))
  }

  /** Ends the next connection of a pair once so many more messages were sent over it, in the middle of them. */
  resetAfter(a: Endpoint, b: Endpoint, messages: number): void {
    this.#armed.set(pairOf(a.index, b.index), messages)
  }

  readonly #armed = new Map<string, number>()

  #countDown(end: End): void {
    if (this.#armed.size === 0) return
    const pair = pairOf(end.owner.index, end.peer.index)
    const left = this.#armed.get(pair)
    if (left === undefined) return
    if (left > 1) {
      this.#armed.set(pair, left - 1)
      return
    }
    this.#armed.delete(pair)
    this.#closeLater(end, 0)
    this.#closeLater(end.other, this.#delay(end.owner, end.peer))
  }

  /** The process of a machine is gone; where its kernel lives it says so. */
  gone(endpoint: Endpoint, kernelLives: boolean): void {
    for (const end of [...(this.#ends[endpoint.index] as Map<NodeId, End>).values()]) {
      end.told = false
      this.#close(end, kernelLives)
    }
  }

  /** Gives a pair a connection, in the place of one that is dead at either side. */
  connect(from: Endpoint, to: Endpoint): void {
    const known = this.#ends[to.index]?.get(from.id)
    if (known?.open === true && known.other.open && known.peer === from) return
    if (known !== undefined) this.#close(known, true)
    const older = this.#ends[from.index]?.get(to.id)
    if (older !== undefined) this.#close(older, true)
    const here = newEnd(from, to)
    const there = newEnd(to, from)
    here.other = there
    there.other = here
    this.#ends[from.index]?.set(to.id, here)
    this.#ends[to.index]?.set(from.id, there)
    this.#connecting++
    this.figures.connections++
    // The far side may speak at once; this one hears of the connection before it hears what is said on it.
    here.arrivesMs = this.#schedule.nowMs + this.#delay(to, from)
    this.#schedule.at(here.arrivesMs, this.#connections, here)
    this.#connections.happen(there)
  }

  readonly #connections: Target<End> = {
    happen: (end) => {
      if (!end.open) return
      end.told = true
      end.owner.post({ type: 'connected', peer: end.peer.id })
    },
  }

  /** Both ends have something unacknowledged now, and give up one day. */
  #cut(a: number, b: number): void {
    const pair = this.#pair(a, b)
    const cut = (this.#cuts.get(pair) ?? 0) + 1
    this.#cuts.set(pair, cut)
    for (const end of this.#endsBetween(a, b)) {
      const atMs = this.#schedule.nowMs + this.#random.between(GIVE_UP_MS_MIN, GIVE_UP_MS_MAX)
      this.#schedule.at(atMs, this.#givenUp, { end, cut })
    }
  }

  #pair(a: number, b: number): number {
    return Math.min(a, b) * 65_536 + Math.max(a, b)
  }

  #endsBetween(a: number, b: number): End[] {
    const between = (from: number, to: number) =>
      [...(this.#ends[from]?.values() ?? [])].filter((end) => end.peer.index === to)
    return [...between(a, b), ...between(b, a)]
  }

  readonly #givenUp: Target<{ readonly end: End; readonly cut: number }> = {
    happen: ({ end, cut }) => {
      const [a, b] = [end.owner.index, end.peer.index]
      if (this.#cuts.get(this.#pair(a, b)) === cut && this.links.isCut(a, b)) this.#close(end, true)
    },
  }

  /** What waited for the wire is sent again, after a pause that only the kernels know. */
  #opened(from: number, to: number): void {
    for (const end of this.#ends[to]?.values() ?? []) {
      if (end.peer.index !== from || end.stalled.length === 0) continue
      end.arrivesMs = Math.max(end.arrivesMs, this.#schedule.nowMs + this.#random.between(1, 3_000))
      this.#schedule.at(end.arrivesMs, this.#flushes, end)
    }
  }

  readonly #flushes: Target<End> = {
    happen: (end) => {
      if (this.links.isBlocked(end.peer.index, end.owner.index)) return
      for (const bytes of end.stalled.splice(0)) this.#deliver(end, bytes)
    },
  }
}

function newEnd(owner: Endpoint, peer: Endpoint): End {
  const end = { owner, peer, open: true, told: false, arrivesMs: 0, stalled: [], bytesUnderWay: 0 }
  const whole = end as unknown as End
  whole.other = whole
  return whole
}

function pairOf(a: number, b: number): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`
}
