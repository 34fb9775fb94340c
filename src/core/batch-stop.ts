/**
 * Ends what runs of a batch, wherever it runs, on an operator's word.
 *
 * 1. Every node that hears it ends what it holds of the batch, and asks its holders to end what it granted.
 * 2. Who was asked tells every member: who is not connected now, when it is within `WORD_MS`. In a large mesh that is most
 *    of them.
 * 3. A holder that lists such an attempt within `WORD_MS` is asked again: what was said to it may have been lost.
 * 4. The word is void once the batch goes on: what was granted since is not meant.
 */
import type { BatchBook } from './batch-book.ts'
import type { Claims } from './claims.ts'
import type { Holding } from './holding.ts'
import type { BatchId, NodeId } from './ids.ts'
import type { MessageOf } from './messages.ts'
import type { World } from './world.ts'

export type StopOutcome = 'cancelled' | 'returned'

/** Holders list what they hold every 10 s, and a connection that is asked for is dialled for 30 s. */
const WORD_MS = 60_000

interface Word {
  readonly outcome: StopOutcome
  readonly untilMs: number
  /** Whether it was asked here, so that the others are told from here. */
  readonly isOwn: boolean
}

export class BatchStop {
  readonly #world: World
  readonly #book: BatchBook
  readonly #claims: Claims
  readonly #holding: Holding
  readonly #words = new Map<BatchId, Word>()

  constructor(world: World, book: BatchBook, claims: Claims, holding: Holding) {
    this.#world = world
    this.#book = book
    this.#claims = claims
    this.#holding = holding
  }

  everywhere(batch: BatchId, outcome: StopOutcome): void {
    this.here(batch, outcome)
    this.#keep(batch, outcome, true)
    const { peers, nodeId, send } = this.#world
    for (const peer of peers.members) if (peer !== nodeId) send(peer, { type: 'stop-batch', batch, outcome })
  }

  /** The node that was asked says so. */
  heard({ batch, outcome }: MessageOf<'stop-batch'>): void {
    this.here(batch, outcome)
    this.#keep(batch, outcome, false)
  }

  here(id: BatchId, outcome: StopOutcome): void {
    const batch = this.#book.get(id)
    if (batch !== undefined) this.#claims.kills.batch(batch, outcome)
    this.#holding.killBatch(id, outcome)
  }

  #keep(batch: BatchId, outcome: StopOutcome, isOwn: boolean): void {
    const untilMs = this.#world.nowMs + WORD_MS
    this.#words.set(batch, { outcome, untilMs, isOwn })
    this.#world.timers.add(untilMs, () => this.#standing(batch))
  }

  /** The word about a batch while it counts. */
  #standing(id: BatchId): Word | undefined {
    const word = this.#words.get(id)
    if (word === undefined) return undefined
    const fields = this.#book.get(id)?.record.fields
    const isStopped = fields !== undefined && (fields.cancelled.value || fields.paused.value)
    if (isStopped && this.#world.nowMs < word.untilMs) return word
    this.#words.delete(id)
    return undefined
  }

  connected(peer: NodeId): void {
    for (const [batch, { isOwn, outcome }] of [...this.#words]) {
      if (isOwn && this.#standing(batch) !== undefined) this.#world.send(peer, { type: 'stop-batch', batch, outcome })
    }
  }

  /** A holder lists attempts of slots that this node serves. */
  listed(holder: NodeId, tokens: MessageOf<'held'>['tokens']): void {
    for (const id of [...this.#words.keys()]) {
      const its = tokens.filter(({ batch }) => batch === id).map(({ token }) => token)
      const word = its.length > 0 ? this.#standing(id) : undefined
      if (word !== undefined) this.#world.send(holder, { type: 'kill', tokens: its, outcome: word.outcome })
    }
  }
}
