/** Counts the tasks that have ended, for runs that are too large to look at every fact. */
import type { Writes } from '../../src/core/effects.ts'
import type { TaskId } from '../../src/core/ids.ts'
import type { PoolFact } from './fact-pool.ts'
import type { Observer } from './observer.ts'
import type { SimNode } from './process.ts'

export class Progress implements Observer {
  readonly #ended = new Set<TaskId>()

  get ended(): number {
    return this.#ended.size
  }

  durable(_node: SimNode, writes: Writes, _added: readonly PoolFact[]): void {
    for (const { fact } of writes.facts)
      if (fact.kind === 'closed' || (fact.kind === 'ended' && fact.outcome === 'completed')) this.#ended.add(fact.task)
  }
}
