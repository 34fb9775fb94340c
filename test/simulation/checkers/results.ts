/**
 * P2: what a disk has of the end of an attempt is what its executor said of it, and of the task that it was started for.
 *
 * An end without an executor's word is that of an attempt that its holder gave back before it began, or at its own end.
 */
import type { Writes } from '../../../src/core/effects.ts'
import type { Event } from '../../../src/core/events.ts'
import type { EndedFact } from '../../../src/core/facts.ts'
import type { Token } from '../../../src/core/ids.ts'
import type { PoolFact } from '../fact-pool.ts'
import type { SimNode } from '../process.ts'
import type { World } from '../world.ts'
import type { Checker } from './checker.ts'

type Said = Extract<Event, { type: 'execution-ended' }>

/** What only an executor can say. */
const SAID: ReadonlySet<EndedFact['outcome']> = new Set(['completed', 'failed', 'timed-out'])

export class Results implements Checker {
  readonly #world: World
  readonly #said = new Map<Token, Said>()

  constructor(world: World) {
    this.#world = world
  }

  event(_node: SimNode, event: Event): void {
    if (event.type === 'execution-ended') this.#said.set(event.token, event)
  }

  durable(node: SimNode, _writes: Writes, added: readonly PoolFact[]): void {
    for (const { fact } of added) {
      if (fact.kind !== 'ended' || !SAID.has(fact.outcome)) continue
      const wrong = this.#wrongIn(fact)
      if (wrong !== undefined)
        this.#world.report('P2', `node ${node.index} keeps that ${fact.token} of task ${fact.task} ${wrong}`)
    }
  }

  #wrongIn({ task, token, outcome, result, error }: EndedFact): string | undefined {
    const said = this.#said.get(token)
    if (!this.#world.history.ofToken(token).some((each) => each.task === task)) return 'ended, which never began for it'
    if (said === undefined) return `ended as ${outcome}, and its executor said nothing`
    if (said.outcome !== outcome) return `ended as ${outcome}, and its executor said ${said.outcome}`
    const isSame = JSON.stringify(said.result) === JSON.stringify(result)
    return isSame && said.error?.class === error?.class ? undefined : 'ended otherwise than its executor said'
  }
}
