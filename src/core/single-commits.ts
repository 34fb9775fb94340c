/**
 * Commits whose facts no other node has: there was none that could store them, or none of those to whom they went can.
 *
 * 1. It is told of their facts when that is known, and again once they are synced here: whoever reads this node's disk in
 *    between may find it as it was before.
 */
import type { StoredFact } from './facts.ts'

interface Unsynced {
  readonly ticket: number
  readonly facts: readonly StoredFact[]
}

export class SingleCommits {
  /** Those below the last one asked for are gone. */
  readonly #tickets = new Set<number>()
  #unsynced: Unsynced[] = []
  #syncedTicket = 0
  /** Is told of facts that this node alone has. */
  onSingle: (facts: readonly StoredFact[]) => void = () => undefined

  add(ticket: number, facts: readonly StoredFact[]): void {
    this.#tickets.add(ticket)
    this.onSingle(facts)
    if (ticket > this.#syncedTicket) this.#unsynced.push({ ticket, facts })
  }

  /** Everything up to that ticket is synced. */
  synced(ticket: number): void {
    this.#syncedTicket = ticket
    if (this.#unsynced.length === 0) return
    const synced = this.#unsynced.filter((each) => each.ticket <= ticket)
    this.#unsynced = this.#unsynced.filter((each) => each.ticket > ticket)
    for (const { facts } of synced) this.onSingle(facts)
  }

  /** How many nodes at least stored the facts of a commit: 1 or 2. Asked in ascending order. */
  copiesOf(ticket: number): number {
    for (const earlier of this.#tickets) if (earlier < ticket) this.#tickets.delete(earlier)
    return this.#tickets.has(ticket) ? 1 : 2
  }
}
