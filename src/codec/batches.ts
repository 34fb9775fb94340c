/** Batch records and batch identities as bytes (deterministic CBOR). */
import type { BatchFields, BatchRecord, Register } from '../core/batches.ts'
import { decodeFields, encodeValue } from './cbor.ts'
import { CodecError } from './codec-error.ts'
import type { Fields } from './fields.ts'
import { fromHex } from './hex.ts'

const VERSION = 1

export function encodeBatch(record: BatchRecord): Uint8Array {
  const { profile, priority, maxAttempts, timeoutMs, paused, cancelled, born } = record.fields
  const registers = [profile, priority, maxAttempts, timeoutMs, paused, cancelled, born]
  const rows = registers.map((register) => [register.value, register.counter, register.node])
  return encodeValue([VERSION, fromHex(record.id), record.name, record.generation, ...rows])
}

/** @throws CodecError where the bytes are not a batch record of a known version */
export function decodeBatch(bytes: Uint8Array): BatchRecord {
  const fields = decodeFields(bytes)
  const version = fields.uint()
  if (version !== VERSION) throw new CodecError(`a batch of format ${version}; this version knows ${VERSION}`)
  return {
    id: fields.hex(8),
    name: fields.text(400),
    generation: fields.uint(),
    fields: readRegisters(fields),
  }
}

function readRegisters(fields: Fields): BatchRecord['fields'] {
  return {
    profile: register(fields, (value) => typeof value === 'string'),
    priority: register(fields, Number.isSafeInteger),
    maxAttempts: register(fields, Number.isSafeInteger),
    timeoutMs: register(fields, (value) => value === null || Number.isSafeInteger(value)),
    paused: register(fields, (value) => typeof value === 'boolean'),
    cancelled: register(fields, (value) => typeof value === 'boolean'),
    born: register(fields, Number.isSafeInteger),
  }
}

function register<T extends BatchFields[keyof BatchFields]>(
  fields: Fields,
  isValue: (value: unknown) => boolean,
): Register<T> {
  const read = fields.optional((row) => ({ value: row.any(), counter: row.uint(), node: row.text(128) }))
  if (read === undefined || !isValue(read.value)) throw new CodecError('a batch field of the wrong type')
  return read as Register<T>
}
