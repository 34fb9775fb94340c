/** The FactStore on any abstract-level database: checksummed facts, an index per batch, tallies, batches and promises. */
import { encodeBatch } from '../../codec/batches.ts'
import type { Writes } from '../../core/effects.ts'
import type { StoredFact } from '../../core/facts.ts'
import { type BatchId, type Sha256, slotOf, type TaskId } from '../../core/ids.ts'
import type { SlotDigest } from '../../core/messages.ts'
import type { FactStore, Log, StoredState } from '../../node/ports.ts'
import { clearFacts } from './clearing.ts'
import { Connection } from './connection.ts'
import { type Database, type DatabaseSource, eachRowOf, type WriteBatch } from './database.ts'
import { dropSlot, readStale } from './dropping.ts'
import { storageError } from './errors.ts'
import { putFacts, readFactRow } from './fact-rows.ts'
import { batchKey, type KeyRange, META_KEY, PROMISES_KEY, readHex, slotRows, taskRows } from './keys.ts'
import { encodeMeta, encodePromises, type Meta, seal } from './rows.ts'
import type { IndexEntry } from './segments.ts'
import { isCounted, readBatches, readMeta, readPromises } from './stored-state.ts'
import { TallyLog } from './tally-log.ts'
import { TaskIndex } from './task-index.ts'

export interface FactStoreOptions {
  readonly source: DatabaseSource
  readonly sha256: Sha256
  readonly log: Log
}

/** A store over the database of `source`, to be opened before anything else. */
export function createFactStore(options: FactStoreOptions): FactStore {
  return new LevelFactStore(options)
}

/** Damaged rows that are told apart; beyond that many, `damaged` is a lower bound. */
const DAMAGED_MAX = 10_000

class LevelFactStore implements FactStore {
  readonly #options: FactStoreOptions
  readonly #connection: Connection
  readonly #index: TaskIndex
  #tallies = new TallyLog()
  #meta: Meta | undefined
  #closing: Promise<void> | undefined
  /** Keys of damaged rows, each counted once however often it is read. */
  readonly #damaged = new Set<string>()

