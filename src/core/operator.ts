/**
 * What people ask for: creating and changing batches, cancelling and retrying tasks.
 *
 * 1. An answer comes after the change is synced.
 * 2. `cancel` takes tasks that are waiting or claimed, `retry` those that are failed or cancelled; others stay as they
 *    are and are not counted.
 * 3. A batch that exists keeps what it was created with.
 */

import type { Batch, BatchBook } from './batch-book.ts'
import { batchIdOf, changeBatch, checkBatchName, newBatch } from './batches.ts'
import type { Claims } from './claims.ts'
import { MeshError } from './errors.ts'
import type { Event, RequestId } from './events.ts'
import type { BatchId } from './ids.ts'
import type { Ledger } from './ledger.ts'
import type { Loading } from './loading.ts'
import { OpenTask } from './open-task.ts'
import type { World } from './world.ts'

type Of<T extends Event['type']> = Extract<Event, { type: T }>

export class Operator {
  readonly #world: World
  readonly #meshId: string
  readonly #book: BatchBook
  readonly #ledger: Ledger
  readonly #claims: Claims
  readonly #loading: Loading

  constructor(world: World, meshId: string, book: BatchBook, ledger: Ledger, claims: Claims, loading: Loading) {
    this.#world = world
    this.#meshId = meshId
    this.#book = book
    this.#ledger = ledger
    this.#claims = claims
    this.#loading = loading
  }

  createBatch({ request, spec }: Of<'create-batch'>): void {
    const { requests, commits, sha256, nodeId, settings } = this.#world
    try {
      checkBatchName(spec.name)
      checkFields(spec)
    } catch (error) {
      if (!(error instanceof MeshError)) throw error
      requests.refuse(request, error.code, error.message)
      return
    }
    const known = this.#book.byName(spec.name)
    const id = batchIdOf(sha256, this.#meshId, spec.name, 0)
    const fields = {
      profile: spec.profile,
      priority: spec.priority ?? 0,
      maxAttempts: spec.maxAttempts ?? settings.maxAttempts,
      timeoutMs: spec.timeoutMs ?? null,
      paused: false,
      cancelled: false,
      born: 1 + Math.max(0, ...[...this.#book.batches.values()].map((batch) => batch.record.fields.born.value)),
    }
    const batch = known ?? this.#book.put(newBatch(id, spec.name, fields, nodeId))
    if (known === undefined) commits.batch(batch.record)
    const created = known === undefined
    commits.afterwards(() => requests.answer(request, { type: 'batch', batch: batch.record, created }))
  }

  setBatch({ request, batch: id, change, stopRunning }: Of<'set-batch'>): void {
    const batch = this.#find(request, id)
    if (batch === undefined) return
    try {
      checkFields(change)
    } catch (error) {
      if (!(error instanceof MeshError)) throw error
      this.#world.requests.refuse(request, error.code, error.message)
      return
    }
    this.#book.put(changeBatch(batch.record, withoutUndefined(change), this.#world.nodeId))
    this.#world.commits.batch(batch.record)
    if (stopRunning === true) this.#claims.killAll(change.cancelled === true ? 'cancelled' : 'returned', batch)
    this.#world.commits.afterwards(() => this.#world.requests.answer(request, { type: 'changed', tasks: 0 }))
  }

  changeTasks(event: Of<'change-tasks'>): void {
    const batch = this.#find(event.request, event.batch)
    if (batch === undefined) return
    const tasks = [...new Set(event.tasks)]
    const unknown = tasks.filter((task) => !this.#book.tasks.has(task))
    this.#loading.readTasks(batch, unknown, (stored) => {
      const changed = tasks.filter((id) => {
        const facts = stored.get(id)
        const task = this.#book.tasks.get(id) ?? (facts && new OpenTask(facts))
        return task?.state.seeded !== undefined && this.#change(task, event)
      })
      this.#world.commits.afterwards(() =>
        this.#world.requests.answer(event.request, { type: 'changed', tasks: changed.length }),
      )
    })
  }

  #change(task: OpenTask, event: Of<'change-tasks'>): boolean {
    const { standing, round } = task.state
    const about = { batch: task.batch, task: task.id, round }
    if (event.change === 'cancel') {
      if (standing !== 'waiting' && standing !== 'claimed') return false
      this.#ledger.write(task, { kind: 'cancelled', ...about })
      if (event.stopRunning === true) this.#claims.killTask(task, 'cancelled')
      this.#claims.follow(task)
    } else {
      if (standing !== 'failed' && standing !== 'cancelled') return false
      this.#ledger.write(task, { kind: 'retried', ...about })
      if (this.#loading.keep(task)) this.#claims.follow(task)
    }
    return true
  }

  #find(request: RequestId, id: BatchId): Batch | undefined {
    const batch = this.#book.get(id)
    if (batch === undefined) this.#world.requests.refuse(request, 'MESH_BATCH_UNKNOWN', `no batch ${id} here`)
    return batch
  }
}

/** A field that is not said is not written. */
function withoutUndefined<T extends object>(change: T): T {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as T
}

/** @throws MESH_BAD_REQUEST where a number is none that a batch can have */
function checkFields(fields: {
  readonly priority?: number
  readonly maxAttempts?: number
  readonly timeoutMs?: number
}): void {
  const { priority = 0, maxAttempts = 1, timeoutMs = 1 } = fields
  if (!Number.isSafeInteger(priority)) throw badField('priority', priority, 'a whole number')
  if (!Number.isSafeInteger(maxAttempts) || maxAttempts < 1)
    throw badField('maxAttempts', maxAttempts, 'a whole number from 1')
  if (!Number.isSafeInteger(timeoutMs) || timeoutMs < 1)
    throw badField('timeoutMs', timeoutMs, 'whole milliseconds from 1')
}

function badField(name: string, value: number, expected: string): MeshError {
  return new MeshError('MESH_BAD_REQUEST', `${name} of a batch is ${value}: expected ${expected}`)
}
