/**
 * Requests about tasks, asked here or by another node: seeding, cancelling, retrying. Each is brought to the owners of
 * its tasks (router.ts).
 *
 * 1. A request is answered when every owner has committed what it asks for, under the epoch in which it was asked: what was
 *    stated of a slot that went elsewhere meanwhile, and may have come back, is asked of its owner again.
 * 2. `copies` of an answer is the least number of nodes that stored a row.
 * 3. About a deleted batch nothing is done: who asks is refused, here or by the node that it asked.
 */
import { MESSAGE_LIMITS } from '../codec/message-limits.ts'
import type { Batch, BatchBook } from './batch-book.ts'
import type { MeshErrorCode } from './errors.ts'
import type { Event, IntakeRow, RequestId } from './events.ts'
import { type BatchId, type NodeId, slotOf, type TaskId } from './ids.ts'
import { type Intake, rowBytes, type TakenRows } from './intake.ts'
import type { MessageOf } from './messages.ts'
import type { Operator } from './operator.ts'
import type { Ownership } from './ownership.ts'
import type { Answered, Router } from './router.ts'
import type { World } from './world.ts'

type Of<T extends Event['type']> = Extract<Event, { type: T }>
type Taken = Pick<MessageOf<'taken'>, 'new' | 'existing' | 'copies'>

const NOBODY_ANSWERED: readonly [MeshErrorCode, string] = [
  'MESH_BUSY',
  'not every owner of these tasks answered within a minute; what was done stays done: ask again',
]

export interface TaskRequestParts {
  readonly book: BatchBook
  readonly intake: Intake
  readonly operator: Operator
  readonly ownership: Ownership
  readonly router: Router
}

export class TaskRequests {
  readonly #world: World
  readonly #parts: TaskRequestParts

  constructor(world: World, parts: TaskRequestParts) {
    this.#world = world
    this.#parts = parts
  }

