/**
 * Ends what runs of a batch, wherever it runs, on an operator's word.
 *
 * 1. Every node that can be reached ends what it holds of the batch, and asks its holders to end what it granted.
 * 2. Who cannot be reached now is not told later: its executions end by themselves.
 */
import type { BatchBook } from './batch-book.ts'
import type { Claims } from './claims.ts'
import type { Holding } from './holding.ts'
import type { BatchId } from './ids.ts'
import type { World } from './world.ts'

export type StopOutcome = 'cancelled' | 'returned'

export class BatchStop {
  readonly #world: World
  readonly #book: BatchBook
  readonly #claims: Claims
  readonly #holding: Holding

  constructor(world: World, book: BatchBook, claims: Claims, holding: Holding) {
    this.#world = world
    this.#book = book
    this.#claims = claims
    this.#holding = holding
  }

  everywhere(batch: BatchId, outcome: StopOutcome): void {
    this.here(batch, outcome)
    const { peers, nodeId, send } = this.#world
    for (const peer of peers.members) if (peer !== nodeId) send(peer, { type: 'stop-batch', batch, outcome })
  }

  here(id: BatchId, outcome: StopOutcome): void {
    const batch = this.#book.get(id)
    if (batch !== undefined) this.#claims.kills.batch(batch, outcome)
    this.#holding.killBatch(id, outcome)
  }
}
