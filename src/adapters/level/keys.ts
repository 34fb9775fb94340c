/**
 * The keys of the store. Numbers are big-endian, ids are the bytes that their hex digits name.
 *
 *   f | slot u16 | batch 8 | task 16 | kind u8 | token 18 or round u32 or nothing | first 8 of the fact's SHA-256
 *   i | batch 8 | first index u32 | first 8 of the value's SHA-256: a segment of the batch's index
 *   b | batch 8: batch record      p: promises      m: format, incarnation, clean end
 *   x | batch 8: its index names tasks that were dropped
 *   j | seq u48: tally journal     c | batch 8 | chunk u8: tally checkpoint      t: where the journal begins
 */
import { KIND_CODES } from '../../codec/facts.ts'
import type { Fact, StoredFact } from '../../core/facts.ts'
import type { BatchId, TaskId } from '../../core/ids.ts'

const FACT = 0x66
const INDEX = 0x69
const BATCH = 0x62
const JOURNAL = 0x6a
const CHECKPOINT = 0x63
const STALE = 0x78

export const META_KEY = Uint8Array.of(0x6d)
export const PROMISES_KEY = Uint8Array.of(0x70)
export const TALLY_BASE_KEY = Uint8Array.of(0x74)

/** Keys from `gte` up to and without `lt`. */
export interface KeyRange {
  readonly gte: Uint8Array
  readonly lt: Uint8Array
}

export const ALL_ROWS: KeyRange = { gte: Uint8Array.of(0x61), lt: Uint8Array.of(0x7b) }
export const FACT_ROWS = rangeOf(Uint8Array.of(FACT))
export const BATCH_ROWS = rangeOf(Uint8Array.of(BATCH))
export const JOURNAL_ROWS = rangeOf(Uint8Array.of(JOURNAL))
export const CHECKPOINT_ROWS = rangeOf(Uint8Array.of(CHECKPOINT))
export const ALL_STALE = rangeOf(Uint8Array.of(STALE))

/** The longest key of a fact: the token is its longest tail. */
export const FACT_KEY_BYTES_MAX = 1 + 2 + 8 + 16 + 1 + 18 + 8
const KIND_OFFSET = 1 + 2 + 8 + 16

/** Writes the key of a fact at `at`; answers where it ends. */
export function writeFactKey(target: Uint8Array, at: number, stored: StoredFact): number {
  const { fact } = stored
  const taskAt = at + 11
  writeHex(target, at + 3, fact.batch, 16)
  let end = writeHex(target, taskAt, fact.task, 32)
  const slot = (((target[taskAt] as number) << 8) | (target[taskAt + 1] as number)) >>> 2
  target[at] = FACT
  target[at + 1] = slot >>> 8
  target[at + 2] = slot
  target[end++] = KIND_CODES[fact.kind]
  end = writeStatement(target, end, fact)
  return writeHex(target, end, stored.hash, 16)
}

function writeStatement(target: Uint8Array, at: number, fact: Fact): number {
  switch (fact.kind) {
    case 'seeded':
      return at
    case 'claimed':
    case 'ended':
    case 'lost':
    case 'chosen':
    case 'voided':
      return writeHex(target, at, fact.token, 36)
    case 'closed':
    case 'retried':
    case 'cancelled':
      return writeU32(target, at, fact.round)
  }
}

/** Whether the key is that of a `seeded` fact; cheaper than decoding it. */
export function isSeededKey(key: Uint8Array): boolean {
  return key[KIND_OFFSET] === KIND_CODES.seeded
}

export function slotRows(batch: BatchId, slot: number): KeyRange {
  return rangeOf(slotPrefix(batch, slot, 0))
}

/** The facts of a task, which must be in that slot. */
export function taskRows(batch: BatchId, slot: number, task: TaskId): KeyRange {
  const prefix = slotPrefix(batch, slot, 16)
  writeHex(prefix, 11, task, 32)
  return rangeOf(prefix)
}

function slotPrefix(batch: BatchId, slot: number, more: number): Uint8Array {
  const prefix = new Uint8Array(11 + more)
  prefix[0] = FACT
  prefix[1] = slot >>> 8
  prefix[2] = slot
  writeHex(prefix, 3, batch, 16)
  return prefix
}

