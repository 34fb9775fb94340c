/**
 * Which waiting task gets a free place.
 *
 * 1. Claims go to the batch first in order (priority, then age); within it to the lowest rank, then index.
 * 2. A task suspected of ending its node runs alone. When its turn comes and others run, nothing is granted until they
 *    have ended, and nothing while it runs itself. Executions that were given up do not count as running.
 */
import type { Batch, BatchBook } from './batch-book.ts'
import type { Ledger } from './ledger.ts'
import type { OpenTask } from './open-task.ts'
import type { Held, Places } from './places.ts'
import type { World } from './world.ts'

export class Granting {
  readonly #world: World
  readonly #book: BatchBook
  readonly #ledger: Ledger
  readonly #places: Places
  readonly #claim: (batch: Batch, task: OpenTask) => void
  /** A task whose turn it is, but that must wait until nothing else runs. */
  #lone: OpenTask | undefined
  /** The lone task that was granted last. */
  #running: OpenTask | undefined

  constructor(
    world: World,
    book: BatchBook,
    ledger: Ledger,
    places: Places,
    claim: (batch: Batch, task: OpenTask) => void,
  ) {
    this.#world = world
    this.#book = book
    this.#ledger = ledger
    this.#places = places
    this.#claim = claim
  }

  /** Fills the free places. */
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
    const queue = batch.queues.get(profile)
    let granted = 0
    while (queue !== undefined && granted < free) {
      const task = queue.peek()
      if (task === undefined) break
      if (task.phase === 'ready') {
        if (!this.#mayRunBesideOthers(task)) {
          this.#lone = task
          return free
        }
        this.#grant(batch, task)
        granted++
        if (this.#running === task) break
      }
      queue.pop()
    }
    return granted
  }

  /** Runs the task that waits to run alone once nothing else runs; true while it is its turn. */
  #runLone(): boolean {
    const task = this.#lone
    if (task === undefined) return this.#loneRuns()
    const batch = this.#ledger.batchOf(task)
    const free = this.#places.profiles.get(task.profile)?.free(this.#world.nowMs) ?? 0
    const isDue = task.phase === 'ready' && batch.runnable && free > 0
    if (isDue && this.#othersOf(task).length > 0) return true
    this.#lone = undefined
    if (isDue) this.#grant(batch, task)
    return isDue
  }

  /** Looks through what is held only while a lone task may be among it: this is asked at every step. */
  #loneRuns(): boolean {
    const task = this.#running
    if (task === undefined) return false
    if (task.held > 0 && [...this.#places.held.values()].some((held) => held.task === task && !held.lost)) return true
    this.#running = undefined
    return false
  }

  #grant(batch: Batch, task: OpenTask): void {
    if (this.#isLone(task)) this.#running = task
    this.#claim(batch, task)
  }

  #isLone(task: OpenTask): boolean {
    return task.runsAlone(this.#world.settings.blamedLossesAlone)
  }

  /** Executions that have not been given up, but for those of the task itself. */
  #othersOf(task: OpenTask | undefined): Held[] {
    return [...this.#places.held.values()].filter((held) => !held.lost && held.task !== task)
  }

  /** Tasks of a batch that could be granted to some place of this node. */
  grantable(batch: Batch): number {
    let count = 0
    for (const [profile, queue] of batch.queues) {
      const known = this.#places.profiles.get(profile)
      if (known !== undefined && known.settings.places > 0 && known.restsUntilMs < Number.POSITIVE_INFINITY)
        count += queue.size
    }
    return count
  }

  /** False where a task that is to run alone must wait for others. */
  #mayRunBesideOthers(task: OpenTask): boolean {
    return !this.#isLone(task) || this.#othersOf(task).length === 0
  }
}
