/**
 * P1, I1: what was acknowledged is on as many disks as was said, and stays on one as long as no disk fault took the
 * last copy: tasks, batches, and what was said about batches. What people delete is not lost. What a node drops is on two
 * other disks.
 *
 * A task is lost without a fault of the nodes only where each disk that had it lost it: where the last copy went with a
 * disk, not where a node dropped it or left. A disk that lost a fact counts as one that has it where others may still
 * believe so.
 */
import type { BatchRecord } from '../../../src/core/batches.ts'
import type { AnswerValue, Effect, Writes } from '../../../src/core/effects.ts'
import type { Event } from '../../../src/core/events.ts'
import type { BatchId, TaskId } from '../../../src/core/ids.ts'
import { STANDINGS } from '../../../src/core/member-entry.ts'
import type { MemberEntry } from '../../../src/core/membership.ts'
import type { PoolFact } from '../fact-pool.ts'
import type { DiskDamage } from '../observer.ts'
import type { SimNode } from '../process.ts'
import type { Watch } from '../watch.ts'
import type { World } from '../world.ts'
import type { Checker } from './checker.ts'

/** After so long without trouble every node knows of the others. */
const MET_MS = 60_000
/** Who was told that another disk has a fact may act on it for so long. */
const TOLD_MS = 60_000

export class Durability implements Checker {
  readonly #world: World
  readonly #watch: Watch
  readonly #acknowledged = new Set<TaskId>()
  readonly #deleted = new Set<BatchId>()
  /** Fact => disks from which a fault took it, and when. */
  readonly #lost = new Map<PoolFact, Map<SimNode, number>>()
  /** Tasks that no disk has any more since a fault took the last copy. */
  readonly #taken = new Set<TaskId>()
  /** When somebody became the owner of something last. */
  #promisedMs = Number.NEGATIVE_INFINITY
  /** Nodes that knew of no other member when their process began. */
  readonly #alone = new Set<SimNode>()
  /** Request => what its node knew of the batch that is to be changed: the change counts higher. */
  readonly #before = new Map<number, BatchRecord | undefined>()

  constructor(world: World, watch: Watch) {
    this.#world = world
    this.#watch = watch
  }

  began(node: SimNode): void {
    const others = [...node.disk.members.values()].filter(({ id, standing }) => id !== node.id && standing === 'joined')
    if (others.length === 0) this.#alone.add(node)
    else this.#alone.delete(node)
  }

  event(node: SimNode, event: Event): void {
    if (event.type === 'set-batch') this.#before.set(event.request, this.#watch.knowsBatch(node, event.batch))
  }

  effect(node: SimNode, effect: Effect): void {
    if (effect.type !== 'answer') return
    const asked = this.#world.desk.asked(effect.request)
    const { value } = effect
    if (asked?.type === 'intake' && value.type === 'intake') this.#intake(asked.rows, value.copies)
    if (value.type === 'member') this.#member(value)
    if (value.type === 'batch') this.#batch(node, value.batch.id, value, () => true)
    if (asked?.type === 'set-batch') {
      const before = this.#before.get(effect.request)
      this.#batch(node, asked.batch, value, (record) => hasChange(record, before, asked.change))
    }
    if (asked?.type === 'delete-batch') {
      this.#batch(node, asked.batch, value, ({ deleted }) => deleted)
      this.#deleted.add(asked.batch)
    }
    this.#before.delete(effect.request)
  }

  damaged(node: SimNode, _damage: DiskDamage, lost: readonly PoolFact[]): void {
    for (const fact of lost) {
      const disks = this.#lost.get(fact) ?? new Map()
      this.#lost.set(fact, disks.set(node, this.#world.schedule.nowMs))
      if (fact.kind === 'seeded' && this.#copies(fact.task) === 0) this.#taken.add(fact.task)
    }
  }

  durable(node: SimNode, { promises }: Writes, added: readonly PoolFact[]): void {
    if (promises !== undefined) this.#promisedMs = this.#world.schedule.nowMs
    for (const fact of added) {
      this.#lost.get(fact)?.delete(node)
      if (fact.kind === 'seeded') this.#taken.delete(fact.task)
    }
  }

  #intake(rows: readonly { readonly task: TaskId }[], copies: number): void {
    const { report } = this.#world
    for (const { task } of rows) {
      this.#acknowledged.add(task)
      const found = this.#copies(task)
      const least = Math.min(2, copies)
      if (found >= least || this.#isDeleted(task)) continue
      if (found === 0 ? !this.#mayBeTold(task) : this.#copiesTold(task) < least)
        report('P1', `task ${task} was acknowledged with ${copies} copies, and is on ${found} disks`)
    }
    if (copies < 2 && this.#isMet)
      this.#world.report(
        'P1',
        `${rows.length} tasks were acknowledged with 1 copy while several nodes could store them`,
      )
  }

  /** Whether several nodes are up, know each other, and nothing is in their way. */
  get #isMet(): boolean {
    const { scenario, schedule, nodes } = this.#world
    const isMet = scenario.conditions.calm && schedule.nowMs > scenario.startsWithinMs + MET_MS
    return isMet && nodes.filter(({ up }) => up).length > 1
  }

  /** Whether people may have taken facts of the task. */
  #isDeleted(task: TaskId): boolean {
    const batch = this.#world.pool.tasks.get(task)?.batch
    return batch !== undefined && this.#watch.deletedBatches.has(batch)
  }

