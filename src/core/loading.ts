/**
 * Brings tasks from the store into memory, slot by slot, and checks each slot on the way.
 *
 * 1. One read a batch is under way at a time; the tasks of a read are asked for only when few are ready, or where none of
 *    those is for a place that is free, here or at a node that asked: some may not run everywhere. So no more than
 *    `openTasksMax` are made ready.
 * 2. A task in memory is never replaced by what was read: memory is newer.
 * 3. A task that changed while its slot was read is not taken from that read; where it is not in memory then, the slot
 *    is read again.
 * 4. A slot that is not served any more, or anew, when its read comes is not taken from that read.
 * 5. Where the fold of a slot differs from its tally and nothing changed meanwhile, the fold wins and is reported.
 * 6. Slots that are to be counted anew are read before tasks; but no place waits until all are counted (count-reads.ts).
 */
import type { Batch, BatchBook } from './batch-book.ts'
import type { Slot } from './batch-slot.ts'
import type { Claims } from './claims.ts'
import { CONTESTED, CONTESTS, FIRM, ORPHANED } from './contest.ts'
import type { Contested } from './contested.ts'
import type { StoredFact } from './facts.ts'
import { slotOf, type TaskId } from './ids.ts'
import type { Ledger } from './ledger.ts'
import { OpenTask } from './open-task.ts'
import { sameTally, tallyOf } from './tally.ts'
import { fold, type TaskState } from './task.ts'
import { TaskReads } from './task-reads.ts'
import type { World } from './world.ts'

interface SlotLoad {
  readonly batch: Batch
  /** Slots, each with its version when the read was asked for. */
  readonly slots: ReadonlyMap<Slot, number>
}

export class Loading {
  readonly #world: World
  readonly #book: BatchBook
  readonly #ledger: Ledger
  readonly #claims: Claims
  readonly #contested: Contested
  readonly #slotLoads = new Map<number, SlotLoad>()
  readonly #profiles: readonly string[]
  /** Tasks that somebody names. */
  readonly tasks: TaskReads
  /** Whether another node asked for tasks and none was for it. */
  isAwaited: () => boolean = () => false

  constructor(world: World, book: BatchBook, ledger: Ledger, claims: Claims, contested: Contested) {
    this.#world = world
    this.#book = book
    this.#ledger = ledger
    this.#claims = claims
    this.#contested = contested
    this.tasks = new TaskReads(world, book)
    this.#profiles = Object.keys(world.nodeSettings.profiles)
  }

  get idle(): boolean {
    return this.#slotLoads.size === 0 && this.tasks.idle
  }

