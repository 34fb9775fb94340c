/**
 * Batches: small records that live on every node. Each field is a register.
 *
 * 1. A register is ordered by (counter, node, JSON of its value); merging keeps the greater, so merging is
 *    commutative, associative and idempotent.
 * 2. A writer takes 1 + the highest counter it has seen in the record.
 * 3. A batch's id, name and generation never change.
 * 4. `deleted` is final: a record that is deleted in one of two is so in their union, and has no other fields any more,
 *    so that all its tombstones are equal. They are kept for ever, some 50 bytes each.
 */
import { NO_FIELDS } from '../codec/batch-tombstone.ts'
import { encodeBatchIdentity } from '../codec/identity.ts'
import { MeshError } from './errors.ts'
import type { BatchId, NodeId, Sha256 } from './ids.ts'

export interface Register<T> {
  readonly value: T
  readonly counter: number
  readonly node: NodeId
}

/** The fields of a batch that may change. */
export interface BatchFields {
  readonly profile: string
  /** Higher runs first; 0 unless said. */
  readonly priority: number
  readonly maxAttempts: number
  /** Longest run of an attempt; null leaves it to the profile. */
  readonly timeoutMs: number | null
  readonly paused: boolean
  readonly cancelled: boolean
  /** Rises with each batch created: the age that decides between batches of one priority. */
  readonly born: number
}

const BATCH_FIELDS = [
  'profile',
  'priority',
  'maxAttempts',
  'timeoutMs',
  'paused',
  'cancelled',
  'born',
] as const satisfies readonly (keyof BatchFields)[]

export interface BatchRecord {
  readonly id: BatchId
  readonly name: string
  /** How many batches of this name were deleted before. */
  readonly generation: number
  /** A tombstone: of its fields nothing is left. */
  readonly deleted: boolean
  readonly fields: { readonly [K in keyof BatchFields]: Register<BatchFields[K]> }
}

/** The id of the batch of that name: 8 bytes of SHA-256 over mesh, name and generation. */
export function batchIdOf(sha256: Sha256, meshId: string, name: string, generation: number): BatchId {
  return sha256(encodeBatchIdentity(meshId, name, generation)).slice(0, 16)
}

/** A new record whose every field was written first by `node`. */
export function newBatch(
  id: BatchId,
  name: string,
  fields: BatchFields,
  node: NodeId,
  generation: number = 0,
): BatchRecord {
  const registers = Object.fromEntries(
    Object.entries(fields).map(([field, value]) => [field, { value, counter: 1, node }]),
  )
  return { id, name, generation, deleted: false, fields: registers as unknown as BatchRecord['fields'] }
}

/** What stays of a batch that is deleted. */
export function tombstoneOf({ id, name, generation }: Omit<BatchRecord, 'deleted' | 'fields'>): BatchRecord {
  return { id, name, generation, deleted: true, fields: NO_FIELDS }
}

/** The record with some fields written by `node`; equal values are written too. */
export function changeBatch(record: BatchRecord, change: Partial<BatchFields>, node: NodeId): BatchRecord {
  const counter = 1 + Math.max(...Object.values(record.fields).map((register) => register.counter))
  const written = Object.fromEntries(Object.entries(change).map(([field, value]) => [field, { value, counter, node }]))
  return { ...record, fields: { ...record.fields, ...written } }
}

/** The union of what two nodes know of one batch. @throws TypeError where they are different batches */
export function mergeBatch(a: BatchRecord, b: BatchRecord): BatchRecord {
  if (a.id !== b.id) throw new TypeError(`merging batch ${a.id} with ${b.id}`)
  if (a.deleted || b.deleted) return tombstoneOf(a)
  const fields = Object.fromEntries(
    BATCH_FIELDS.map((field) => [field, greater<BatchFields[keyof BatchFields]>(a.fields[field], b.fields[field])]),
  )
  return { ...a, fields: fields as unknown as BatchRecord['fields'] }
}

function greater<T>(a: Register<T>, b: Register<T>): Register<T> {
  if (a.counter !== b.counter) return a.counter > b.counter ? a : b
  if (a.node !== b.node) return a.node > b.node ? a : b
  return JSON.stringify(a.value) >= JSON.stringify(b.value) ? a : b
}

/** @throws MESH_BATCH_NAME where people, paths or keys could stumble over the name */
export function checkBatchName(name: string): void {
  const problem = BATCH_NAME_RULES.find((rule) => rule.broken(name))?.problem
  if (problem === undefined) return
  throw new MeshError(
    'MESH_BATCH_NAME',
    `batch name ${JSON.stringify(name.slice(0, 120))} ${problem}: choose another with --name`,
  )
}

const BATCH_NAME_RULES: readonly { readonly problem: string; readonly broken: (name: string) => boolean }[] = [
  { problem: 'is empty', broken: (name) => name.trim() === '' },
  { problem: 'is longer than 100 characters', broken: (name) => name.length > 100 },
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  { problem: 'has a slash, backslash or control character', broken: (name) => /[/\\\u0000-\u001f\u007f]/.test(name) },
  { problem: 'begins with a dot or a dash', broken: (name) => /^[.-]/.test(name) },
  { problem: 'has a lone surrogate', broken: (name) => !name.isWellFormed() },
]