  constructor(options: FactStoreOptions) {
    this.#options = options
    this.#connection = new Connection(options.source, ({ database }) => this.#reload(database))
    this.#index = new TaskIndex({
      connection: this.#connection,
      sha256: options.sha256,
      readSeeded: (key, value) => this.#readSeeded(key, value),
      onDamage: this.#onDamage,
    })
  }

  get damaged(): number {
    return this.#damaged.size
  }

  async open(): Promise<StoredState> {
    if (this.#meta !== undefined) throw new TypeError('this store was opened before')
    const { database, repaired } = await this.#connection.open()
    try {
      return await this.#load(database, repaired)
    } catch (error) {
      await this.#connection.close()
      throw storageError(error, `the store in ${this.#options.source.place} cannot be read`)
    }
  }

  async #load(database: Database, repaired: boolean): Promise<StoredState> {
    const before = await readMeta(database, this.#options.source.place)
    const batches = await readBatches(database, this.#onDamage)
    const promises = await readPromises(database, this.#onDamage)
    const whole = await this.#loadTallies(database, repaired)
    const recount = !whole || (before.recount && !(await isCounted(database, this.#tallies)))
    // A tally that was counted is out of date once its slot changes while it is counted anew.
    if (recount) this.#tallies.clear()
    const meta = { incarnation: before.incarnation + 1, clean: false, recount }
    this.#meta = meta
    await this.#connection.write((batch) => {
      putMeta(batch, meta)
      return recount ? this.#tallies.checkpoint(batch) : () => undefined
    })
    // A repair may have lost index rows as well, and nothing would miss them.
    const stale = repaired ? batches.map(({ id }) => id) : await readStale(database)
    for (const id of stale) await this.#index.rebuild(id)
    const tallies = recount ? undefined : [...this.#tallies.all()]
    return { incarnation: meta.incarnation, clean: before.clean && !repaired, batches, tallies, promises }
  }

  /** Answers whether the tallies can be relied on. */
  async #loadTallies(database: Database, repaired: boolean): Promise<boolean> {
    const damaged = await this.#tallies.load(database)
    for (const key of damaged) this.#onDamage(key)
    return damaged.length === 0 && !repaired
  }

  /** After a failed write: what it left on disk counts, whether all or nothing of it. */
  async #reload(database: Database): Promise<void> {
    const tallies = new TallyLog()
    const damaged = await tallies.load(database)
    if (damaged.length > 0) throw new Error('tallies are damaged; a new start counts them anew')
    this.#tallies = tallies
    this.#index.forget()
    this.#options.log.info({ place: this.#options.source.place }, 'the store was opened anew after a failed write')
  }

  commit(writes: readonly Writes[]): Promise<void> {
    return this.#connection.write((batch) => {
      putFacts(batch, writes)
      const written = [
        this.#tallies.add(
          batch,
          writes.length === 1 ? (writes[0] as Writes).tallies : writes.flatMap((write) => write.tallies),
        ),
      ]
      for (const { indexes, batches, promises } of writes) {
        for (const entries of indexes) written.push(this.#index.add(batch, entries))
        for (const record of batches) putSealed(batch, batchKey(record.id), encodeBatch(record))
        if (promises !== undefined) putSealed(batch, PROMISES_KEY, encodePromises(promises))
      }
      return () => {
        for (const apply of written) apply()
      }
    })
  }

  readSlots(batch: BatchId, slots: readonly number[]): Promise<StoredFact[]> {
    return this.#readFacts(slots.map((slot) => slotRows(batch, slot)))
  }

  readTask(batch: BatchId, task: TaskId): Promise<StoredFact[]> {
    return this.#readFacts([taskRows(batch, slotOf(task), task)])
  }

  async #readFacts(ranges: readonly KeyRange[]): Promise<StoredFact[]> {
    const facts: StoredFact[] = []
    await this.#connection.read((database) =>
      eachRowOf(database, ranges, (key, value) => {
        const stored = readFactRow(key, value, this.#options.sha256)
        if (stored === undefined) this.#onDamage(key)
        else facts.push(stored)
      }),
    )
    return facts
  }

  readIndex(batch: BatchId, from: number, limit: number): Promise<IndexEntry[]> {
    return this.#index.page(batch, { index: from, task: '' }, limit)
  }

  async *readTaskIds(batch: BatchId, doubted = false): AsyncIterable<readonly TaskId[]> {
    if (doubted) await this.#index.rebuild(batch)
    yield* this.#index.taskIds(batch)
  }

  async clear(batches: readonly BatchId[]): Promise<void> {
    await clearFacts(this.#connection, new Set(batches))
    for (const batch of batches) await this.#index.clear(batch)
    await this.#connection.write((batch) => {
      this.#tallies.forget(batches)
      return this.#tallies.checkpoint(batch)
    })
  }

  async dropSlots(slots: readonly SlotDigest[]): Promise<void> {
    const needs = { connection: this.#connection, sha256: this.#options.sha256, tallies: () => this.#tallies }
    for (const digest of slots) await dropSlot(needs, digest)
    for (const id of await this.#connection.read(readStale)) await this.#index.rebuild(id)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const meta = this.#meta
    try {
      if (meta !== undefined) await this.#markClean(meta)
    } catch (err) {
      const { place } = this.#options.source
      this.#options.log.warn(
        { err, place },
        'the store could not be closed cleanly; nothing is lost, the next start takes longer',
      )
    }
    await this.#connection.close()
  }

  #markClean(meta: Meta): Promise<void> {
    return this.#connection.write((batch) => {
      putMeta(batch, { ...meta, clean: true })
      return this.#tallies.checkpoint(batch)
    })
  }

  #readSeeded(key: Uint8Array, value: Uint8Array): IndexEntry | undefined {
    const fact = readFactRow(key, value, this.#options.sha256)?.fact
    if (fact?.kind === 'seeded') return { index: fact.index, task: fact.task }
    this.#onDamage(key)
    return undefined
  }

  readonly #onDamage = (key: Uint8Array): void => {
    const name = readHex(key, 0, key.length)
    if (this.#damaged.size >= DAMAGED_MAX || this.#damaged.has(name)) return
    this.#damaged.add(name)
    this.#options.log.warn({ place: this.#options.source.place, key: name }, 'a damaged row is left out')
  }
}

function putMeta(batch: WriteBatch, meta: Meta): void {
  putSealed(batch, META_KEY, encodeMeta(meta))
}

function putSealed(batch: WriteBatch, key: Uint8Array, content: Uint8Array): void {
  batch.put(key, seal(key, content))
}
