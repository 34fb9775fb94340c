/**
 * A set of slots.
 *
 * 1. Iteration and runs are ascending.
 */
import { SLOT_COUNT } from './ids.ts'
import type { SlotRun } from './messages.ts'

const EMPTY = new Uint8Array(0)

export class SlotSet {
  /** Made with the first slot: most sets of a batch stay empty. */
  #has: Uint8Array = EMPTY
  #size = 0

  static ofRuns(runs: readonly SlotRun[]): SlotSet {
    const set = new SlotSet()
    for (const { from, to } of runs) for (let slot = from; slot <= to; slot++) set.add(slot)
    return set
  }

  static of(slots: Iterable<number>): SlotSet {
    const set = new SlotSet()
    for (const slot of slots) set.add(slot)
    return set
  }

  get size(): number {
    return this.#size
  }

  has(slot: number): boolean {
    return this.#has[slot] === 1
  }

  /** Whether it was not there. */
  add(slot: number): boolean {
    if (this.#has[slot] === 1) return false
    if (this.#has === EMPTY) this.#has = new Uint8Array(SLOT_COUNT)
    this.#has[slot] = 1
    this.#size++
    return true
  }

  /** Whether it was there. */
  delete(slot: number): boolean {
    if (this.#has[slot] !== 1) return false
    this.#has[slot] = 0
    this.#size--
    return true
  }

  clear(): void {
    this.#has = EMPTY
    this.#size = 0
  }

  *[Symbol.iterator](): Generator<number> {
    let left = this.#size
    for (let slot = this.#has.indexOf(1); left > 0 && slot >= 0; slot = this.#has.indexOf(1, slot + 1)) {
      left--
      yield slot
    }
  }

  runs(): SlotRun[] {
    const runs: { from: number; to: number }[] = []
    for (const slot of this) {
      const last = runs.at(-1)
      if (last !== undefined && last.to === slot - 1) last.to = slot
      else runs.push({ from: slot, to: slot })
    }
    return runs
  }
}
