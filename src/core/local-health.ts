/**
 * How far this node may trust its own judgement of others (Lifeguard; Dadgar, Phillips and Currey, 2017).
 *
 * 1. The factor on its timeouts is 1 plus a point for each trouble of its own, 8 at most; each `recoveryMs` without
 *    trouble takes one off.
 * 2. Trouble is a lag of the own event loop, and a question to a member that is heard well and did not answer: what
 *    this node says seems not to get out. Of a member that fell silent itself a missing answer is no trouble of ours.
 */
import { LIVENESS } from './liveness-settings.ts'

export class LocalHealth {
  #points = 0
  #changedMs = 0

  trouble(nowMs: number): void {
    this.#points = Math.min(LIVENESS.stretchMax - 1, this.#pointsAt(nowMs) + 1)
    this.#changedMs = nowMs
  }

  /** From 1, where all is well, to 8. */
  stretch(nowMs: number): number {
    return 1 + this.#pointsAt(nowMs)
  }

  /** When the factor falls next. */
  nextMs(nowMs: number): number {
    const points = this.#pointsAt(nowMs)
    return points === 0 ? Number.POSITIVE_INFINITY : this.#changedMs + LIVENESS.recoveryMs * (this.#points - points + 1)
  }

  #pointsAt(nowMs: number): number {
    return Math.max(0, this.#points - Math.floor((nowMs - this.#changedMs) / LIVENESS.recoveryMs))
  }
}
