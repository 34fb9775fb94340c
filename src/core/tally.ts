/**
 * Tallies: how many tasks of a batch in one slot stand where. Kept by the slot's owner beside the facts and
 * written in the same atomic batch, so they are right after a crash without reading the facts again.
 *
 * 1. open = total - completed - failed - cancelled, and is never negative.
 * 2. A tally equals the fold of the facts of its (slot, batch); where a page read from the store shows
 *    otherwise, the fold wins and the correction is reported.
 */
import type { BatchId } from './ids.ts'

/** Immutable: a change makes a new one. */
export interface SlotTally {
  readonly batch: BatchId
  readonly slot: number
  readonly total: number
  readonly completed: number
  readonly failed: number
  /** Tasks cancelled one by one; a cancelled batch is not counted here. */
  readonly cancelled: number
  /** Executions beyond the one that every task needs and the failures that were charged. */
  readonly extra: number
}
