/**
 * Which waiting task gets a free place.
 *
 * 1. Claims go to the batch first in order (priority, then age); within it to the lowest rank, then index. A task that
 *    failed on a node comes last there, while another node could perform it.
 * 2. While another capable node is up, the last attempt of a task that failed on one node alone is not granted to that.
 * 3. A task suspected of ending its node runs alone. When its turn comes here and others run, nothing is granted to this
 *    node until they have ended, and nothing while it runs itself; another node gets it only while that runs nothing.
 *    Executions that were given up do not count as running.
 * 4. Tasks of contested slots are granted only while nobody has other work for the place, as far as load rows tell; those
 *    of orphaned slots moreover only to a node that has been idle for long (idle.ts); neither with `partition: strict`.
 * 5. A copy of a late attempt is granted only where none of all this is left.
 */
import type { Batch, BatchBook } from './batch-book.ts'
import { CONTESTED, CONTESTS, type Contest, FIRM, ORPHANED, REACH } from './contest.ts'
import type { Contested } from './contested.ts'
import type { Elsewhere } from './elsewhere.ts'
import type { Idle } from './idle.ts'
import type { NodeId } from './ids.ts'
import type { MessageOf, Want } from './messages.ts'
import type { OpenTask } from './open-task.ts'
import type { Held, Places } from './places.ts'
import { chargedFailures } from './retry.ts'
import type { World } from './world.ts'

/** Tasks that one search may pass over. */
const PASSED_OVER_MAX = 64

export interface GrantingParts {
  readonly book: BatchBook
  readonly places: Places
  readonly contested: Contested
  readonly idle: Idle
  readonly elsewhere: Elsewhere
}

export interface GrantingRules {
  /** Claims a task for this node. */
  readonly claim: (batch: Batch, task: OpenTask) => void
  /** Whether any node that is up could perform a profile, besides that one. */
  readonly mayBeElsewhere: (profile: string, but: NodeId) => boolean
  /** Whether anything runs of which there could be a copy. */
  readonly mayCopy: () => boolean
  /** Tasks of which a node is to make copies. */
  readonly copies: (claimer: NodeId, profile: string, free: number) => readonly [Batch, OpenTask][]
}

export class Granting {
  readonly #world: World
  readonly #parts: GrantingParts
  readonly #book: BatchBook
  readonly #places: Places
  readonly #rules: GrantingRules
  /** A task whose turn it is, but that must wait until nothing else runs. */
  #lone: OpenTask | undefined

  constructor(world: World, parts: GrantingParts, rules: GrantingRules) {
    this.#world = world
    this.#parts = parts
    this.#book = parts.book
    this.#places = parts.places
    this.#rules = rules
  }

