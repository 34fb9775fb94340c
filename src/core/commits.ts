/**
 * What must be on disk before it is acted upon.
 *
 * 1. All writes of a step become one `persist` effect with the next ticket; tickets rise by one.
 * 2. What was asked to happen `afterwards` in a step happens when that step's ticket is persisted, in the order of
 *    asking; without a write in that step, when every earlier ticket is.
 */
import type { BatchRecord } from './batches.ts'
import type { Effect, IndexEntries } from './effects.ts'
import type { StoredFact } from './facts.ts'
import type { PromiseRun } from './ownership.ts'
import type { SlotTally } from './tally.ts'

export class Commits {
  #lastTicket = 0
  #persistedTicket = 0
  readonly #waiting: { readonly ticket: number; readonly then: () => void }[] = []
  #facts: StoredFact[] = []
  readonly #tallies = new Map<string, SlotTally>()
  #indexes: IndexEntries[] = []
  #batches: BatchRecord[] = []
  #promises: readonly PromiseRun[] | undefined

  fact(fact: StoredFact): void {
    this.#facts.push(fact)
  }

  /** The last one of a (batch, slot) in a step is the one written. */
  tally(tally: SlotTally): void {
    this.#tallies.set(`${tally.batch} ${tally.slot}`, tally)
  }

  index(entries: IndexEntries): void {
    this.#indexes.push(entries)
  }

  batch(record: BatchRecord): void {
    this.#batches.push(record)
  }

  promises(runs: readonly PromiseRun[]): void {
    this.#promises = runs
  }

  afterwards(then: () => void): void {
    this.#waiting.push({ ticket: this.#hasWrites() ? this.#lastTicket + 1 : this.#lastTicket, then })
  }

  /** Whether everything written is on disk and everything that waited for it has happened. */
  get idle(): boolean {
    return !this.#hasWrites() && this.#persistedTicket === this.#lastTicket && this.#waiting.length === 0
  }

  #hasWrites(): boolean {
    return (
      this.#facts.length + this.#tallies.size + this.#indexes.length + this.#batches.length > 0 ||
      this.#promises !== undefined
    )
  }

  persisted(ticket: number): void {
    this.#persistedTicket = Math.max(this.#persistedTicket, ticket)
    this.runReady()
  }

  /** Runs what no longer waits for anything. */
  runReady(): void {
    let count = 0
    for (; count < this.#waiting.length; count++) {
      const next = this.#waiting[count] as { ticket: number; then: () => void }
      if (next.ticket > this.#persistedTicket) break
      next.then()
    }
    this.#waiting.splice(0, count)
  }

  /** The effect for the writes since the last call, if any. */
  take(): Effect | undefined {
    if (!this.#hasWrites()) return undefined
    const effect: Effect = {
      type: 'persist',
      ticket: ++this.#lastTicket,
      facts: this.#facts,
      tallies: this.#tallies.size === 0 ? [] : [...this.#tallies.values()],
      indexes: this.#indexes,
      batches: this.#batches,
      promises: this.#promises,
    }
    this.#facts = []
    this.#tallies.clear()
    this.#indexes = []
    this.#batches = []
    this.#promises = undefined
    return effect
  }
}
