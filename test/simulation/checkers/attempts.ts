/**
 * I8: an owner claims a task only while section 8 of the protocol has more attempts for it, by all that it knows: until
 * as many as are allowed have failed on two nodes, or twice as many on one alone, which gets no last attempt while another
 * node could perform it; and a copy of an attempt that is open only where both may fail within twice as many. Where
 * nothing was lost, executors have not failed more often than that.
 */
import type { Effect } from '../../../src/core/effects.ts'
import type { Event } from '../../../src/core/events.ts'
import type { ClaimedFact } from '../../../src/core/facts.ts'
import { slotOf } from '../../../src/core/ids.ts'
import { MESH_SETTINGS } from '../../../src/core/settings.ts'
import type { Attempt, TaskState } from '../../../src/core/task.ts'
import type { ExecutionRecord } from '../history.ts'
import { OwnClaims } from '../own-claims.ts'
import type { SimNode } from '../process.ts'
import type { Watch } from '../watch.ts'
import type { World } from '../world.ts'
import { isBlamed, isCharged } from './attempt-ends.ts'
import type { Checker } from './checker.ts'

/** What an owner knows of who could perform a task is no older. */
const TOLD_MS = 10_000
const HEARD_MS = 2_000

/** What has a node perform less than it is set up for, or nothing. */
const UNABLE: ReadonlySet<Event['type']> = new Set(['suspend', 'stop', 'leave', 'forget'])

export class Attempts implements Checker {
  readonly #world: World
  readonly #watch: Watch
  readonly #claims = new OwnClaims()

  constructor(world: World, watch: Watch) {
    this.#world = world
    this.#watch = watch
  }

  /** When its process began, of each node that may perform all that it is set up for. */
  readonly #ableMs = new Map<SimNode, number>()
  /** Whether some node could not for a while, as people or its machine had it. */
  #wasUnable = false

  began(node: SimNode): void {
    this.#ableMs.set(node, this.#world.schedule.nowMs)
  }

  event(node: SimNode, event: Event): void {
    const isClosed = event.type === 'execution-ended' && event.error?.class === 'not-here'
    if (!isClosed && !UNABLE.has(event.type)) return
    this.#ableMs.delete(node)
    this.#wasUnable = true
  }

  effect(node: SimNode, effect: Effect): void {
    for (const claim of this.#claims.stated(node, effect)) this.#claim(node, claim)
  }

  #claim(node: SimNode, claim: ClaimedFact): void {
    const known = this.#watch.knows(node, claim.task, slotOf(claim.task))
    // Of what a disk lost and got back later, memory may not know the rest.
    if (known === undefined || this.#watch.damagedTasks.has(claim.task)) return
    const attempts = known.attempts.filter(({ token, round }) => token !== claim.token && round === claim.round)
    const max = this.#watch.knowsBatch(node, claim.batch)?.fields.maxAttempts.value ?? MESH_SETTINGS.maxAttempts
    const { nodes } = this.#world.scenario
    const charged = attempts.filter(isCharged).map(({ holder }) => holder)
    const isCopy = attempts.some(({ end }) => end === 'open')
    const used = usedUp(charged, max, nodes) ?? (isCopy ? copiesUsedUp(charged, max) : undefined)
    const reason = overLimit(known, attempts, nodes) ?? used ?? this.#misplaced(node, claim, charged, max)
    if (reason !== undefined) this.#world.report('I8', `node ${node.index} claims task ${claim.task} though ${reason}`)
  }

  /** The last attempt of a task that failed on one node alone is not that node's. */
  #misplaced(owner: SimNode, claim: ClaimedFact, charged: readonly unknown[], max: number): string | undefined {
    const isOnlyThere = charged.length > 0 && charged.every((holder) => holder === claim.holder)
    if (!isOnlyThere || charged.length < max - 1 || !this.#watch.undisturbed || !this.#watch.met) return undefined
    const profile = this.#watch.knows(owner, claim.task, slotOf(claim.task))?.seeded?.profile
    const other = this.#world.nodes.find(
      (each) => each.id !== claim.holder && this.#isKnownAble(owner, each, profile ?? ''),
    )
    return other && `its attempts failed on ${claim.holder} alone, and node ${other.index} could perform it`
  }

