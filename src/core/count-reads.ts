/**
 * The reads in which slots of a batch are counted anew, beside those that bring its tasks.
 *
 * 1. A read that brings few facts is followed by one of twice as many slots, any other, and the first of other slots, by
 *    one of as few as at first.
 * 2. Where tasks are wanted that are counted already, every second read may be one of them.
 */
import { SLOT_COUNT } from './ids.ts'

const SLOTS_MIN = 256
const FEW_FACTS = 4_096

export class CountReads {
  /** Of how many slots the next one is. */
  slots = SLOTS_MIN
  #isLast = false

  /** Whether the next read of the batch counts; `tasksWanted`: none of its ready tasks is for a place that waits, and others can be read. */
  next(uncounted: number, tasksWanted: boolean): boolean {
    this.#isLast = uncounted > 0 && !(tasksWanted && this.#isLast)
    return this.#isLast
  }

  /** Other slots are to be counted, which may have more facts. */
  begin(): void {
    this.slots = SLOTS_MIN
  }

  /** A read of the batch has come. */
  came(facts: number): void {
    if (this.#isLast) this.slots = facts < FEW_FACTS ? Math.min(2 * this.slots, SLOT_COUNT) : SLOTS_MIN
  }
}
