/**
 * Every fact that ever reached a disk of the simulated mesh, once: disks refer to it. It counts on how many disks a
 * fact is now, and keeps the union of all live stores by task.
 *
 * 1. A fact of the pool is decoded from its bytes: nothing is shared with the core that wrote it.
 * 2. `copies` is the number of disks that have it; the union has the facts with copies above 0.
 */
import { hash } from 'node:crypto'
import { decodeFact } from '../../src/codec/facts.ts'
import type { Fact, FactKind, StoredFact } from '../../src/core/facts.ts'
import { type BatchId, type Sha256, slotOf, type TaskId } from '../../src/core/ids.ts'
import { fold, type TaskState } from '../../src/core/task.ts'

export const sha256: Sha256 = (bytes) => hash('sha256', bytes, 'hex')

export class PoolFact {
  readonly hash: string
  readonly bytes: Uint8Array
  readonly kind: FactKind
  readonly task: TaskId
  readonly batch: BatchId
  readonly slot: number
  copies = 0
  #fact: Fact | undefined

  /** `known`: what is known of its task already, whose ids need not be kept once more. */
  constructor({ fact: { kind, task, batch }, hash }: StoredFact, bytes: Uint8Array, known: TaskTruth | undefined) {
    this.hash = hash
    this.bytes = bytes
    this.kind = kind
    this.task = known?.task ?? task
    this.batch = known?.batch === batch ? known.batch : batch
    this.slot = slotOf(task)
  }

  get fact(): Fact {
    this.#fact ??= Object.freeze(decodeFact(this.bytes))
    return this.#fact
  }

  /** As a store hands it over. */
  stored(): StoredFact {
    return { fact: this.fact, hash: this.hash, bytes: this.bytes }
  }
}

/** What all live stores together know of one task. */
export class TaskTruth {
  readonly task: TaskId
  readonly batch: BatchId
  readonly slot: number
  /** Of just the room that they need: there is a list for every task. */
  facts: readonly PoolFact[] = []
  #state: TaskState | undefined

  constructor({ task, batch, slot }: PoolFact) {
    this.task = task
    this.batch = batch
    this.slot = slot
  }

  /** Undefined where no disk has a fact of it any more. */
  get state(): TaskState | undefined {
    if (this.facts.length === 0) return undefined
    this.#state ??= fold(this.facts)
    return this.#state
  }

  changed(): void {
    this.#state = undefined
  }
}

const SHELF_BYTES = 256 * 1024

/** Keeps bytes one after the other: the messages and the buffers of encoders that they are a part of can go. */
class Shelf {
  #bytes = new Uint8Array(SHELF_BYTES)
  #at = 0

  keep(bytes: Uint8Array): Uint8Array {
    if (bytes.length > SHELF_BYTES - this.#at) {
      this.#bytes = new Uint8Array(Math.max(SHELF_BYTES, bytes.length))
      this.#at = 0
    }
    const kept = this.#bytes.subarray(this.#at, this.#at + bytes.length)
    kept.set(bytes)
    this.#at += bytes.length
    return kept
  }
}

export class FactPool {
  readonly tasks = new Map<TaskId, TaskTruth>()
  readonly #facts = new Map<string, PoolFact>()
  readonly #shelf = new Shelf()

  get size(): number {
    return this.#facts.size
  }

  /** @throws TypeError where the hash is not that of the bytes, or they are of another task or kind */
  intern(stored: StoredFact): PoolFact {
    const known = this.#facts.get(stored.hash)
    if (known !== undefined) return known
    if (sha256(stored.bytes) !== stored.hash) throw new TypeError(`the hash ${stored.hash} is not that of its fact`)
    const fact = new PoolFact(stored, this.#shelf.keep(stored.bytes), this.tasks.get(stored.fact.task))
    const { kind, task } = decodeFact(stored.bytes)
    if (kind !== fact.kind || task !== fact.task) throw new TypeError(`the bytes of ${stored.hash} are another fact`)
    this.#facts.set(stored.hash, fact)
    return fact
  }

  /** One more disk has it. */
  gain(fact: PoolFact): void {
    fact.copies++
    if (fact.copies > 1) return
    let truth = this.tasks.get(fact.task)
    if (truth === undefined) {
      truth = new TaskTruth(fact)
      this.tasks.set(fact.task, truth)
    }
    truth.facts = truth.facts.concat(fact)
    truth.changed()
  }

  /** One disk fewer has it. */
  lose(fact: PoolFact): void {
    fact.copies--
    const truth = this.tasks.get(fact.task)
    if (fact.copies > 0 || truth === undefined) return
    truth.facts = truth.facts.filter((each) => each !== fact)
    truth.changed()
  }
}
