/**
 * What follows for a task that no attempt performs: another attempt, at once or after a pause, or its end
 * (protocol.md, section 8).
 *
 * Phases: open-task.ts.
 *
 * 1. A task that may be granted stands in the queue of its batch; one that rests has a timer.
 * 2. The batch's numbers of resting and retrying tasks follow every change of a phase.
 * 3. A task of which this node has no prompt is not granted, and leaves memory: once its prompt comes it is read anew,
 *    with its profile, by which queues are kept.
 * 4. A pause begins when an attempt ends; with a new owner, when that begins to serve the slot, however late it reads the task.
 */
import type { BatchBook } from './batch-book.ts'
import type { Contested } from './contested.ts'
import type { Ledger } from './ledger.ts'
import type { OpenTask, Phase } from './open-task.ts'
import { decide } from './retry.ts'
import type { World } from './world.ts'

export class Progress {
  readonly #world: World
  readonly #book: BatchBook
  readonly #ledger: Ledger
  readonly #contested: Contested
  /** How many nodes that are up could perform a profile. */
  capableNodes: (profile: string) => number = () => 1

  constructor(world: World, book: BatchBook, ledger: Ledger, contested: Contested) {
    this.#world = world
    this.#book = book
    this.#ledger = ledger
    this.#contested = contested
  }

  /** Decides what follows for a task of which no attempt may be open any more; `endedMs` is when the last one had ended. */
  follow(task: OpenTask, endedMs = this.#world.nowMs): void {
    const { standing, round, seeded } = task.state
    if (standing === 'claimed') return
    if (seeded === undefined) this.#ledger.batchOf(task).slot(task.slot).lacksPrompts = true
    if (standing !== 'waiting' || seeded === undefined) {
      this.#over(task)
      return
    }
    const { maxAttempts } = this.#ledger.batchOf(task).record.fields
    const decision = decide(task.state, maxAttempts.value, this.capableNodes(task.profile), this.#world.settings)
    if ('close' in decision) {
      this.#ledger.write(task, { kind: 'closed', batch: task.batch, task: task.id, round, why: decision.close })
      this.#over(task)
      return
    }
    const untilMs = endedMs + decision.again.backoffMs
    if (untilMs <= this.#world.nowMs) this.ready(task)
    else this.#rest(task, untilMs)
  }

  #over(task: OpenTask): void {
    this.#setPhase(task, 'over')
    this.#markRetrying(task, false)
    if (task.leases === 0) this.#book.forget(task)
  }

  #rest(task: OpenTask, untilMs: number): void {
    this.#setPhase(task, 'resting')
    this.#markRetrying(task, true)
    task.restsUntilMs = untilMs
    this.#world.timers.add(task.restsUntilMs, () => {
      // Where it rests again since, a later timer is its own.
      if (task.phase === 'resting' && task.restsUntilMs <= this.#world.nowMs) this.ready(task)
    })
  }

  #setPhase(task: OpenTask, phase: Phase): void {
    const batch = this.#ledger.batchOf(task)
    if (task.phase === 'resting') batch.resting--
    if (phase === 'resting') batch.resting++
    task.phase = phase
  }

  /** Puts an open task into the queue of its batch. */
  ready(task: OpenTask): void {
    this.#setPhase(task, 'ready')
    const again = task.state.attempts.some((each) => each.end !== 'open' && each.round === task.state.round)
    task.rank = task.runsAlone(this.#world.settings.blamedLossesAlone) ? 2 : again ? 1 : 0
    this.#markRetrying(task, again)
    this.#contested.place(task)
    this.#book.enqueue(task)
  }

  #markRetrying(task: OpenTask, retrying: boolean): void {
    if (task.retrying === retrying) return
    task.retrying = retrying
    this.#ledger.batchOf(task).retrying += retrying ? 1 : -1
  }

  /** A claim on the task is stated. */
  claimed(task: OpenTask): void {
    this.#setPhase(task, 'claimed')
    this.#markRetrying(task, false)
  }

  /** Its slot is another node's now. */
  drop(task: OpenTask): void {
    this.#setPhase(task, 'over')
    this.#markRetrying(task, false)
  }
}
