/**
 * A set of slots: a bit each, so that whole sets are joined, taken apart and gone through a word at a time.
 *
 * 1. Iteration and runs are ascending.
 * 2. What is not changed while it is gone through is gone through once.
 */
import { SLOT_COUNT } from './ids.ts'
import type { SlotRun } from './messages.ts'

const WORDS = SLOT_COUNT / 32
const ALL = 0xffffffff
const EMPTY = new Uint32Array(0)
const NONE = new Uint32Array(WORDS)

export class SlotSet {
  /** Made with the first slot: most sets of a batch stay empty. */
  #words = EMPTY
  #size = 0

  static ofRuns(runs: readonly SlotRun[]): SlotSet {
    const set = new SlotSet()
    for (const { from, to } of runs) set.addRun(from, to)
    return set
  }

  static of(slots: Iterable<number>): SlotSet {
    const set = new SlotSet()
    for (const slot of slots) set.add(slot)
    return set
  }

  static all(): SlotSet {
    return SlotSet.ofRuns([{ from: 0, to: SLOT_COUNT - 1 }])
  }

  get size(): number {
    return this.#size
  }

  has(slot: number): boolean {
    return this.#size > 0 && ((this.#words[slot >>> 5] as number) & (1 << (slot & 31))) !== 0
  }

  /** Whether it was not there. */
  add(slot: number): boolean {
    const words = this.#made()
    const word = words[slot >>> 5] as number
    const bit = 1 << (slot & 31)
    if ((word & bit) !== 0) return false
    words[slot >>> 5] = word | bit
    this.#size++
    return true
  }

  /** Adds slots `from`..`to`, inclusive. */
  addRun(from: number, to: number): void {
    const words = this.#made()
    for (let at = from >>> 5; at <= to >>> 5; at++) {
      const low = at === from >>> 5 ? ALL << (from & 31) : ALL
      const high = at === to >>> 5 ? ALL >>> (31 - (to & 31)) : ALL
      const before = words[at] as number
      words[at] = before | (low & high)
      this.#size += countBits(words[at] as number) - countBits(before)
    }
  }

  addAll(other: SlotSet): void {
    if (other.#size === 0) return
    const words = this.#made()
    this.#size = 0
    for (let at = 0; at < WORDS; at++) {
      words[at] = (words[at] as number) | (other.#words[at] as number)
      this.#size += countBits(words[at] as number)
    }
  }

  /** Whether it was there. */
  delete(slot: number): boolean {
    if (!this.has(slot)) return false
    this.#words[slot >>> 5] = (this.#words[slot >>> 5] as number) & ~(1 << (slot & 31))
    this.#size--
    return true
  }

  deleteAll(other: SlotSet): void {
    if (this.#size === 0 || other.#size === 0) return
    const words = this.#words
    this.#size = 0
    for (let at = 0; at < WORDS; at++) {
      words[at] = (words[at] as number) & ~(other.#words[at] as number)
      this.#size += countBits(words[at] as number)
    }
  }

  clear(): void {
    this.#words = EMPTY
    this.#size = 0
  }

  copy(): SlotSet {
    const set = new SlotSet()
    if (this.#size > 0) set.#words = this.#words.slice()
    set.#size = this.#size
    return set
  }

  /** A new set of the slots that are in both. */
  and(other: SlotSet): SlotSet {
    return this.#combined(other, 0)
  }

  /** A new set of the slots that are here and not in the other. */
  without(other: SlotSet): SlotSet {
    return this.#combined(other, ALL)
  }

  /** The slots that are here and whose bit in the other set, once turned over by `flip`, is set. */
  #combined(other: SlotSet, flip: number): SlotSet {
    const set = new SlotSet()
    if (this.#size === 0) return set
    const [mine, theirs] = [this.#words, other.#size === 0 ? NONE : other.#words]
    for (let at = 0; at < WORDS; at++) {
      const word = (mine[at] as number) & ((theirs[at] as number) ^ flip)
      if (word === 0) continue
      // Most of what is asked for is empty in the end, and then no memory is taken.
      set.#made()[at] = word
      set.#size += countBits(word)
    }
    return set
  }

  #made(): Uint32Array {
    if (this.#words === EMPTY) this.#words = new Uint32Array(WORDS)
    return this.#words
  }

  /** The first slot of the set at or after one; -1 where there is none. */
  #next(slot: number): number {
    const words = this.#words
    let at = slot >>> 5
    if (at >= words.length) return -1
    let word = (words[at] as number) & (ALL << (slot & 31))
    while (word === 0) {
      if (++at === words.length) return -1
      word = words[at] as number
    }
    return 32 * at + 31 - Math.clz32(word & -word)
  }

  /** The first slot at or after one that is not in the set; `SLOT_COUNT` where there is none. */
  #nextAbsent(slot: number): number {
    const words = this.#words
    let at = slot >>> 5
    if (at >= words.length) return slot
    let word = ~(words[at] as number) & (ALL << (slot & 31))
    while (word === 0) {
      if (++at === words.length) return SLOT_COUNT
      word = ~(words[at] as number)
    }
    return 32 * at + 31 - Math.clz32(word & -word)
  }

  /** The first slot of the set from `from` to `to`, inclusive; -1 where there is none. */
  next(from: number, to: number = SLOT_COUNT - 1): number {
    const slot = this.#next(from)
    return slot > to ? -1 : slot
  }

  *[Symbol.iterator](): Generator<number> {
    for (let slot = this.#next(0); slot >= 0; slot = this.#next(slot + 1)) yield slot
  }

  runs(): SlotRun[] {
    const runs: SlotRun[] = []
    for (let from = this.#next(0); from >= 0; ) {
      const end = this.#nextAbsent(from)
      runs.push({ from, to: end - 1 })
      from = this.#next(end)
    }
    return runs
  }
}

/** How many of the 32 bits are set (Warren, Hacker's Delight, 2012, 5-2). */
function countBits(word: number): number {
  let sum = word - ((word >>> 1) & 0x55555555)
  sum = (sum & 0x33333333) + ((sum >>> 2) & 0x33333333)
  return Math.imul((sum + (sum >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** A few slots, in any order, as runs: a whole set would take more time and memory than they are worth. */
export function runsOfFew(slots: readonly number[]): SlotRun[] {
  const runs: { from: number; to: number }[] = []
  for (const slot of [...slots].sort((a, b) => a - b)) {
    const last = runs.at(-1)
    if (last !== undefined && slot <= last.to + 1) last.to = slot
    else runs.push({ from: slot, to: slot })
  }
  return runs
}
