/**
 * The people of a simulated mesh: they seed files, change their minds, and in the end want everything done.
 *
 * 1. What they do goes through requests that a node may refuse, or not live to answer.
 */
import type { BatchId, NodeId, TaskId } from '../../src/core/ids.ts'
import type { BatchPlan } from './batch-plan.ts'
import type { FactPool } from './fact-pool.ts'
import type { OperatorDeed } from './faults.ts'
import type { SimNode } from './process.ts'
import type { Random } from './random.ts'
import type { Question, Reply, RequestDesk } from './requests.ts'
import type { Schedule, Target } from './schedule.ts'
import { Seeding } from './seeding.ts'

export interface OperatorOptions {
  readonly schedule: Schedule
  readonly desk: RequestDesk
  readonly nodes: readonly SimNode[]
  readonly plans: readonly BatchPlan[]
  readonly pool: FactPool
  readonly random: Random
  readonly frameRows: number
}

const RETRY_MS = 2_000
/** Between two looks of somebody who waits for something to retry. */
const LOOK_MS = 500

export class Operators {
  readonly #options: OperatorOptions
  readonly #seedings: Seeding[] = []
  readonly #batches = new Map<string, BatchId>()
  readonly #tasks = new Map<BatchId, Set<TaskId>>()
  /** Questions that are asked until they are answered. */
  #unanswered = 0
  #announced = 0
  #isFinished = false

  constructor(options: OperatorOptions) {
    this.#options = options
  }

  /** Seeds every file at its time. */
  begin(): void {
    const { schedule, plans } = this.#options
    for (const plan of plans) {
      for (const node of plan.nodes) {
        this.#announced++
        schedule.at(plan.atMs, this.#beginnings, { plan, node })
      }
    }
  }

  readonly #beginnings: Target<{ readonly plan: BatchPlan; readonly node: number }> = {
    happen: ({ plan, node }) => {
      this.#announced--
      this.#seed(plan, node)
    },
  }

