/**
 * Watches how long executions run on this node.
 *
 * 1. An execution is asked to end at its timeout (protocol.md, section 7); if it does not, its owner gives it up
 *    (leases.ts).
 * 2. One timer serves all: it is set to the earliest deadline, so that a million short attempts leave no million timers.
 * 3. The timeout is looked up anew each time: an automatic one follows what the node has learnt meanwhile.
 */
import type { Held, Places } from './places.ts'
import type { World } from './world.ts'

export interface DeadlineRules {
  readonly timeoutMs: (held: Held) => number
  readonly onTimeout: (held: Held) => void
}

export class Deadlines {
  readonly #world: World
  readonly #places: Places
  readonly #rules: DeadlineRules
  #nextMs = Number.POSITIVE_INFINITY

  constructor(world: World, places: Places, rules: DeadlineRules) {
    this.#world = world
    this.#places = places
    this.#rules = rules
  }

  /** To be called when an execution has started. */
  watch(held: Held): void {
    this.#lookAt(this.#world.nowMs + this.#rules.timeoutMs(held))
  }

  #lookAt(atMs: number): void {
    if (atMs >= this.#nextMs) return
    this.#nextMs = atMs
    this.#world.timers.add(atMs, () => this.#look(atMs))
  }

  #look(atMs: number): void {
    if (atMs !== this.#nextMs) return
    this.#nextMs = Number.POSITIVE_INFINITY
    const { nowMs } = this.#world
    for (const held of this.#places.held.values()) {
      if (held.startedMs === undefined || held.killed) continue
      const deadlineMs = held.startedMs + this.#rules.timeoutMs(held)
      if (nowMs >= deadlineMs) this.#rules.onTimeout(held)
      else this.#lookAt(deadlineMs)
    }
  }
}
