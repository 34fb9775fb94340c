/**
 * What people ask for: creating and changing batches, cancelling and retrying tasks.
 *
 * 1. An answer comes after the change is synced.
 * 2. `cancel` takes tasks that are waiting or claimed, `retry` those that are failed or cancelled; others stay as they
 *    are and are not counted.
 * 3. A batch that exists keeps what it was created with.
 */

import { CodecError } from '../codec/codec-error.ts'
import { encodeTaskIdentity } from '../codec/identity.ts'
import type { Batch, BatchBook } from './batch-book.ts'
import { type BatchRecord, batchIdOf, changeBatch, checkBatchName, newBatch } from './batches.ts'
import type { Claims } from './claims.ts'
import { MeshError } from './errors.ts'
import type { Event, RequestId } from './events.ts'
import type { BatchId, TaskId } from './ids.ts'
import type { Ledger } from './ledger.ts'
import type { Loading } from './loading.ts'
import type { OpenTask } from './open-task.ts'
import type { Ownership } from './ownership.ts'
import type { World } from './world.ts'

type Of<T extends Event['type']> = Extract<Event, { type: T }>

export class Operator {
  readonly #world: World
  readonly #meshId: string
  readonly #book: BatchBook
  readonly #ledger: Ledger
  readonly #claims: Claims
  readonly #loading: Loading
  readonly #ownership: Ownership
  /** Is told of a record that is new or changed. */
  onChanged: (record: BatchRecord, isNew: boolean) => void = () => undefined

  constructor(
    world: World,
    meshId: string,
    book: BatchBook,
    ledger: Ledger,
    claims: Claims,
    loading: Loading,
    ownership: Ownership,
  ) {
    this.#world = world
    this.#meshId = meshId
    this.#book = book
    this.#ledger = ledger
    this.#claims = claims
    this.#loading = loading
    this.#ownership = ownership
  }

  createBatch({ request, spec }: Of<'create-batch'>): void {
    const { requests, commits, sha256, nodeId, settings } = this.#world
    try {
      checkBatchName(spec.name)
      checkFields(spec)
      checkProfile(spec.profile)
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
    if (known === undefined) this.#write(batch.record, true)
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
    this.#write(batch.record, false)
    if (stopRunning === true) this.#claims.kills.batch(batch, change.cancelled === true ? 'cancelled' : 'returned')
    this.#world.commits.afterwards(() => this.#world.requests.answer(request, { type: 'changed', tasks: 0 }))
  }

  /** Changes tasks that this node owns; `done` is given how many it concerned, once that is committed. */
  changeTasks(
    batch: Batch,
    change: 'cancel' | 'retry',
    tasks: readonly TaskId[],
    stopRunning: boolean,
    done: (changed: number) => void,
  ): void {
    let changed = 0
    const take = (task: OpenTask) => {
      if (task.state.seeded === undefined || !this.#ownership.serves(task.slot)) return
      this.#claims.adoptOpen(task)
      if (change === 'cancel' ? this.#cancel(task, stopRunning) : this.#retry(task)) changed++
    }
    const whenTaken = () => this.#world.commits.afterwards(() => done(changed))
    this.#loading.tasks.take({ batch, take, done: whenTaken }, tasks)
  }

  #cancel(task: OpenTask, stopRunning: boolean): boolean {
    const { standing, round } = task.state
    if (standing !== 'waiting' && standing !== 'claimed') return false
    this.#ledger.write(task, { kind: 'cancelled', batch: task.batch, task: task.id, round })
    if (stopRunning) this.#claims.kills.task(task, 'cancelled')
    this.#claims.progress.follow(task)
    return true
  }

  #retry(task: OpenTask): boolean {
    const { standing, round } = task.state
    if (standing !== 'failed' && standing !== 'cancelled') return false
    this.#ledger.write(task, { kind: 'retried', batch: task.batch, task: task.id, round })
    if (this.#loading.keep(task)) this.#claims.progress.follow(task)
    return true
  }

  #write(record: BatchRecord, isNew: boolean): void {
    this.#world.commits.batch(record)
    this.onChanged(record, isNew)
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

/** @throws MESH_BAD_REQUEST where no task could name the profile */
function checkProfile(profile: string): void {
  try {
    encodeTaskIdentity('0000000000000000', '', {}, profile, 0)
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    const name = JSON.stringify(profile.slice(0, 60))
    throw new MeshError('MESH_BAD_REQUEST', `profile ${name} cannot be taken: ${error.message}`, { cause: error })
  }
}

function badField(name: string, value: number, expected: string): MeshError {
  return new MeshError('MESH_BAD_REQUEST', `${name} of a batch is ${value}: expected ${expected}`)
}
