/** Batch records inside messages: byte strings with the form and version of their own that they are stored in. */
import type { BatchRecord } from '../core/batches.ts'
import { decodeBatch, encodeBatch } from './batches.ts'
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { MESSAGE_LIMITS } from './message-limits.ts'

export function writeBatchRecord(writer: ByteWriter, record: BatchRecord): void {
  writer.bytes(encodeBatch(record), MESSAGE_LIMITS.recordBytesMax)
}

export function readBatchRecord(reader: ByteReader): BatchRecord {
  return decodeBatch(reader.bytes(MESSAGE_LIMITS.recordBytesMax))
}
