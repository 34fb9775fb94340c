/**
 * P1, I1: what was acknowledged is on as many disks as was said, and stays on one as long as no disk fault took the
 * last copy. A change of a batch that was answered is on the disk of the node that answered, unless a later one is.
 */
import type { BatchFields, BatchRecord } from '../../../src/core/batches.ts'
import type { Effect } from '../../../src/core/effects.ts'
import type { Event } from '../../../src/core/events.ts'
import type { TaskId } from '../../../src/core/ids.ts'
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

  /** The record as it was on the disk of the node that is asked to change it, by request. */
  readonly #asked = new Map<number, BatchRecord | undefined>()

  event(node: SimNode, event: Event): void {
    if (event.type === 'set-batch') this.#asked.set(event.request, node.disk.batch(event.batch))
  }

  effect(node: SimNode, effect: Effect): void {
    if (effect.type !== 'answer') return
    const asked = this.#world.desk.asked(effect.request)
    if (asked?.type === 'intake' && effect.value.type === 'intake') this.#intake(asked.rows, effect.value.copies)
    if (effect.value.type === 'batch') this.#batch(node, effect.value.batch.id)
    if (asked?.type !== 'set-batch') return
    this.#batch(node, asked.batch)
    this.#change(node, asked)
  }

  #change(node: SimNode, { request, batch, change }: Extract<Event, { type: 'set-batch' }>): void {
    const [before, now] = [this.#asked.get(request), node.disk.batch(batch)]
    this.#asked.delete(request)
    if (this.#watch.damagedNodes.has(node)) return
    for (const [name, value] of Object.entries(change)) {
      const field = name as keyof BatchFields
      const isLater = (now?.fields[field].counter ?? 0) > (before?.fields[field].counter ?? 0)
      if (isLater || now?.fields[field].value === value) continue
      this.#world.report(
        'P1',
        `node ${node.index} answered that ${name} of batch ${batch} is ${value}; its disk has not`,
      )
    }
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
