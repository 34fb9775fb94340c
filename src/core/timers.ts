/**
 * Timers on the node's monotonic clock: the core asks to be woken and runs what is due.
 *
 * 1. A timer fires once, at the first event at or after its time, in the order of the times.
 * 2. Timers are not cancelled: each callback checks whether it still has something to do.
 */
import { Heap } from './heap.ts'

interface Timer {
  readonly atMs: number
  readonly order: number
  readonly due: () => void
}

export class Timers {
  readonly #heap = new Heap<Timer>((a, b) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order))
  #order = 0

  /** Infinity is never due. */
  add(atMs: number, due: () => void): void {
    if (atMs === Number.POSITIVE_INFINITY) return
    this.#heap.push({ atMs, order: this.#order++, due })
  }

  runDue(nowMs: number): void {
    for (let next = this.#heap.peek(); next !== undefined && next.atMs <= nowMs; next = this.#heap.peek()) {
      this.#heap.pop()
      next.due()
    }
  }

  get nextMs(): number | undefined {
    return this.#heap.peek()?.atMs
  }
}
