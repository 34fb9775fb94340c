/**
 * P6: a batch that is paused stands still: an owner on whose disk it is paused claims none of its tasks until it has
 * learnt that the batch goes on.
 */
import type { Effect } from '../../../src/core/effects.ts'
import { readToken, type Token } from '../../../src/core/ids.ts'
import type { SimNode } from '../process.ts'
import type { Watch } from '../watch.ts'
import type { World } from '../world.ts'
import type { Checker } from './checker.ts'

export class Pauses implements Checker {
  readonly #world: World
  readonly #watch: Watch
  /** An own claim comes back from others too. */
  readonly #stated = new Set<Token>()

  constructor(world: World, watch: Watch) {
    this.#world = world
    this.#watch = watch
  }

  effect(node: SimNode, effect: Effect): void {
    if (effect.type !== 'persist') return
    for (const { fact } of effect.facts) {
      if (fact.kind !== 'claimed' || readToken(fact.token).boot !== node.boot || this.#stated.has(fact.token)) continue
      this.#stated.add(fact.token)
      // What goes on since may not be on disk yet.
      const records = [node.disk.batch(fact.batch), this.#watch.knowsBatch(node, fact.batch)]
      if (records.every((record) => record?.fields.paused.value === true))
        this.#world.report('P6', `node ${node.index} claims task ${fact.task} though its batch is paused there`)
    }
  }
}
