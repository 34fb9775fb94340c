/**
 * Tallies: how many tasks of a batch in one slot stand where. Kept by the slot's owner beside the facts and
 * written in the same atomic batch, so they are right after a crash without reading the facts again.
 *
 * 1. open = total - completed - failed - cancelled, and is never negative.
 * 2. A tally equals the fold of the facts of its (slot, batch); where a page read from the store shows
 *    otherwise, the fold wins and the correction is reported.
 */
import type { BatchId } from './ids.ts'
import { extraExecutions, type Standing, type TaskState } from './task.ts'

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

export function emptyTally(batch: BatchId, slot: number): SlotTally {
  return { batch, slot, total: 0, completed: 0, failed: 0, cancelled: 0, extra: 0 }
}

/** The tally with one more task, which is new. */
export function addTask({ batch, slot, total, completed, failed, cancelled, extra }: SlotTally): SlotTally {
  return { batch, slot, total: total + 1, completed, failed, cancelled, extra }
}

/** Tasks that may still run. */
export function openOf(tally: Omit<SlotTally, 'batch' | 'slot'>): number {
  return tally.total - tally.completed - tally.failed - tally.cancelled
}

/** The tally after one of its tasks went from one state to another; the same object where nothing changed. */
export function moveTask(tally: SlotTally, before: TaskState | undefined, after: TaskState): SlotTally {
  const extra = extraExecutions(after) - (before === undefined ? 0 : extraExecutions(before))
  if (before !== undefined && before.standing === after.standing && extra === 0) return tally
  const change = (standing: Standing) => Number(after.standing === standing) - Number(before?.standing === standing)
  return {
    batch: tally.batch,
    slot: tally.slot,
    total: tally.total + (before === undefined ? 1 : 0),
    completed: tally.completed + change('completed'),
    failed: tally.failed + change('failed'),
    cancelled: tally.cancelled + change('cancelled'),
    extra: tally.extra + extra,
  }
}

/** The tally of all tasks of a (batch, slot), from their folds. */
export function tallyOf(batch: BatchId, slot: number, states: Iterable<TaskState>): SlotTally {
  let tally = emptyTally(batch, slot)
  for (const state of states) tally = moveTask(tally, undefined, state)
  return tally
}

export function isNegative({ total, completed, failed, cancelled, extra }: SlotTally): boolean {
  return Math.min(total, completed, failed, cancelled, extra) < 0
}

export function sameTally(a: SlotTally, b: SlotTally): boolean {
  return (
    a.total === b.total &&
    a.completed === b.completed &&
    a.failed === b.failed &&
    a.cancelled === b.cancelled &&
    a.extra === b.extra
  )
}
