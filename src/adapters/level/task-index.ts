/**
 * The tasks of each batch in the order of its file, paged without holding them in memory.
 *
 * 1. Each commit adds its entries as segments of its own; segments may overlap and repeat entries.
 * 2. Only first and last index of each segment are held, from the first use of a batch on.
 * 3. A segment that is damaged or gone makes the batch's index be built anew from its `seeded` facts.
 */
import type { IndexEntries } from '../../core/effects.ts'
import { type BatchId, type Sha256, SLOT_COUNT, type TaskId } from '../../core/ids.ts'
import { clearRange } from './clearing.ts'
import type { Connection } from './connection.ts'
import { type Database, eachRow, type WriteBatch } from './database.ts'
import { indexKey, indexRows, isSeededKey, readHex, slotRows, staleKey } from './keys.ts'
import {
  ascending,
  firstIndexOf,
  type IndexEntry,
  isSegment,
  lastIndexOf,
  mergeEntries,
  packSegment,
  SEGMENT_ENTRIES_MAX,
  type Segment,
  unpackSegment,
} from './segments.ts'

/** The segments of one batch. */
interface Directory {
  readonly byKey: Map<string, Segment>
  /** Resolves when all stored segments are in `byKey`. */
  readonly ready: Promise<void>
  /** Ascending by first index, with the highest last index up to each; undefined where segments were added since. */
  order: { readonly segments: readonly Segment[]; readonly reach: readonly number[] } | undefined
}

export interface TaskIndexNeeds {
  readonly connection: Connection
  readonly sha256: Sha256
  /** The seeded task that a fact row says, or undefined where it is damaged. */
  readonly readSeeded: (key: Uint8Array, value: Uint8Array) => IndexEntry | undefined
  readonly onDamage: (key: Uint8Array) => void
}

export class TaskIndex {
  readonly #needs: TaskIndexNeeds
  readonly #directories = new Map<BatchId, Directory>()

  constructor(needs: TaskIndexNeeds) {
    this.#needs = needs
  }

  /** Puts the entries into the batch; call what it returns once that is written. */
  add(batch: WriteBatch, { batch: id, entries }: IndexEntries): () => void {
    const segments = this.#put(batch, id, ascending(entries))
    return () => {
      const directory = this.#directories.get(id)
      if (directory !== undefined) addSegments(directory, segments)
    }
  }

  #put(batch: WriteBatch, id: BatchId, entries: readonly IndexEntry[]): Segment[] {
    const segments: Segment[] = []
    for (let from = 0; from < entries.length; from += SEGMENT_ENTRIES_MAX) {
      const bytes = packSegment(entries, from, Math.min(from + SEGMENT_ENTRIES_MAX, entries.length))
      const first = firstIndexOf(bytes)
      const key = indexKey(id, first, this.#needs.sha256(bytes))
      batch.put(key, bytes)
      segments.push({ key, first, last: lastIndexOf(bytes) })
    }
    return segments
  }

  /** Entries that are not before `from`, ascending, at most `limit`. */
  async page(batch: BatchId, from: IndexEntry, limit: number): Promise<IndexEntry[]> {
    for (;;) {
      const directory = this.#directoryOf(batch)
      await directory.ready
      const page = await this.#needs.connection.read((database) =>
        this.#pageOf(database, batch, directory, from, limit),
      )
      if (page !== undefined) return page
      if (this.#directories.get(batch) === directory) this.#use(batch, (made) => this.#rebuild(batch, made))
    }
  }

  /** Task ids in the order of the index; those added meanwhile may be left out. */
  async *taskIds(batch: BatchId): AsyncIterable<readonly TaskId[]> {
    let from: IndexEntry = { index: 0, task: '' }
    for (;;) {
      const page = await this.page(batch, from, SEGMENT_ENTRIES_MAX)
      const last = page.at(-1)
      if (last === undefined) return
      yield page.map((entry) => entry.task)
      // Longer than any id that it begins, so it stands right behind the last one.
      from = { index: last.index, task: `${last.task}0` }
    }
  }

  /** Builds the index of a batch anew from its facts. */
  rebuild(batch: BatchId): Promise<void> {
    return this.#use(batch, (directory) => this.#rebuild(batch, directory)).ready
  }