  /** Disks that have the task. */
  #copies(task: TaskId): number {
    let most = 0
    for (const fact of this.#world.pool.tasks.get(task)?.facts ?? [])
      if (fact.kind === 'seeded') most = Math.max(most, fact.copies)
    return most
  }

  /** The same with disks that a fault took it from: who has it in its index may not know. */
  #copiesTold(task: TaskId): number {
    let most = this.#copies(task)
    for (const [fact, disks] of this.#lost)
      if (fact.kind === 'seeded' && fact.task === task) most = Math.max(most, fact.copies + disks.size)
    return most
  }

  /**
   * Whether an owner could not know that no disk has the task any more: it may have answered before the last copy went,
   * or have taken the slot over a moment ago, of which it counts the tasks first; and a node that begins alone counts no slot anew, so its index tells of what it lost until it reads that.
   */
  #mayBeTold(task: TaskId): boolean {
    const sinceMs = this.#world.schedule.nowMs - TOLD_MS
    if (this.#promisedMs >= sinceMs) return true
    for (const [fact, disks] of this.#lost) {
      if (fact.kind !== 'seeded' || fact.task !== task) continue
      for (const [node, atMs] of disks) if (atMs >= sinceMs || this.#alone.has(node)) return true
    }
    return false
  }

  /** Disks that have the fact, or had it until shortly before. */
  #disksTold(fact: PoolFact): number {
    const sinceMs = this.#world.schedule.nowMs - TOLD_MS
    const lost = [...(this.#lost.get(fact)?.values() ?? [])]
    return fact.copies + lost.filter((atMs) => atMs >= sinceMs).length
  }

  /** What was said about a batch is acknowledged: it must be on disks, whatever else was said of it since. */
  #batch(node: SimNode, batch: BatchId, answer: AnswerValue, has: (record: BatchRecord) => boolean): void {
    const { nodes, report } = this.#world
    const disks = nodes.filter(({ disk }) => {
      const record = disk.batch(batch)
      return record !== undefined && (record.deleted || has(record))
    })
    const copies = 'copies' in answer ? (answer.copies ?? 1) : 1
    // A wiped disk, or one put back to what it was, may have had it.
    const expected = this.#watch.damagedNodes.size > 0 ? Math.min(1, copies) : copies
    if (disks.length < expected && !this.#watch.damagedNodes.has(node))
      report(
        'P1',
        `batch ${batch}, acknowledged by node ${node.index} with ${copies} copies, is on ${disks.length} disks`,
      )
    if (copies < 2 && this.#isMet)
      report('P1', `batch ${batch} was acknowledged with 1 copy while several nodes could store it`)
  }

  /** What was answered of a member is on as many disks; a disk that was damaged may have had it. */
  #member({ member, copies }: Extract<AnswerValue, { type: 'member' }>): void {
    const isThere = (entry: MemberEntry | undefined) => {
      if (entry === undefined || entry.incarnation !== member.incarnation)
        return (entry?.incarnation ?? 0) > member.incarnation
      return STANDINGS.indexOf(entry.standing) >= STANDINGS.indexOf(member.standing)
    }
    const disks = this.#world.nodes.filter(({ disk }) => isThere(disk.members.get(member.id))).length
    if (disks < copies && this.#watch.damagedNodes.size === 0)
      this.#world.report(
        'P1',
        `${member.id} was answered to be ${member.standing} on ${copies} disks; it is on ${disks}`,
      )
  }

  /** Others have what a node drops because it is not listed for it. */
  dropped(node: SimNode, facts: readonly PoolFact[]): void {
    for (const fact of facts) {
      const { task, kind, slot, copies } = fact
      if (copies < 2 && this.#disksTold(fact) < 2 && !this.#isDeleted(task))
        this.#world.report(
          'P1',
          `node ${node.index} dropped slot ${slot}, and ${kind} of task ${task} is on ${copies} other disks`,
        )
    }
  }

  second(): void {
    if (this.#world.schedule.nowMs % 10_000 === 0) this.#look()
  }

  finish(): void {
    this.#look()
  }

  #look(): void {
    for (const task of this.#acknowledged)
      if (this.#copies(task) === 0 && !this.#taken.has(task) && !this.#isDeleted(task))
        this.#world.report('P1', `task ${task} was acknowledged, and is on no disk though no fault took its last copy`)
    if (this.#watch.damagedNodes.size > 0) return
    for (const batch of this.#deleted)
      if (!this.#world.nodes.some(({ disk }) => disk.batch(batch)?.deleted))
        this.#world.report('P1', `the deletion of batch ${batch} was acknowledged, and no disk knows of it`)
  }
}

type Change = Extract<Event, { type: 'set-batch' }>['change']

/** Whether the record has a change that was made of `before`, or a later one of the same fields. */
function hasChange(record: BatchRecord, before: BatchRecord | undefined, change: Change): boolean {
  const counter = Math.max(0, ...Object.values(before?.fields ?? {}).map((register) => register.counter))
  const isLater = (field: keyof Change) => change[field] === undefined || record.fields[field].counter > counter
  return isLater('paused') && isLater('cancelled') && isLater('priority')
}
