/**
 * A set of task ids in little memory: 16 bytes a place of an open-addressing table, 53 to 80 % full, where a Set of
 * strings takes over 100 bytes an id.
 *
 * 1. Ids are compared whole (128 bits): no two different ids are taken for one.
 * 2. Four words of zero mark an empty place; the id of all zeros is kept beside the table.
 */
import { SLOT_COUNT, type TaskId } from './ids.ts'

const FULL = 0.8
const GROWTH = 1.5
/** The first bits of an id are its slot. */
const SLOT_SHIFT = 32 - Math.log2(SLOT_COUNT)

export class IdSet {
  #capacity = 1_024
  #words = new Uint32Array(4 * this.#capacity)
  #size = 0
  #hasZero = false

  /** Adds an id; false where it was there already. */
  add(id: TaskId): boolean {
    if (this.#size >= FULL * this.#capacity) this.#grow()
    const a = word(id, 0)
    const b = word(id, 8)
    const c = word(id, 16)
    const d = word(id, 24)
    if ((a | b | c | d) === 0) return this.#addZero()
    return this.#put(a, b, c, d)
  }

  /** How many are in each slot. */
  bySlot(): Uint32Array {
    const counts = new Uint32Array(SLOT_COUNT)
    const words = this.#words
    for (let at = 0; at < words.length; at += 4) {
      const first = words[at] as number
      const isEmpty = (first | (words[at + 1] as number) | (words[at + 2] as number) | (words[at + 3] as number)) === 0
      if (!isEmpty) (counts[first >>> SLOT_SHIFT] as number)++
    }
    if (this.#hasZero) (counts[0] as number)++
    return counts
  }

  #addZero(): boolean {
    const isNew = !this.#hasZero
    this.#hasZero = true
    return isNew
  }

  /** Ids are hashes, so their bits tell the place; the last word, because an owner's ids share their first bits. */
  #put(a: number, b: number, c: number, d: number): boolean {
    const words = this.#words
    const end = words.length
    let at = 4 * Math.floor((d / 2 ** 32) * this.#capacity)
    for (;;) {
      const [first, second, third, fourth] = [words[at], words[at + 1], words[at + 2], words[at + 3]]
      if (first === a && second === b && third === c && fourth === d) return false
      if (first === 0 && second === 0 && third === 0 && fourth === 0) break
      at += 4
      if (at === end) at = 0
    }
    words[at] = a
    words[at + 1] = b
    words[at + 2] = c
    words[at + 3] = d
    this.#size++
    return true
  }

  #grow(): void {
    const words = this.#words
    this.#capacity = Math.ceil(this.#capacity * GROWTH)
    this.#words = new Uint32Array(4 * this.#capacity)
    this.#size = 0
    for (let from = 0; from < words.length; from += 4) {
      const a = words[from] as number
      const b = words[from + 1] as number
      const c = words[from + 2] as number
      const d = words[from + 3] as number
      if ((a | b | c | d) !== 0) this.#put(a, b, c, d)
    }
    // Gives the old table back now: the collector, which sees only a small object, would leave it for long.
    words.buffer.transfer(0)
  }
}

/** Eight hex digits of an id as an unsigned number. */
function word(id: TaskId, from: number): number {
  let value = 0
  for (let at = from; at < from + 8; at++) {
    const code = id.charCodeAt(at)
    value = (value << 4) | (code < 58 ? code - 48 : code - 87)
  }
  return value >>> 0
}
