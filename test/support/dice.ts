/** Dice that a seed decides: the same seed, the same life. */
export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  /** A number in [0, 1) (mulberry32). */
  readonly roll = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** Whether something happens that does so in that share of cases. */
  says(share: number): boolean {
    return this.roll() < share
  }

  /** A whole number from 0, below `count`. */
  below(count: number): number {
    return Math.floor(this.roll() * count)
  }

  /** One of them; undefined only where there is none. */
  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T
  }
}
