/**
 * P2, I2: the completion that counts stays the one that counts, where its task is owned; and once everything has come
 * to rest nothing changes any more.
 *
 * With several nodes a result may change where sides of a partition meet that each had an owner of its own, which granted
 * the attempt that counted there: once for each of those sides but one.
 */
import type { Writes } from '../../../src/core/effects.ts'
import { readToken, type TaskId, type Token } from '../../../src/core/ids.ts'
import { fold, type TaskState } from '../../../src/core/task.ts'
import type { PoolFact } from '../fact-pool.ts'
import type { DiskDamage } from '../observer.ts'
import type { SimNode } from '../process.ts'
import type { Watch } from '../watch.ts'
import type { World } from '../world.ts'
import type { Checker } from './checker.ts'

export class Agreement implements Checker {
  readonly #world: World
  readonly #watch: Watch
  /** What counts on the disk of the node that owns the task. */
  readonly #counted = new Map<string, Token>()
  /** By task and result: the nodes on which it counted while they owned the task. */
  readonly #owners = new Map<string, Set<SimNode>>()
  /** By node and task: every result that counted there and does not any more. */
  readonly #replaced = new Map<string, Set<Token>>()
  #rest: Map<TaskId, string> | undefined

  constructor(world: World, watch: Watch) {
    this.#world = world
    this.#watch = watch
  }

  durable(node: SimNode, _writes: Writes, added: readonly PoolFact[]): void {
    for (const fact of added) {
      if (fact.kind !== 'ended' && fact.kind !== 'chosen' && fact.kind !== 'voided') continue
      // Who chooses owned the task when it did, whatever it heard since.
      if (fact.fact.kind === 'chosen' && fact.copies === 1) this.#note(node, fact.task, fact.fact.token)
      // Who takes a slot over has its ballot before all of its facts are there: until it serves nothing counts.
      if (this.#watch.owns(node, fact.slot) && node.core?.serves?.(fact.slot) !== false) this.#look(node, fact)
    }
  }

  /** A result counted on a node while that owned its task. */
  #note(node: SimNode, task: TaskId, token: Token): void {
    const result = `${task} ${token}`
    this.#owners.set(result, (this.#owners.get(result) ?? new Set()).add(node))
  }

  /** What a disk has lost it may learn anew, in another order. */
  damaged(node: SimNode, _damage: DiskDamage, lost: readonly PoolFact[]): void {
    for (const { task } of lost) {
      this.#counted.delete(`${node.index} ${task}`)
      this.#replaced.delete(`${node.index} ${task}`)
    }
  }

  #look(node: SimNode, { task, slot, batch }: PoolFact): void {
    // Of a deleted batch facts go, one after the other.
    if (this.#watch.deletedBatches.has(batch)) return
    const state = fold(node.disk.facts.of(task, slot))
    const key = `${node.index} ${task}`
    const before = this.#counted.get(key)
    if (state.counts === undefined) this.#counted.delete(key)
    else {
      this.#counted.set(key, state.counts)
      this.#note(node, task, state.counts)
    }
    if (before === undefined || state.counts === undefined || state.counts === before) return
    if (!hasCompletion(state, before)) return
    const replaced = this.#replaced.get(key) ?? new Set()
    this.#replaced.set(key, replaced.add(before))
    const isOwn = (token: Token) => readToken(token).boot === node.boot
    // Another side may have had an owner of its own, which heard of an attempt that was lost here, or may have one still.
    const hasCountedElsewhere = [...(this.#owners.get(`${task} ${state.counts}`) ?? [])].some((other) => other !== node)
    const isRivalled =
      hasCountedElsewhere || this.#world.nodes.some((other) => other !== node && this.#watch.owns(other, slot))
    // Of two sides that are met one after the other, the second may have chosen what the first one's choice replaced.
    const isTakenBack =
      (replaced.has(state.counts) && !hasCountedElsewhere) || (isOwn(before) && isOwn(state.counts) && !isRivalled)
    const mayMeet = this.#world.scenario.nodes > 1 && !this.#watch.undisturbed && !isTakenBack
    if (!mayMeet) this.#world.report('I2', `task ${task}: ${before} counted on node ${node.index}, now ${state.counts}`)
  }

  /** Everything has come to rest: remembers how it stands. */
  restBegan(): void {
    this.#world.restMs = this.#world.schedule.nowMs
    this.#rest = this.#standings()
  }

  #standings(): Map<TaskId, string> {
    const standings = new Map<TaskId, string>()
    for (const [task, { state }] of this.#world.pool.tasks)
      if (state !== undefined) standings.set(task, `${state.standing} ${state.counts} ${state.attempts.length}`)
    return standings
  }

  finish(): void {
    const after = this.#standings()
    for (const [task, before] of this.#rest ?? [])
      if (after.get(task) !== before && !this.#watch.brokenTasks.has(task))
        this.#world.report('P2', `task ${task} was at rest as (${before}) and became (${after.get(task)})`)
  }
}

/** Whether that attempt is a completion that could count. */
function hasCompletion({ attempts }: TaskState, token: Token): boolean {
  return attempts.some((each) => each.token === token && each.end === 'completed' && !each.voided)
}