  /** Fills the free places of this node. */
  fill(): void {
    if (this.#runLone()) return
    for (const [name, profile] of this.#places.profiles) {
      let free = profile.free(this.#world.nowMs)
      for (const contest of CONTESTS) {
        if (free === 0 || !this.#isTheirTurn(contest, name)) break
        for (const batch of this.#book.live()) {
          if (free === 0 || this.#lone !== undefined) break
          if (this.#places.runsLone) return
          if (batch.runnable) free -= this.#grantFrom(batch, name, free, contest)
        }
      }
      if (free > 0 && this.#lone === undefined && !this.#places.runsLone) this.#copy(name, free)
    }
  }

  /** Whether tasks of such slots may be granted to this node now. */
  #isTheirTurn(contest: Contest, profile: string): boolean {
    if (contest === FIRM) return true
    const { contested, elsewhere, idle } = this.#parts
    if (contested.count === 0 || !contested.mayGrant || elsewhere.has('work', [{ profile }])) return false
    return (
      contest === CONTESTED || (!elsewhere.has('contested', [{ profile }]) && this.#isWaiting(ORPHANED) && idle.isLong)
    )
  }

  #isWaiting(contest: Contest): boolean {
    return this.#book.live().some((batch) => batch.runnable && batch.queues.size(contest) > 0)
  }

  #copy(profile: string, free: number): void {
    if (!this.#rules.mayCopy() || !this.isTail(profile)) return
    for (const [batch, task] of this.#rules.copies(this.#world.nodeId, profile, free)) this.#rules.claim(batch, task)
  }

  /** Whether nothing of a profile is left to be granted anywhere, but for what waits in orphaned slots. */
  isTail(profile: string): boolean {
    const { peers } = this.#world
    if (peers.members.length < 2) return false
    const { contested, elsewhere } = this.#parts
    const contests: readonly Contest[] = contested.mayGrant ? [FIRM, CONTESTED] : [FIRM]
    for (const batch of this.#book.live()) {
      if (!batch.runnable) continue
      if (batch.unloaded.size + batch.uncounted.size > 0) return false
      if (contests.some((contest) => (batch.queues.of(contest).get(profile)?.size ?? 0) > 0)) return false
    }
    return !elsewhere.has('work', [{ profile }]) && !elsewhere.has('contested', [{ profile }])
  }

  #grantFrom(batch: Batch, profile: string, free: number, contest: Contest): number {
    const { picked, lone } = this.#search(batch, profile, free, this.#world.nodeId, contest)
    for (const task of picked) this.#rules.claim(batch, task)
    if (lone === undefined) return picked.length
    if (picked.length === 0 && this.#othersOf(lone).length === 0) {
      this.#rules.claim(batch, lone)
      return 1
    }
    this.#waitFor(lone)
    return free
  }

  /** Takes tasks out of the queues for another node, which is to get them; then come copies, where it wants these. */
  *pick(
    holder: NodeId,
    { profile, free }: Want,
    { idle, kind }: Pick<MessageOf<'claim'>, 'idle' | 'kind'>,
  ): Generator<[Batch, OpenTask]> {
    let left = free
    for (const contest of CONTESTS) {
      if (contest > REACH[kind] || (contest !== FIRM && !this.#parts.contested.mayGrant)) break
      for (const batch of this.#book.live()) {
        if (left <= 0) return
        if (!batch.runnable) continue
        const { picked, lone } = this.#search(batch, profile, left, holder, contest)
        left -= picked.length
        for (const task of picked) yield [batch, task]
        if (lone === undefined) continue
        if (idle && left === free) {
          yield [batch, lone]
          return
        }
        this.#book.enqueue(lone)
      }
    }
    if (kind === 'late' && left > 0) yield* this.#rules.copies(holder, profile, left)
  }

  /** The next tasks for a node, taken out of their queue; `lone` comes where it would be next and must run alone. */
  #search(
    batch: Batch,
    profile: string,
    free: number,
    holder: NodeId,
    contest: Contest,
  ): { picked: OpenTask[]; lone: OpenTask | undefined } {
    const queue = batch.queues.of(contest).get(profile)
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
      else if (this.isLone(task)) {
        lone = task
        break
      } else picked.push(task)
    }
    while (picked.length < free && lone === undefined && last.length > 0) {
      const task = last.shift() as OpenTask
      if (this.isLone(task)) lone = task
      else picked.push(task)
    }
    for (const task of [...never, ...last]) queue?.push(task)
    return { picked, lone }
  }

  #fitOf(batch: Batch, task: OpenTask, holder: NodeId): 'now' | 'last' | 'never' {
    if (task.state.attempts.length === 0) return 'now'
    const charged = chargedFailures(task.state)
    if (!charged.some((attempt) => attempt.holder === holder)) return 'now'
    if (!this.#rules.mayBeElsewhere(task.profile, holder)) return 'now'
    const isOnlyHere = charged.every((attempt) => attempt.holder === holder)
    return isOnlyHere && charged.length >= batch.record.fields.maxAttempts.value - 1 ? 'never' : 'last'
  }

  /** Runs the task that waits to run alone once nothing else runs; true while it is its turn. */
  #runLone(): boolean {
    const task = this.#lone
    if (task === undefined) return this.#places.runsLone
    const batch = this.#book.get(task.batch)
    const room = this.#places.profiles.get(task.profile)?.room(this.#world.nowMs) ?? 0
    const isDue = task.phase === 'ready' && batch?.runnable === true && room > 0
    if (isDue && this.#othersOf(task).length > 0) return true
    if (!isDue) {
      this.standDown()
      return this.#places.runsLone
    }
    this.#waitFor(undefined)
    this.#rules.claim(batch, task)
    return true
  }

  /** Nothing is granted here now: what waited to run alone goes back to its queue, and keeps nothing away. */
  standDown(): void {
    const task = this.#lone
    if (task === undefined) return
    this.#waitFor(undefined)
    // Its batch had nothing else, and counts as idle since it was looked at.
    if (task.phase === 'ready') this.#book.enqueue(task)
  }

  #waitFor(task: OpenTask | undefined): void {
    this.#lone = task
    this.#places.waitsForLone = task !== undefined
  }

  /** Whether it must run alone. */
  isLone(task: OpenTask): boolean {
    return task.runsAlone(this.#world.settings.blamedLossesAlone)
  }

  /** Executions that have not been given up, but for those of the task itself. */
  #othersOf(task: OpenTask): Held[] {
    return this.#places.living().filter((held) => held.grant.task !== task.id)
  }

  /** Tasks of a batch that could be granted to some place: of this node while it is alone, else of any. */
  grantable(batch: Batch): number {
    if (this.#world.peers.members.length > 1) return batch.queues.size()
    let count = 0
    for (const [profile, queue] of batch.queues.of()) if (this.#places.isCapable(profile)) count += queue.size
    return count
  }
}
