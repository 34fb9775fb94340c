/** What outlives a crash of a core's world: only what was persisted. Facts are kept as bytes, as a disk keeps them. */
import { hash } from 'node:crypto'
import type { BatchRecord } from '../../src/core/batches.ts'
import type { Writes } from '../../src/core/effects.ts'
import { readFact } from '../../src/core/fact-record.ts'
import type { StoredFact } from '../../src/core/facts.ts'
import { type Sha256, slotOf, type TaskId } from '../../src/core/ids.ts'
import type { BallotRun } from '../../src/core/messages.ts'
import type { SlotTally } from '../../src/core/tally.ts'
import { fold, type TaskState } from '../../src/core/task.ts'

export const sha256: Sha256 = (bytes) => hash('sha256', bytes, 'hex')

export class Disk {
  readonly facts = new Map<TaskId, Map<string, Uint8Array>>()
  readonly tallies = new Map<string, SlotTally>()
  readonly batches = new Map<string, BatchRecord>()
  readonly index = new Map<string, Map<TaskId, number>>()
  promises: readonly BallotRun[] = []
  /** What was read and folded of tasks that have not changed since. */
  readonly #read = new Map<TaskId, StoredFact[]>()
  readonly #states = new Map<TaskId, TaskState>()
  #recount = false

  write(writes: Writes): void {
    for (const { fact, bytes, hash: name } of writes.facts) {
      const known = this.facts.get(fact.task) ?? new Map<string, Uint8Array>()
      known.set(name, bytes)
      this.facts.set(fact.task, known)
      this.#read.delete(fact.task)
      this.#states.delete(fact.task)
    }
    for (const tally of writes.tallies) this.tallies.set(`${tally.batch} ${tally.slot}`, tally)
    for (const record of writes.batches) this.batches.set(record.id, record)
    for (const { batch, entries } of writes.indexes) {
      const known = this.index.get(batch) ?? new Map<TaskId, number>()
      for (const { index, task } of entries) known.set(task, index)
      this.index.set(batch, known)
    }
    this.promises = writes.promises ?? this.promises
  }

  clear(batches: readonly string[]): void {
    for (const task of [...this.facts.keys()]) {
      if (!this.factsOf(task).some(({ fact }) => batches.includes(fact.batch))) continue
      for (const map of [this.facts, this.#read, this.#states]) map.delete(task)
    }
    for (const [key, { batch }] of this.tallies) if (batches.includes(batch)) this.tallies.delete(key)
    for (const batch of batches) this.index.delete(batch)
  }

  damageTallies(): void {
    this.tallies.clear()
    this.#recount = true
  }

  /** Undefined where the tallies were damaged and not every slot was counted anew since. */
  readTallies(): SlotTally[] | undefined {
    const isCounted = ({ batch, task }: TaskState) => this.tallies.has(`${batch} ${slotOf(task)}`)
    this.#recount &&= !this.states().every(isCounted)
    if (!this.#recount) return [...this.tallies.values()]
    // What was counted before is out of date as soon as its slot changes while it is not counted.
    this.tallies.clear()
    return undefined
  }

  factsOf(task: TaskId): StoredFact[] {
    const stored = this.facts.get(task)
    if (stored === undefined) return []
    const known = this.#read.get(task)
    if (known !== undefined) return known
    const facts = [...stored.values()].map((bytes) => readFact(bytes, sha256))
    this.#read.set(task, facts)
    return facts
  }

  slotFacts(batch: string, slots: readonly number[]): StoredFact[] {
    const wanted = new Set(slots)
    const tasks = [...this.facts.keys()].filter((task) => wanted.has(slotOf(task)))
    return tasks.flatMap((task) => this.factsOf(task)).filter(({ fact }) => fact.batch === batch)
  }

  stateOf(task: TaskId): TaskState {
    const state = this.#states.get(task) ?? fold(this.factsOf(task))
    this.#states.set(task, state)
    return state
  }

  states(): TaskState[] {
    return [...this.facts.keys()].map((task) => this.stateOf(task))
  }
}
