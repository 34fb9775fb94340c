/**
 * P4 after faults: once everything has been calm for a minute no node has a free place for more than 5 s while a task
 * waits, anywhere, that it could perform and could be granted.
 *
 * A task is granted to nobody while it or its batch is cancelled or paused, while it rests after a failure, which begins
 * anew with a new owner, and, where fewer of its slot's list are there than is asked for, as long as that is so; its last
 * attempt not to the one node where the others failed, while another could perform it. A node may rest where every task
 * has failed of late (the protocol's breaker). While a task that must run alone is open, others wait for it: then nothing
 * is said. Nor is it of tasks that a disk fault took facts of for good, nor where as many tasks as an owner may have ready
 * wait for any node but this one: it reads no others from its store until those are taken. Who leaves grants nothing
 * between the end of its last attempt and when others have its slots.
 */
import type { Writes } from '../../../src/core/effects.ts'
import type { BatchId } from '../../../src/core/ids.ts'
import { MESH_SETTINGS } from '../../../src/core/settings.ts'
import type { Attempt, TaskState } from '../../../src/core/task.ts'
import type { PoolFact, TaskTruth } from '../fact-pool.ts'
import type { ExecutionRecord } from '../history.ts'
import type { SimNode } from '../process.ts'
import type { Watch } from '../watch.ts'
import type { World } from '../world.ts'
import { isCharged } from './attempt-ends.ts'
import type { Checker } from './checker.ts'
import { awayOn, membersOn } from './members.ts'
import { referenceRing } from './reference-ring.ts'
import { tasksOf, trueBatches } from './truth.ts'

const CALM_MS = 60_000
const IDLE_MS_MAX = 5_000
/** By then the slots of a node that has left are served. */
const LEFT_MS = 20_000
/** Different tasks that fail in a row before a node may rest, and the longest that it does. */
const FAILURES_MAX = 3
const REST_MS_MAX = 600_000

interface Waiting {
  readonly profile: string
  readonly sinceMs: number
  /** The node that must not have it, if any. */
  readonly notOn: string | undefined
}

export class IdlePlaces implements Checker {
  readonly #world: World
  readonly #watch: Watch
  /** Tasks that could be granted. */
  #waiting = new Map<string, Waiting>()
  /** Node and profile => since when it has a free place. */
  readonly #freeMs = new Map<string, number>()
  readonly #startedMs = new Map<SimNode, number>()
  /** Node and profile => executions that live there, and those in a row that failed. */
  readonly #running = new Map<string, number>()
  readonly #failures = new Map<string, { readonly count: number; readonly atMs: number }>()
  readonly #endedMs = new WeakMap<PoolFact, number>()
  /** When a node was leaving last. */
  #leavingMs = Number.NEGATIVE_INFINITY
  /** When somebody became the owner of something last. */
  #promisedMs = 0

  constructor(world: World, watch: Watch) {
    this.#world = world
    this.#watch = watch
  }

  began(node: SimNode): void {
    this.#startedMs.set(node, this.#world.schedule.nowMs)
    for (const profile of Object.keys(node.conditions.settings.profiles)) {
      this.#freeMs.delete(keyOf(node, profile))
      this.#failures.delete(keyOf(node, profile))
    }
  }

  executionBegan({ node, task }: ExecutionRecord): void {
    const key = keyOf(node, this.#profileOf(task))
    this.#running.set(key, 1 + (this.#running.get(key) ?? 0))
  }

  executionEnded({ node, task, outcome }: ExecutionRecord): void {
    const key = keyOf(node, this.#profileOf(task))
    this.#running.set(key, (this.#running.get(key) ?? 0) - 1)
    if (outcome === 'completed') this.#failures.delete(key)
    else if (outcome !== 'returned')
      this.#failures.set(key, { count: 1 + (this.#failures.get(key)?.count ?? 0), atMs: this.#world.schedule.nowMs })
  }

  #mayRest(key: string): boolean {
    const failures = this.#failures.get(key)
    if (failures === undefined || failures.count < FAILURES_MAX) return false
    return this.#world.schedule.nowMs < failures.atMs + REST_MS_MAX + IDLE_MS_MAX
  }

  readonly #profiles = new Map<string, string>()

  #profileOf(task: string): string {
    const known = this.#profiles.get(task) ?? this.#world.pool.tasks.get(task)?.state?.seeded?.profile ?? ''
    this.#profiles.set(task, known)
    return known
  }

