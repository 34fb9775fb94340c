/**
 * The records of all batches, which every node keeps alike (protocol.md, section 2).
 *
 * 1. Merging records is a union of registers: any order, any number of times.
 * 2. `hash` is equal where the records are.
 * 3. A batch of a generation says that those before it of its name are deleted: whoever hears of it only, buries them.
 * 4. Lists go to a peer in parts, each of which a message has room for.
 */
import { encodeBatch } from '../codec/batches.ts'
import { encodeValue } from '../codec/cbor.ts'
import type { Batch, BatchBook } from './batch-book.ts'
import { type BatchRecord, mergeBatch, tombstoneOf } from './batches.ts'
import type { NodeId } from './ids.ts'
import type { World } from './world.ts'

/** Records of one message. */
const PART_RECORDS = 500

export class BatchLists {
  readonly #world: World
  readonly #book: BatchBook
  #hash: string | undefined
  /** Is told of a batch that was not known here. */
  onNew: (batch: Batch) => void = () => undefined
  /** Is told that a batch is deleted from now on, known here or not. */
  onDeleted: (tombstone: BatchRecord) => void = () => undefined

  constructor(world: World, book: BatchBook) {
    this.#world = world
    this.#book = book
  }

  /** Ascending by id; tombstones too. */
  get #records(): BatchRecord[] {
    return this.#book.records.sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** 16 hex digits. */
  get hash(): string {
    this.#hash ??= this.#world.sha256(encodeValue(this.#records.map((record) => encodeBatch(record)))).slice(0, 16)
    return this.#hash
  }

  /** Sends everything to a peer; `answer` asks for its own list. */
  sendTo(peer: NodeId, answer: boolean): void {
    this.sendRecords(peer, this.#records, answer)
  }

  sendRecords(peer: NodeId, records: readonly BatchRecord[], answer: boolean): void {
    for (let at = 0; at < Math.max(1, records.length); at += PART_RECORDS) {
      const isLast = at + PART_RECORDS >= records.length
      const part = records.slice(at, at + PART_RECORDS)
      this.#world.send(peer, { type: 'batches', records: part, answer: answer && isLast, request: 0 })
    }
  }

  /** Joins what others know to what is known here; gives what is news, as it is known now. */
  learn(records: readonly BatchRecord[]): BatchRecord[] {
    const news: BatchRecord[] = []
    for (const record of records) {
      const highest = this.#book.generationOf(record.name) ?? record.generation
      const older = record.generation > highest ? this.#book.byName(record.name)?.record : undefined
      this.#take(record.generation < highest ? tombstoneOf(record) : record, news)
      if (older !== undefined) this.#take(tombstoneOf(older), news)
    }
    return news
  }

  #take(record: BatchRecord, news: BatchRecord[]): void {
    const known = this.#book.recordOf(record.id)
    const merged = known === undefined ? record : mergeBatch(known, record)
    if (known !== undefined && isSame(known, merged)) return
    this.#hash = undefined
    this.#world.commits.batch(merged)
    news.push(merged)
    if (merged.deleted) {
      this.onDeleted(merged)
      return
    }
    const batch = this.#book.put(merged)
    if (known === undefined) this.onNew(batch)
  }
}

function isSame(a: BatchRecord, b: BatchRecord): boolean {
  const [left, right] = [encodeBatch(a), encodeBatch(b)]
  return left.length === right.length && left.every((byte, at) => byte === right[at])
}
