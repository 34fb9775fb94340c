/**
 * The owner's side of seeding: which rows are new, and stating them.
 *
 * 1. A task that the batch has already gets no second `seeded` fact: rows are compared with the ids of the whole
 *    batch, which are in memory only while it is being seeded.
 * 2. A frame is answered when its facts are synced, with how many rows were new and how many were there.
 * 3. New tasks stay in memory up to `openTasksMax` and `openTasksBytesMax`; the others are read back when needed.
 * 4. The tallies of a frame are written with its facts.
 */
import type { Batch, BatchBook } from './batch-book.ts'
import type { Claims } from './claims.ts'
import type { Event, IntakeRow } from './events.ts'
import { makeFact } from './fact-record.ts'
import type { StoredFact } from './facts.ts'
import { IdSet } from './id-set.ts'
import { type BatchId, slotOf, type TaskId } from './ids.ts'
import type { Ledger } from './ledger.ts'
import { OpenTask } from './open-task.ts'
import { addTask } from './tally.ts'
import type { World } from './world.ts'

type Frame = Extract<Event, { type: 'intake' }>

interface Known {
  readonly ids: IdSet
  /** Frames that wait until the ids of the batch are read; undefined once they are. */
  waiting: Frame[] | undefined
}

/** While a node is alone, what it stores is on one disk. */
const COPIES = 1

export class Intake {
  readonly #world: World
  readonly #book: BatchBook
  readonly #ledger: Ledger
  readonly #claims: Claims
  readonly #known = new Map<BatchId, Known>()

  constructor(world: World, book: BatchBook, ledger: Ledger, claims: Claims) {
    this.#world = world
    this.#book = book
    this.#ledger = ledger
    this.#claims = claims
  }

  frame(frame: Frame): void {
    const batch = this.#book.get(frame.batch)
    if (batch === undefined) {
      this.#world.requests.refuse(frame.request, 'MESH_BATCH_UNKNOWN', `no batch ${frame.batch} here: create it first`)
      return
    }
    const known = this.#knownOf(batch)
    if (known.waiting !== undefined) known.waiting.push(frame)
    else this.#take(batch, known.ids, frame)
  }

  #knownOf(batch: Batch): Known {
    const known = this.#known.get(batch.id)
    if (known !== undefined) return known
    const isNew = batch.slots.size === 0 && batch.uncounted.size === 0
    const fresh: Known = { ids: new IdSet(), waiting: isNew ? undefined : [] }
    this.#known.set(batch.id, fresh)
    if (!isNew) this.#world.out({ type: 'read-index', batch: batch.id, doubted: batch.indexDoubted })
    return fresh
  }

  /** Ids that the batch has; `done` with the last of them. */
  indexRead(id: BatchId, tasks: readonly TaskId[], done: boolean): void {
    const known = this.#known.get(id)
    if (known?.waiting === undefined) return
    for (const task of tasks) known.ids.add(task)
    if (!done) return
    const frames = known.waiting
    known.waiting = undefined
    const batch = this.#book.get(id)
    for (const frame of frames) if (batch !== undefined) this.#take(batch, known.ids, frame)
  }

  /** The ids could not be read: what waits is refused, the next frame asks again. */
  indexFailed(id: BatchId): void {
    const known = this.#known.get(id)
    if (known?.waiting === undefined) return
    this.#known.delete(id)
    for (const { request } of known.waiting) {
      this.#world.requests.refuse(request, 'MESH_STORAGE', 'the tasks of the batch could not be read: seed again')
    }
  }

  /** Nobody seeds the batch any more. */
  ended(batch: BatchId): void {
    if (this.#known.get(batch)?.waiting === undefined) this.#known.delete(batch)
  }

  #take(batch: Batch, known: IdSet, frame: Frame): void {
    const rows = frame.rows.filter((row) => known.add(row.task))
    const facts = rows.map((row) => this.#fact(batch, frame.profile, row))
    const kept: OpenTask[] = []
    facts.forEach((fact) => {
      this.#place(batch, fact, kept)
    })
    if (rows.length > 0) {
      const entries = rows.map(({ index, task }) => ({ index, task }))
      this.#world.commits.index({ batch: batch.id, entries })
      const counted = facts.filter(({ fact }) => !batch.uncounted.has(slotOf(fact.task))).length
      this.#ledger.seed(batch, facts, counted)
    }
    const answer = {
      type: 'intake',
      new: rows.length,
      existing: frame.rows.length - rows.length,
      copies: COPIES,
    } as const
    this.#world.commits.afterwards(() => {
      for (const task of kept) if (task.phase === 'seeding') this.#claims.ready(task)
      this.#world.requests.answer(frame.request, answer)
    })
  }

  #fact(batch: Batch, profile: string, row: IntakeRow): StoredFact {
    const { task, index, prompt, params } = row
    return makeFact({ kind: 'seeded', batch: batch.id, task, index, prompt, params, profile }, this.#world.sha256)
  }

  /** Counts a new task into its slot and keeps it in memory where there is room. */
  #place(batch: Batch, fact: StoredFact, kept: OpenTask[]): void {
    const number = slotOf(fact.fact.task)
    const slot = batch.slot(number)
    slot.version++
    if (!batch.uncounted.has(number)) {
      slot.tally = addTask(slot.tally)
      this.#world.commits.tally(slot.tally)
    }
    const { openTasksMax, openTasksBytesMax } = this.#world.nodeSettings
    if (slot.complete && this.#book.tasks.size < openTasksMax && this.#book.bytes < openTasksBytesMax) {
      const task = new OpenTask([fact])
      this.#book.remember(task)
      kept.push(task)
    } else this.#book.unload(batch, number)
  }
}
