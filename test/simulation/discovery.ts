/** mDNS: a node that starts, and every node from time to time, finds those on its wire that it is not connected to. */
import type { Endpoint, Network } from './network.ts'
import type { Random } from './random.ts'
import type { Schedule, Target } from './schedule.ts'

export interface DiscoveryConditions {
  /** Share of answers that get lost. */
  readonly lost: number
  readonly firstMsMax: number
  readonly everyMs: number
}

interface Asking {
  readonly who: Endpoint
  readonly starts: number
}

interface Finding {
  readonly by: Endpoint
  readonly found: Endpoint
}

export class Discovery {
  readonly #schedule: Schedule
  readonly #network: Network
  readonly #endpoints: readonly Endpoint[]
  conditions: DiscoveryConditions
  readonly #random: Random

  constructor(
    schedule: Schedule,
    network: Network,
    endpoints: readonly Endpoint[],
    conditions: DiscoveryConditions,
    random: Random,
  ) {
    this.#schedule = schedule
    this.#network = network
    this.#endpoints = endpoints
    this.conditions = conditions
    this.#random = random
  }

  /** A process has begun to listen: it announces itself and asks who is there. */
  started(who: Endpoint): void {
    const atMs = this.#schedule.nowMs + this.#random.between(1, this.conditions.firstMsMax)
    this.#schedule.at(atMs, this.#first, { who, starts: who.starts })
  }

  readonly #first: Target<Asking> = {
    happen: (asking) => {
      const { who } = asking
      if (!lives(asking)) return
      for (const other of this.#endpoints) this.#hear(other, who)
      this.#askings.happen(asking)
    },
  }

  readonly #askings: Target<Asking> = {
    happen: (asking) => {
      const { who } = asking
      if (!lives(asking)) return
      for (const other of this.#endpoints) this.#hear(who, other)
      const pauseMs = this.conditions.everyMs * this.#random.between(0.8, 1.2)
      this.#schedule.at(this.#schedule.nowMs + pauseMs, this.#askings, asking)
    },
  }

  #hear(by: Endpoint, found: Endpoint): void {
    const { links } = this.#network
    if (by === found || by.id === found.id || !by.up || !found.up || found.frozen) return
    if (this.#network.isConnected(by, found.id) || links.isCut(by.index, found.index)) return
    if (this.#random.chance(this.conditions.lost)) return
    const atMs = this.#schedule.nowMs + links.delayMs(found.index, by.index, 0)
    this.#schedule.at(atMs, this.#findings, { by, found })
  }

  readonly #findings: Target<Finding> = {
    happen: ({ by, found }) => by.post({ type: 'found', peer: found.id, addresses: addressesOf(found.index) }),
  }
}

function lives({ who, starts }: Asking): boolean {
  return who.up && who.starts === starts
}

/** Where the machine of that number listens. */
export function addressesOf(index: number): readonly string[] {
  return [`/ip4/10.0.${index >> 8}.${index & 255}/tcp/4001`]
}
