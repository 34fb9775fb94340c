/**
 * Which waiting task gets a free place.
 *
 * 1. Claims go to the batch first in order (priority, then age); within it to the lowest rank, then index. A task that
 *    failed on a node comes last there, while another node could perform it.
 * 2. While another capable node is up, the last attempt of a task that failed on one node alone is not granted to that.
 * 3. A task suspected of ending its node runs alone. When its turn comes here and others run, nothing is granted to this
 *    node until they have ended, and nothing while it runs itself; another node gets it only while that runs nothing.
 *    Executions that were given up do not count as running.
 */
import type { Batch, BatchBook } from './batch-book.ts'
import type { NodeId } from './ids.ts'
import type { OpenTask } from './open-task.ts'
import type { Held, Places } from './places.ts'
import { chargedFailures } from './retry.ts'
import type { World } from './world.ts'

/** Tasks that one search may pass over. */
const PASSED_OVER_MAX = 64

export interface GrantingRules {
  /** Claims a task for this node. */
  readonly claim: (batch: Batch, task: OpenTask) => void
  /** How many nodes that are up could perform a profile. */
  readonly capableNodes: (profile: string) => number
}

export class Granting {
  readonly #world: World
  readonly #book: BatchBook
  readonly #places: Places
  readonly #rules: GrantingRules
  /** A task whose turn it is, but that must wait until nothing else runs. */
  #lone: OpenTask | undefined
  /** The lone task that was granted last. */
  #running: OpenTask | undefined

  constructor(world: World, book: BatchBook, places: Places, rules: GrantingRules) {
    this.#world = world
    this.#book = book
    this.#places = places
    this.#rules = rules
  }

  /** Fills the free places of this node. */
  fill(): void {
    if (this.#runLone()) return
    for (const [name, profile] of this.#places.profiles) {
      let free = profile.free(this.#world.nowMs)
      if (free === 0) continue
      for (const batch of this.#book.live()) {
        if (free === 0 || this.#lone !== undefined) break
        if (this.#running !== undefined) return
        if (batch.runnable) free -= this.#grantFrom(batch, name, free)
      }
    }
  }

  #grantFrom(batch: Batch, profile: string, free: number): number {
    const { picked, lone } = this.#search(batch, profile, free, this.#world.nodeId)
    for (const task of picked) this.#rules.claim(batch, task)
    if (lone === undefined) return picked.length
    if (picked.length === 0 && this.#othersOf(lone).length === 0) {
      this.#grantLone(batch, lone)
      return 1
    }
    this.#lone = lone
    return free
  }

  /** Takes tasks out of the queues for another node, which is to get them. */
  *pick(holder: NodeId, profile: string, free: number, idle: boolean): Generator<[Batch, OpenTask]> {
    let left = free
    for (const batch of this.#book.live()) {
      if (left <= 0) return
      if (!batch.runnable) continue
      const { picked, lone } = this.#search(batch, profile, left, holder)
      left -= picked.length
      for (const task of picked) yield [batch, task]
      if (lone === undefined) continue
      if (idle && left === free) {
        yield [batch, lone]
        return
      }
      batch.queue(profile).push(lone)
    }
  }

  /** The next tasks for a node, taken out of their queue; `lone` comes where it would be next and must run alone. */
  #search(
    batch: Batch,
    profile: string,
    free: number,
    holder: NodeId,
  ): { picked: OpenTask[]; lone: OpenTask | undefined } {
    const queue = batch.queues.get(profile)
    const picked: OpenTask[] = []
    const last: OpenTask[] = []
    const never: OpenTask[] = []
    let lone: OpenTask | undefined
    while (queue !== undefined && picked.length < free && last.length + never.length < PASSED_OVER_MAX) {
      const task = queue.peek()
      if (task === undefined) break
      queue.pop()
      const fit = this.#fitOf(batch, task, holder)
      if (fit === 'never') never.push(task)
      else if (fit === 'last') last.push(task)
      else if (this.#isLone(task)) {
        lone = task
        break
      } else picked.push(task)
    }
    while (picked.length < free && lone === undefined && last.length > 0) {
      const task = last.shift() as OpenTask
      if (this.#isLone(task)) lone = task
      else picked.push(task)
    }
    for (const task of [...never, ...last]) queue?.push(task)
    return { picked, lone }
  }

  #fitOf(batch: Batch, task: OpenTask, holder: NodeId): 'now' | 'last' | 'never' {
    if (task.state.attempts.length === 0) return 'now'
    const charged = chargedFailures(task.state)
    if (!charged.some((attempt) => attempt.holder === holder)) return 'now'
    if (this.#rules.capableNodes(task.profile) < 2) return 'now'
    const isOnlyHere = charged.every((attempt) => attempt.holder === holder)
    return isOnlyHere && charged.length >= batch.record.fields.maxAttempts.value - 1 ? 'never' : 'last'
  }

  /** Runs the task that waits to run alone once nothing else runs; true while it is its turn. */
  #runLone(): boolean {
    const task = this.#lone
    if (task === undefined) return this.#loneRuns()
    const batch = this.#book.get(task.batch)
    const free = this.#places.profiles.get(task.profile)?.free(this.#world.nowMs) ?? 0
    const isDue = task.phase === 'ready' && batch?.runnable === true
    if (isDue && free > 0 && this.#othersOf(task).length > 0) return true
    this.#lone = undefined
    if (isDue && free > 0) {
      this.#grantLone(batch, task)
      return true
    }
    if (task.phase === 'ready') batch?.queue(task.profile).push(task)
    return false
  }

  #grantLone(batch: Batch, task: OpenTask): void {
    this.#running = task
    this.#rules.claim(batch, task)
  }

  /** Looks through what is held only while a lone task may be among it: this is asked at every step. */
  #loneRuns(): boolean {
    const task = this.#running
    if (task === undefined) return false
    if ([...this.#places.held.values()].some((held) => held.grant.task === task.id && !held.lost)) return true
    this.#running = undefined
    return false
  }

  #isLone(task: OpenTask): boolean {
    return task.runsAlone(this.#world.settings.blamedLossesAlone)
  }

  /** Executions that have not been given up, but for those of the task itself. */
  #othersOf(task: OpenTask): Held[] {
    return [...this.#places.held.values()].filter((held) => !held.lost && held.grant.task !== task.id)
  }

  /** Tasks of a batch that could be granted to some place: of this node while it is alone, else of any. */
  grantable(batch: Batch): number {
    if (this.#world.peers.members.length > 1) return batch.readyCount
    let count = 0
    for (const [profile, queue] of batch.queues) if (this.#places.isCapable(profile)) count += queue.size
    return count
  }
}
