/**
 * The gossip plane: everyone that can be reached hears a message, perhaps, at some time, once or more often.
 *
 * 1. It goes where connections lead, over any number of nodes, while `works` says so; apart from that its faults are
 *    its own, so that it fails while streams work and works while streams fail.
 */
import type { End, Endpoint, Network } from './network.ts'
import type { Random } from './random.ts'
import type { Schedule, Target } from './schedule.ts'

export interface GossipConditions {
  readonly lost: number
  readonly twice: number
  readonly delayMsMin: number
  readonly delayMsMax: number
  /** Share of messages that take up to `slowMsMax`. */
  readonly slow: number
  readonly slowMsMax: number
}

export class Gossip {
  conditions: GossipConditions
  /** Windows in which nothing passes. */
  silenced = 0
  /** Windows in which it passes even where no connection leads. */
  everywhere = 0
  readonly figures = { messages: 0, bytes: 0, heard: 0 }
  readonly #schedule: Schedule
  readonly #network: Network
  readonly #endpoints: readonly Endpoint[]
  readonly #random: Random
  /** Who hears whom, for the topology it was made for. */
  readonly #reach = new Map<number, readonly Endpoint[]>()
  #topology = -1

  constructor(
    schedule: Schedule,
    network: Network,
    endpoints: readonly Endpoint[],
    conditions: GossipConditions,
    random: Random,
  ) {
    this.#schedule = schedule
    this.#network = network
    this.#endpoints = endpoints
    this.conditions = conditions
    this.#random = random
  }

  publish(from: Endpoint, bytes: Uint8Array): void {
    this.figures.messages++
    this.figures.bytes += bytes.length
    if (this.silenced > 0) return
    const { lost, twice } = this.conditions
    for (const to of this.everywhere > 0 ? this.#endpoints : this.#reachOf(from)) {
      if (to === from || !to.up) continue
      if (lost > 0 && this.#random.chance(lost)) continue
      this.#later(to, bytes)
      if (twice > 0 && this.#random.chance(twice)) this.#later(to, bytes)
    }
  }

  #later(to: Endpoint, bytes: Uint8Array): void {
    const { delayMsMin, delayMsMax, slow, slowMsMax } = this.conditions
    let delay = this.#random.between(delayMsMin, delayMsMax)
    if (slow > 0 && this.#random.chance(slow)) delay += this.#random.between(0, slowMsMax)
    this.#schedule.at(this.#schedule.nowMs + delay, this.#arrivals, { to, bytes })
  }

  readonly #arrivals: Target<{ readonly to: Endpoint; readonly bytes: Uint8Array }> = {
    happen: ({ to, bytes }) => {
      this.figures.heard++
      to.post({ type: 'gossiped', bytes })
    },
  }

  #reachOf(from: Endpoint): readonly Endpoint[] {
    if (this.#topology !== this.#network.topology) {
      this.#reach.clear()
      this.#topology = this.#network.topology
    }
    let reached = this.#reach.get(from.index)
    if (reached === undefined) {
      reached = this.#search(from)
      for (const each of reached) this.#reach.set(each.index, reached)
    }
    return reached
  }

  #search(from: Endpoint): readonly Endpoint[] {
    const found: Endpoint[] = [from]
    const seen = new Set([from.index])
    for (let at = 0; at < found.length; at++) {
      for (const end of this.#network.endsOf((found[at] as Endpoint).index).values()) {
        if (seen.has(end.peer.index) || !carries(end, this.#network)) continue
        seen.add(end.peer.index)
        found.push(end.peer)
      }
    }
    return found.sort((a, b) => a.index - b.index)
  }
}

function carries(end: End, network: Network): boolean {
  return end.open && end.other.open && !network.links.isCut(end.owner.index, end.peer.index)
}
