/**
 * What is done with the store once everything that was given to be written before it is on disk.
 *
 * 1. It begins in the order in which it was given.
 * 2. After what is to be done `alone` nothing begins before that has ended, well or not.
 */
interface Work {
  readonly ticket: number
  readonly alone: boolean
  readonly run: () => Promise<void>
}

export class AfterWrites {
  readonly #onFailed: (error: unknown) => void
  readonly #waiting: Work[] = []
  #persistedTicket = 0
  #isHeldUp = false

  constructor(onFailed: (error: unknown) => void) {
    this.#onFailed = onFailed
  }

  /** Does it once the ticket is persisted; `alone` holds up what comes after it. */
  add(work: Work): void {
    this.#waiting.push(work)
    this.#goOn()
  }

  persisted(ticket: number): void {
    this.#persistedTicket = ticket
    this.#goOn()
  }

  #goOn(): void {
    while (!this.#isHeldUp && (this.#waiting[0]?.ticket ?? Number.POSITIVE_INFINITY) <= this.#persistedTicket) {
      const work = this.#waiting.shift()
      if (work !== undefined) this.#begin(work)
    }
  }

  #begin({ alone, run }: Work): void {
    const done = run().catch((error) => this.#onFailed(error))
    if (!alone) return
    this.#isHeldUp = true
    void done.then(() => {
      this.#isHeldUp = false
      this.#goOn()
    })
  }
}
