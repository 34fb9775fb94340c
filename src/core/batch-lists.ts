/**
 * The records of all batches, which every node keeps alike (protocol.md, section 2).
 *
 * 1. Merging records is a union of registers: any order, any number of times.
 * 2. `hash` is equal where the records are.
 */
import { encodeBatch } from '../codec/batches.ts'
import { encodeValue } from '../codec/cbor.ts'
import type { Batch, BatchBook } from './batch-book.ts'
import { type BatchRecord, mergeBatch } from './batches.ts'
import type { World } from './world.ts'

export class BatchLists {
  readonly #world: World
  readonly #book: BatchBook
  #hash: string | undefined
  /** Is told of a batch that was not known here. */
  onNew: (batch: Batch) => void = () => undefined

  constructor(world: World, book: BatchBook) {
    this.#world = world
    this.#book = book
  }

  /** Ascending by id. */
  get records(): BatchRecord[] {
    return [...this.#book.batches.values()].map(({ record }) => record).sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** 16 hex digits. */
  get hash(): string {
    this.#hash ??= this.#world.sha256(encodeValue(this.records.map((record) => encodeBatch(record)))).slice(0, 16)
    return this.#hash
  }

  /** To be called when a record was written here. */
  changed(): void {
    this.#hash = undefined
  }

  /** Gives those that are news, as they are known now. */
  learn(records: readonly BatchRecord[]): BatchRecord[] {
    const news: BatchRecord[] = []
    for (const record of records) {
      const known = this.#book.get(record.id)
      const merged = known === undefined ? record : mergeBatch(known.record, record)
      if (known !== undefined && this.#same(known.record, merged)) continue
      this.#hash = undefined
      const batch = this.#book.put(merged)
      this.#world.commits.batch(merged)
      news.push(merged)
      if (known === undefined) this.onNew(batch)
    }
    return news
  }

  #same(a: BatchRecord, b: BatchRecord): boolean {
    const [left, right] = [encodeBatch(a), encodeBatch(b)]
    return left.length === right.length && left.every((byte, at) => byte === right[at])
  }
}