  durable(_node: SimNode, { promises }: Writes, added: readonly PoolFact[]): void {
    const { nowMs } = this.#world.schedule
    if (promises !== undefined) this.#promisedMs = nowMs
    for (const fact of added) if (fact.kind === 'ended' && !this.#endedMs.has(fact)) this.#endedMs.set(fact, nowMs)
  }

  second(): void {
    const { calmMs, schedule, live } = this.#world
    if (calmMs === undefined || schedule.nowMs < calmMs + CALM_MS) return
    const leaving = live.filter((node) => node.leaving !== undefined)
    if (leaving.length > 0) this.#leavingMs = schedule.nowMs
    const hasJustLeft = leaving.length === 0 && schedule.nowMs < this.#leavingMs + LEFT_MS
    this.#waiting = hasJustLeft ? new Map() : this.#grantable(leaving.filter(({ executor }) => executor.running === 0))
    for (const node of live) {
      const isSteady = node.up && schedule.nowMs > (this.#startedMs.get(node) ?? 0) + CALM_MS
      for (const [profile, { places }] of Object.entries(node.conditions.settings.profiles)) {
        const key = keyOf(node, profile)
        const hasPlace = isSteady && node.leaving === undefined && (this.#running.get(key) ?? 0) < places
        if (!hasPlace || this.#mayRest(key)) this.#freeMs.delete(key)
        else this.#look(node, profile, key)
      }
    }
  }

  #look(node: SimNode, profile: string, key: string): void {
    const { nowMs } = this.#world.schedule
    const freeMs = this.#freeMs.get(key) ?? nowMs
    this.#freeMs.set(key, freeMs)
    if (nowMs - freeMs <= IDLE_MS_MAX) return
    const notForIt = [...this.#waiting.values()].filter((each) => each.profile === profile && each.notOn === node.id)
    const { openTasksMax, pageTasks } = node.conditions.settings
    if (notForIt.length >= Math.max(openTasksMax, pageTasks)) {
      this.#freeMs.set(key, nowMs)
      return
    }
    for (const [task, waiting] of this.#waiting) {
      if (waiting.profile !== profile || waiting.notOn === node.id || nowMs - waiting.sinceMs <= IDLE_MS_MAX) continue
      this.#world.report(
        'P4',
        `node ${node.index} has a free place of ${profile} since ${freeMs}, and task ${task} waits since ${waiting.sinceMs}`,
      )
      return
    }
  }

  /** But for slots of those who leave and have drained. */
  #grantable(drained: readonly SimNode[]): Map<string, Waiting> {
    const waiting = new Map<string, Waiting>()
    const batches = trueBatches(this.#world)
    const { nowMs } = this.#world.schedule
    const mayRun = (batch: BatchId) => {
      const record = batches.get(batch)
      return record !== undefined && !record.deleted && !record.fields.paused.value && !record.fields.cancelled.value
    }
    const isThere = this.#slotsThere()
    for (const truth of tasksOf(this.#world)) {
      const { state, batch, task, slot } = truth
      if (state === undefined || !mayRun(batch)) continue
      if (drained.some((node) => this.#watch.owns(node, slot))) continue
      if (isLone(state) && (state.standing === 'waiting' || state.standing === 'claimed')) return new Map()
      if (this.#watch.brokenTasks.has(task)) continue
      if (state.standing !== 'waiting' || nowMs < this.#restsUntilMs(truth, state) || !isThere(slot)) continue
      const max = batches.get(batch)?.fields.maxAttempts.value ?? MESH_SETTINGS.maxAttempts
      const sinceMs = this.#waiting.get(task)?.sinceMs ?? nowMs
      const profile = state.seeded?.profile ?? ''
      const holder = failedOnlyOn(state, max)
      waiting.set(task, { profile, sinceMs, notOn: this.#hasOther(profile, holder) ? holder : undefined })
    }
    return waiting
  }

  #hasOther(profile: string, than: string | undefined): boolean {
    return this.#world.live.some(
      ({ up, id, conditions }) => up && id !== than && conditions.settings.profiles[profile] !== undefined,
    )
  }

  /** The longest pause that an owner may make, from the last end or from when there may be another owner. */
  #restsUntilMs({ facts }: TaskTruth, state: TaskState): number {
    const ends = facts.filter(({ kind }) => kind === 'ended')
    if (ends.length === 0) return 0
    const pausing = state.attempts.filter(({ round, end }) => round === state.round && end !== 'lost').length
    const { backoffMs, backoffMsMax } = MESH_SETTINGS
    const pauseMs = Math.min(backoffMs * 2 ** Math.max(0, pausing - 1), backoffMsMax)
    return Math.max(this.#promisedMs, ...ends.map((fact) => this.#endedMs.get(fact) ?? 0)) + pauseMs
  }

  /** Whether so many of a slot's list are up that its tasks are granted at once: all where the mesh is strict. */
  #slotsThere(): (slot: number) => boolean {
    const { live, scenario } = this.#world
    const first = live.find(({ up, hasLeft }) => up && !hasLeft)
    if (first === undefined) return () => false
    const [ring, away] = [referenceRing(membersOn(first)), awayOn(first)]
    const up = new Set(live.filter((node) => node.up).map(({ id }) => id))
    return (slot) => {
      const list = ring.listWithout(slot, away)
      const there = list.filter((id) => up.has(id)).length
      return there >= (scenario.conditions.partition === 'strict' ? list.length : Math.min(2, list.length))
    }
  }
}

function keyOf(node: SimNode, profile: string): string {
  return `${node.index} ${profile}`
}

/** It may have ended nodes, and runs alone on the next. */
function isLone({ attempts, round }: TaskState): boolean {
  const isBlamed = ({ why }: Attempt) => why === 'holder-dead' || why === 'holder-restarted'
  const blamed = attempts.filter((each) => each.round === round && each.end === 'lost' && isBlamed(each))
  return blamed.length >= MESH_SETTINGS.blamedLossesAlone
}

/** The only node where a task has failed, if it has one attempt left. */
function failedOnlyOn({ attempts, round }: TaskState, max: number): string | undefined {
  const failed = attempts.filter((each) => each.round === round && isCharged(each))
  const holders = new Set(failed.map(({ holder }) => holder))
  const [holder] = holders
  return holders.size === 1 && failed.length >= max - 1 ? holder : undefined
}
