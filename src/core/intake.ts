/**
 * The owner's side of seeding: which rows are new, and stating them.
 *
 * 1. A task that the batch has already gets no second `seeded` fact: rows are compared with the ids of the whole
 *    batch, which are in memory only while it is being seeded: until this node is told that it ended, and of what other
 *    nodes seed, who tell of no end, until `KEPT_MS` after the last frame. Where more of them are known of a slot than it
 *    has tasks, once they are counted, prompts were lost on disk: the index is made anew, and what is lost is new again.
 * 2. A frame is answered when its facts are committed, with how many rows were new and how many were there; rows of
 *    slots that this node does not serve, or does not any more, are named instead.
 * 3. New tasks stay in memory up to `openTasksMax` and `openTasksBytesMax`; the others are read back when needed.
 * 4. The tallies of a frame are written with its facts.
 * 5. While rows wait to be committed that are more than `ROWS_MAX`, or longer than `BYTES_MAX`, further frames are refused
 *    as busy: what waits for a slow disk or a slow peer is bounded. A frame is never refused when nothing waits.
 */
import { encodeParams } from '../codec/facts.ts'
import type { Batch, BatchBook } from './batch-book.ts'
import type { Claims } from './claims.ts'
import type { CopiedSlots } from './copied-slots.ts'
import type { IntakeRow } from './events.ts'
import { makeFact } from './fact-record.ts'
import type { StoredFact } from './facts.ts'
import { IdSet } from './id-set.ts'
import { type BatchId, slotOf, type TaskId } from './ids.ts'
import type { Ledger } from './ledger.ts'
import { OpenTask } from './open-task.ts'
import type { Ownership } from './ownership.ts'
import { addTask } from './tally.ts'
import type { World } from './world.ts'

/** Twenty frames of 1,000 rows, each some kilobytes as fact and task until it is committed. */
const ROWS_MAX = 20_000
const BYTES_MAX = 32 * 1024 * 1024
/** A disk or a peer that is merely slow has room again by then. */
const RETRY_MS = 1_000
/** Between two frames there may be a busy owner, or a slow file; reading the ids again costs some seconds a million. */
const KEPT_MS = 120_000

export interface TakenRows {
  readonly new: number
  readonly existing: number
  readonly elsewhere: readonly IntakeRow[]
  /** On how many nodes every row is that is not elsewhere, at least: 1 or 2. */
  readonly copies: number
}

export interface IntakeFrame {
  readonly batch: Batch
  readonly profile: string
  readonly rows: readonly IntakeRow[]
  readonly taken: (rows: TakenRows) => void
  /** The ids of the batch could not be read. */
  readonly failed: () => void
  /** Too much waits to be committed: nothing was taken. */
  readonly busy: (retryAfterMs: number) => void
}

interface Known {
  ids: IdSet
  /** Frames that wait until the ids of the batch are read; undefined once they are. */
  waiting: IntakeFrame[] | undefined
  /** Whether nobody seeds the batch any more: then it goes when its ids are read. */
  ended: boolean
  /** When the last frame came. */
  usedMs: number
  /** Whether tasks may have been dropped since the reading of the ids was asked for. */
  isStale: boolean
  /** Whether they were read from an index made anew from the facts. */
  anew: boolean
  /** The batch's `recounts` when they were compared with its tallies. */
  comparedAt: number | undefined
}

export class Intake {
  readonly #world: World
  readonly #book: BatchBook
  readonly #ledger: Ledger
  readonly #claims: Claims
  readonly #ownership: Ownership
  readonly #copied: CopiedSlots
  readonly #known = new Map<BatchId, Known>()
  /** What was taken and is not committed. */
  #rows = 0
  #bytes = 0

  constructor(
    world: World,
    book: BatchBook,
    ledger: Ledger,
    claims: Claims,
    ownership: Ownership,
    copied: CopiedSlots,
  ) {
    this.#world = world
    this.#book = book
    this.#ledger = ledger
    this.#claims = claims
    this.#ownership = ownership
    this.#copied = copied
  }

