/**
 * P3, I6, I7: every execution has a claim on a disk; without a fault no task is executed again that was completed, and
 * none by two at once but where the first takes much longer than its node usually does, and never by three; in the end
 * every execution is an attempt that its task's facts tell the end of. Of a batch that was deleted no facts are left to
 * tell.
 */
import { type BatchId, readToken } from '../../../src/core/ids.ts'
import type { ExecutionRecord } from '../history.ts'
import type { Watch } from '../watch.ts'
import type { World } from '../world.ts'
import type { Checker } from './checker.ts'
import { trueBatches } from './truth.ts'

/** A claim may have been under way when its task was completed elsewhere. */
const CROSSING_MS = 2_000
/** Of what an attempt usually takes on its node, at the least. */
const LATE_FACTOR = 1.5

export class Executions implements Checker {
  readonly #world: World
  readonly #watch: Watch

  constructor(world: World, watch: Watch) {
    this.#world = world
    this.#watch = watch
  }

  executionBegan(record: ExecutionRecord): void {
    const { task, token, batch } = record
    if (this.#watch.deletedBatches.has(batch)) return
    if (!this.#isClaimed(record) && !this.#watch.damagedTasks.has(task))
      this.#world.report('I6', `task ${task} is executed under ${token}, which no disk has a claim of`)
    if (this.#watch.undisturbed && this.#watch.met) this.#undisturbed(record)
  }

  #isClaimed({ task, token }: ExecutionRecord): boolean {
    const facts = this.#world.pool.tasks.get(task)?.facts ?? []
    return facts.some((stored) => stored.kind === 'claimed' && 'token' in stored.fact && stored.fact.token === token)
  }

  #undisturbed(record: ExecutionRecord): void {
    const { history, scenario, report, pool } = this.#world
    const { task, atMs } = record
    const all = history.ofTask(task)
    const graceMs = scenario.nodes > 1 ? CROSSING_MS : 0
    const done = all.find(({ outcome, endMs }) => outcome === 'completed' && (endMs ?? atMs) < atMs - graceMs)
    const isVoided = pool.tasks.get(task)?.facts.some(({ kind }) => kind === 'voided') === true
    if (done !== undefined && !isVoided)
      report('P3', `task ${task} was completed at ${done.endMs} and is executed again at ${atMs}`)
    const { ignoredKills, lateSuccesses } = scenario.conditions.executor
    // An executor that does not end what it is asked to is a fault of its own.
    if (ignoredKills + lateSuccesses > 0) return
    const others = all.filter((each) => each !== record && each.endMs === undefined && each.killAskedMs === undefined)
    if (others.length > (scenario.nodes > 1 ? 1 : 0))
      report('I7', `task ${task} is executed ${others.length + 1} times at once`)
    for (const other of others) {
      if (this.#isOfAnotherMesh(other, record) || this.#isLate(other, atMs)) continue
      report('P3', `task ${task} is executed twice at once though the first has run for ${atMs - other.atMs} ms only`)
    }
  }

  /** Owners that did not know of each other yet, before their meshes met, grant the same task without a copy being due. */
  #isOfAnotherMesh(other: ExecutionRecord, { token }: ExecutionRecord): boolean {
    return readToken(other.token).boot !== readToken(token).boot && !this.#watch.hadMet(other.atMs)
  }

  /** Whether it has run for so much longer than others take on its node that a copy is explained. */
  #isLate({ node, atMs: fromMs }: ExecutionRecord, atMs: number): boolean {
    const { noise } = this.#world.scenario.conditions.executor
    return atMs - fromMs >= LATE_FACTOR * node.conditions.taskMs * (1 - noise)
  }

  finish(): void {
    const { history, pool, report } = this.#world
    const batches = trueBatches(this.#world)
    const isCancelled = (batch: BatchId) => batches.get(batch)?.fields.cancelled.value === true
    for (const { task, token, node, batch } of history.records) {
      const state = pool.tasks.get(task)?.state
      if (state?.seeded === undefined || this.#watch.damagedTasks.has(task)) continue
      if (this.#watch.deletedBatches.has(batch)) continue
      const attempt = state.attempts.find((each) => each.token === token)
      if (attempt === undefined || attempt.holder === undefined)
        report('I6', `the execution ${token} of task ${task} on node ${node.index} is no attempt in the end`)
      // Nobody looks after what ran of a task that is cancelled, or whose batch is, when its node went away.
      else if (attempt.end === 'open' && state.standing !== 'cancelled' && !isCancelled(batch))
        report('I6', `the execution ${token} of task ${task} on node ${node.index} never ended in the facts`)
    }
  }
}
