/**
 * Counts task ids exactly in little memory: some 20 bytes a slot of an open-addressing table, at most 60 % full,
 * where a Map of strings takes over 100 bytes an id.
 *
 * 1. Ids are compared whole (128 bits): two different ids never share a count.
 * 2. A count of 0 marks an empty slot.
 */
import type { TaskId } from './ids.ts'

export class IdTable {
  #capacity = 1_024
  #words = new Uint32Array(4 * this.#capacity)
  #counts = new Uint32Array(this.#capacity)
  #size = 0

  /** Different ids counted. */
  get size(): number {
    return this.#size
  }

  /** Adds one to the count of an id and gives the count before. */
  count(id: TaskId): number {
    if (this.#size * 5 >= this.#capacity * 3) this.#grow()
    const a = word(id, 0)
    const b = word(id, 8)
    const c = word(id, 16)
    const d = word(id, 24)
    const at = this.#find(a, b, c, d)
    const before = this.#counts[at] as number
    if (before === 0) {
      const first = 4 * at
      this.#words[first] = a
      this.#words[first + 1] = b
      this.#words[first + 2] = c
      this.#words[first + 3] = d
      this.#size++
    }
    this.#counts[at] = before + 1
    return before
  }

  /** The slot of the id, or the empty one where it belongs. Ids are hashes, so their bits are the hash. */
  #find(a: number, b: number, c: number, d: number): number {
    const words = this.#words
    let at = (a ^ d) & (this.#capacity - 1)
    while (this.#counts[at] !== 0) {
      const word = 4 * at
      if (words[word] === a && words[word + 1] === b && words[word + 2] === c && words[word + 3] === d) return at
      at = (at + 1) & (this.#capacity - 1)
    }
    return at
  }

  #grow(): void {
    const words = this.#words
    const counts = this.#counts
    this.#capacity *= 2
    this.#words = new Uint32Array(4 * this.#capacity)
    this.#counts = new Uint32Array(this.#capacity)
    for (let from = 0; from < counts.length; from++) {
      if (counts[from] === 0) continue
      const id = words.subarray(4 * from, 4 * from + 4)
      const at = this.#find(id[0] as number, id[1] as number, id[2] as number, id[3] as number)
      this.#words.set(id, 4 * at)
      this.#counts[at] = counts[from] as number
    }
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
