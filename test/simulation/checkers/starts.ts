/**
 * I5: no task starts on a holder whose owner was unheard for 15 s by the holder's clock, nor one of which its owner knows
 * that it, or its batch, is cancelled, or its batch deleted.
 */
import type { Effect } from '../../../src/core/effects.ts'
import { type BatchId, readToken, slotOf, type TaskId } from '../../../src/core/ids.ts'
import type { ExecutionRecord } from '../history.ts'
import { saidTo } from '../message-reader.ts'
import type { SimNode } from '../process.ts'
import type { Watch } from '../watch.ts'
import type { World } from '../world.ts'
import type { Checker } from './checker.ts'

const UNHEARD_MS_MAX = 15_000

export class Starts implements Checker {
  readonly #world: World
  readonly #watch: Watch

  constructor(world: World, watch: Watch) {
    this.#world = world
    this.#watch = watch
  }

  executionBegan({ node, token, task, batch }: ExecutionRecord): void {
    const owner = this.#watch.nodeOfBoot(readToken(token).boot)
    if (owner === undefined || owner.id === node.id) {
      this.#allowed(node, batch, task, 'starts')
      return
    }
    const unheardMs = node.localMs - this.#watch.heardMs(node, owner.id)
    if (unheardMs > UNHEARD_MS_MAX)
      this.#world.report(
        'I5',
        `task ${task} starts on node ${node.index}, whose owner ${owner.index} was unheard for ${unheardMs} ms`,
      )
  }

  effect(node: SimNode, effect: Effect): void {
    if (effect.type !== 'send') return
    const message = saidTo(node.id, effect.to, effect.bytes, (type) => type === 'granted')?.message
    if (message?.type !== 'granted') return
    for (const { batch, task } of message.grants) this.#allowed(node, batch, task, 'is granted')
  }

  #allowed(owner: SimNode, batch: BatchId, task: TaskId, what: string): void {
    const record = this.#watch.knowsBatch(owner, batch)
    if (record?.deleted)
      this.#world.report('I5', `task ${task} ${what} although node ${owner.index} knows that its batch is deleted`)
    const isBatchCancelled = record?.fields.cancelled.value === true
    const isCancelled = this.#watch.knows(owner, task, slotOf(task))?.standing === 'cancelled'
    if (!isBatchCancelled && !isCancelled) return
    const cancelled = isBatchCancelled ? `batch ${batch}` : 'it'
    this.#world.report('I5', `task ${task} ${what} although node ${owner.index} knows that ${cancelled} is cancelled`)
  }
}
