/**
 * Writes facts about tasks, and with them the tallies that they change.
 *
 * 1. A fact and the tally that counts it are written in one step, hence in one atomic batch.
 * 2. What people are told (the counts of a batch, notices) changes only when the fact is synced.
 * 3. No number of a tally is ever negative: where one would be, the slot is counted anew from its facts. So is one whose
 *    tally the store kept, with the first task that comes from elsewhere.
 */
import type { Batch, BatchBook } from './batch-book.ts'
import type { Slot } from './batch-slot.ts'
import { makeFact } from './fact-record.ts'
import type { Fact, StoredFact } from './facts.ts'
import { slotOf } from './ids.ts'
import type { OpenTask } from './open-task.ts'
import { emptyTally, isNegative, moveTask, type SlotTally, sameTally } from './tally.ts'
import type { TaskState } from './task.ts'
import type { World } from './world.ts'

export class Ledger {
  readonly #world: World
  readonly #book: BatchBook

  constructor(world: World, book: BatchBook) {
    this.#world = world
    this.#book = book
  }

  /** The batch of a task in memory. */
  batchOf(task: OpenTask): Batch {
    const batch = this.#book.get(task.batch)
    if (batch === undefined) throw new TypeError(`task ${task.id} is of the unknown batch ${task.batch}`)
    return batch
  }

  /** States a fact about a task: its fold, its slot's tally and the disk follow. */
  write(task: OpenTask, fact: Fact): void {
    this.join(task, [makeFact(fact, this.#world.sha256)])
  }

  /** The same for facts that others stated, and this node did not have. */
  join(task: OpenTask, facts: readonly StoredFact[]): void {
    const before = task.state
    for (const stored of facts) {
      this.#world.commits.fact(stored)
      task.add(stored)
    }
    const batch = this.batchOf(task)
    const slot = batch.slot(task.slot)
    this.#changed(slot, task)
    this.#move(batch, slot, before, task.state)
    this.#announce(task, before, task.state)
  }

  /** Takes on a task that others stated, of which this node had no fact. */
  adopt(batch: Batch, task: OpenTask, facts: readonly StoredFact[]): void {
    for (const stored of facts) this.#world.commits.fact(stored)
    const slot = batch.slot(task.slot)
    this.#changed(slot, task)
    this.#move(batch, slot, undefined, task.state)
  }

  #changed(slot: Slot, task: OpenTask): void {
    slot.version++
    slot.changedMs = this.#world.nowMs
    slot.changedWhileLoading?.add(task.id)
  }

  #move(batch: Batch, slot: Slot, before: TaskState | undefined, after: TaskState): void {
    // A slot that is still to be counted is counted from the disk, this change included.
    if (batch.uncounted.has(slot.tally.slot) || after.seeded === undefined) return
    const tally = moveTask(slot.tally, before?.seeded && before, after)
    if (sameTally(tally, slot.tally)) return
    // A task may have been counted as a new one though other facts of it had come before its prompt; and one that comes
    // from elsewhere may be in a kept tally, where its facts were damaged here.
    if (isNegative(tally) || (slot.kept && before?.seeded === undefined)) {
      batch.uncounted.add(slot.tally.slot)
      this.#book.changed()
      return
    }
    const change = differenceOf(tally, slot.tally)
    slot.tally = tally
    this.#world.commits.tally(tally)
    this.#world.commits.afterwards(() => batch.count(slot, change))
  }

  #announce(task: OpenTask, before: TaskState, after: TaskState): void {
    const { standing } = after
    if (standing === before.standing) return
    if (standing !== 'completed' && standing !== 'failed' && standing !== 'cancelled') return
    const notice = { type: 'task-ended', batch: task.batch, task: task.id, index: task.index, standing } as const
    this.#world.commits.afterwards(() => this.#world.out({ type: 'notice', notice }))
  }

  /** States that a batch has new tasks: each fact is a `seeded` one. Those of slots yet to be counted are not counted now. */
  seed(batch: Batch, facts: readonly StoredFact[]): void {
    const slots: Slot[] = []
    for (const stored of facts) {
      this.#world.commits.fact(stored)
      const number = slotOf(stored.fact.task)
      if (!batch.uncounted.has(number)) slots.push(batch.slot(number))
    }
    this.#world.commits.afterwards(() => {
      for (const slot of slots) batch.count(slot, ONE_TASK)
    })
  }

  /** Puts right a tally that does not agree with the facts of its slot. */
  correct(batch: Batch, slot: Slot, tally: SlotTally): void {
    const change = differenceOf(tally, slot.tally)
    slot.tally = tally
    batch.corrections++
    this.#world.commits.tally(tally)
    this.#world.commits.afterwards(() => {
      batch.corrections--
      batch.count(slot, change)
    })
  }
}

const ONE_TASK = { total: 1, completed: 0, failed: 0, cancelled: 0, extra: 0 }

function differenceOf(after: SlotTally, before: SlotTally): SlotTally {
  const difference = emptyTally(after.batch, after.slot)
  return {
    ...difference,
    total: after.total - before.total,
    completed: after.completed - before.completed,
    failed: after.failed - before.failed,
    cancelled: after.cancelled - before.cancelled,
    extra: after.extra - before.extra,
  }
}