  /** Whether an owner must know that a node could perform a profile. */
  #isKnownAble(owner: SimNode, node: SimNode, profile: string): boolean {
    const isAble =
      node.up && this.#world.schedule.nowMs > (this.#ableMs.get(node) ?? Number.POSITIVE_INFINITY) + TOLD_MS
    if (!isAble || node.conditions.settings.profiles[profile] === undefined) return false
    if (node === owner) return true
    const isMember = owner.disk.members.get(node.id)?.standing === 'joined'
    return isMember && this.#watch.heardMs(owner, node.id) > owner.localMs - HEARD_MS
  }

  executionEnded({ task, outcome, batch }: ExecutionRecord): void {
    if (outcome !== 'failed' || !this.#watch.undisturbed || this.#watch.deletedBatches.has(batch)) return
    const { history, pool, report } = this.#world
    const facts = pool.tasks.get(task)?.facts ?? []
    const rounds = 1 + facts.filter(({ kind }) => kind === 'retried' || kind === 'voided').length
    const failed = history.ofTask(task).filter((each) => each.outcome === 'failed').length
    const most = rounds * this.#failuresMax(history.ofTask(task))
    if (failed > most)
      report('I8', `task ${task} failed ${failed} times in ${rounds} rounds; at most ${most} are allowed`)
  }

  /** In a round of a task that was performed so. */
  #failuresMax(records: readonly ExecutionRecord[]): number {
    const { nodes, startsWithinMs, conditions } = this.#world.scenario
    const { maxAttempts } = conditions
    if (nodes === 1) return maxAttempts
    // Meshes that have not met yet know nothing of each other's failures.
    const isOneMesh = (records[0]?.atMs ?? 0) > startsWithinMs + TOLD_MS
    const hasCopy = records.some(({ atMs }, at) => records.slice(0, at).some((each) => (each.endMs ?? atMs) >= atMs))
    if (!isOneMesh || this.#wasUnable) return 2 * maxAttempts
    // A task that may fail once is tried on another node all the same, and a last attempt may have a copy.
    return Math.max(2, hasCopy ? maxAttempts + 1 : maxAttempts)
  }
}

function copiesUsedUp({ length }: readonly unknown[], max: number): string | undefined {
  return length + 2 > 2 * max ? `it runs, and ${length} attempts of ${2 * max} have failed` : undefined
}

/** A node alone has nobody else to try the last attempt. */
function usedUp(charged: readonly unknown[], max: number, nodes: number): string | undefined {
  const most = nodes > 1 && new Set(charged).size < 2 ? 2 * max : max
  return charged.length >= most ? `${charged.length} attempts of ${most} failed` : undefined
}

function overLimit(state: TaskState, attempts: readonly Attempt[], nodes: number): string | undefined {
  if (state.standing !== 'waiting' && state.standing !== 'claimed') return `it is ${state.standing}`
  if (attempts.some(({ error }) => error?.class === 'bad-input')) return 'its input is bad'
  const tried = attempts.filter(({ end }) => end !== 'returned').length
  if (tried >= MESH_SETTINGS.attemptsPerRoundMax) return `it was tried ${tried} times`
  const blamed = attempts.filter(isBlamed)
  if (blamed.length >= MESH_SETTINGS.blamedLossesMax) return `${blamed.length} losses are blamed on it`
  return overOpen(attempts, nodes)
}

/** A second one is a speculative copy; a node alone has no use for one. */
function overOpen(attempts: readonly Attempt[], nodes: number): string | undefined {
  const open = attempts.filter(({ end }) => end === 'open').length
  return open > (nodes > 1 ? 1 : 0) ? `${open} attempts of it are open` : undefined
}