  /** Asks for slots of the batches whose turn is near and that have few tasks in memory. */
  refill(): void {
    if (!this.#claims.serving || this.#claims.grantsTo === 'nobody') return
    /** Profiles for which a better batch has enough tasks ready. */
    const satisfied: string[] = []
    for (const batch of this.#book.live()) {
      const wantsTasks = this.#wantsTasks(batch, satisfied)
      if (batch.loading) continue
      const { countReads, uncounted } = batch
      const isShort = uncounted.size > 0 && wantsTasks && (batch.queues.isEmpty || this.#mayLackTasks())
      if (countReads.next(uncounted.size, isShort)) this.#loadSlots(batch, firstOf(uncounted, countReads.slots))
      else if (wantsTasks) this.#loadSlots(batch, this.#nextSlots(batch))
    }
  }

  #wantsTasks(batch: Batch, satisfied: string[]): boolean {
    if (!batch.runnable) return false
    const { pageTasks } = this.#world.nodeSettings
    const profile = batch.record.fields.profile.value
    const enough = satisfied.includes(profile)
    if (!enough && (batch.queues.of().get(profile)?.size ?? 0) >= pageTasks) satisfied.push(profile)
    if (batch.loading || batch.unloaded.size === 0) return false
    return (!enough && !this.#isFull(batch)) || this.#mayLackTasks()
  }

  /** Slots to be read next: contested ones when no other is left, and few of their tasks are in memory. */
  #nextSlots(batch: Batch): number[] {
    const { pageTasks } = this.#world.nodeSettings
    if (this.#contested.count === 0) return batch.nextUnloaded(pageTasks)
    const isFirm = (slot: number) => this.#contested.of(slot) === FIRM
    const slots = batch.nextUnloaded(pageTasks, isFirm)
    const ready = batch.queues.size(CONTESTED) + batch.queues.size(ORPHANED)
    if (slots.length > 0 || ready >= pageTasks || !this.#contested.mayGrant) return slots
    return batch.nextUnloaded(pageTasks)
  }

  /** Whether enough tasks of a batch are in memory. */
  #isFull(batch: Batch): boolean {
    const { pageTasks, openTasksMax } = this.#world.nodeSettings
    const isFull = batch.queues.size() >= Math.max(openTasksMax, pageTasks)
    return isFull || this.#claims.granting.grantable(batch) >= pageTasks
  }

  /** Whether somebody has places that no ready task is for, as a batch may mix profiles; and there is room in memory. */
  #mayLackTasks(): boolean {
    const isLacking = (profile: string) => !this.#isReady(profile) || this.#claims.isShort(profile)
    return (this.isAwaited() || this.#profiles.some(isLacking)) && this.#hasRoom()
  }

  /** For ready tasks: what is leased or rests must be in memory anyway. */
  #hasRoom(): boolean {
    const { openTasksMax, openTasksBytesMax } = this.#world.nodeSettings
    if (this.#book.bytes >= openTasksBytesMax) return false
    const readyIn = ({ queues }: Batch) => CONTESTS.reduce<number>((sum, contest) => sum + queues.size(contest), 0)
    return this.#book.live().reduce((sum, batch) => sum + readyIn(batch), 0) < openTasksMax
  }

  #isReady(profile: string): boolean {
    for (const batch of this.#book.live()) {
      if (batch.runnable && (batch.queues.of().get(profile)?.size ?? 0) > 0) return true
    }
    return false
  }

  #loadSlots(batch: Batch, numbers: readonly number[]): void {
    if (batch.loading || numbers.length === 0) return
    batch.loading = true
    const versions = new Map<Slot, number>()
    for (const number of numbers) {
      const slot = batch.slot(number)
      slot.changedWhileLoading = new Set()
      slot.grewWhileLoading = false
      versions.set(slot, slot.version)
    }
    const load = this.#world.nextLoad()
    this.#slotLoads.set(load, { batch, slots: versions })
    this.#world.out({ type: 'load', load, batch: batch.id, slots: numbers })
  }

  loaded(load: number, facts: readonly StoredFact[]): void {
    const byTask = groupByTask(facts)
    if (this.tasks.loaded(load, byTask)) return
    const slotLoad = this.#slotLoads.get(load)
    if (slotLoad === undefined) return
    this.#slotLoads.delete(load)
    const bySlot = groupBySlot(byTask)
    const { batch } = slotLoad
    batch.loading = false
    batch.countReads.came(facts.length)
    for (const [slot, version] of slotLoad.slots) {
      const number = slot.tally.slot
      if (batch.slots.get(number) === slot) this.#takeSlot(batch, slot, version, bySlot.get(number) ?? [])
    }
  }

  /** The read failed: tasks are asked for again at once, slots with the next need. */
  loadFailed(load: number): void {
    this.tasks.failed(load)
    const slotLoad = this.#slotLoads.get(load)
    if (slotLoad === undefined) return
    this.#slotLoads.delete(load)
    slotLoad.batch.loading = false
    for (const slot of slotLoad.slots.keys()) slot.changedWhileLoading = undefined
  }