  /** Seeds rows that this node was given. */
  intake({ request, batch: id, profile, rows }: Of<'intake'>): void {
    const { requests } = this.#world
    const batch = this.#find(request, id)
    if (batch === undefined) return
    const sum = { new: 0, existing: 0, copies: Number.POSITIVE_INFINITY }
    this.#parts.router.begin<IntakeRow, Taken>(rows, {
      batch: id,
      taskOf: ({ task }) => task,
      bytesOf: rowBytes,
      itemsMax: MESSAGE_LIMITS.rowsMax,
      local: (items, answered) => this.#take(request, batch, profile, items, answered),
      message: (part, items) => ({ type: 'intake', request: part, record: batch.record, profile, rows: items }),
      add: (taken) => {
        sum.new += taken.new
        sum.existing += taken.existing
        sum.copies = Math.min(sum.copies, taken.copies)
      },
      done: () => requests.answer(request, { type: 'intake', ...sum, copies: rows.length === 0 ? 1 : sum.copies }),
      givenUp: () => requests.refuse(request, ...NOBODY_ANSWERED),
      gone: () => this.#refuse(request, id),
    })
  }

  #find(request: RequestId, id: BatchId): Batch | undefined {
    const batch = this.#parts.book.get(id)
    if (batch === undefined) this.#refuse(request, id)
    return batch
  }

  #refuse(request: RequestId, id: BatchId): void {
    const why = this.#parts.book.isDeleted(id) ? `batch ${id} was deleted` : `no batch ${id} here`
    this.#world.requests.refuse(request, 'MESH_BATCH_UNKNOWN', `${why}: create it first`)
  }

  #take(
    request: number,
    batch: Batch,
    profile: string,
    rows: readonly IntakeRow[],
    answered: Answered<IntakeRow, Taken>,
  ): void {
    const taken = ({ elsewhere, ...counts }: TakenRows) => answered(counts, elsewhere)
    const failed = () =>
      this.#world.requests.refuse(request, 'MESH_STORAGE', 'the tasks of the batch could not be read: seed again')
    const busy = (retryAfterMs: number) => answered({ new: 0, existing: 0, copies: 2 }, rows, retryAfterMs)
    this.#parts.intake.frame({ batch, profile, rows, taken, failed, busy })
  }

  /** Another node seeds rows. Its record is known here by now, or the batch is deleted: then the tombstone goes first. */
  intakeAsked(from: NodeId, { request, record, profile, rows }: MessageOf<'intake'>): void {
    const taken = ({ elsewhere: rest, ...counts }: TakenRows, retryAfterMs = 0) => {
      const elsewhere = rest.map(({ task }) => task)
      this.#world.send(from, { type: 'taken', request, ...counts, elsewhere, retryAfterMs })
    }
    const nothing = { new: 0, existing: 0, elsewhere: rows, copies: 2 }
    const failed = () => taken(nothing)
    const busy = (retryAfterMs: number) => taken(nothing, retryAfterMs)
    const batch = this.#parts.book.get(record.id)
    if (batch !== undefined) return this.#parts.intake.frame({ batch, profile, rows, taken, failed, busy })
    this.#tellDeleted(from, record.id)
    failed()
  }

  #tellDeleted(to: NodeId, id: BatchId): void {
    const record = this.#parts.book.recordOf(id)
    if (record?.deleted) this.#world.send(to, { type: 'batches', records: [record], answer: false, request: 0 })
  }

  taken(from: NodeId, { request, elsewhere, retryAfterMs, ...taken }: MessageOf<'taken'>): void {
    this.#parts.router.answered(from, request, taken, elsewhere, retryAfterMs)
  }

  /** Cancels or retries tasks, as this node was asked. */
  changeTasks({ request, batch: id, change, tasks, stopRunning = false }: Of<'change-tasks'>): void {
    const { requests } = this.#world
    const batch = this.#find(request, id)
    if (batch === undefined) return
    let changed = 0
    this.#parts.router.begin<TaskId, number>([...new Set(tasks)], {
      batch: id,
      taskOf: (task) => task,
      bytesOf: ({ length }) => length,
      itemsMax: MESSAGE_LIMITS.tasksMax,
      local: (items, answered) => this.#change(batch, change, items, stopRunning, answered),
      message: (part, items) => ({ type: 'change-tasks', request: part, batch: id, change, tasks: items, stopRunning }),
      add: (count) => {
        changed += count
      },
      done: () => requests.answer(request, { type: 'changed', tasks: changed }),
      givenUp: () => requests.refuse(request, ...NOBODY_ANSWERED),
      gone: () => this.#refuse(request, id),
    })
  }

  #change(
    batch: Batch,
    change: 'cancel' | 'retry',
    tasks: readonly TaskId[],
    stopRunning: boolean,
    answered: (count: number, elsewhere: readonly TaskId[]) => void,
  ): void {
    const { ownership, operator } = this.#parts
    const epochs = tasks.map((task) => ownership.epochOf(slotOf(task)))
    const served = tasks.filter((_, at) => epochs[at] !== 0)
    operator.changeTasks(batch, change, served, stopRunning, (count) =>
      answered(
        count,
        tasks.filter((task, at) => epochs[at] === 0 || ownership.epochOf(slotOf(task)) !== epochs[at]),
      ),
    )
  }

  changeAsked(from: NodeId, { request, batch: id, change, tasks, stopRunning }: MessageOf<'change-tasks'>): void {
    const batch = this.#parts.book.get(id)
    const answer = (count: number, elsewhere: readonly TaskId[]) =>
      this.#world.send(from, { type: 'changed', request, tasks: count, elsewhere })
    if (batch === undefined) {
      this.#tellDeleted(from, id)
      answer(0, tasks)
    } else this.#change(batch, change, tasks, stopRunning, answer)
  }

  changed(from: NodeId, { request, tasks, elsewhere }: MessageOf<'changed'>): void {
    this.#parts.router.answered(from, request, tasks, elsewhere)
  }
}
