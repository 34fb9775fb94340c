/**
 * I13: after faults have stopped there is one member view within 60 s, the listed nodes of every slot have the same
 * facts within 120 s, every task ends, and every node's status equals the truth. Of a deleted batch no disk has a fact
 * in the end, and no status tells.
 */
import { slotOf } from '../../../src/core/ids.ts'
import type { PoolFact } from '../fact-pool.ts'
import type { SimNode } from '../process.ts'
import type { Watch } from '../watch.ts'
import type { World } from '../world.ts'
import type { Checker } from './checker.ts'
import { awayOn, memberListOn, membersOn } from './members.ts'
import { referenceRing } from './reference-ring.ts'
import { COUNTED, type Counts, openTask, tasksOf, trueBatches, trueCounts } from './truth.ts'

const MEMBERS_MS = 60_000
const REPLICAS_MS = 120_000
/** Starting takes a moment, and one that died at the last moment is started again. */
const STARTED_MS = 12_000
const LOOK_EVERY_MS = 5_000
/** What is younger may be on its way still. */
const SETTLED_MS = 10_000

export class Liveness implements Checker {
  readonly #world: World
  readonly #watch: Watch
  readonly #bornMs = new WeakMap<PoolFact, number>()
  #membersAgreeMs: number | undefined
  #replicasAgreeMs: number | undefined

  constructor(world: World, watch: Watch) {
    this.#world = world
    this.#watch = watch
  }

