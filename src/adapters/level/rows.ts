/** The values of rows that are not facts: each ends with a CRC-32 over its key and content. */
import { crc32 } from 'node:zlib'
import { decodeBatch } from '../../codec/batches.ts'
import { decodeFields, encodeValue } from '../../codec/cbor.ts'
import { CodecError } from '../../codec/codec-error.ts'
import type { BatchRecord } from '../../core/batches.ts'
import { SLOT_COUNT } from '../../core/ids.ts'
import type { BallotRun } from '../../core/messages.ts'
import { batchKey, readU32, writeU32 } from './keys.ts'

/** The format of the whole store, keys and values. A store of another format is refused. */
export const STORE_FORMAT = 1

export interface Meta {
  readonly incarnation: number
  readonly clean: boolean
  /** Tallies were damaged and have not all been counted anew. */
  readonly recount: boolean
}

/** The content with its checksum. */
export function seal(key: Uint8Array, content: Uint8Array): Uint8Array {
  const value = new Uint8Array(content.length + 4)
  value.set(content)
  writeU32(value, content.length, crc32(content, crc32(key)))
  return value
}

/** The content, or undefined where the checksum does not match. */
export function unseal(key: Uint8Array, value: Uint8Array): Uint8Array | undefined {
  if (value.length < 4) return undefined
  const content = value.subarray(0, value.length - 4)
  return crc32(content, crc32(key)) === readU32(value, content.length) ? content : undefined
}

export function encodeMeta(meta: Meta): Uint8Array {
  return encodeValue([STORE_FORMAT, meta.incarnation, meta.clean, meta.recount])
}

/** @throws CodecError where it is damaged; answers the number alone where the format is another */
export function decodeMeta(content: Uint8Array): Meta | { readonly format: number } {
  const fields = decodeFields(content)
  const format = fields.uint()
  if (format !== STORE_FORMAT) return { format }
  return { incarnation: fields.uint(), clean: fields.any() === true, recount: fields.any() === true }
}

export function encodePromises(promises: readonly BallotRun[]): Uint8Array {
  return encodeValue([promises.map((run) => [run.from, run.to, run.epoch, run.node])])
}

/** @throws CodecError */
export function decodePromises(content: Uint8Array): BallotRun[] {
  return decodeFields(content).list(SLOT_COUNT, (fields) => ({
    from: fields.uint(),
    to: fields.uint(),
    epoch: fields.uint(),
    node: fields.text(128),
  }))
}

/** The record, or undefined where the row is damaged or stands under another batch's key. */
export function readBatchRow(key: Uint8Array, value: Uint8Array): BatchRecord | undefined {
  const content = unseal(key, value)
  if (content === undefined) return undefined
  const record = orUndefined(() => decodeBatch(content))
  return record !== undefined && Buffer.compare(batchKey(record.id), key) === 0 ? record : undefined
}

/** What `read` returns, or undefined where it finds the bytes damaged. */
export function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof CodecError) return undefined
    throw error
  }
}
