/** Chance that is the same on every machine: a small generator seeded by the SHA-256 of prompt and seed. */
import { createHash } from 'node:crypto'

export interface Dice {
  /** From 0 to below 1. */
  next(): number
  /** A number between two others. */
  between(from: number, to: number): number
  /** A whole number, both ends included. */
  whole(from: number, to: number): number
  /** True with that probability. */
  chance(probability: number): boolean
  pick<T>(list: readonly T[]): T
}

/** Dice that depend on nothing but the prompt and the seed (sfc32, by Chris Doty-Humphrey). */
export function diceFor(prompt: string, seed: number): Dice {
  const digest = createHash('sha256').update(`${seed}\n${prompt}`, 'utf8').digest()
  let a = digest.readUInt32LE(0)
  let b = digest.readUInt32LE(4)
  let c = digest.readUInt32LE(8)
  let counter = 1
  const next = () => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return (sum >>> 0) / 4_294_967_296
  }
  for (let round = 0; round < 12; round++) next()

  const between = (from: number, to: number) => from + next() * (to - from)
  const whole = (from: number, to: number) => from + Math.floor(next() * (to - from + 1))
  const chance = (probability: number) => next() < probability
  const pick = <T>(list: readonly T[]): T => {
    const picked = list[whole(0, list.length - 1)]
    if (picked === undefined) throw new TypeError('nothing to pick from: the list is empty')
    return picked
  }
  return { next, between, whole, chance, pick }
}

/**
 * Sine of a part of a full turn, within 0.1 %. Only additions and multiplications, which IEEE 754 fixes to the
 * last bit; Math.sin may differ between engines.
 */
export function sineOfTurn(turn: number): number {
  const part = turn - Math.floor(turn + 0.5)
  const rough = 8 * part - 16 * part * Math.abs(part)
  return 0.225 * (rough * Math.abs(rough) - rough) + rough
}

/** Cosine of a part of a full turn; see sineOfTurn. */
export function cosineOfTurn(turn: number): number {
  return sineOfTurn(turn + 0.25)
}
