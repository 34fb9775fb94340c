/** What every node of a simulated mesh shares with the others: time, wires, chance, and who watches. */
import type { Effect } from '../../src/core/effects.ts'
import type { Event } from '../../src/core/events.ts'
import type { Conditions } from './conditions.ts'
import type { Core, CoreOptions } from './core.ts'
import type { Dialling } from './dialling.ts'
import type { Discovery } from './discovery.ts'
import type { FactPool } from './fact-pool.ts'
import type { Gossip } from './gossip.ts'
import type { History } from './history.ts'
import type { Network } from './network.ts'
import type { Observers } from './observer.ts'
import type { SimNode } from './process.ts'
import type { Prompts } from './prompts.ts'
import type { Schedule } from './schedule.ts'

/** A planted bug: what it makes of what passes between a core and the world. Those who watch take it for the core's. */
export interface Tamper {
  /** What the core is made with. */
  core?(node: SimNode, options: CoreOptions): CoreOptions
  /** Undefined: the core never hears of it. */
  event?(node: SimNode, event: Event): Event | undefined
  effects?(node: SimNode, effects: readonly Effect[], event: Event): readonly Effect[]
}

/** Says that something does not hold; `rule` is P1..P6, I1..I13, or `core` where it threw. */
export type Reporter = (rule: string, message: string) => void

export interface Surroundings {
  readonly seed: number
  readonly schedule: Schedule
  readonly conditions: Conditions
  readonly network: Network
  readonly dialling: Dialling
  readonly gossip: Gossip
  readonly discovery: Discovery
  readonly pool: FactPool
  readonly prompts: Prompts
  readonly history: History
  readonly observers: Observers
  readonly tamper: Tamper | undefined
  readonly makeCore: (node: SimNode, random: () => number) => Core
  readonly report: Reporter
}
