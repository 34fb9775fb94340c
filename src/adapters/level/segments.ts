/** Index segments: up to 4,096 (index, task) pairs of a batch in one row, 20 bytes each, ascending. */
import type { TaskId } from '../../core/ids.ts'
import { readHex, readU32, writeHex, writeU32 } from './keys.ts'

export interface IndexEntry {
  readonly index: number
  readonly task: TaskId
}

/** What is known of a segment without reading it. */
export interface Segment {
  readonly key: Uint8Array
  /** The index of its first and of its last entry. */
  readonly first: number
  readonly last: number
}

const ENTRY_BYTES = 20
/** A page reads whole segments; a longer one costs a page more, a shorter one takes more memory for all. */
export const SEGMENT_ENTRIES_MAX = 4_096

/** By index, then task. */
function compareEntries(a: IndexEntry, b: IndexEntry): number {
  if (a.index !== b.index) return a.index - b.index
  return a.task < b.task ? -1 : a.task > b.task ? 1 : 0
}

/** Entries as they are given, or sorted where they are not ascending. */
export function ascending(entries: readonly IndexEntry[]): readonly IndexEntry[] {
  for (let at = 1; at < entries.length; at++) {
    if (compareEntries(entries[at - 1] as IndexEntry, entries[at] as IndexEntry) > 0)
      return [...entries].sort(compareEntries)
  }
  return entries
}

/** The content of a segment with `entries[from]` up to and without `entries[to]`. */
export function packSegment(entries: readonly IndexEntry[], from: number, to: number): Uint8Array {
  const bytes = new Uint8Array((to - from) * ENTRY_BYTES)
  for (let at = 0; from < to; from++) {
    const { index, task } = entries[from] as IndexEntry
    if (!Number.isInteger(index) || index < 0 || index > 0xffffffff) throw new TypeError(`a task with index ${index}`)
    at = writeHex(bytes, writeU32(bytes, at, index), task, 32)
  }
  return bytes
}

export function firstIndexOf(bytes: Uint8Array): number {
  return readU32(bytes, 0)
}

export function lastIndexOf(bytes: Uint8Array): number {
  return readU32(bytes, bytes.length - ENTRY_BYTES)
}

export function isSegment(bytes: Uint8Array): boolean {
  return bytes.length > 0 && bytes.length % ENTRY_BYTES === 0
}

/** The entries of a segment that are not before `from`, at most `limit`. */
export function unpackSegment(bytes: Uint8Array, from: IndexEntry, limit: number): IndexEntry[] {
  const entries: IndexEntry[] = []
  for (let at = lowerBound(bytes, from.index); at < bytes.length && entries.length < limit; at += ENTRY_BYTES) {
    const entry = { index: readU32(bytes, at), task: readHex(bytes, at + 4, 16) }
    if (compareEntries(entry, from) >= 0) entries.push(entry)
  }
  return entries
}

/** Where the first entry with that index or a higher one begins. */
function lowerBound(bytes: Uint8Array, index: number): number {
  let low = 0
  let high = bytes.length / ENTRY_BYTES
  while (low < high) {
    const middle = (low + high) >>> 1
    if (readU32(bytes, middle * ENTRY_BYTES) < index) low = middle + 1
    else high = middle
  }
  return low * ENTRY_BYTES
}

/** Both lists as one ascending list without repeats, at most `limit` long. */
export function mergeEntries(a: readonly IndexEntry[], b: readonly IndexEntry[], limit: number): IndexEntry[] {
  const merged: IndexEntry[] = []
  let atA = 0
  let atB = 0
  while (merged.length < limit) {
    const nextA = a[atA]
    const nextB = b[atB]
    if (nextA === undefined && nextB === undefined) break
    const order = nextA === undefined ? 1 : nextB === undefined ? -1 : compareEntries(nextA, nextB)
    merged.push((order <= 0 ? nextA : nextB) as IndexEntry)
    if (order <= 0) atA++
    if (order >= 0) atB++
  }
  return merged
}
