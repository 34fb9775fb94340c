/**
 * P6: a batch that is paused stands still: an owner on whose disk it is paused claims none of its tasks until it has
 * learnt that the batch goes on.
 */
import type { Effect } from '../../../src/core/effects.ts'
import { OwnClaims } from '../own-claims.ts'
import type { SimNode } from '../process.ts'
import type { Watch } from '../watch.ts'
import type { World } from '../world.ts'
import type { Checker } from './checker.ts'

export class Pauses implements Checker {
  readonly #world: World
  readonly #watch: Watch
  readonly #claims = new OwnClaims()

  constructor(world: World, watch: Watch) {
    this.#world = world
    this.#watch = watch
  }

  effect(node: SimNode, effect: Effect): void {
    for (const { batch, task } of this.#claims.stated(node, effect)) {
      // What goes on since may not be on disk yet.
      const records = [node.disk.batch(batch), this.#watch.knowsBatch(node, batch)]
      if (records.every((record) => record?.fields.paused.value === true))
        this.#world.report('P6', `node ${node.index} claims task ${task} though its batch is paused there`)
    }
  }
}