  frame(frame: IntakeFrame): void {
    const rows = frame.rows.length
    const bytes = frame.rows.reduce((sum, row) => sum + rowBytes(row), 0)
    if (this.#rows > 0 && (this.#rows + rows > ROWS_MAX || this.#bytes + bytes > BYTES_MAX)) {
      frame.busy(RETRY_MS)
      return
    }
    const count = (sign: 1 | -1) => {
      this.#rows += sign * rows
      this.#bytes += sign * bytes
    }
    count(1)
    this.#frame({
      ...frame,
      taken: (taken) => {
        count(-1)
        frame.taken(taken)
      },
      failed: () => {
        count(-1)
        frame.failed()
      },
    })
  }

  #frame(frame: IntakeFrame): void {
    const known = this.#knownOf(frame.batch)
    known.ended = false
    known.usedMs = this.#world.nowMs
    if (known.waiting === undefined && this.#isDoubtful(frame.batch, known)) {
      known.waiting = []
      this.#readIndex(frame.batch.id, known)
    }
    if (known.waiting !== undefined) known.waiting.push(frame)
    else this.#take(known.ids, frame)
  }

  /** Whether the ids may be those of tasks that were lost on disk. */
  #isDoubtful(batch: Batch, known: Known): boolean {
    if (known.anew) return false
    if (batch.indexDoubted) return true
    if (batch.uncounted.size > 0 || known.comparedAt === batch.recounts) return false
    known.comparedAt = batch.recounts
    const isTooMany = (ids: number, slot: number) =>
      ids > (batch.slots.get(slot)?.tally.total ?? 0) && this.#ownership.epochOf(slot) !== 0
    batch.indexDoubted = known.ids.bySlot().some(isTooMany)
    return batch.indexDoubted
  }

  #knownOf(batch: Batch): Known {
    const known = this.#known.get(batch.id)
    if (known !== undefined) return known
    const isNew = this.#world.peers.members.length < 2 && batch.slots.size === 0 && batch.uncounted.size === 0
    const usedMs = this.#world.nowMs
    const waiting = isNew ? undefined : []
    const state = { ended: false, isStale: false, anew: false, comparedAt: undefined }
    const fresh: Known = { ids: new IdSet(), waiting, usedMs, ...state }
    this.#known.set(batch.id, fresh)
    this.#forgetLater(batch.id, fresh)
    if (!isNew) this.#readIndex(batch.id, fresh)
    return fresh
  }

  /** Lets go of the ids of a batch that nobody seeds any more. */
  #forgetLater(batch: BatchId, known: Known): void {
    const dueMs = known.usedMs + KEPT_MS
    this.#world.timers.add(Math.max(dueMs, this.#world.nowMs + 1), () => {
      if (this.#known.get(batch) !== known) return
      const isUsed = known.waiting !== undefined || this.#world.nowMs < known.usedMs + KEPT_MS
      if (isUsed) this.#forgetLater(batch, known)
      else this.#known.delete(batch)
    })
  }

  #readIndex(batch: BatchId, known: Known): void {
    known.ids = new IdSet()
    known.isStale = false
    const its = this.#book.get(batch)
    known.anew = its?.indexDoubted ?? false
    // What is doubted from now on is for the next reading.
    if (its !== undefined) its.indexDoubted = false
    this.#world.out({ type: 'read-index', batch, doubted: known.anew })
  }

  /** Tasks may be dropped from the store now: ids are read anew, or rows would be taken for ones that are here. */
  dropped(): void {
    for (const [batch, known] of [...this.#known]) {
      if (known.waiting === undefined) this.#known.delete(batch)
      else known.isStale = true
    }
  }

  /** A task that came from another node is in the batch. */
  noted(batch: BatchId, task: TaskId): void {
    this.#known.get(batch)?.ids.add(task)
  }

  /** Ids that the batch has; `done` with the last of them. */
  indexRead(id: BatchId, tasks: readonly TaskId[], done: boolean): void {
    const known = this.#known.get(id)
    if (known?.waiting === undefined) return
    for (const task of tasks) known.ids.add(task)
    if (!done) return
    const batch = this.#book.get(id)
    if (known.isStale || (batch !== undefined && this.#isDoubtful(batch, known))) return this.#readIndex(id, known)
    const frames = known.waiting
    known.waiting = undefined
    for (const frame of frames) this.#take(known.ids, frame)
    if (known.ended) this.#known.delete(id)
  }

  /** The ids could not be read: what waits is refused, the next frame asks again. */
  indexFailed(id: BatchId): void {
    const known = this.#known.get(id)
    if (known?.waiting === undefined) return
    this.#known.delete(id)
    const batch = this.#book.get(id)
    if (batch !== undefined && known.anew) batch.indexDoubted = true
    for (const { failed } of known.waiting) failed()
  }

  /** The batch is deleted. */
  gone(batch: BatchId): void {
    const known = this.#known.get(batch)
    this.#known.delete(batch)
    for (const { failed } of known?.waiting ?? []) failed()
  }

  /** Nobody seeds the batch any more. */
  ended(batch: BatchId): void {
    const known = this.#known.get(batch)
    if (known?.waiting === undefined) this.#known.delete(batch)
    else known.ended = true
  }

  #take(known: IdSet, { batch, profile, rows, taken }: IntakeFrame): void {
    const epochs = rows.map(({ task }) => this.#ownership.epochOf(slotOf(task)))
    const served = rows.filter((_, at) => epochs[at] !== 0)
    const fresh = served.filter((row) => known.add(row.task))
    const facts = fresh.map((row) => this.#fact(batch, profile, row))
    const kept: OpenTask[] = []
    for (const fact of facts) this.#place(batch, fact, kept)
    if (fresh.length > 0) {
      this.#world.commits.index({ batch: batch.id, entries: fresh.map(({ index, task }) => ({ index, task })) })
      this.#ledger.seed(batch, facts)
    }
    const isFresh = new Set(fresh)
    this.#world.commits.afterwards((copies) => {
      for (const task of kept) if (task.phase === 'seeding') this.#claims.progress.ready(task)
      const elsewhere = rows.filter(({ task }, at) => {
        const epoch = epochs[at]
        return epoch === 0 || this.#ownership.epochOf(slotOf(task)) !== epoch
      })
      // What was stated before the slot went elsewhere is counted there: as existing, or as new once more.
      const isElsewhere = new Set(elsewhere)
      const isNew = fresh.filter((row) => !isElsewhere.has(row)).length
      const isCopied = (row: IntakeRow) =>
        isElsewhere.has(row) || isFresh.has(row) || this.#copied.has(slotOf(row.task))
      taken({
        new: isNew,
        existing: rows.length - elsewhere.length - isNew,
        elsewhere,
        copies: (fresh.length === 0 || copies > 1) && rows.every(isCopied) ? 2 : 1,
      })
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
    if (slot.lacksPrompts) {
      // It may be one that has facts already.
      batch.uncounted.add(number)
      this.#book.changed()
    }
    if (!batch.uncounted.has(number)) {
      slot.tally = addTask(slot.tally)
      this.#world.commits.tally(slot.tally)
    }
    const { openTasksMax, openTasksBytesMax } = this.#world.nodeSettings
    const hasRoom = this.#book.tasks.size < openTasksMax && this.#book.bytes < openTasksBytesMax
    if (slot.complete && !slot.lacksPrompts && hasRoom) {
      const task = new OpenTask([fact])
      this.#book.remember(task)
      kept.push(task)
    } else this.#book.unload(batch, number)
  }
}

/** What a row takes in a message, or a little more. */
export function rowBytes({ prompt, params }: IntakeRow): number {
  return 3 * prompt.length + encodeParams(params).length + 64
}
