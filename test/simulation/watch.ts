/**
 * What the checkers share: derived from events, effects and disks, never asked of a core.
 *
 * 1. What a node `knows` of a task is the fold of its disk and of what it has given to be written.
 */
import type { BatchRecord } from '../../src/core/batches.ts'
import type { Effect, Writes } from '../../src/core/effects.ts'
import type { Event } from '../../src/core/events.ts'
import type { StoredFact } from '../../src/core/facts.ts'
import type { BatchId, Boot, NodeId, TaskId } from '../../src/core/ids.ts'
import { fold, type TaskState } from '../../src/core/task.ts'
import type { PoolFact } from './fact-pool.ts'
import type { Fault } from './faults.ts'
import { heardFrom, typeOf } from './message-reader.ts'
import type { DiskDamage, Observer } from './observer.ts'
import type { SimNode } from './process.ts'
import { Promises } from './promises.ts'
import type { World } from './world.ts'

interface Knowledge {
  /** Given to be written, not on disk yet. */
  readonly unsynced: Map<TaskId, StoredFact[]>
  readonly batches: Map<BatchId, BatchRecord>
  /** Local time of the last word of each peer. */
  readonly heardMs: Map<NodeId, number>
  promises: Promises
}

/** Nodes that nothing disturbs know each other so soon after the last one's start. */
const MET_MS = 10_000

export class Watch implements Observer {
  readonly #world: World
  readonly #known = new Map<SimNode, Knowledge>()
  readonly #boots = new Map<Boot, SimNode>()
  /** Tasks of which a disk fault took facts from some disk. */
  readonly damagedTasks = new Set<TaskId>()
  /**
   * Those of which single facts are gone for good: what nodes counted before, nobody can find on a disk any more. A
   * disk that is wiped or put back as a whole agrees with itself.
   */
  readonly brokenTasks = new Set<TaskId>()
  /** Those of which a disk fault of any kind took the last copy of some fact. */
  readonly goneTasks = new Set<TaskId>()
  readonly #damagedOn = new Map<SimNode, Set<TaskId>>()
  readonly damagedNodes = new Set<SimNode>()
  /** Batches that some node ever gave to be deleted, even where its disk forgot that: their facts may go anywhere. */
  readonly deletedBatches = new Set<BatchId>()
  /** Faults that have begun. */
  faults = 0

  constructor(world: World) {
    this.#world = world
  }

  /**
   * Whether nothing disturbs the nodes: their wires, processes, disks and clocks, nor gossip, whose faults keep nodes
   * from meeting and hold streams up; no prompt ends them either.
   */
  get undisturbed(): boolean {
    const { planes, prompts } = this.#world.scenario.conditions
    return prompts.poison === 0 && planes.every((plane) => plane === 'executor' || plane === 'operator')
  }

  /** Whether every node that starts at the beginning has met the others by now; before, each may be a mesh of its own. */
  get met(): boolean {
    return this.hadMet(this.#world.schedule.nowMs)
  }

  /** The same of another time. */
  hadMet(atMs: number): boolean {
    const { startsWithinMs, nodes } = this.#world.scenario
    return nodes === 1 || atMs > startsWithinMs + MET_MS
  }

  #of(node: SimNode): Knowledge {
    const known = this.#known.get(node)
    if (known === undefined) throw new TypeError(`node ${node.index} has not begun`)
    return known
  }

  began(node: SimNode): void {
    this.#boots.set(node.boot, node)
    const batches = new Map<BatchId, BatchRecord>()
    for (const record of node.disk.batches) batches.set(record.id, record)
    this.#known.set(node, {
      unsynced: new Map(),
      batches,
      heardMs: new Map(),
      promises: new Promises(node.disk.promises),
    })
  }

  event(node: SimNode, event: Event): void {
    if (event.type !== 'received') return
    this.#of(node).heardMs.set(event.from, node.localMs)
    const said = typeOf(event.bytes) === 'relay' ? heardFrom(node.id, event.from, event.bytes, () => true) : undefined
    if (said !== undefined) this.#of(node).heardMs.set(said.peer, node.localMs)
  }

  effect(node: SimNode, effect: Effect): void {
    if (effect.type !== 'persist') return
    const { unsynced, batches } = this.#of(node)
    for (const stored of effect.facts) {
      const list = unsynced.get(stored.fact.task)
      if (list === undefined) unsynced.set(stored.fact.task, [stored])
      else list.push(stored)
    }
    for (const record of effect.batches) {
      batches.set(record.id, record)
      if (record.deleted) this.deletedBatches.add(record.id)
    }
  }

  durable(node: SimNode, writes: Writes): void {
    const known = this.#of(node)
    const written = new Set(writes.facts)
    for (const { fact } of written) {
      const left = known.unsynced.get(fact.task)?.filter((each) => !written.has(each)) ?? []
      if (left.length === 0) known.unsynced.delete(fact.task)
      else known.unsynced.set(fact.task, left)
    }
    if (writes.promises !== undefined) known.promises = new Promises(node.disk.promises)
  }

  damaged(node: SimNode, damage: DiskDamage, lost: readonly PoolFact[]): void {
    this.damagedNodes.add(node)
    const its = this.#damagedOn.get(node) ?? new Set()
    this.#damagedOn.set(node, its)
    for (const { task, copies } of lost) {
      its.add(task)
      this.damagedTasks.add(task)
      if (copies > 0) continue
      this.goneTasks.add(task)
      if (damage === 'bits-flipped') this.brokenTasks.add(task)
    }
  }

  /** Whether a fault took facts of the task from that node's own disk. */
  isDamagedOn(node: SimNode, task: TaskId): boolean {
    return this.#damagedOn.get(node)?.has(task) === true
  }

  fault(_fault: Fault, begins: boolean): void {
    if (begins) this.faults++
  }

  nodeOfBoot(boot: Boot): SimNode | undefined {
    return this.#boots.get(boot)
  }

  /** What it has on disk or has given to be written; undefined where that is nothing. */
  knows(node: SimNode, task: TaskId, slot: number): TaskState | undefined {
    const facts = [...node.disk.facts.of(task, slot), ...(this.#of(node).unsynced.get(task) ?? [])]
    return facts.length === 0 ? undefined : fold(facts)
  }

  /** Whether the fact is on its disk or was given to be written. */
  has(node: SimNode, fact: PoolFact): boolean {
    if (node.disk.facts.has(fact)) return true
    return (
      this.#of(node)
        .unsynced.get(fact.task)
        ?.some(({ hash }) => hash === fact.hash) === true
    )
  }

  knowsBatch(node: SimNode, batch: BatchId): BatchRecord | undefined {
    return this.#of(node).batches.get(batch)
  }

  heardMs(node: SimNode, peer: NodeId): number {
    return this.#of(node).heardMs.get(peer) ?? Number.NEGATIVE_INFINITY
  }

  promises(node: SimNode): Promises {
    return this.#of(node).promises
  }

  /** Whether the node's disk has its own ballot for the slot. */
  owns(node: SimNode, slot: number): boolean {
    return this.#known.get(node)?.promises.of(slot).node === node.id
  }
}