  durable(_node: SimNode, _writes: unknown, added: readonly PoolFact[]): void {
    for (const fact of added) if (!this.#bornMs.has(fact)) this.#bornMs.set(fact, this.#world.schedule.nowMs)
  }

  second(): void {
    const { calmMs, schedule, report } = this.#world
    if (calmMs === undefined || (schedule.nowMs - calmMs) % LOOK_EVERY_MS > 1_000) return
    if (this.#membersAgreeMs === undefined && this.#membersProblem() === undefined)
      this.#membersAgreeMs = schedule.nowMs
    if (this.#replicasAgreeMs === undefined && this.#replicasProblem(SETTLED_MS) === undefined)
      this.#replicasAgreeMs = schedule.nowMs
    const forMs = schedule.nowMs - calmMs
    const lateMembers = this.#membersAgreeMs === undefined && forMs > MEMBERS_MS + STARTED_MS
    const lateReplicas = this.#replicasAgreeMs === undefined && forMs > REPLICAS_MS + STARTED_MS
    if (!lateMembers && !lateReplicas) return
    if (lateMembers) report('I13', `${forMs} ms after the last fault ${this.#membersProblem()}`)
    if (lateReplicas) report('I13', `${forMs} ms after the last fault ${this.#replicasProblem(SETTLED_MS)}`)
  }

  /** What is not as it must be in the end; undefined once everything has come to rest. */
  problem(): string | undefined {
    if (!this.#world.operators.content) return 'not everything that people asked for was answered'
    const open = openTask(this.#world, this.#watch.brokenTasks)
    if (open !== undefined) return `task ${open.task} is ${open.state?.standing}`
    return (
      this.#downProblem() ??
      this.#membersProblem() ??
      this.#replicasProblem(0) ??
      this.#remainsProblem() ??
      this.#statusProblem()
    )
  }

  #remainsProblem(): string | undefined {
    const { live, pool } = this.#world
    const deleted = this.#deleted()
    for (const { batch, facts } of pool.tasks.values()) {
      if (!deleted.has(batch)) continue
      const node = live.find(({ disk }) => facts.some((fact) => disk.facts.has(fact)))
      if (node !== undefined) return `node ${node.index} still has facts of batch ${batch}, which is deleted`
    }
    return undefined
  }

  /** Batches that some live disk knows to be deleted. */
  #deleted(): Set<string> {
    const deleted = new Set<string>()
    for (const { disk } of this.#world.live) for (const { id, deleted: is } of disk.batches) if (is) deleted.add(id)
    return deleted
  }

  #downProblem(): string | undefined {
    const leaving = this.#world.live.find((node) => node.leaving !== undefined || node.hasLeft)
    if (leaving !== undefined) return `node ${leaving.index} is leaving still`
    const down = this.#world.live.find(({ up }) => !up)
    if (down !== undefined) return `node ${down.index} is down`
    const busy = this.#world.live.find(({ executor }) => executor.running > 0)
    return busy && `node ${busy.index} still performs something`
  }

  /** Nodes that are members or mean to be. */
  get #staying(): SimNode[] {
    return this.#world.live.filter((node) => !node.hasLeft)
  }

  #membersProblem(): string | undefined {
    const live = this.#staying
    const [first] = live
    if (first === undefined || live.length === 1) return undefined
    for (const node of live) {
      if (memberListOn(node) !== memberListOn(first)) return `nodes ${first.index} and ${node.index} have other members`
      const missing = live.find(({ id }) => !membersOn(node).includes(id))
      if (missing !== undefined) return `node ${node.index} does not know node ${missing.index} as a member`
    }
    return undefined
  }

  /** Whether some listed node lacks a fact that any disk has had for so long. */
  #replicasProblem(ageMs: number): string | undefined {
    const { pool, schedule } = this.#world
    const live = this.#staying
    const [first] = live
    if (first === undefined || live.length === 1) return undefined
    const ring = referenceRing(membersOn(first))
    const away = awayOn(first)
    const byId = new Map(live.map((node) => [node.id, node]))
    const deleted = this.#deleted()
    for (const { slot, facts, batch } of pool.tasks.values()) {
      if (deleted.has(batch)) continue
      for (const id of away.size > 0 ? ring.listWithout(slot, away) : ring.list(slot)) {
        const node = byId.get(id)
        if (node === undefined) continue
        for (const fact of facts) {
          if (node.disk.facts.has(fact) || schedule.nowMs - (this.#bornMs.get(fact) ?? 0) < ageMs) continue
          return `node ${node.index} lacks a fact (${fact.kind}) of slot ${slot}, on whose list it is`
        }
      }
    }
    return undefined
  }

  #statusProblem(): string | undefined {
    const [batches, counts, doubtful] = [trueBatches(this.#world), trueCounts(this.#world), this.#doubtful()]
    for (const node of this.#world.live) {
      const view = node.core?.view()
      if (view?.whole === false) return `node ${node.index} does not know who owns every slot`
      for (const [id, record] of batches) {
        const told = view?.batches.find((batch) => batch.record.id === id)
        const truth = counts.get(id) ?? NOTHING
        if (record.deleted) {
          if (told !== undefined) return `node ${node.index} tells of batch ${record.name}, which is deleted`
          continue
        }
        if (told === undefined) return `node ${node.index} does not know batch ${record.name}`
        if (told.scheduled + told.running > 0) return `node ${node.index} says that something of ${record.name} runs`
        const off = Math.max(...COUNTED.map((count) => Math.abs(told.counts[count] - truth[count])))
        if (off > (doubtful.get(id) ?? 0))
          return `node ${node.index} says of ${record.name} ${JSON.stringify(told.counts)}; the truth is ${JSON.stringify(truth)}`
      }
    }
    return undefined
  }

  /** Batch => tasks of which the last copy of a fact is gone: by so much a status may be off that nobody can correct. */
  #doubtful(): Map<string, number> {
    const doubtful = new Map<string, number>()
    const { brokenTasks } = this.#watch
    if (brokenTasks.size === 0) return doubtful
    const slots = new Set([...brokenTasks].map(slotOf))
    for (const { batch, slot } of tasksOf(this.#world))
      if (slots.has(slot)) doubtful.set(batch, (doubtful.get(batch) ?? 0) + 1)
    for (const task of brokenTasks) {
      const batch = this.#world.pool.tasks.get(task)?.batch ?? ''
      doubtful.set(batch, (doubtful.get(batch) ?? 0) + MOST_EXTRA)
    }
    return doubtful
  }
}

/** Attempts of a damaged task that its owner may have counted as extra executions. */
const MOST_EXTRA = 8
const NOTHING: Counts = { total: 0, completed: 0, failed: 0, cancelled: 0, extra: 0 }
