/** Passes on what the core says has happened: to the log, to who listens for ended tasks, and into the rates. */
import type { Notice } from '../core/effects.ts'
import type { BatchId } from '../core/ids.ts'
import type { TaskNotice, TaskState } from './api.ts'
import type { Clock, Log } from './ports.ts'
import { Rate } from './rate.ts'

export interface NoticePorts {
  readonly clock: Clock
  readonly log: Log
  /** The name of a batch, for people. */
  readonly batchName: (id: BatchId) => string
}

export class Notices {
  /** Completions of each batch that had one since the start. */
  readonly rates = new Map<BatchId, Rate>()
  readonly #ports: NoticePorts
  readonly #listeners = new Set<(notice: TaskNotice) => void>()

  constructor(ports: NoticePorts) {
    this.#ports = ports
  }

  /** Calls back when a task has ended; the function returned ends that. */
  listen(listener: (notice: TaskNotice) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  pass(notice: Notice): void {
    const { log } = this.#ports
    if (notice.type === 'task-ended') this.#taskEnded(notice)
    else if (notice.type === 'profile-resting')
      log.warn({}, `profile ${notice.profile} takes nothing new for now: ${notice.message}`)
    else if (notice.type === 'slot-corrected') log.warn(notice, 'a tally was corrected')
    else log.info(notice, 'an attempt did not complete')
  }

  #taskEnded({ batch, index, task, standing }: Extract<Notice, { type: 'task-ended' }>): void {
    if (standing === 'completed') this.#rateOf(batch).add(this.#ports.clock.nowMs())
    if (this.#listeners.size === 0) return
    const state = standing.toUpperCase() as TaskState
    const notice = { batch: this.#ports.batchName(batch), index, id: task, state }
    for (const listener of this.#listeners) {
      try {
        listener(notice)
      } catch (error) {
        // A mistake of the listener is not one of the node.
        this.#ports.log.error({ error: String(error) }, 'a listener of ended tasks threw')
      }
    }
  }

  #rateOf(batch: BatchId): Rate {
    let rate = this.rates.get(batch)
    if (rate === undefined) {
      rate = new Rate()
      this.rates.set(batch, rate)
    }
    return rate
  }
}
