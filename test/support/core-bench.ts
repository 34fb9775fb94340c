/**
 * All parts of one core without its step and without the others: a test calls one part and looks at what it does. The
 * other members are what the world of the bench says of them; what is written reaches a disk of the simulator when the
 * test says so, and so do the frames of other nodes that acknowledge it.
 */
import { BatchBook } from '../../src/core/batch-book.ts'
import { type BatchFields, type BatchRecord, newBatch } from '../../src/core/batches.ts'
import { type CoreParts, makeParts } from '../../src/core/core-parts.ts'
import { tieParts } from '../../src/core/core-wiring.ts'
import type { Effect, Writes } from '../../src/core/effects.ts'
import { makeFact } from '../../src/core/fact-record.ts'
import type { Fact, SeededFact, StoredFact } from '../../src/core/facts.ts'
import { hex, type NodeId, type TaskId } from '../../src/core/ids.ts'
import { MeshPeers } from '../../src/core/mesh-peers.ts'
import type { BallotRun, IntakeRow } from '../../src/core/messages.ts'
import type { OpenTask } from '../../src/core/open-task.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { fold, type TaskState } from '../../src/core/task.ts'
import { SimDisk } from '../simulation/disk.ts'
import { FactPool } from '../simulation/fact-pool.ts'
import { BATCH_FIELDS } from './batch-fields.ts'
import { sha256 } from './core-disk.ts'
import { PartWorld } from './part-world.ts'

export const BATCH = '0000000000000001'

/** A batch's record as node `a` made it. */
export function recordOf(change: Partial<BatchFields> = {}, id = BATCH, name = `batch ${id}`): BatchRecord {
  return newBatch(id, name, { ...BATCH_FIELDS, ...change }, 'a')
}

/** The id of a task of a slot. */
export function taskIn(slot: number, at = 0): TaskId {
  return hex(slot << 2, 4) + hex(at, 28)
}

export function seededFact(task: TaskId, index = 0, batch = BATCH): SeededFact {
  return { kind: 'seeded', batch, task, index, prompt: `prompt ${index}`, params: {}, profile: 'draw' }
}

export function stored(fact: Fact): StoredFact {
  return makeFact(fact, sha256)
}

const READS: ReadonlySet<Effect['type']> = new Set(['read-digests', 'read-slot', 'load', 'load-tasks', 'read-index'])

export class CoreBench {
  readonly world: PartWorld
  readonly book = new BatchBook()
  readonly parts: CoreParts
  readonly disk = new SimDisk(new FactPool())
  /** What is given to be written and is not on the disk. */
  readonly unsynced: Extract<Effect, { type: 'persist' }>[] = []
  #taken = 0

  /** Owner of every slot under epoch 1 unless said, with one batch. */
  constructor(members: readonly NodeId[] = ['a'], { self = members[0] ?? '', owns = true } = {}) {
    this.world = new PartWorld(members, self)
    const ring = new MeshPeers(sha256)
    this.parts = makeParts(this.world, '00'.repeat(8), this.book, ring)
    tieParts(this.world, this.book, this.parts)
    const entries = members.map((id) => ({ id, name: id, incarnation: 1, standing: 'joined' as const, addresses: [] }))
    ring.start(self, { name: self, incarnation: 1, addresses: [], members: entries, outbox: [] }, this.world.nowMs)
    if (owns) this.own(SlotSet.all())
    this.parts.claims.serving = true
    this.put(recordOf())
    this.settle()
  }

  /** Takes slots over, at once. */
  own(slots: SlotSet, epoch = 1): void {
    this.parts.ownership.claim(slots.runs(), epoch)
    this.parts.ownership.serve(slots, epoch)
  }

  put(record: BatchRecord) {
    this.world.commits.batch(record)
    return this.book.put(record)
  }

  get batch() {
    const batch = this.book.get(BATCH)
    if (batch === undefined) throw new Error('the batch is gone')
    return batch
  }

  /** Another node owns slots `from`..`to`. */
  yield(to: NodeId, runs: readonly Omit<BallotRun, 'epoch' | 'node'>[], epoch = 2): void {
    this.parts.ownership.learn(runs.map((run) => ({ ...run, epoch, node: to })))
  }

  /** Seeds tasks, and settles; none is granted before `grant`. */
  seed(tasks: readonly TaskId[]): void {
    const rows: IntakeRow[] = tasks.map((task, index) => ({ task, index, prompt: `prompt ${index}`, params: {} }))
    const taken = () => undefined
    this.parts.intake.frame({ batch: this.batch, profile: 'draw', rows, taken, failed: taken, busy: taken })
    this.settle()
  }

  /** Fills this node's places, as at the end of each step. */
  grant(): void {
    this.parts.contested.look()
    this.parts.claims.grant()
  }

  /** Ends a step: what was written is given to be synced. */
  endStep(): void {
    this.world.commits.runReady()
    const effect = this.world.commits.take()
    if (effect?.type === 'persist') this.unsynced.push(effect)
  }

  /** Syncs the oldest writes. */
  sync(): void {
    const writes = this.unsynced.shift()
    if (writes === undefined) return
    this.disk.write(writes)
    this.world.commits.persisted(writes.ticket)
  }

  /** Every frame that was sent to a node is stored there. */
  acknowledge(peer: NodeId): void {
    for (const { to, message } of this.world.sentOf('facts'))
      if (to === peer)
        this.parts.replication.stored(peer, { type: 'facts-stored', seq: message.seq, refused: [], unread: 0 })
  }

  /** Syncs, reads and has others store until nothing is under way here. */
  settle(): void {
    for (;;) {
      this.endStep()
      const before = this.#taken + this.unsynced.length
      while (this.unsynced.length > 0) this.sync()
      for (const peer of this.world.connected) this.acknowledge(peer)
      this.read()
      if (before === this.#taken && this.world.commits.idle) return
    }
  }

  /** Answers the reads that were asked for, each of which sees what was written before. */
  read(): void {
    const { reads, loading, intake } = this.parts
    for (; this.#taken < this.world.effects.length; this.#taken++) {
      const effect = this.world.effects[this.#taken] as Effect
      if (!READS.has(effect.type)) continue
      this.endStep()
      while (this.unsynced.length > 0) this.sync()
      if (effect.type === 'read-digests') reads.digestsRead(effect.load, this.disk.facts.readDigests(effect.slots))
      else if (effect.type === 'read-slot') reads.slotRead(effect.load, this.disk.facts.readSlot(effect.slot))
      else if (effect.type === 'load') loading.loaded(effect.load, this.disk.readSlots(effect.batch, effect.slots))
      else if (effect.type === 'load-tasks')
        loading.loaded(effect.load, this.disk.readTasks(effect.batch, effect.tasks))
      else if (effect.type === 'read-index')
        intake.indexRead(effect.batch, this.disk.readIndex(effect.batch, effect.doubted), true)
    }
  }

  /** Puts facts on the disk that no part was told of. */
  store(facts: readonly Fact[], more: Partial<Writes> = {}): void {
    const nothing = { tallies: [], indexes: [], batches: [], promises: undefined }
    this.disk.write({ facts: facts.map(stored), ...nothing, ...more })
  }

  /** The fold of a task as the disk has it; undefined where it has no fact of it. */
  state(task: TaskId): TaskState | undefined {
    const facts = this.disk.readTasks(BATCH, [task])
    return facts.length === 0 ? undefined : fold(facts)
  }

  /** A task that must be in memory. */
  task(id: TaskId): OpenTask {
    const task = this.book.tasks.get(id)
    if (task === undefined) throw new Error(`task ${id} is not in memory`)
    return task
  }
}
