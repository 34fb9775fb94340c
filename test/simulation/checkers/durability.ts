/**
 * P1, I1: what was acknowledged is on as many disks as was said, and stays on one as long as no disk fault took the
 * last copy.
 */
import type { AnswerValue, Effect } from '../../../src/core/effects.ts'
import type { TaskId } from '../../../src/core/ids.ts'
import { STANDINGS } from '../../../src/core/member-entry.ts'
import type { MemberEntry } from '../../../src/core/membership.ts'
import type { SimNode } from '../process.ts'
import type { Watch } from '../watch.ts'
import type { World } from '../world.ts'
import type { Checker } from './checker.ts'

/** After so long without trouble every node knows of the others. */
const MET_MS = 60_000

export class Durability implements Checker {
  readonly #world: World
  readonly #watch: Watch
  readonly #acknowledged = new Set<TaskId>()

  constructor(world: World, watch: Watch) {
    this.#world = world
    this.#watch = watch
  }

  effect(node: SimNode, effect: Effect): void {
    if (effect.type !== 'answer') return
    const asked = this.#world.desk.asked(effect.request)
    if (asked?.type === 'intake' && effect.value.type === 'intake') this.#intake(asked.rows, effect.value.copies)
    if (effect.value.type === 'member') this.#member(effect.value)
    if (effect.value.type === 'batch') this.#batch(node, effect.value.batch.id)
    if (asked?.type === 'set-batch') this.#batch(node, asked.batch)
  }

  #intake(rows: readonly { readonly task: TaskId }[], copies: number): void {
    const { scenario, schedule, report, nodes } = this.#world
    for (const { task } of rows) {
      this.#acknowledged.add(task)
      const found = this.#copies(task)
      if (found < Math.min(2, copies) && !this.#watch.damagedTasks.has(task))
        report('P1', `task ${task} was acknowledged with ${copies} copies, and is on ${found} disks`)
    }
    const isMet = scenario.conditions.calm && schedule.nowMs > scenario.startsWithinMs + MET_MS
    if (copies < 2 && isMet && nodes.filter(({ up }) => up).length > 1)
      report('P1', `${rows.length} tasks were acknowledged with 1 copy while ${scenario.nodes} nodes could store them`)
  }

  /** Disks that have the task. */
  #copies(task: TaskId): number {
    let most = 0
    for (const fact of this.#world.pool.tasks.get(task)?.facts ?? [])
      if (fact.kind === 'seeded') most = Math.max(most, fact.copies)
    return most
  }

  #batch(node: SimNode, batch: string): void {
    const disks = this.#world.nodes.filter(({ disk }) => disk.batch(batch) !== undefined).length
    if (disks === 0 && !this.#watch.damagedNodes.has(node))
      this.#world.report('P1', `batch ${batch} was acknowledged by node ${node.index}, and is on no disk`)
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

  second(): void {
    if (this.#world.schedule.nowMs % 10_000 === 0) this.#look()
  }

  finish(): void {
    this.#look()
  }

  #look(): void {
    for (const task of this.#acknowledged)
      if (this.#copies(task) === 0 && !this.#watch.damagedTasks.has(task))
        this.#world.report('P1', `task ${task} was acknowledged, and is on no disk though no disk lost it`)
  }
}
