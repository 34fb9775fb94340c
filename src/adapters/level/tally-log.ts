/**
 * The latest tallies: mirrored in memory, on disk as a checkpoint and a journal of the commits since.
 *
 * 1. Checkpoint + journal rows in order = the mirror; all three change in the same atomic batch.
 * 2. Journal rows are numbered without gaps from the number in the base row, and as many chunks are stored as
 *    it says: rows that LevelDB lost without an error are noticed.
 * 3. The journal never holds more than its limits, but for the row of one commit.
 */
import type { BatchId } from '../../core/ids.ts'
import type { SlotTally } from '../../core/tally.ts'
import { type Database, eachRow, type WriteBatch } from './database.ts'
import {
  CHECKPOINT_ROWS,
  checkpointKey,
  JOURNAL_ROWS,
  journalKey,
  readCheckpointKey,
  readJournalKey,
  readU32,
  TALLY_BASE_KEY,
  writeU32,
} from './keys.ts'
import { orUndefined, seal, unseal } from './rows.ts'
import { packTallies, unpackTallies } from './tally-rows.ts'

/** A start reads this much journal; a lower limit writes the checkpoint more often. */
const JOURNAL_ROWS_MAX = 200
const JOURNAL_BYTES_MAX = 8 * 1024 * 1024
const CHUNK_SLOTS = 1_024

interface Chunk {
  readonly batch: BatchId
  readonly number: number
  /** By slot. */
  readonly tallies: Map<number, SlotTally>
  /** Differs from the checkpoint on disk. */
  dirty: boolean
}

export class TallyLog {
  readonly #batches = new Map<BatchId, (Chunk | undefined)[]>()
  /** Rows that the next checkpoint removes: the journal, and chunks that were forgotten. */
  #obsolete: Uint8Array[] = []
  #obsoleteBytes = 0
  #chunkCount = 0
  /** The number of the next journal row. */
  #next = 0

  /** Reads what is stored into the empty mirror; answers the keys of damaged or missing rows. */
  async load(database: Database): Promise<Uint8Array[]> {
    const damaged: Uint8Array[] = []
    const base = await readBase(database)
    if (base === undefined) damaged.push(TALLY_BASE_KEY)
    await this.#loadCheckpoint(database, damaged)
    if (base !== undefined && this.#chunkCount !== base.chunks) damaged.push(TALLY_BASE_KEY)
    this.#next = base?.first ?? 0
    await this.#loadJournal(database, damaged)
    return damaged
  }

  async #loadCheckpoint(database: Database, damaged: Uint8Array[]): Promise<void> {
    await eachRow(database, CHECKPOINT_ROWS, (key, value) => {
      const tallies = readTallies(key, value)
      const { batch, chunk } = readCheckpointKey(key)
      if (tallies === undefined) damaged.push(key)
      else for (const tally of tallies) this.#set(tally, false)
      this.#chunkOf(batch, chunk)
    })
  }

  async #loadJournal(database: Database, damaged: Uint8Array[]): Promise<void> {
    await eachRow(database, JOURNAL_ROWS, (key, value) => {
      const seq = readJournalKey(key)
      const tallies = readTallies(key, value)
      if (tallies === undefined || seq !== this.#next) damaged.push(key)
      else for (const tally of tallies) this.#set(tally, true)
      this.#next = seq + 1
      this.#appended(key, value)
    })
  }

