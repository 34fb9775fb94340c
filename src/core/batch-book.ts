/**
 * The batches as this node's owner part knows them: record, counts, slots, and the tasks in memory.
 *
 * 1. `counts` are sums of what is synced: a crash never takes back what they said.
 * 2. A slot's `tally` is ahead of the counts by the writes that are under way.
 * 3. Slots that are not complete (batch-slot.ts) and have open tasks stand in `unloaded`.
 * 4. `uncounted` slots have no tally yet: their stored one was damaged.
 * 5. A slot takes memory once it has a task, or is read.
 * 6. Of a deleted batch only the tombstone is known here: it is none of `batches`, and `get` does not find it. At most
 *    one batch of a name is not deleted: that of the highest generation.
 */
import { BatchQueues } from './batch-queues.ts'
import { addCounts, type Counts, newSlot, noCounts, type Slot } from './batch-slot.ts'
import type { BatchRecord } from './batches.ts'
import { CountReads } from './count-reads.ts'
import { type BatchId, SLOT_COUNT, type TaskId } from './ids.ts'
import type { OpenTask } from './open-task.ts'
import { SlotSet } from './slot-set.ts'
import { openOf, type SlotTally } from './tally.ts'

export class Batch {
  record: BatchRecord
  readonly counts: Counts = noCounts()
  scheduled = 0
  running = 0
  retrying = 0
  /** Tasks that wait out a pause: a part of `retrying`. */
  resting = 0
  readonly slots = new Map<number, Slot>()
  readonly unloaded = new SlotSet()
  readonly uncounted = new SlotSet()
  /** How contested => profile => tasks in phase `ready`, best first. */
  readonly queues = new BatchQueues()
  /** How often slots came to be counted that this node began to serve, or whose tallies were damaged. */
  recounts = 0
  loading = false
  /** Tallies that were put right and are not synced yet. */
  corrections = 0
  readonly countReads = new CountReads()
  /** A slot had fewer tasks than its tally said, or than the index names: it may name tasks whose prompts are lost. */
  indexDoubted = false
  /** Where the last read of slots ended: reads go round in ascending order, which is the order of the disk. */
  #nextSlot = 0

  constructor(record: BatchRecord) {
    this.record = record
  }

  get id(): BatchId {
    return this.record.id
  }

  /** Whether `counts` tell of every task: no slot is to be counted, nor has its count yet to be synced. */
  get isCounted(): boolean {
    return this.uncounted.size + this.corrections === 0
  }

  /** Whether its tasks may be granted as far as operators go. */
  get runnable(): boolean {
    return !this.record.fields.paused.value && !this.record.fields.cancelled.value
  }

  slot(number: number): Slot {
    let slot = this.slots.get(number)
    if (slot === undefined) {
      slot = newSlot(this.id, number, !this.uncounted.has(number))
      this.slots.set(number, slot)
    }
    return slot
  }

  /** Takes over a tally that the store kept. */
  restore(tally: SlotTally): void {
    const slot = this.slot(tally.slot)
    slot.tally = tally
    slot.kept = true
    this.count(slot, tally)
    slot.complete = openOf(tally) === 0
    if (!slot.complete) this.unloaded.add(tally.slot)
  }

  /** Has slots that this node begins to serve counted from their facts. */
  countAnew(slots: SlotSet): void {
    this.recounts++
    this.countReads.begin()
    this.uncounted.addAll(slots)
    for (const [number, slot] of this.slots) if (slots.has(number)) slot.complete = false
  }

  /** Of slots to be counted, those without any fact need no reading. */
  areEmpty(slots: SlotSet): void {
    const kept = [...this.slots.keys()].filter((number) => this.uncounted.has(number) && slots.has(number))
    this.uncounted.deleteAll(slots)
    for (const number of kept) this.uncounted.add(number)
  }

  /** Lets go of a slot in which there never was a task. */
  dropEmpty(number: number): void {
    const slot = this.slots.get(number)
    if (slot?.complete && !slot.lacksPrompts && slot.version === 0 && slot.tally.total === 0) this.slots.delete(number)
  }

  /** Forgets slots that this node does not serve any more. */
  drop(slots: SlotSet): void {
    this.unloaded.deleteAll(slots)
    this.uncounted.deleteAll(slots)
    for (const [number, slot] of this.slots) {
      if (!slots.has(number)) continue
      addCounts(this.counts, slot.counted, -1)
      this.slots.delete(number)
    }
  }

  /** Adds what is synced by now to the counts of a slot, unless that was dropped meanwhile. */
  count(slot: Slot, change: Counts): void {
    if (this.slots.get(slot.tally.slot) !== slot) return
    addCounts(slot.counted, change, 1)
    addCounts(this.counts, change, 1)
  }

