/**
 * For how long this node has had no work but that of orphaned slots (protocol.md, section 5).
 *
 * 1. It is idle while nothing lives on it but attempts of orphaned slots: once it is at those it goes on.
 * 2. It counts from the end of its last other attempt, or from when it is asked first.
 */
import type { Contested } from './contested.ts'
import { slotOf } from './ids.ts'
import type { Held, Places } from './places.ts'
import type { World } from './world.ts'

export class Idle {
  readonly #world: World
  readonly #places: Places
  readonly #contested: Contested
  #sinceMs: number | undefined
  #wakeMs = 0

  constructor(world: World, places: Places, contested: Contested) {
    this.#world = world
    this.#places = places
    this.#contested = contested
  }

  /** Its execution has ended. */
  ended(held: Held): void {
    if (!this.#isOrphaned(held)) this.#sinceMs = this.#world.nowMs
  }

  #isOrphaned({ grant }: Held): boolean {
    return this.#contested.isOrphaned(slotOf(grant.task))
  }

  /** Whether it has been idle for long enough to take up orphaned tasks; where not yet, the node wakes up for it. */
  get isLong(): boolean {
    const { nowMs, timers, nodeSettings } = this.#world
    this.#sinceMs ??= nowMs
    for (const held of this.#places.held.values()) if (!this.#isOrphaned(held)) return false
    const dueMs = this.#sinceMs + nodeSettings.orphanAfterMs
    if (nowMs >= dueMs) return true
    if (this.#wakeMs !== dueMs) timers.add(dueMs, () => undefined)
    this.#wakeMs = dueMs
    return false
  }
}
