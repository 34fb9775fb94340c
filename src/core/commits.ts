/**
 * What must be on disk, here and on other nodes, before it is acted upon.
 *
 * 1. All writes of a step become one `persist` effect with the next ticket; tickets rise by one.
 * 2. What was asked to happen `whenStored` in a step happens when that step's ticket is synced on this node; what was
 *    asked to happen `afterwards`, when that ticket and all before it are committed: synced here, and what this node
 *    says as an owner on another storing node too (replication.ts). Both in the order of asking. Without a write in
 *    that step they wait for every earlier ticket.
 */
import type { BatchRecord } from './batches.ts'
import type { Effect, IndexEntries, MeshWrites } from './effects.ts'
import type { StoredFact } from './facts.ts'
import type { Token } from './ids.ts'
import type { MemberEntry } from './membership.ts'
import type { BallotRun } from './messages.ts'
import type { SlotTally } from './tally.ts'

/** Brings what this node says as an owner to other nodes. */
export interface Copying {
  /** Takes the facts of a step; they are committed once `pendingFrom` is above the ticket. */
  take(ticket: number, facts: readonly StoredFact[]): void
  /** Everything up to that ticket is synced here. */
  synced(ticket: number): void
  /** The lowest ticket with facts that no other node has acknowledged; Infinity without one. */
  readonly pendingFrom: number
  /** Whether a node that the lowest of those waits for was heard of lately. */
  readonly isAwaited: boolean
  /** How many nodes at least stored the facts of a committed ticket: 1 or 2. Asked in ascending order. */
  copiesOf(ticket: number): number
}

interface Waiting {
  readonly ticket: number
  readonly then: (copies: number) => void
}

interface MutableMeshWrites {
  members: MemberEntry[]
  outbox: StoredFact[]
  outboxDone: Token[]
  incarnation: number | undefined
}

export class Commits {
  /** Nobody, until there are others. */
  copying: Copying = {
    take: () => undefined,
    synced: () => undefined,
    pendingFrom: Number.POSITIVE_INFINITY,
    isAwaited: false,
    copiesOf: () => 1,
  }
  #lastTicket = 0
  #persistedTicket = 0
  readonly #forStore: Waiting[] = []
  readonly #forCommit: Waiting[] = []
  #facts: StoredFact[] = []
  #stated: StoredFact[] = []
  readonly #tallies = new Map<string, SlotTally>()
  #indexes: IndexEntries[] = []
  #batches: BatchRecord[] = []
  #promises: readonly BallotRun[] | undefined
  #mesh: MutableMeshWrites | undefined

  /** A fact that this node states as the owner of its slot. */
  fact(fact: StoredFact): void {
    this.#facts.push(fact)
    this.#stated.push(fact)
  }

  /** A fact that another node stated: kept here, not sent on. */
  copy(fact: StoredFact): void {
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

  promises(runs: readonly BallotRun[]): void {
    this.#promises = runs
  }

  members(entries: readonly MemberEntry[]): void {
    this.#meshWrites().members.push(...entries)
  }

  /** Keeps the end of an attempt until its owner has it. */
  outbox(ended: StoredFact): void {
    this.#meshWrites().outbox.push(ended)
  }

  outboxDone(token: Token): void {
    this.#meshWrites().outboxDone.push(token)
  }

  incarnation(incarnation: number): void {
    this.#meshWrites().incarnation = incarnation
  }

  #meshWrites(): MutableMeshWrites {
    this.#mesh ??= { members: [], outbox: [], outboxDone: [], incarnation: undefined }
    return this.#mesh
  }

  whenStored(then: () => void): void {
    this.#forStore.push({ ticket: this.#currentTicket(), then })
  }

  /** `then` is told on how many nodes what was written in this step is. */
  afterwards(then: (copies: number) => void): void {
    this.#forCommit.push({ ticket: this.#currentTicket(), then })
  }

  #currentTicket(): number {
    return this.#hasWrites() ? this.#lastTicket + 1 : this.#lastTicket
  }

  /** Whether everything written is committed and everything that waited for it has happened. */
  get idle(): boolean {
    return (
      !this.#hasWrites() &&
      this.#persistedTicket === this.#lastTicket &&
      this.#forStore.length + this.#forCommit.length === 0
    )
  }

  /** The last committed ticket, while a later one waits for a node that lives, or stored one, while one waits for the disk. */
  get awaitedFrom(): number | undefined {
    if (this.copying.isAwaited) return Math.min(this.#persistedTicket, this.copying.pendingFrom - 1)
    return this.#persistedTicket < this.#lastTicket ? this.#persistedTicket : undefined
  }

  #hasWrites(): boolean {
    return (
      this.#facts.length + this.#tallies.size + this.#indexes.length + this.#batches.length > 0 ||
      this.#promises !== undefined ||
      this.#mesh !== undefined
    )
  }

  persisted(ticket: number): void {
    this.#persistedTicket = Math.max(this.#persistedTicket, ticket)
    this.copying.synced(this.#persistedTicket)
    this.runReady()
  }

  /** Runs what no longer waits for anything. */
  runReady(): void {
    runUpTo(
      this.#forStore,
      () => this.#persistedTicket,
      () => 1,
    )
    runUpTo(
      this.#forCommit,
      () => Math.min(this.#persistedTicket, this.copying.pendingFrom - 1),
      (ticket) => this.copying.copiesOf(ticket),
    )
  }

  /** The effect for the writes since the last call, if any; what was stated goes to other nodes. */
  take(): Effect | undefined {
    if (!this.#hasWrites()) return undefined
    const ticket = ++this.#lastTicket
    const effect: Effect = {
      type: 'persist',
      ticket,
      facts: this.#facts,
      tallies: this.#tallies.size === 0 ? [] : [...this.#tallies.values()],
      indexes: this.#indexes,
      batches: this.#batches,
      promises: this.#promises,
      ...(this.#mesh && { mesh: this.#mesh satisfies MeshWrites }),
    }
    if (this.#stated.length > 0) this.copying.take(ticket, this.#stated)
    this.#facts = []
    this.#stated = []
    this.#tallies.clear()
    this.#indexes = []
    this.#batches = []
    this.#promises = undefined
    this.#mesh = undefined
    return effect
  }
}

/** What runs may add to the queue's end, and may move the limit. */
function runUpTo(queue: Waiting[], limit: () => number, copiesOf: (ticket: number) => number): void {
  let count = 0
  for (; count < queue.length; count++) {
    const next = queue[count] as Waiting
    if (next.ticket > limit()) break
    next.then(copiesOf(next.ticket))
  }
  if (count > 0) queue.splice(0, count)
}