  #seed(plan: BatchPlan, node: number): void {
    const { desk, schedule, random, nodes, frameRows } = this.#options
    const first = nodes[node]
    if (first === undefined) return
    const onRows = (batch: BatchId, rows: readonly { readonly task: TaskId }[]) => {
      this.#batches.set(plan.name, batch)
      const tasks = this.#tasks.get(batch) ?? new Set<TaskId>()
      for (const { task } of rows) tasks.add(task)
      this.#tasks.set(batch, tasks)
    }
    const seeding = new Seeding({ desk, schedule, random, plan, nodes, first, frameRows, onRows })
    this.#seedings.push(seeding)
    seeding.begin()
  }

  /** Whether every file is seeded and every lasting wish was answered. */
  get content(): boolean {
    return this.#announced === 0 && this.#unanswered === 0 && this.#seedings.every(({ done }) => done)
  }

  do(deed: OperatorDeed): void {
    const { nodes, plans } = this.#options
    const node = nodes[deed.node]
    if (node === undefined) return
    if (deed.kind === 'open-profiles') return this.openProfiles(node)
    if (deed.kind === 'join') return node.start()
    if (deed.kind === 'leave') return this.#leave(node, deed.backMs)
    if (deed.kind === 'forget') return this.#forget(node, nodes[deed.whom]?.id ?? '')
    const plan = plans[deed.batch]
    if (plan === undefined) return
    if (deed.kind === 'seed-again') this.#seed(plan, deed.node)
    else if (deed.kind === 'retry-tasks' && deed.looks === true) this.#retries.happen(deed)
    else {
      const question = this.#questionOf(deed, plan)
      if (question !== undefined) this.#options.desk.ask(node, question, () => undefined)
    }
  }

  /** As soon as something of the batch has failed or is cancelled; never where that comes too late. */
  readonly #retries: Target<Extract<OperatorDeed, { share: number }>> = {
    happen: (deed) => {
      if (this.#isFinished) return
      const { nodes, plans, desk, schedule, random } = this.#options
      const batch = this.#batches.get(plans[deed.batch]?.name ?? '')
      const ended = batch === undefined ? [] : this.#endedInVain(batch)
      const node = nodes[deed.node]
      if (batch === undefined || ended.length === 0 || node?.up !== true) {
        schedule.at(schedule.nowMs + LOOK_MS, this.#retries, deed)
        return
      }
      const some = random.some(ended, deed.share)
      const tasks = some.length > 0 ? some : ended.slice(0, 1)
      desk.ask(node, { type: 'change-tasks', batch, change: 'retry', tasks }, () => undefined)
    },
  }

  /** Tasks that have failed or are cancelled, by what is on all disks. */
  #endedInVain(batch: BatchId): TaskId[] {
    const { pool } = this.#options
    return [...(this.#tasks.get(batch) ?? [])].filter((task) => {
      const standing = pool.tasks.get(task)?.state?.standing
      return standing === 'failed' || standing === 'cancelled'
    })
  }

  #leave(node: SimNode, backMs: number | undefined): void {
    if (!node.up || node.leaving !== undefined) return
    const { starts } = node
    node.leaving = { backMs }
    const hear = (reply: Reply | undefined) => {
      if (reply?.type === 'refuse' && node.starts === starts) node.leaving = undefined
    }
    this.#options.desk.ask(node, { type: 'leave' }, hear, true)
  }

  #forget(node: SimNode, whom: NodeId): void {
    this.#options.desk.ask(node, { type: 'forget', node: whom }, () => undefined)
  }

  #questionOf(
    deed: Exclude<OperatorDeed, { kind: 'seed-again' | 'open-profiles' | 'join' | 'leave' | 'forget' }>,
    plan: BatchPlan,
  ): Question | undefined {
    const batch = this.#batches.get(plan.name)
    if (batch === undefined) return undefined
    switch (deed.kind) {
      case 'pause-batch':
      case 'resume-batch':
        return {
          type: 'set-batch',
          batch,
          change: { paused: deed.kind === 'pause-batch' },
          stopRunning: deed.stopRunning,
        }
      case 'cancel-batch':
      case 'uncancel-batch':
        return {
          type: 'set-batch',
          batch,
          change: { cancelled: deed.kind === 'cancel-batch' },
          stopRunning: deed.stopRunning,
        }
      case 'delete-batch':
        return { type: 'delete-batch', batch }
      case 'prefer-batch':
        return { type: 'set-batch', batch, change: { priority: deed.priority } }
      case 'cancel-tasks':
      case 'retry-tasks': {
        const all = [...(this.#tasks.get(batch) ?? [])]
        const tasks = all.filter(() => this.#options.random.chance(deed.share))
        const change = deed.kind === 'cancel-tasks' ? 'cancel' : 'retry'
        return { type: 'change-tasks', batch, change, tasks, stopRunning: deed.stopRunning }
      }
    }
  }

  /** Reads its configuration again: what it could not perform it tries again. */
  openProfiles(node: SimNode): void {
    for (const [profile, settings] of Object.entries(node.conditions.settings.profiles))
      node.post({ type: 'set-profile', profile, settings })
  }

  /** What rests for a while opens by itself; people look after what is closed for good. */
  #openClosed(node: SimNode): void {
    if (node.core?.view().profiles.some(({ rest }) => rest?.forGood === true)) this.openProfiles(node)
  }

  /** Everything that may run shall run from now on. */
  finish(): void {
    this.#isFinished = true
    for (const batch of this.#batches.values()) this.#insist({ type: 'set-batch', batch, change: { paused: false } })
    for (const node of this.#options.nodes) this.#openClosed(node)
  }

  #insist(question: Question): void {
    this.#unanswered++
    this.#insistings.happen(question)
  }

  /** Whether nothing can be asked for about a batch any more: no disk has it, or it is deleted. */
  #isGone(batch: BatchId): boolean {
    const records = this.#options.nodes.map(({ disk, retired }) => (retired ? undefined : disk.batch(batch)))
    return records.every((record) => record === undefined) || records.some((record) => record?.deleted)
  }

  /** Asks any node that is up until one answers; a batch that is gone needs no answer. */
  readonly #insistings: Target<Question> = {
    happen: (question) => {
      const { nodes, random, desk, schedule } = this.#options
      const up = nodes.filter((node) => node.up && !node.retired)
      const hear = (reply: Reply | undefined) => {
        const isGone = 'batch' in question && this.#isGone(question.batch)
        if (reply?.type === 'answer' || isGone) this.#unanswered--
        else schedule.at(schedule.nowMs + RETRY_MS, this.#insistings, question)
      }
      if (up.length === 0) hear(undefined)
      else desk.ask(random.pick(up), question, hear)
    },
  }
}
