/**
 * Chance from one seed (sfc32).
 *
 * 1. A stream is a pure function of (seed, name): a draw from one does not shift another.
 */

export class Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number, name: string) {
    let [a, b, c] = [0x9e3779b9 ^ seed, 0x243f6a88 ^ Math.floor(seed / 2 ** 32), 0xb7e15162]
    for (let at = 0; at < name.length; at++) {
      const code = name.charCodeAt(at)
      a = Math.imul(a ^ code, 0x85ebca6b)
      b = Math.imul(b ^ (a >>> 13) ^ code, 0xc2b2ae35)
      c = Math.imul(c ^ (b >>> 16) ^ a, 0x27d4eb2f)
    }
    this.#a = a
    this.#b = b
    this.#c = c
    for (let round = 0; round < 12; round++) this.uint32()
  }

  uint32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** In [0, 1). */
  next(): number {
    return this.uint32() / 2 ** 32
  }

  /** A whole number in [0, count). */
  below(count: number): number {
    return Math.floor(this.next() * count)
  }

  between(min: number, max: number): number {
    return min + this.next() * (max - min)
  }

  /** Between min and max, every order of magnitude alike; both above 0. */
  spread(min: number, max: number): number {
    return min * Math.exp(this.next() * Math.log(max / min))
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** @throws TypeError where there is nothing to pick from */
  pick<T>(values: readonly T[]): T {
    if (values.length === 0) throw new TypeError('nothing to pick from')
    return values[this.below(values.length)] as T
  }

  /** Some of the values, each with that probability. */
  some<T>(values: readonly T[], probability: number): T[] {
    return values.filter(() => this.chance(probability))
  }

  /** A new list in another order. */
  shuffled<T>(values: readonly T[]): T[] {
    const list = [...values]
    for (let at = list.length - 1; at > 0; at--) {
      const other = this.below(at + 1)
      const moved = list[at] as T
      list[at] = list[other] as T
      list[other] = moved
    }
    return list
  }

  hex(digits: number): string {
    let text = ''
    while (text.length < digits) text += this.uint32().toString(16).padStart(8, '0')
    return text.slice(0, digits)
  }
}
