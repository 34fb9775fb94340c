/** What a node knows of one slot of one batch, of which it is the owner. */
import type { BatchId, TaskId } from './ids.ts'
import { emptyTally, type SlotTally } from './tally.ts'

export interface Slot {
  tally: SlotTally
  /** What of the tally is synced: a part of the batch's counts. */
  readonly counted: Counts
  /** Every open task of it is in memory. */
  complete: boolean
  /** It has, or had, tasks with facts but no prompt, of which the tally tells nothing. */
  lacksPrompts: boolean
  /** Rises with every change of a task of the slot. */
  version: number
  /** When a task of it changed last, under this owner. */
  changedMs: number
  /** While the slot is read from the store: tasks that changed meanwhile, of which memory knows better. */
  changedWhileLoading: Set<TaskId> | undefined
  /** While the slot is read: whether a new task went past memory, so that another read is needed. */
  grewWhileLoading: boolean
  /** Its tally is the one that the store kept: facts may have been damaged since it was written. */
  kept: boolean
}

export interface Counts {
  total: number
  completed: number
  failed: number
  cancelled: number
  extra: number
}

export function newSlot(batch: BatchId, number: number, complete: boolean): Slot {
  return {
    tally: emptyTally(batch, number),
    counted: noCounts(),
    complete,
    lacksPrompts: false,
    version: 0,
    changedMs: Number.NEGATIVE_INFINITY,
    changedWhileLoading: undefined,
    grewWhileLoading: false,
    kept: false,
  }
}

export function noCounts(): Counts {
  return { total: 0, completed: 0, failed: 0, cancelled: 0, extra: 0 }
}

export function addCounts(counts: Counts, change: Counts, sign: 1 | -1): void {
  counts.total += sign * change.total
  counts.completed += sign * change.completed
  counts.failed += sign * change.failed
  counts.cancelled += sign * change.cancelled
  counts.extra += sign * change.extra
}