  /** Some unloaded slots, ascending from where the last call ended, that together have about `tasks` open tasks. */
  nextUnloaded(tasks: number, isWanted: (slot: number) => boolean = () => true): number[] {
    const numbers: number[] = []
    let found = 0
    for (const number of this.#unloadedFrom(this.#nextSlot)) {
      if (!isWanted(number)) continue
      numbers.push(number)
      found += openOf(this.slot(number).tally)
      if (found < tasks && numbers.length < this.unloaded.size) continue
      this.#nextSlot = (number + 1) % SLOT_COUNT
      break
    }
    return numbers.sort((a, b) => a - b)
  }

  /** Once round: unloaded slots from that one on, then those before it. */
  *#unloadedFrom(first: number): Generator<number> {
    const { unloaded } = this
    for (let at = unloaded.next(first); at >= 0; at = unloaded.next(at + 1)) yield at
    for (let at = unloaded.next(0, first - 1); at >= 0; at = unloaded.next(at + 1, first - 1)) yield at
  }

  /** Whether it has nothing to grant, load or count now. */
  get idle(): boolean {
    return this.unloaded.size === 0 && this.uncounted.size === 0 && this.queues.isEmpty
  }
}

export class BatchBook {
  readonly batches = new Map<BatchId, Batch>()
  readonly tasks = new Map<TaskId, OpenTask>()
  readonly #tombstones = new Map<BatchId, BatchRecord>()
  /** name => the highest generation that is known of it. */
  readonly #generations = new Map<string, number>()
  #bytes = 0
  #live: Batch[] | undefined

  get(id: BatchId): Batch | undefined {
    return this.batches.get(id)
  }

  byName(name: string): Batch | undefined {
    for (const batch of this.batches.values()) if (batch.record.name === name) return batch
    return undefined
  }

  /** What is known of a batch, deleted or not. */
  recordOf(id: BatchId): BatchRecord | undefined {
    return this.batches.get(id)?.record ?? this.#tombstones.get(id)
  }

  /** Of all batches and all deleted ones, in no order. */
  get records(): BatchRecord[] {
    return [...Array.from(this.batches.values(), ({ record }) => record), ...this.#tombstones.values()]
  }

  get tombstones(): readonly BatchRecord[] {
    return [...this.#tombstones.values()]
  }

  isDeleted(id: BatchId): boolean {
    return this.#tombstones.has(id)
  }

  /** The highest generation that is known of a name, deleted or not; undefined where none is. */
  generationOf(name: string): number | undefined {
    return this.#generations.get(name)
  }

  /** Keeps nothing of a batch but its tombstone; whoever still holds the batch finds that in it. */
  bury(tombstone: BatchRecord): void {
    const batch = this.batches.get(tombstone.id)
    if (batch !== undefined) batch.record = tombstone
    this.batches.delete(tombstone.id)
    this.#tombstones.set(tombstone.id, tombstone)
    this.#note(tombstone)
    this.changed()
  }

  #note({ name, generation }: BatchRecord): void {
    this.#generations.set(name, Math.max(generation, this.#generations.get(name) ?? 0))
  }

  /** Adds a batch or takes over its changed record. */
  put(record: BatchRecord): Batch {
    this.changed()
    this.#note(record)
    const known = this.batches.get(record.id)
    if (known !== undefined) {
      known.record = record
      return known
    }
    const batch = new Batch(record)
    this.batches.set(record.id, batch)
    return batch
  }

  /** In the order of grants: higher priority, then older. */
  inOrder(): Batch[] {
    return [...this.batches.values()].sort((a, b) => {
      const [left, right] = [a.record.fields, b.record.fields]
      return right.priority.value - left.priority.value || left.born.value - right.born.value || (a.id < b.id ? -1 : 1)
    })
  }

  /** The same without batches that were idle when `changed` was called last. */
  live(): readonly Batch[] {
    this.#live ??= this.inOrder().filter((batch) => !batch.idle)
    return this.#live
  }

  /** To be called before a batch is no longer idle, and when its place in the order is another. */
  changed(): void {
    this.#live = undefined
  }

  /** Puts a task that may be granted into the queue of its batch. */
  enqueue(task: OpenTask): void {
    const batch = this.batches.get(task.batch)
    if (batch?.idle === true) this.changed()
    batch?.queues.add(task)
  }

  /** Notes that the slot has an open task which is only on disk. */
  unload(batch: Batch, number: number): void {
    if (batch.idle) this.changed()
    const slot = batch.slot(number)
    slot.complete = false
    slot.grewWhileLoading = true
    batch.unloaded.add(number)
  }

  /** About what the tasks in memory take. */
  get bytes(): number {
    return this.#bytes
  }

  remember(task: OpenTask): void {
    if (this.tasks.has(task.id)) return
    this.tasks.set(task.id, task)
    this.#bytes += task.bytes
  }

  forget(task: OpenTask): void {
    if (this.tasks.delete(task.id)) this.#bytes -= task.bytes
  }
}
