/** What all live stores together say: what every node must say once everything has come to rest. */
import { type BatchRecord, mergeBatch } from '../../../src/core/batches.ts'
import { type BatchId, slotOf, type TaskId } from '../../../src/core/ids.ts'
import { emptyTally, moveTask, type SlotTally } from '../../../src/core/tally.ts'
import type { TaskTruth } from '../fact-pool.ts'
import type { World } from '../world.ts'

/** The batches of all live disks, merged; deleted ones as their tombstones. */
export function trueBatches({ live }: World): Map<BatchId, BatchRecord> {
  const batches = new Map<BatchId, BatchRecord>()
  for (const { disk } of live) {
    for (const record of disk.batches) {
      const known = batches.get(record.id)
      batches.set(record.id, known === undefined ? record : mergeBatch(known, record))
    }
  }
  return batches
}

/** Tasks whose prompt some disk still has. */
export function* tasksOf({ pool }: World): Generator<TaskTruth> {
  for (const truth of pool.tasks.values()) if (truth.state?.seeded !== undefined) yield truth
}

/** The first task that may still run, if any, of those that are not left out. */
export function openTask(world: World, leftOut: ReadonlySet<TaskId>): TaskTruth | undefined {
  const batches = trueBatches(world)
  for (const truth of tasksOf(world)) {
    if (leftOut.has(truth.task)) continue
    const standing = truth.state?.standing
    if (standing !== 'waiting' && standing !== 'claimed') continue
    const record = batches.get(truth.batch)
    if (record?.deleted !== true && record?.fields.cancelled.value !== true) return truth
  }
  return undefined
}

/** What is told of a batch. */
export const COUNTED = ['total', 'completed', 'failed', 'cancelled', 'extra'] as const
export type Counts = Omit<SlotTally, 'batch' | 'slot'>

/** How many tasks of each batch stand where. */
export function trueCounts(world: World): Map<BatchId, Counts> {
  const counts = new Map<BatchId, SlotTally>()
  for (const { batch, task, state } of tasksOf(world))
    if (state !== undefined)
      counts.set(batch, moveTask(counts.get(batch) ?? emptyTally(batch, slotOf(task)), undefined, state))
  return counts
}
