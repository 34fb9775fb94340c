/** Those who watch a simulated mesh: checkers, coverage, trace. They change nothing. */
import type { Effect, Writes } from '../../src/core/effects.ts'
import type { Event } from '../../src/core/events.ts'
import type { PoolFact } from './fact-pool.ts'
import type { Fault } from './faults.ts'
import type { ExecutionRecord } from './history.ts'
import type { SimNode } from './process.ts'

export type DiskDamage = 'bits-flipped' | 'tallies-damaged' | 'wiped' | 'backup-restored'

export interface Observer {
  /** A process began: its disk was read, and its core has not taken a step yet. */
  began?(node: SimNode): void
  /** Before the core takes the event. */
  event?(node: SimNode, event: Event): void
  /** Once it is carried out. */
  effect?(node: SimNode, effect: Effect): void
  /** Writes are on disk; `added` are the facts that were not there. */
  durable?(node: SimNode, writes: Writes, added: readonly PoolFact[]): void
  /** Facts of slots for which the node is not listed are on its disk no more. */
  dropped?(node: SimNode, facts: readonly PoolFact[]): void
  executionBegan?(record: ExecutionRecord): void
  executionEnded?(record: ExecutionRecord): void
  /** The process is gone. */
  gone?(node: SimNode): void
  damaged?(node: SimNode, damage: DiskDamage, lost: readonly PoolFact[]): void
  fault?(fault: Fault, begins: boolean): void
  /** Once a virtual second. */
  second?(): void
}

type Hook = keyof Observer
type Hooked<H extends Hook> = Observer & Required<Pick<Observer, H>>

/** All observers of a world, by what they want to hear. */
export class Observers {
  readonly #by = new Map<Hook, Observer[]>()

  add(observer: Observer): void {
    for (const hook of HOOKS) if (observer[hook] !== undefined) this.#of(hook).push(observer)
  }

  #of(hook: Hook): Observer[] {
    let list = this.#by.get(hook)
    if (list === undefined) {
      list = []
      this.#by.set(hook, list)
    }
    return list
  }

  /** Those that want to hear of it; the list stays the same while observers are added. */
  of<H extends Hook>(hook: H): readonly Hooked<H>[] {
    return this.#of(hook) as Hooked<H>[]
  }
}

const HOOKS = [
  'began',
  'event',
  'effect',
  'durable',
  'dropped',
  'executionBegan',
  'executionEnded',
  'gone',
  'damaged',
  'fault',
  'second',
] as const satisfies readonly Hook[]
