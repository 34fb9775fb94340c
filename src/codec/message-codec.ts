/** What the codec of one type of message is, and the parts that many types have. */
import type { MessageOf, MessageType } from '../core/messages.ts'
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { CodecError } from './codec-error.ts'
import { fromHex } from './hex.ts'
import { readList, writeList } from './items.ts'
import { MESSAGE_LIMITS } from './message-limits.ts'

export interface MessageCodec<T extends MessageType> {
  /** The number of the type on the wire; never reused. */
  readonly code: number
  /** Items that `write` writes and `read` reads: those after the version and the code. */
  readonly fields: number
  write(writer: ByteWriter, message: MessageOf<T>): void
  read(reader: ByteReader): MessageOf<T>
}

export type MessageCodecs<T extends MessageType> = { readonly [K in T]: MessageCodec<K> }

/** Ids of `bytesEach` bytes each as one byte string. @throws CodecError for other ids, and for more than `countMax` */
export function writeIds(writer: ByteWriter, ids: readonly string[], bytesEach: number, countMax: number): void {
  const wrong = ids.find((id) => id.length !== 2 * bytesEach)
  if (wrong !== undefined) throw new CodecError(`an id of ${wrong.length} digits, not ${2 * bytesEach}`)
  writer.bytes(fromHex(ids.join('')), bytesEach * countMax)
}

export function writeFacts(writer: ByteWriter, facts: readonly Uint8Array[]): void {
  writeList(writer, facts, MESSAGE_LIMITS.factsMax, writeFact)
}

function writeFact(writer: ByteWriter, fact: Uint8Array): void {
  writer.bytes(fact, MESSAGE_LIMITS.factBytesMax)
}

export function readFacts(reader: ByteReader): Uint8Array[] {
  return readList(reader, MESSAGE_LIMITS.factsMax, readFact)
}

function readFact(reader: ByteReader): Uint8Array {
  return reader.bytes(MESSAGE_LIMITS.factBytesMax)
}

export function writeUintOrNull(writer: ByteWriter, value: number | null): void {
  if (value === null) writer.null()
  else writer.uint(value)
}

export function readUintOrNull(reader: ByteReader): number | null {
  return reader.null() ? null : reader.uint()
}
