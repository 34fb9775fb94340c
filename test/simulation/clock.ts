/**
 * The monotonic clock of one node against virtual time: it may run fast or slow, and stand still while its machine
 * sleeps. It never goes back.
 */
export class NodeClock {
  #virtualMs: number
  #localMs: number
  #rate: number
  #stands = false

  constructor(virtualMs: number, localMs: number, rate: number) {
    this.#virtualMs = virtualMs
    this.#localMs = localMs
    this.#rate = rate
  }

  get rate(): number {
    return this.#rate
  }

  localMs(virtualMs: number): number {
    return this.#stands ? this.#localMs : this.#localMs + (virtualMs - this.#virtualMs) * this.#rate
  }

  /** When it will show that time; Infinity while it stands still. */
  virtualMs(localMs: number): number {
    return this.#stands ? Number.POSITIVE_INFINITY : this.#virtualMs + Math.max(0, localMs - this.#localMs) / this.#rate
  }

  setRate(virtualMs: number, rate: number): void {
    this.#anchor(virtualMs)
    this.#rate = rate
  }

  stop(virtualMs: number): void {
    this.#anchor(virtualMs)
    this.#stands = true
  }

  go(virtualMs: number): void {
    this.#anchor(virtualMs)
    this.#stands = false
  }

  #anchor(virtualMs: number): void {
    this.#localMs = this.localMs(virtualMs)
    this.#virtualMs = virtualMs
  }
}
