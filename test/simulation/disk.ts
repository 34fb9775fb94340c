/**
 * What a node's data directory holds: only what was committed. It outlives the process, and may be damaged, wiped or
 * put back to what it was.
 *
 * 1. A write is all or nothing, and writing a fact twice changes nothing.
 * 2. Each opening raises the incarnation.
 */
import { decodeBatch, encodeBatch } from '../../src/codec/batches.ts'
import type { BatchRecord } from '../../src/core/batches.ts'
import type { Writes } from '../../src/core/effects.ts'
import type { Event } from '../../src/core/events.ts'
import type { StoredFact } from '../../src/core/facts.ts'
import { type BatchId, type NodeId, slotOf, type TaskId, type Token } from '../../src/core/ids.ts'
import type { MemberEntry } from '../../src/core/membership.ts'
import type { BallotRun, SlotDigest } from '../../src/core/messages.ts'
import type { SlotTally } from '../../src/core/tally.ts'
import { DiskFacts } from './disk-facts.ts'
import type { FactPool, PoolFact } from './fact-pool.ts'
import type { Random } from './random.ts'

/** Everything at one moment, for an old backup. */
export interface Snapshot {
  readonly facts: readonly PoolFact[]
  readonly tallies: ReadonlyMap<string, SlotTally>
  readonly batches: ReadonlyMap<BatchId, Uint8Array>
  readonly index: ReadonlyMap<BatchId, ReadonlyMap<TaskId, number>>
  readonly promises: readonly BallotRun[]
  readonly members: ReadonlyMap<NodeId, MemberEntry>
  readonly outbox: ReadonlyMap<Token, StoredFact>
  readonly incarnation: number
  readonly recount: boolean
}

export type StoredStart = Pick<Extract<Event, { type: 'start' }>, 'batches' | 'tallies' | 'promises'> & {
  readonly incarnation: number
  readonly members: readonly MemberEntry[]
  readonly outbox: readonly StoredFact[]
}

export class SimDisk {
  readonly #pool: FactPool
  readonly facts: DiskFacts
  readonly #tallies = new Map<string, SlotTally>()
  readonly #batches = new Map<BatchId, Uint8Array>()
  /** The same decoded, for those who watch. */
  readonly #records = new Map<BatchId, BatchRecord>()
  readonly #index = new Map<BatchId, Map<TaskId, number>>()
  readonly #members = new Map<NodeId, MemberEntry>()
  readonly #outbox = new Map<Token, StoredFact>()
  #promises: readonly BallotRun[] = []
  /** Rises whenever the member list changes. */
  membersVersion = 0
  #incarnation = 0
  #recount = false
  /** Batches whose record was damaged; and how many of those are there again. */
  readonly #lostRecords = new Set<BatchId>()
  recordsBack = 0

  constructor(pool: FactPool) {
    this.#pool = pool
    this.facts = new DiskFacts(pool)
  }

  get promises(): readonly BallotRun[] {
    return this.#promises
  }

  get incarnation(): number {
    return this.#incarnation
  }

  get members(): ReadonlyMap<NodeId, MemberEntry> {
    return this.#members
  }

  get outboxSize(): number {
    return this.#outbox.size
  }

  get batches(): Iterable<BatchRecord> {
    return this.#records.values()
  }

  batch(id: BatchId): BatchRecord | undefined {
    return this.#records.get(id)
  }

  tally(batch: BatchId, slot: number): SlotTally | undefined {
    return this.#tallies.get(`${batch} ${slot}`)
  }

  /** Commits; gives the facts that were not there before. */
  write(writes: Writes): PoolFact[] {
    const added: PoolFact[] = []
    for (const stored of writes.facts) this.#put(stored, added)
    for (const tally of writes.tallies) this.#tallies.set(`${tally.batch} ${tally.slot}`, tally)
    for (const record of writes.batches) this.#putBatch(encodeBatch(record))
    for (const { batch, entries } of writes.indexes) {
      const known = this.#index.get(batch) ?? new Map<TaskId, number>()
      // The pool's id, where it has one: each node's own would be kept once more.
      for (const { index, task } of entries) known.set(this.#pool.tasks.get(task)?.task ?? task, index)
      this.#index.set(batch, known)
    }
    this.#promises = writes.promises ?? this.#promises
    if (writes.mesh !== undefined) this.#writeMesh(writes.mesh)
    return added
  }

  #putBatch(bytes: Uint8Array): void {
    const record = decodeBatch(bytes)
    this.#batches.set(record.id, bytes)
    this.#records.set(record.id, record)
    if (this.#lostRecords.delete(record.id)) this.recordsBack++
  }

  #put(stored: StoredFact, added: PoolFact[]): void {
    const fact = this.#pool.intern(stored)
    if (this.facts.add(fact)) added.push(fact)
  }

