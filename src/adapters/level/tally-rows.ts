/** Tallies packed for journal and checkpoint: per batch its id, how many, and six numbers for each (LEB128). */
import { CodecError } from '../../codec/codec-error.ts'
import type { SlotTally } from '../../core/tally.ts'
import { readHex, writeHex } from './keys.ts'

/** A batch's id and a count, for a tally that stands alone; six numbers below 2^53. */
const TALLY_BYTES_MAX = 8 + 8 + 6 * 8

/** Packs tallies; those of one batch best stand together. */
export function packTallies(tallies: readonly SlotTally[]): Uint8Array {
  const bytes = new Uint8Array(tallies.length * TALLY_BYTES_MAX)
  let at = 0
  for (let from = 0; from < tallies.length; ) {
    const to = endOfRun(tallies, from)
    at = writeHex(bytes, at, (tallies[from] as SlotTally).batch, 16)
    at = writeNumber(bytes, at, to - from)
    for (; from < to; from++) at = writeTally(bytes, at, tallies[from] as SlotTally)
  }
  return bytes.subarray(0, at)
}

function endOfRun(tallies: readonly SlotTally[], from: number): number {
  const batch = tallies[from]?.batch
  let to = from + 1
  while (tallies[to]?.batch === batch && to < tallies.length) to++
  return to
}

function writeTally(bytes: Uint8Array, at: number, tally: SlotTally): number {
  let end = writeNumber(bytes, at, tally.slot)
  end = writeNumber(bytes, end, tally.total)
  end = writeNumber(bytes, end, tally.completed)
  end = writeNumber(bytes, end, tally.failed)
  end = writeNumber(bytes, end, tally.cancelled)
  return writeNumber(bytes, end, tally.extra)
}

function writeNumber(bytes: Uint8Array, at: number, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new TypeError(`a tally of ${value}`)
  let rest = value
  let end = at
  while (rest >= 128) {
    bytes[end++] = (rest % 128) | 128
    rest = Math.floor(rest / 128)
  }
  bytes[end++] = rest
  return end
}

/** @throws CodecError where the bytes end too early */
export function unpackTallies(bytes: Uint8Array): SlotTally[] {
  const tallies: SlotTally[] = []
  const reader = { bytes, at: 0 }
  while (reader.at < bytes.length) {
    if (reader.at + 8 > bytes.length) throw new CodecError('a tally row that ends too early')
    const batch = readHex(bytes, reader.at, 8)
    reader.at += 8
    for (let left = readNumber(reader); left > 0; left--) tallies.push(readTally(reader, batch))
  }
  return tallies
}

interface Reader {
  readonly bytes: Uint8Array
  at: number
}

function readTally(reader: Reader, batch: string): SlotTally {
  return {
    batch,
    slot: readNumber(reader),
    total: readNumber(reader),
    completed: readNumber(reader),
    failed: readNumber(reader),
    cancelled: readNumber(reader),
    extra: readNumber(reader),
  }
}

function readNumber(reader: Reader): number {
  let value = 0
  for (let weight = 1; ; weight *= 128) {
    const byte = reader.bytes[reader.at++]
    if (byte === undefined) throw new CodecError('a tally row that ends too early')
    value += (byte & 127) * weight
    if (byte < 128) return value
  }
}
