/**
 * Hands over tasks that somebody names, read from the store where they are not in memory.
 *
 * 1. A task is handed over as it is at that moment: one whose slot changed while it was read is read again.
 * 2. What was read is used at once or not at all, since a moment later it may be out of date.
 * 3. Of a batch that was deleted meanwhile no task is handed over.
 */
import type { Batch, BatchBook } from './batch-book.ts'
import type { StoredFact } from './facts.ts'
import { slotOf, type TaskId } from './ids.ts'
import { OpenTask } from './open-task.ts'
import type { World } from './world.ts'

export interface TaskRequest {
  readonly batch: Batch
  /** Is given each task once; a task of which there is no fact is left out. */
  readonly take: (task: OpenTask) => void
  /** Comes after the last task. */
  readonly done: () => void
}

interface TaskRead {
  readonly request: TaskRequest
  readonly tasks: readonly TaskId[]
  /** slot => its version when the read was asked for. */
  readonly slots: ReadonlyMap<number, number>
}

export class TaskReads {
  readonly #world: World
  readonly #book: BatchBook
  readonly #reads = new Map<number, TaskRead>()

  constructor(world: World, book: BatchBook) {
    this.#world = world
    this.#book = book
  }

  get idle(): boolean {
    return this.#reads.size === 0
  }

  take(request: TaskRequest, tasks: readonly TaskId[]): void {
    const { batch } = request
    if (batch.record.deleted) return request.done()
    const unknown: TaskId[] = []
    for (const id of new Set(tasks)) {
      const task = this.#book.tasks.get(id)
      if (task === undefined) unknown.push(id)
      else request.take(task)
    }
    if (unknown.length === 0) return request.done()
    const load = this.#world.nextLoad()
    const slots = new Map(unknown.map((id) => [slotOf(id), versionOf(batch, id)]))
    this.#reads.set(load, { request, tasks: unknown, slots })
    this.#world.out({ type: 'load-tasks', load, batch: batch.id, tasks: unknown })
  }

  /** Takes what a read gave; false where it was none of these. */
  loaded(load: number, facts: ReadonlyMap<TaskId, readonly StoredFact[]>): boolean {
    const read = this.#reads.get(load)
    if (read === undefined) return false
    this.#reads.delete(load)
    const { request, tasks, slots } = read
    if (request.batch.record.deleted) {
      request.done()
      return true
    }
    const isStale = (id: TaskId) => versionOf(request.batch, id) !== slots.get(slotOf(id)) || this.#book.tasks.has(id)
    // All are looked at before the first is taken, because that changes its slot.
    const stale = new Set(tasks.filter(isStale))
    for (const id of tasks) {
      const known = facts.get(id)
      if (known !== undefined && !stale.has(id)) request.take(new OpenTask(known))
    }
    this.take(request, [...stale])
    return true
  }

  /** Asks again for what could not be read. */
  failed(load: number): void {
    const read = this.#reads.get(load)
    this.#reads.delete(load)
    if (read !== undefined) this.take(read.request, read.tasks)
  }
}

/** Of the slot of a task; 0 while nothing is known of that. */
function versionOf(batch: Batch, task: TaskId): number {
  return batch.slots.get(slotOf(task))?.version ?? 0
}