  /** Removes the index of a batch. */
  async clear(batch: BatchId): Promise<void> {
    await clearRange(this.#needs.connection, indexRows(batch))
    this.#directories.delete(batch)
  }

  /** Forgets what is held in memory; it is read again at the next use. */
  forget(): void {
    this.#directories.clear()
  }

  #directoryOf(batch: BatchId): Directory {
    return this.#directories.get(batch) ?? this.#use(batch, (directory) => this.#load(batch, directory))
  }

  /** A new directory, known at once, so that commits add to it while it is being filled. */
  #use(batch: BatchId, fill: (directory: Directory) => Promise<void>): Directory {
    const byKey = new Map<string, Segment>()
    const { promise: ready, resolve, reject } = Promise.withResolvers<void>()
    const directory: Directory = { byKey, ready, order: undefined }
    this.#directories.set(batch, directory)
    fill(directory).then(resolve, (error: unknown) => {
      if (this.#directories.get(batch) === directory) this.#directories.delete(batch)
      reject(error)
    })
    return directory
  }

  async #load(batch: BatchId, directory: Directory): Promise<void> {
    let whole = true
    await this.#needs.connection.read((database) =>
      eachRow(database, indexRows(batch), (key, value) => {
        if (this.#isWhole(batch, key, value))
          addSegments(directory, [{ key, first: firstIndexOf(value), last: lastIndexOf(value) }])
        else whole = false
      }),
    )
    if (!whole) await this.#rebuild(batch, directory)
  }

  #isWhole(batch: BatchId, key: Uint8Array, value: Uint8Array): boolean {
    const whole =
      isSegment(value) && Buffer.compare(indexKey(batch, firstIndexOf(value), this.#needs.sha256(value)), key) === 0
    if (!whole) this.#needs.onDamage(key)
    return whole
  }

  async #rebuild(batch: BatchId, directory: Directory): Promise<void> {
    const { old, entries } = await this.#needs.connection.read((database) => this.#readFacts(database, batch))
    let segments: Segment[] = []
    await this.#needs.connection.write((rows) => {
      for (const key of old) rows.del(key)
      rows.del(staleKey(batch))
      segments = this.#put(rows, batch, ascending(entries))
      return () => {
        for (const key of old) directory.byKey.delete(nameOf(key))
        addSegments(directory, segments)
      }
    })
  }

  /** What the index should hold, and the rows that it has; commits that come meanwhile add rows of their own. */
  async #readFacts(database: Database, batch: BatchId): Promise<{ old: Uint8Array[]; entries: IndexEntry[] }> {
    const old: Uint8Array[] = []
    await eachRow(database, indexRows(batch), (key) => old.push(key))
    const entries: IndexEntry[] = []
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      await eachRow(database, slotRows(batch, slot), (key, value) => {
        const entry = isSeededKey(key) ? this.#needs.readSeeded(key, value) : undefined
        if (entry !== undefined) entries.push(entry)
      })
    }
    return { old, entries }
  }

  /** Undefined where a segment is damaged or gone. */
  async #pageOf(
    database: Database,
    batch: BatchId,
    directory: Directory,
    from: IndexEntry,
    limit: number,
  ): Promise<IndexEntry[] | undefined> {
    const { segments, reach } = orderOf(directory)
    let page: IndexEntry[] = []
    for (let at = firstReaching(reach, from.index); at < segments.length; at++) {
      const segment = segments[at] as Segment
      const last = page[limit - 1]
      if (last !== undefined && segment.first > last.index) break
      if (segment.last < from.index) continue
      const value = await database.get(segment.key)
      if (value === undefined || !this.#isWhole(batch, segment.key, value)) return undefined
      page = mergeEntries(page, unpackSegment(value, from, limit), limit)
    }
    return page
  }
}

function addSegments(directory: Directory, segments: readonly Segment[]): void {
  for (const segment of segments) directory.byKey.set(nameOf(segment.key), segment)
  directory.order = undefined
}

function nameOf(key: Uint8Array): string {
  return readHex(key, 0, key.length)
}

function orderOf(directory: Directory): NonNullable<Directory['order']> {
  if (directory.order === undefined) {
    const segments = [...directory.byKey.values()].sort((a, b) => a.first - b.first)
    let highest = -1
    const reach = segments.map((segment) => {
      highest = Math.max(highest, segment.last)
      return highest
    })
    directory.order = { segments, reach }
  }
  return directory.order
}

/** The first position whose segment, or one before it, reaches the index: `reach` never falls. */
function firstReaching(reach: readonly number[], index: number): number {
  let low = 0
  let high = reach.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((reach[middle] as number) < index) low = middle + 1
    else high = middle
  }
  return low
}
