/**
 * Batch records as bytes: one CBOR array `[form, id, name, generation, ...registers]`, each register an array
 * `[value, counter, node]`; deterministic (RFC 8949, section 4.2). Those of deleted batches have no registers.
 *
 * 1. Equal records give equal bytes.
 * 2. What a later version appends, to a record or to a register, is ignored.
 * 3. Decoding never throws anything but CodecError, whatever the bytes.
 */
import type { BatchRecord, Register } from '../core/batches.ts'
import { NO_FIELDS } from './batch-tombstone.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { CodecError } from './codec-error.ts'
import { MESSAGE_LIMITS } from './message-limits.ts'

const LIVE = 1
const DELETED = 2
const IDENTITY_FIELDS = 4
const FIELDS = IDENTITY_FIELDS + 7
const NAME_BYTES_MAX = 400
const { nodeIdBytesMax, recordBytesMax } = MESSAGE_LIMITS

const writer = new ByteWriter()

/** @throws CodecError where the record is over a limit or could not be read back */
export function encodeBatch(record: BatchRecord): Uint8Array {
  writer
    .begin()
    .array(record.deleted ? IDENTITY_FIELDS : FIELDS)
    .uint(record.deleted ? DELETED : LIVE)
  writer.hex(record.id, 8).text(record.name, NAME_BYTES_MAX).uint(record.generation)
  if (!record.deleted) writeRegisters(record.fields)
  return writer.take()
}

function writeRegisters(fields: BatchRecord['fields']): void {
  const { profile, priority, maxAttempts, timeoutMs, paused, cancelled, born } = fields
  writeRegister(profile, (value) => writer.text(value, recordBytesMax))
  writeRegister(priority, (value) => writer.int(value))
  writeRegister(maxAttempts, (value) => writer.int(value))
  writeRegister(timeoutMs, (value) => (value === null ? writer.null() : writer.int(value)))
  writeRegister(paused, (value) => writer.bool(value))
  writeRegister(cancelled, (value) => writer.bool(value))
  writeRegister(born, (value) => writer.int(value))
}

function writeRegister<T>({ value, counter, node }: Register<T>, write: (value: T) => void): void {
  writer.array(3)
  write(value)
  writer.uint(counter).text(node, nodeIdBytesMax)
}

/** @throws CodecError where the bytes are not a batch record of a known version within the limits */
export function decodeBatch(bytes: Uint8Array): BatchRecord {
  const reader = new ByteReader(bytes)
  const more = reader.open(IDENTITY_FIELDS)
  const form = reader.uint()
  if (form !== LIVE && form !== DELETED) throw new CodecError(`a batch of format ${form}; this version knows ${LIVE}`)
  const identity = { id: reader.hex(8), name: reader.text(NAME_BYTES_MAX), generation: reader.uint() }
  if (form === DELETED) return close(reader, more, { ...identity, deleted: true, fields: NO_FIELDS })
  const unknown = more - (FIELDS - IDENTITY_FIELDS)
  if (unknown < 0) throw new CodecError(`a batch that lacks ${-unknown} fields`)
  return close(reader, unknown, { ...identity, deleted: false, fields: readRegisters(reader) })
}

function close(reader: ByteReader, more: number, record: BatchRecord): BatchRecord {
  reader.close(more)
  reader.end()
  return record
}

function readRegisters(reader: ByteReader): BatchRecord['fields'] {
  return {
    profile: readRegister(reader, () => reader.text(recordBytesMax)),
    priority: readRegister(reader, () => reader.int()),
    maxAttempts: readRegister(reader, () => reader.int()),
    timeoutMs: readRegister(reader, () => (reader.null() ? null : reader.int())),
    paused: readRegister(reader, () => reader.bool()),
    cancelled: readRegister(reader, () => reader.bool()),
    born: readRegister(reader, () => reader.int()),
  }
}

function readRegister<T>(reader: ByteReader, read: () => T): Register<T> {
  const more = reader.open(3)
  const register = { value: read(), counter: reader.uint(), node: reader.text(nodeIdBytesMax) }
  reader.close(more)
  return register
}