/** The facts of a slot, of every batch. */
export function factRowsOf(slot: number): KeyRange {
  return rangeOf(Uint8Array.of(FACT, slot >>> 8, slot & 0xff))
}

/** Slot and batch of a fact's key, and the range of all keys that come after the facts of both. */
export function slotOfKey(key: Uint8Array): { slot: number; batch: BatchId; rest: KeyRange } {
  const { lt } = rangeOf(key.subarray(0, 11))
  const slot = ((key[1] as number) << 8) | (key[2] as number)
  return { slot, batch: readHex(key, 3, 8), rest: { gte: lt, lt: FACT_ROWS.lt } }
}

export function indexRows(batch: BatchId): KeyRange {
  return rangeOf(withBatch(INDEX, batch, 0))
}

/** `hash` is the SHA-256 of the value, so that a repeated write lands on itself. */
export function indexKey(batch: BatchId, first: number, hash: string): Uint8Array {
  const key = withBatch(INDEX, batch, 12)
  writeHex(key, writeU32(key, 9, first), hash, 16)
  return key
}

export function batchKey(batch: BatchId): Uint8Array {
  return withBatch(BATCH, batch, 0)
}

export function staleKey(batch: BatchId): Uint8Array {
  return withBatch(STALE, batch, 0)
}

export function readStaleKey(key: Uint8Array): BatchId {
  return readHex(key, 1, 8)
}

export function checkpointKey(batch: BatchId, chunk: number): Uint8Array {
  const key = withBatch(CHECKPOINT, batch, 1)
  key[9] = chunk
  return key
}

/** Batch and chunk of a checkpoint's key. */
export function readCheckpointKey(key: Uint8Array): { batch: BatchId; chunk: number } {
  return { batch: readHex(key, 1, 8), chunk: key[9] ?? 0 }
}

export function journalKey(seq: number): Uint8Array {
  const key = new Uint8Array(7)
  key[0] = JOURNAL
  writeU32(key, 3, seq % 2 ** 32)
  key[1] = Math.floor(seq / 2 ** 40)
  key[2] = Math.floor(seq / 2 ** 32)
  return key
}

export function readJournalKey(key: Uint8Array): number {
  return Number.parseInt(readHex(key, 1, 6), 16)
}

function withBatch(letter: number, batch: BatchId, more: number): Uint8Array {
  const key = new Uint8Array(9 + more)
  key[0] = letter
  writeHex(key, 1, batch, 16)
  return key
}

function rangeOf(prefix: Uint8Array): KeyRange {
  const end = Uint8Array.from(prefix)
  let at = end.length - 1
  // Every prefix begins with a letter, so the carry ends there at the latest.
  while (end[at] === 0xff) at--
  end[at] = (end[at] as number) + 1
  return { gte: prefix, lt: end.subarray(0, at + 1) }
}

const VALUES = new Int8Array(0x10000).fill(-1)
for (let value = 0; value < 16; value++) VALUES[value.toString(16).charCodeAt(0)] = value

/** Writes the bytes that the first `digits` hex digits name; answers where they end. No faster way in Node: this is the store's hottest loop. */
export function writeHex(target: Uint8Array, at: number, text: string, digits: number): number {
  let bad = text.length < digits ? -1 : 0
  for (let from = 0; from < digits; from += 2) {
    const high = VALUES[text.charCodeAt(from)] as number
    const low = VALUES[text.charCodeAt(from + 1)] as number
    bad |= high | low
    target[at++] = (high << 4) | low
  }
  if (bad < 0) throw new TypeError(`not ${digits} lower-case hex digits: ${JSON.stringify(text)}`)
  return at
}

/** `bytes` bytes as hex. */
export function readHex(source: Uint8Array, at: number, bytes: number): string {
  return Buffer.from(source.buffer, source.byteOffset + at, bytes).toString('hex')
}

export function writeU32(target: Uint8Array, at: number, value: number): number {
  target[at] = value >>> 24
  target[at + 1] = value >>> 16
  target[at + 2] = value >>> 8
  target[at + 3] = value
  return at + 4
}

export function readU32(source: Uint8Array, at: number): number {
  const high = ((source[at] as number) << 8) | (source[at + 1] as number)
  const low = ((source[at + 2] as number) << 8) | (source[at + 3] as number)
  return high * 0x10000 + low
}
