/**
 * How attempts that other nodes granted ended: kept here until their owner has it (protocol.md, section 7).
 *
 * A report: stored (synced) -> sent, as often as needed -> settled (its owner has committed it, or the batch is gone).
 *
 * 1. A report is synced before it is sent, and kept across restarts until it is settled.
 * 2. It goes to whoever owns the slot by then.
 */

import { makeFact } from './fact-record.ts'
import type { EndedFact, StoredFact } from './facts.ts'
import { type BatchId, type NodeId, slotOf, type Token } from './ids.ts'
import type { Ownership } from './ownership.ts'
import { partsOf } from './parts.ts'
import type { World } from './world.ts'

/** Pause after which a report that nobody settled is sent again. */
const AGAIN_MS = 5_000

export type Report = StoredFact & { readonly fact: EndedFact }

export class Reports {
  readonly #world: World
  readonly #ownership: Ownership
  readonly #open = new Map<Token, Report>()
  /** Those that are not synced yet. */
  readonly #unsynced = new Set<Report>()
  #isSet = false
  /** Takes an end of which this node is the owner by now. */
  onOwn: (ended: Report) => void = () => undefined

  constructor(world: World, ownership: Ownership) {
    this.#world = world
    this.#ownership = ownership
  }

  get idle(): boolean {
    return this.#open.size === 0
  }

  has(token: Token): boolean {
    return this.#open.has(token)
  }

  /** Reports that nobody settled. */
  get open(): readonly EndedFact[] {
    return [...this.#open.values()].map(({ fact }) => fact)
  }

  restore(outbox: readonly StoredFact[]): void {
    for (const { fact, hash, bytes } of outbox) {
      if (fact.kind === 'ended') this.#open.set(fact.token, { fact, hash, bytes })
    }
    this.#repeat()
  }

  add(ended: EndedFact): void {
    const stored = { ...makeFact(ended, this.#world.sha256), fact: ended }
    this.#open.set(ended.token, stored)
    this.#unsynced.add(stored)
    this.#world.commits.outbox(stored)
    this.#world.commits.whenStored(() => {
      this.#unsynced.delete(stored)
      if (this.#open.get(ended.token) === stored) this.#send([stored])
    })
    this.#repeat()
  }

  settled(tokens: readonly Token[]): void {
    for (const token of tokens) if (this.#open.delete(token)) this.#world.commits.outboxDone(token)
  }

  /** The batch is deleted: nobody wants to know any more. */
  gone(batch: BatchId): void {
    const its = this.open.filter((fact) => fact.batch === batch)
    this.settled(its.map(({ token }) => token))
  }

  /** Sends all reports anew: owners changed, or one is connected again. */
  sendAll(): void {
    this.#send([...this.#open.values()].filter((stored) => !this.#unsynced.has(stored)))
  }

  #repeat(): void {
    if (this.#isSet || this.#open.size === 0) return
    this.#isSet = true
    this.#world.timers.add(this.#world.nowMs + AGAIN_MS, () => {
      this.#isSet = false
      this.sendAll()
      this.#repeat()
    })
  }

  #send(reports: readonly Report[]): void {
    const byOwner = new Map<NodeId, Report[]>()
    for (const stored of reports) {
      const slot = slotOf(stored.fact.task)
      const owner = this.#ownership.ownerOf(slot)
      if (this.#ownership.serves(slot)) this.onOwn(stored)
      if (owner === undefined || owner === this.#world.nodeId) continue
      if (byOwner.has(owner)) byOwner.get(owner)?.push(stored)
      else byOwner.set(owner, [stored])
    }
    for (const [owner, its] of byOwner) {
      for (const facts of partsOf(its)) this.#world.send(owner, { type: 'ended', facts })
    }
  }
}