  /** Forgets everything; the next checkpoint clears what is stored. */
  clear(): void {
    for (const chunk of this.#chunks()) this.#obsolete.push(checkpointKey(chunk.batch, chunk.number))
    this.#batches.clear()
    this.#chunkCount = 0
  }

  /** Forgets some batches; the next checkpoint clears what is stored of them. */
  forget(batches: readonly BatchId[]): void {
    for (const batch of batches) {
      const chunks = (this.#batches.get(batch) ?? []).filter((chunk) => chunk !== undefined)
      for (const { number } of chunks) this.#obsolete.push(checkpointKey(batch, number))
      this.#chunkCount -= chunks.length
      this.#batches.delete(batch)
    }
  }

  /** Forgets a slot of every batch; answers whether the next checkpoint has anything to clear. */
  forgetSlot(slot: number): boolean {
    let isNews = false
    for (const chunk of this.#chunks()) {
      if (!chunk.tallies.delete(slot)) continue
      chunk.dirty = true
      isNews = true
    }
    return isNews
  }

  *all(): Iterable<SlotTally> {
    for (const chunk of this.#chunks()) yield* chunk.tallies.values()
  }

  has(batch: BatchId, slot: number): boolean {
    return this.#batches.get(batch)?.[Math.floor(slot / CHUNK_SLOTS)]?.tallies.has(slot) === true
  }

  /** Puts the journal row of a commit, and where it is time a checkpoint, into the batch; call what it returns once that is written. */
  add(batch: WriteBatch, tallies: readonly SlotTally[]): () => void {
    if (tallies.length === 0) return () => undefined
    const full = this.#obsolete.length >= JOURNAL_ROWS_MAX || this.#obsoleteBytes >= JOURNAL_BYTES_MAX
    const checkpointed = full ? this.checkpoint(batch) : undefined
    const key = journalKey(this.#next)
    const value = seal(key, packTallies(tallies))
    batch.put(key, value)
    return () => {
      checkpointed?.()
      this.#next++
      this.#appended(key, value)
      for (const tally of tallies) this.#set(tally, true)
    }
  }

  /** Puts the mirror into the batch in place of the journal; call what it returns once that is written. */
  checkpoint(batch: WriteBatch): () => void {
    for (const key of this.#obsolete) batch.del(key)
    const written = [...this.#chunks()].filter((chunk) => chunk.dirty)
    for (const chunk of written) {
      const key = checkpointKey(chunk.batch, chunk.number)
      batch.put(key, seal(key, packTallies([...chunk.tallies.values()])))
    }
    batch.put(TALLY_BASE_KEY, seal(TALLY_BASE_KEY, encodeBase({ first: this.#next, chunks: this.#chunkCount })))
    return () => {
      this.#obsolete = []
      this.#obsoleteBytes = 0
      for (const chunk of written) chunk.dirty = false
    }
  }

  *#chunks(): Iterable<Chunk> {
    for (const chunks of this.#batches.values()) {
      for (const chunk of chunks) if (chunk !== undefined) yield chunk
    }
  }

  #appended(key: Uint8Array, value: Uint8Array): void {
    this.#obsolete.push(key)
    this.#obsoleteBytes += value.length
  }

  #set(tally: SlotTally, dirty: boolean): void {
    const chunk = this.#chunkOf(tally.batch, Math.floor(tally.slot / CHUNK_SLOTS))
    chunk.tallies.set(tally.slot, tally)
    if (dirty) chunk.dirty = true
  }

  #chunkOf(batch: BatchId, number: number): Chunk {
    let chunks = this.#batches.get(batch)
    if (chunks === undefined) {
      chunks = []
      this.#batches.set(batch, chunks)
    }
    let chunk = chunks[number]
    if (chunk === undefined) {
      chunk = { batch, number, tallies: new Map(), dirty: false }
      chunks[number] = chunk
      this.#chunkCount++
    }
    return chunk
  }
}

/** Where the journal begins, and how many chunks the checkpoint has. */
interface Base {
  readonly first: number
  readonly chunks: number
}

function encodeBase(base: Base): Uint8Array {
  const content = new Uint8Array(12)
  writeU32(content, 0, Math.floor(base.first / 2 ** 32))
  writeU32(content, 4, base.first % 2 ** 32)
  writeU32(content, 8, base.chunks)
  return content
}

/** Undefined where it is damaged; a store without one has had no checkpoint. */
async function readBase(database: Database): Promise<Base | undefined> {
  const value = await database.get(TALLY_BASE_KEY)
  if (value === undefined) return { first: 0, chunks: 0 }
  const content = unseal(TALLY_BASE_KEY, value)
  if (content === undefined || content.length !== 12) return undefined
  return { first: readU32(content, 0) * 2 ** 32 + readU32(content, 4), chunks: readU32(content, 8) }
}

function readTallies(key: Uint8Array, value: Uint8Array): SlotTally[] | undefined {
  const content = unseal(key, value)
  return content === undefined ? undefined : orUndefined(() => unpackTallies(content))
}
