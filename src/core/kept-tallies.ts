/**
 * The tallies that the store kept, as a node that is alone finds them at its start.
 *
 * 1. They are taken over where no other node was ever known. What another served has no tally here, or an old one: then,
 *    and where tallies were damaged, every slot is counted anew from its facts.
 * 2. Of a batch that is not known, since its record was damaged, it is remembered that it has tallies. Its tasks are
 *    counted from their facts once it is made again, or another node tells of it. The tallies themselves are not kept: they
 *    take memory, and what damaged the record may have damaged facts.
 * 3. Where tallies or records were damaged the index is doubted: no tally tells that it names more tasks than there are.
 */
import type { Batch, BatchBook } from './batch-book.ts'
import type { BatchId } from './ids.ts'
import { SlotSet } from './slot-set.ts'
import type { SlotTally } from './tally.ts'

export class KeptTallies {
  readonly #book: BatchBook
  /** Batches that the store has tallies of, and no record. */
  readonly #unknown = new Set<BatchId>()
  #areDamaged = false

  constructor(book: BatchBook) {
    this.#book = book
  }

  /** Begins with what the store gives: undefined where it was damaged. `wasAlone`: no other node was ever known. */
  start(tallies: readonly SlotTally[] | undefined, wasAlone: boolean): void {
    this.#areDamaged = tallies === undefined
    for (const batch of this.#book.batches.values()) {
      batch.indexDoubted = this.#areDamaged
      if (this.#areDamaged || !wasAlone) batch.countAnew(SlotSet.all())
    }
    for (const tally of tallies ?? []) {
      const batch = this.#book.get(tally.batch)
      if (batch === undefined) this.#unknown.add(tally.batch)
      else if (wasAlone) batch.restore(tally)
    }
    this.#book.changed()
  }

  /** A batch that was not known comes to be known: answers whether the store may have tasks of it. */
  noteNew(batch: Batch): boolean {
    if (!this.#unknown.delete(batch.id) && !this.#areDamaged) return false
    batch.indexDoubted = true
    return true
  }
}
