/**
 * The facts on one disk, by slot, with a digest of each slot that is kept up to date.
 *
 * 1. A fact is there once, however often it is written.
 * 2. Digests are those of the facts that a read would show.
 */
import type { StoredFact } from '../../src/core/facts.ts'
import type { TaskId } from '../../src/core/ids.ts'
import type { SlotDigest, SlotRun } from '../../src/core/messages.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import type { FactPool, PoolFact } from './fact-pool.ts'

class SlotStore {
  readonly tasks = new Map<TaskId, PoolFact[]>()
  count = 0
  #hex: string | undefined
  /** Xor of the first 16 bytes of the facts' hashes. */
  readonly #xor = new Uint32Array(4)

  toggle(fact: PoolFact, sign: 1 | -1): void {
    this.count += sign
    this.#hex = undefined
    for (let word = 0; word < 4; word++) {
      const part = Number.parseInt(fact.hash.slice(8 * word, 8 * word + 8), 16)
      this.#xor[word] = (this.#xor[word] as number) ^ part
    }
  }

  get xor(): string {
    this.#hex ??= Array.from(this.#xor, (word) => word.toString(16).padStart(8, '0')).join('')
    return this.#hex
  }
}

export class DiskFacts {
  readonly #pool: FactPool
  readonly #slots = new Map<number, SlotStore>()
  /** Those that have, or had, facts: most slots of a small mesh have none, and digests are read often. */
  readonly #used = new SlotSet()

  constructor(pool: FactPool) {
    this.#pool = pool
  }

  /** Answers whether it was not there. */
  add(fact: PoolFact): boolean {
    let slot = this.#slots.get(fact.slot)
    if (slot === undefined) {
      slot = new SlotStore()
      this.#slots.set(fact.slot, slot)
      this.#used.add(fact.slot)
    }
    const known = slot.tasks.get(fact.task)
    if (known?.includes(fact)) return false
    // A list that grows by itself takes room for twenty: there is one for every task and disk.
    slot.tasks.set(fact.task, known === undefined ? [fact] : known.concat(fact))
    slot.toggle(fact, 1)
    this.#pool.gain(fact)
    return true
  }

  remove(fact: PoolFact): void {
    const slot = this.#slots.get(fact.slot)
    const known = slot?.tasks.get(fact.task)
    if (slot === undefined || known === undefined || !known.includes(fact)) return
    known.splice(known.indexOf(fact), 1)
    if (known.length === 0) slot.tasks.delete(fact.task)
    slot.toggle(fact, -1)
    this.#pool.lose(fact)
  }

  has(fact: PoolFact): boolean {
    return this.#slots.get(fact.slot)?.tasks.get(fact.task)?.includes(fact) === true
  }

  of(task: TaskId, slot: number): readonly PoolFact[] {
    return this.#slots.get(slot)?.tasks.get(task) ?? []
  }

  *tasksOf(slot: number): Generator<readonly PoolFact[]> {
    for (const facts of this.#slots.get(slot)?.tasks.values() ?? []) yield facts
  }

  /** Slots that have facts, in no order. */
  get slots(): Iterable<number> {
    return this.#slots.keys()
  }

  readSlot(slot: number): StoredFact[] {
    const read: StoredFact[] = []
    for (const facts of this.tasksOf(slot)) for (const fact of facts) read.push(fact.stored())
    return read
  }

  /** Digests of the slots that have facts, ascending. */
  readDigests(runs: readonly SlotRun[]): SlotDigest[] {
    const digests: SlotDigest[] = []
    for (const { from, to } of runs) {
      for (let slot = this.#used.next(from, to); slot >= 0; slot = this.#used.next(slot + 1, to)) {
        const store = this.#slots.get(slot)
        if (store !== undefined && store.count > 0) digests.push({ slot, count: store.count, xor: store.xor })
      }
    }
    return digests
  }

  digest(slot: number): string {
    const store = this.#slots.get(slot)
    return store === undefined || store.count === 0 ? '' : `${store.count} ${store.xor}`
  }

  *all(): Generator<PoolFact> {
    for (const { tasks } of this.#slots.values()) for (const facts of tasks.values()) yield* facts
  }
}
