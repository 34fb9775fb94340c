/**
 * A task in memory: its facts, their fold, and where its owner stands with it.
 *
 * Phases: seeding -> ready -> claimed -> started -> (resting -> ready | over); ready -> over; resting -> over.
 * seeding: its first fact is not synced yet. ready: may be granted. resting: waits out a pause.
 * claimed: granted, the fact is not synced yet. started: given to the executor. over: no more attempts.
 *
 * 1. `state` is always the fold of `facts`.
 * 2. A task in phase `ready` stands in a queue of its batch (ready-queue.ts).
 * 3. A task stays in memory while it is open and loaded, or while one of its attempts is leased.
 */
import { type Contest, FIRM } from './contest.ts'
import type { HashedFact, StoredFact } from './facts.ts'
import { type BatchId, slotOf, type TaskId } from './ids.ts'
import { blamedLosses } from './retry.ts'
import { fold, type TaskState } from './task.ts'

export type Phase = 'seeding' | 'ready' | 'claimed' | 'started' | 'resting' | 'over'

export class OpenTask {
  readonly id: TaskId
  readonly batch: BatchId
  readonly slot: number
  /** About what it takes in memory. */
  readonly bytes: number
  phase: Phase = 'seeding'
  /** Waits for another attempt: counted by its batch. */
  retrying = false
  /** Leases of its attempts. */
  leases = 0
  /** Its place in the order of grants among the tasks of its batch: lower first. */
  rank: 0 | 1 | 2 = 0
  /** While it rests: when it may be tried again. */
  restsUntilMs = 0
  /** In which queues and ranks of its batch it has an entry, a bit each (ready-queue.ts). */
  entries = 0
  /** Which queues of its batch it belongs to: how its slot is contested (contested.ts). */
  contest: Contest = FIRM
  /** Its place among the tasks of contested slots: another on each node. */
  shuffle = 0
  /** Without their bytes: those are on disk, or on their way there. */
  readonly #facts: HashedFact[]
  #state: TaskState

  constructor(facts: readonly StoredFact[]) {
    this.#facts = facts.map(({ fact, hash }) => ({ fact, hash }))
    this.#state = fold(facts)
    this.id = this.#state.task
    this.batch = this.#state.batch
    this.slot = slotOf(this.id)
    this.bytes = 1_000 + facts.reduce((sum, each) => sum + 2 * each.bytes.length, 0)
  }

  get state(): TaskState {
    return this.#state
  }

  /** Position in its file; 0 while the `seeded` fact is not here. */
  get index(): number {
    return this.#state.seeded?.index ?? 0
  }

  get profile(): string {
    return this.#state.seeded?.profile ?? ''
  }

  add({ fact, hash }: HashedFact): void {
    this.#facts.push({ fact, hash })
    this.#state = fold(this.#facts)
  }

  /** Whether it has the fact of that hash. */
  knows(hash: string): boolean {
    return this.#facts.some((fact) => fact.hash === hash)
  }

  /** Whether it is stated for good which completion counts. */
  get isChosen(): boolean {
    return this.#facts.some(({ fact }) => fact.kind === 'chosen' && fact.token === this.#state.counts)
  }

  /** Whether it runs only while nothing else does, being suspected of ending the process that runs it. */
  runsAlone(blamedLossesAlone: number): boolean {
    return blamedLosses(this.#state) >= blamedLossesAlone
  }
}
