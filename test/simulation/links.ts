/**
 * The wires between machines: how long a byte takes from one to another, and whether it arrives at all.
 *
 * 1. A way is blocked as long as one of the cuts over it has not been healed.
 * 2. A pair is cut while one of its two ways is blocked: an acknowledged stream needs both.
 */
import type { Random } from './random.ts'

export interface LinkConditions {
  /** Every way has its own delay between these two. */
  readonly delayMsMin: number
  readonly delayMsMax: number
  /** Part of its delay by which each message differs. */
  readonly jitter: number
  /** Share of messages that wait long: a busy radio, a lost segment. */
  readonly spikes: number
  readonly spikeMsMax: number
  readonly bytesPerMs: number
}

export class Links {
  #conditions: LinkConditions
  readonly #size: number
  readonly #random: Random
  readonly #base: Float64Array
  readonly #blocked: Uint16Array
  readonly #slowdownMs: Float64Array
  /** Rises whenever a way is blocked, and when it is open again. */
  changes = 0
  /** Called when a way that was blocked is open again. */
  onOpened: (from: number, to: number) => void = () => undefined
  /** Called when a pair that was not cut is. */
  onCut: (a: number, b: number) => void = () => undefined

  constructor(size: number, conditions: LinkConditions, random: Random) {
    this.#size = size
    this.#conditions = conditions
    this.#random = random
    this.#base = new Float64Array(size * size)
    this.#blocked = new Uint16Array(size * size)
    this.#slowdownMs = new Float64Array(size * size)
    const { delayMsMin, delayMsMax } = conditions
    for (let way = 0; way < size * size; way++) this.#base[way] = random.spread(delayMsMin, delayMsMax)
  }

  delayMs(from: number, to: number, bytes: number): number {
    const { jitter, spikes, spikeMsMax, bytesPerMs } = this.#conditions
    const way = from * this.#size + to
    let delay = (this.#base[way] as number) + (this.#slowdownMs[way] as number) + bytes / bytesPerMs
    if (jitter > 0) delay *= 1 + jitter * this.#random.next()
    if (spikes > 0 && this.#random.chance(spikes)) delay += this.#random.between(0, spikeMsMax)
    return delay
  }

  isBlocked(from: number, to: number): boolean {
    return (this.#blocked[from * this.#size + to] as number) > 0
  }

  isCut(a: number, b: number): boolean {
    return this.isBlocked(a, b) || this.isBlocked(b, a)
  }

  block(from: number, to: number): void {
    const wasCut = this.isCut(from, to)
    this.changes++
    const way = from * this.#size + to
    this.#blocked[way] = (this.#blocked[way] as number) + 1
    if (!wasCut) this.onCut(from, to)
  }

  /** @throws TypeError where that way is not blocked */
  open(from: number, to: number): void {
    const way = from * this.#size + to
    if (this.#blocked[way] === 0) throw new TypeError(`the way ${from} -> ${to} is not blocked`)
    this.changes++
    this.#blocked[way] = (this.#blocked[way] as number) - 1
    if (this.#blocked[way] === 0) this.onOpened(from, to)
  }

  /** Wires as they are in an office from now on. */
  calm(conditions: LinkConditions): void {
    this.#conditions = conditions
    for (let way = 0; way < this.#base.length; way++)
      this.#base[way] = Math.min(this.#base[way] as number, conditions.delayMsMax)
  }

  /** Adds to the delay of both ways of a pair; negative to take it back. */
  slow(a: number, b: number, byMs: number): void {
    for (const way of [a * this.#size + b, b * this.#size + a])
      this.#slowdownMs[way] = (this.#slowdownMs[way] as number) + byMs
  }
}
