/**
 * What people ask for about batches: creating, changing and deleting them.
 *
 * 1. An answer comes after the record is synced on two storing nodes, or on one while no other is storing.
 * 2. A batch that exists keeps what it was created with; one whose name was deleted before is of the next generation.
 * 3. Deleting a batch twice is answered like the first time; nothing else is done to a deleted batch.
 */
import { CodecError } from '../codec/codec-error.ts'
import { encodeTaskIdentity } from '../codec/identity.ts'
import type { BatchBook } from './batch-book.ts'
import type { BatchSpreading } from './batch-spreading.ts'
import type { BatchStop } from './batch-stop.ts'
import { type BatchRecord, batchIdOf, changeBatch, checkBatchName, newBatch, tombstoneOf } from './batches.ts'
import { MeshError } from './errors.ts'
import type { BatchSpec, Event, RequestId } from './events.ts'
import type { BatchId } from './ids.ts'
import type { World } from './world.ts'

type Of<T extends Event['type']> = Extract<Event, { type: T }>

export class BatchRequests {
  readonly #world: World
  readonly #meshId: string
  readonly #book: BatchBook
  readonly #spreading: BatchSpreading
  readonly #stop: BatchStop

  constructor(world: World, meshId: string, book: BatchBook, spreading: BatchSpreading, stop: BatchStop) {
    this.#world = world
    this.#meshId = meshId
    this.#book = book
    this.#spreading = spreading
    this.#stop = stop
  }

  create({ request, spec }: Of<'create-batch'>): void {
    const isGood = this.#checked(request, () => {
      checkBatchName(spec.name)
      checkFields(spec)
      checkProfile(spec.profile)
    })
    if (!isGood) return
    const known = this.#book.byName(spec.name)
    const record = known?.record ?? this.#newRecord(spec)
    this.#spreading.spread(record, (copies) => {
      const batch = this.#book.get(record.id)?.record
      if (batch === undefined) this.#refuse(request, record.id)
      else this.#world.requests.answer(request, { type: 'batch', batch, created: known === undefined, copies })
    })
  }

  #newRecord(spec: BatchSpec): BatchRecord {
    const { sha256, settings, nodeId } = this.#world
    const fields = {
      profile: spec.profile,
      priority: spec.priority ?? 0,
      maxAttempts: spec.maxAttempts ?? settings.maxAttempts,
      timeoutMs: spec.timeoutMs ?? null,
      paused: false,
      cancelled: false,
      born: 1 + Math.max(0, ...[...this.#book.batches.values()].map((batch) => batch.record.fields.born.value)),
    }
    const generation = 1 + (this.#book.generationOf(spec.name) ?? -1)
    return newBatch(batchIdOf(sha256, this.#meshId, spec.name, generation), spec.name, fields, nodeId, generation)
  }

  change({ request, batch: id, change, stopRunning }: Of<'set-batch'>): void {
    const batch = this.#book.get(id)
    if (batch === undefined) return this.#refuse(request, id)
    if (!this.#checked(request, () => checkFields(change))) return
    const record = changeBatch(batch.record, withoutUndefined(change), this.#world.nodeId)
    this.#spread(request, record)
    if (stopRunning === true) this.#stop.everywhere(id, change.cancelled === true ? 'cancelled' : 'returned')
  }

  delete({ request, batch: id }: Of<'delete-batch'>): void {
    const record = this.#book.recordOf(id)
    if (record === undefined) return this.#refuse(request, id)
    this.#spread(request, tombstoneOf(record))
  }

  #spread(request: RequestId, record: BatchRecord): void {
    const { requests } = this.#world
    this.#spreading.spread(record, (copies) => requests.answer(request, { type: 'changed', tasks: 0, copies }))
  }

  /** Refuses what cannot be taken. */
  #checked(request: RequestId, check: () => void): boolean {
    try {
      check()
      return true
    } catch (error) {
      if (!(error instanceof MeshError)) throw error
      this.#world.requests.refuse(request, error.code, error.message)
      return false
    }
  }

  #refuse(request: RequestId, id: BatchId): void {
    const why = this.#book.isDeleted(id) ? `batch ${id} was deleted` : `no batch ${id} here`
    this.#world.requests.refuse(request, 'MESH_BATCH_UNKNOWN', why)
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
