/** What a core knows, as plain numbers for people; reading it changes nothing. */

import type { Batch, BatchBook, Counts } from './batch-book.ts'
import type { BatchRecord } from './batches.ts'
import type { LoadBatch, LoadRow } from './messages.ts'
import type { Places } from './places.ts'
import { openOf } from './tally.ts'

export interface CoreBatchView {
  readonly record: BatchRecord
  readonly counts: Counts
  /** Tasks that may still run; those of a cancelled batch count as cancelled instead. */
  readonly open: number
  readonly scheduled: number
  readonly running: number
  /** Tasks in memory that wait for another attempt. */
  readonly retrying: number
  /** Slots whose tasks are still being counted. */
  readonly uncounted: number
}

export interface CoreProfileView {
  readonly name: string
  readonly places: number
  readonly busy: number
  readonly medianMs: number | undefined
  /** Why it takes nothing now, if so; `forGood`: until its config changes or the node starts anew. */
  readonly rest: { readonly reason: string; readonly untilMs: number; readonly forGood: boolean } | undefined
}

export interface CoreView {
  readonly batches: readonly CoreBatchView[]
  readonly profiles: readonly CoreProfileView[]
  readonly storageProblem: 'disk-full' | 'failing' | undefined
  readonly stopping: boolean
  /** Whether every slot is told of by one owner: else counts may be too low or too high. */
  readonly whole: boolean
  /** Slots that another side of a split may be at work on: their tasks come last, or not at all. */
  readonly contested: number
}

/** Slots of a batch with tasks of these standings, ascending, from their tallies; undefined while some are uncounted. */
export function slotsWith(
  batch: Batch,
  standings: readonly ('open' | 'completed' | 'failed' | 'cancelled')[],
): number[] | undefined {
  if (batch.uncounted.size > 0) return undefined
  const numbers: number[] = []
  for (const [number, { tally }] of batch.slots) {
    if (standings.some((standing) => (standing === 'open' ? openOf(tally) : tally[standing]) > 0)) numbers.push(number)
  }
  return numbers.sort((a, b) => a - b)
}

export function coreView(
  book: BatchBook,
  places: Places,
  others: readonly LoadRow[],
): Pick<CoreView, 'batches' | 'profiles'> {
  return {
    batches: book.inOrder().map((batch) => batchView(batch, others)),
    profiles: [...places.profiles].map(([name, profile]) => ({
      name,
      places: profile.settings.places,
      busy: profile.busy,
      medianMs: profile.medianMs,
      rest:
        profile.restReason === undefined
          ? undefined
          : {
              reason: profile.restReason,
              untilMs: profile.restsUntilMs,
              forGood: profile.restsUntilMs === Number.POSITIVE_INFINITY,
            },
    })),
  }
}

/** What this node owns of a batch and what the rows of other owners say. */
function batchView(batch: Batch, others: readonly LoadRow[]): CoreBatchView {
  const rows = others.flatMap((row) => row.batches.filter((each) => each.batch === batch.id))
  const sum = (own: number, of: (row: LoadBatch) => number) => rows.reduce((all, row) => all + of(row), own)
  const counts = {
    total: sum(batch.counts.total, (row) => row.total),
    completed: sum(batch.counts.completed, (row) => row.completed),
    failed: sum(batch.counts.failed, (row) => row.failed),
    cancelled: sum(batch.counts.cancelled, (row) => row.cancelled),
    extra: sum(batch.counts.extra, (row) => row.extra),
  }
  return {
    record: batch.record,
    counts,
    open: openOf(counts),
    scheduled: sum(batch.scheduled, (row) => row.scheduled),
    running: sum(batch.running, (row) => row.running),
    retrying: sum(batch.retrying, (row) => row.retrying),
    uncounted: batch.uncounted.size,
  }
}
