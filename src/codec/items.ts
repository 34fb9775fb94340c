/** Lists and words inside facts and messages. */
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { CodecError } from './codec-error.ts'

/** The longest word of the protocol is shorter. */
export const WORD_BYTES_MAX = 32

/** @throws CodecError for more than `countMax` items */
export function writeList<T>(
  writer: ByteWriter,
  items: readonly T[],
  countMax: number,
  write: (writer: ByteWriter, item: T) => void,
): void {
  if (items.length > countMax) throw new CodecError(`a list of ${items.length}; at most ${countMax} are allowed`)
  writer.array(items.length)
  for (const item of items) write(writer, item)
}

export function readList<T>(reader: ByteReader, countMax: number, read: (reader: ByteReader) => T): T[] {
  const items: T[] = []
  for (let left = reader.array(countMax); left > 0; left--) items.push(read(reader))
  return items
}

/** One of some words of the protocol. */
export function readWord<W extends string>(reader: ByteReader, words: readonly W[]): W {
  const text = reader.text(WORD_BYTES_MAX)
  const word = words.find((each) => each === text)
  if (word === undefined) throw new CodecError(`${JSON.stringify(text)} is none of ${words.join(', ')}`)
  return word
}