  #writeMesh({ members, outbox, outboxDone, incarnation }: NonNullable<Writes['mesh']>): void {
    for (const entry of members) this.#members.set(entry.id, entry)
    if (members.length > 0) this.membersVersion++
    for (const stored of outbox) {
      if (!('token' in stored.fact)) throw new TypeError(`a ${stored.fact.kind} fact in the outbox`)
      this.#outbox.set(stored.fact.token, this.#pool.intern(stored).stored())
    }
    for (const token of outboxDone) this.#outbox.delete(token)
    this.#incarnation = incarnation ?? this.#incarnation
  }

  /** Removes all of some batches but their records, or facts of that share of them alone. */
  clear(batches: readonly BatchId[], share = 1): PoolFact[] {
    const its = [...this.facts.all()].filter(({ batch }) => batches.includes(batch))
    const cleared = share < 1 ? its.slice(0, Math.floor(share * its.length)) : its
    for (const fact of cleared) this.facts.remove(fact)
    if (share < 1) return cleared
    for (const [key, { batch }] of this.#tallies) if (batches.includes(batch)) this.#tallies.delete(key)
    for (const batch of batches) this.#index.delete(batch)
    return cleared
  }

  /** Removes everything of the slots whose digests are these; gives the facts. */
  dropSlots(slots: readonly SlotDigest[]): PoolFact[] {
    const dropped: PoolFact[] = []
    for (const { slot, count, xor } of slots) {
      if (this.facts.digest(slot) !== `${count} ${xor}`) continue
      const its = [...this.facts.tasksOf(slot)].flat()
      for (const fact of its) {
        this.facts.remove(fact)
        this.#index.get(fact.batch)?.delete(fact.task)
      }
      for (const [key, tally] of this.#tallies) if (tally.slot === slot) this.#tallies.delete(key)
      dropped.push(...its)
    }
    return dropped
  }

  readSlots(batch: BatchId, slots: readonly number[]): StoredFact[] {
    return slots.flatMap((slot) => this.facts.readSlot(slot)).filter(({ fact }) => fact.batch === batch)
  }

  readTasks(batch: BatchId, tasks: readonly TaskId[]): StoredFact[] {
    const facts = tasks.flatMap((task) => this.facts.of(task, slotOf(task)))
    return facts.filter((fact) => fact.batch === batch).map((fact) => fact.stored())
  }

  /** Ids of a batch; `doubted` leaves out those without a `seeded` fact, as an index made anew would. */
  readIndex(batch: BatchId, doubted: boolean): TaskId[] {
    const index = this.#index.get(batch)
    if (index === undefined) return []
    if (doubted) {
      for (const task of [...index.keys()]) {
        const facts = this.facts.of(task, slotOf(task))
        if (!facts.some(({ kind }) => kind === 'seeded')) index.delete(task)
      }
    }
    return [...index.keys()]
  }

  /** What a process finds when it starts; the new incarnation is on disk already. */
  open(): StoredStart {
    this.#incarnation++
    return {
      batches: Array.from(this.#batches.values(), decodeBatch),
      tallies: this.#readTallies(),
      promises: this.#promises.map((run) => ({ ...run })),
      incarnation: this.#incarnation,
      members: [...this.#members.values()],
      outbox: [...this.#outbox.values()],
    }
  }

  /** Undefined where tallies were damaged and not every slot was counted anew since. */
  #readTallies(): SlotTally[] | undefined {
    if (this.#recount) {
      this.#recount = !this.#isCounted()
      // What was counted before is out of date as soon as its slot changes while it is not counted.
      if (this.#recount) this.#tallies.clear()
    }
    return this.#recount ? undefined : [...this.#tallies.values()]
  }

  #isCounted(): boolean {
    for (const { batch, slot } of this.facts.all()) if (!this.#tallies.has(`${batch} ${slot}`)) return false
    return true
  }

  damageTallies(): void {
    this.#tallies.clear()
    this.#recount = true
  }

  /** Some facts fail their checksum from now on, as if they had never been there. */
  flipBits(random: Random, count: number): PoolFact[] {
    const facts = [...this.facts.all()]
    const flipped = random.shuffled(facts).slice(0, count)
    for (const fact of flipped) this.facts.remove(fact)
    return flipped
  }

  /** Some batch records fail their checksum from now on, as if they had never been there; all else of them stays. */
  flipBatches(random: Random, count: number): void {
    if (count === 0) return
    for (const id of random.shuffled([...this.#batches.keys()]).slice(0, count)) {
      this.#batches.delete(id)
      this.#records.delete(id)
      this.#lostRecords.add(id)
    }
  }

  /** Whether the end of that attempt waits to be taken over by its owner. */
  hasReport(token: Token): boolean {
    return this.#outbox.has(token)
  }

  snapshot(): Snapshot {
    return {
      facts: [...this.facts.all()],
      tallies: new Map(this.#tallies),
      batches: new Map(this.#batches),
      index: new Map([...this.#index].map(([batch, tasks]) => [batch, new Map(tasks)])),
      promises: this.#promises,
      members: new Map(this.#members),
      outbox: new Map(this.#outbox),
      incarnation: this.#incarnation,
      recount: this.#recount,
    }
  }

  wipe(): void {
    this.#lostRecords.clear()
    this.restore({
      facts: [],
      tallies: new Map(),
      batches: new Map(),
      index: new Map(),
      promises: [],
      members: new Map(),
      outbox: new Map(),
      incarnation: 0,
      recount: false,
    })
  }

  restore(snapshot: Snapshot): void {
    for (const fact of [...this.facts.all()]) this.facts.remove(fact)
    for (const fact of snapshot.facts) this.facts.add(fact)
    refill(this.#tallies, snapshot.tallies)
    this.#batches.clear()
    this.#records.clear()
    for (const bytes of snapshot.batches.values()) this.#putBatch(bytes)
    refill(this.#members, snapshot.members)
    this.membersVersion++
    refill(this.#outbox, snapshot.outbox)
    this.#index.clear()
    for (const [batch, tasks] of snapshot.index) this.#index.set(batch, new Map(tasks))
    this.#promises = snapshot.promises
    this.#incarnation = snapshot.incarnation
    this.#recount = snapshot.recount
  }
}

function refill<K, V>(map: Map<K, V>, from: ReadonlyMap<K, V>): void {
  map.clear()
  for (const [key, value] of from) map.set(key, value)
}