  #takeSlot(batch: Batch, slot: Slot, version: number, tasks: readonly StoredFact[][]): void {
    const number = slot.tally.slot
    const changed = slot.changedWhileLoading ?? new Set()
    slot.changedWhileLoading = undefined
    // What is left of a task whose prompt is lost on disk cannot run: it is no task any more.
    const states = tasks.map((facts) => fold(facts)).filter(({ seeded }) => seeded !== undefined)
    const recount = batch.uncounted.delete(number)
    slot.lacksPrompts = states.length < tasks.length || (slot.lacksPrompts && slot.version !== version)
    if (slot.version === version) {
      this.#check(batch, slot, states, recount)
      slot.kept = false
    } else if (recount) batch.uncounted.add(number)
    const unsettled = states.filter(isUnsettled)
    if (recount) {
      this.#markLoaded(batch, slot, number, unsettled.length === 0)
      batch.dropEmpty(number)
    } else {
      const open = new Set(unsettled.filter(({ task }) => !changed.has(task)).map(({ task }) => task))
      for (const facts of tasks) if (facts[0] !== undefined && open.has(facts[0].fact.task)) this.remember(facts)
      const missed = [...changed].some((task) => !this.#book.tasks.has(task))
      this.#markLoaded(batch, slot, number, !slot.grewWhileLoading && !missed)
    }
  }

  #check(batch: Batch, slot: Slot, states: readonly TaskState[], recount: boolean): void {
    const tally = tallyOf(batch.id, slot.tally.slot, states)
    if (sameTally(tally, slot.tally)) return
    if (tally.total < slot.tally.total) batch.indexDoubted = true
    if (!recount) {
      const message = `its facts show ${tally.total} tasks, ${tally.completed} completed; its tally said ${slot.tally.total} and ${slot.tally.completed}`
      this.#world.out({
        type: 'notice',
        notice: { type: 'slot-corrected', batch: batch.id, slot: slot.tally.slot, message },
      })
    }
    this.#ledger.correct(batch, slot, tally)
  }

  #markLoaded(batch: Batch, slot: Slot, number: number, complete: boolean): void {
    slot.complete = complete
    if (complete) batch.unloaded.delete(number)
    else batch.unloaded.add(number)
  }

  /** Keeps a task that is open again in memory, or where there is no room leaves it to a later read; answers which. */
  keep(task: OpenTask): boolean {
    const { openTasksMax, openTasksBytesMax } = this.#world.nodeSettings
    const known = this.#book.tasks.has(task.id)
    if (known || (this.#book.tasks.size < openTasksMax && this.#book.bytes < openTasksBytesMax)) {
      this.#book.remember(task)
      return true
    }
    this.#book.unload(this.#ledger.batchOf(task), task.slot)
    return false
  }

  /** Takes an open task into memory, unless it is there, and ends what an earlier boot left open. */
  remember(facts: readonly StoredFact[]): OpenTask {
    const task = new OpenTask(facts)
    const known = this.#book.tasks.get(task.id)
    if (known !== undefined) return known
    this.#book.remember(task)
    this.#claims.read(task)
    return task
  }
}

/** Whether its owner has to do with it: it may still run, or something runs of it that has no end yet. */
function isUnsettled({ seeded, standing, attempts }: TaskState): boolean {
  if (seeded === undefined) return false
  return standing === 'waiting' || standing === 'claimed' || attempts.some(({ end }) => end === 'open')
}

function groupByTask(facts: readonly StoredFact[]): Map<TaskId, StoredFact[]> {
  const groups = new Map<TaskId, StoredFact[]>()
  for (const fact of facts) {
    const group = groups.get(fact.fact.task)
    if (group === undefined) groups.set(fact.fact.task, [fact])
    else group.push(fact)
  }
  return groups
}

function groupBySlot(tasks: ReadonlyMap<TaskId, StoredFact[]>): Map<number, StoredFact[][]> {
  const groups = new Map<number, StoredFact[][]>()
  for (const [task, facts] of tasks) {
    const slot = slotOf(task)
    const group = groups.get(slot)
    if (group === undefined) groups.set(slot, [facts])
    else group.push(facts)
  }
  return groups
}

function firstOf(numbers: Iterable<number>, count: number): number[] {
  const first: number[] = []
  for (const number of numbers) {
    if (first.length === count) break
    first.push(number)
  }
  return first
}
