/**
 * How long a node that is asked to stop waits, in three stages: what runs may finish for the grace, is then asked to
 * end, is later given back although it has not ended, and in the end nothing is waited for any more.
 *
 * 1. A later call may shorten what is left, never lengthen it.
 */
import type { Clock } from './ports.ts'

/** After the grace, executions that were asked to end have this long before they are given back. */
const KILL_GRACE_MS = 10_000
/** What was given back must be on disk within this time. */
const WRITE_GRACE_MS = 2_000

export interface StoppingStages {
  /** Asks what runs to end. */
  readonly hurry: () => void
  /** Gives back what has not ended. */
  readonly giveBack: () => void
  /** Waits for nothing any more. */
  readonly end: () => void
}

export class Stopping {
  readonly #clock: Clock
  readonly #stages: StoppingStages
  #hurryMs = Number.POSITIVE_INFINITY
  #cancel: () => void = () => undefined

  constructor(clock: Clock, stages: StoppingStages) {
    this.#clock = clock
    this.#stages = stages
  }

  /** Counts the grace from now, unless less than that is left. */
  within(graceMs: number): void {
    const hurryMs = this.#clock.nowMs() + graceMs
    if (hurryMs >= this.#hurryMs) return
    this.#hurryMs = hurryMs
    this.cancel()
    if (graceMs === 0) this.#hurry()
    else this.#cancel = this.#clock.at(hurryMs, () => this.#hurry())
  }

  #hurry(): void {
    this.#hurryMs = Number.NEGATIVE_INFINITY
    this.#stages.hurry()
    this.#cancel = this.#after(KILL_GRACE_MS, () => {
      this.#stages.giveBack()
      this.#cancel = this.#after(WRITE_GRACE_MS, () => this.#stages.end())
    })
  }

  #after(pauseMs: number, then: () => void): () => void {
    return this.#clock.at(this.#clock.nowMs() + pauseMs, then)
  }

  cancel(): void {
    this.#cancel()
  }
}
