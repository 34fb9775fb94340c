/**
 * What a node lets go of when a batch is deleted (protocol.md, section 2).
 *
 * A batch: live -> buried (in memory, at once) -> its tombstone is synced -> cleared from the store.
 *
 * 1. Buried it is refused: its facts are not kept, its tasks not granted, its ends settled without being kept, its rows
 *    answered with MESH_BATCH_UNKNOWN. No part writes anything about it from then on.
 * 2. What runs of it here is asked to end, and its end is told to nobody.
 * 3. The store is cleared only after the tombstone is synced, and again at every start: a crash between the two, an old
 *    backup or a fact that came before the tombstone leave nothing behind.
 */

import type { BatchBook } from './batch-book.ts'
import type { BatchStop } from './batch-stop.ts'
import type { BatchRecord } from './batches.ts'
import type { Claims } from './claims.ts'
import type { BatchId } from './ids.ts'
import type { Intake } from './intake.ts'
import type { Reports } from './reports.ts'
import type { Router } from './router.ts'
import { SlotSet } from './slot-set.ts'
import type { World } from './world.ts'

export interface TombstoneParts {
  readonly book: BatchBook
  readonly claims: Claims
  readonly stop: BatchStop
  readonly intake: Intake
  readonly reports: Reports
  readonly router: Router
}

export class Tombstones {
  readonly #world: World
  readonly #parts: TombstoneParts

  constructor(world: World, parts: TombstoneParts) {
    this.#world = world
    this.#parts = parts
  }

  /** A batch is deleted from now on; its tombstone is among the writes of this step. */
  bury(tombstone: BatchRecord): void {
    const { book, stop, intake, reports, router } = this.#parts
    const { id } = tombstone
    stop.here(id, 'cancelled')
    this.#forget(id)
    book.bury(tombstone)
    router.gone(id)
    intake.gone(id)
    reports.gone(id)
    this.#world.commits.whenStored(() => this.#world.out({ type: 'clear-batches', batches: [id] }))
  }

  #forget(id: BatchId): void {
    const { book, claims } = this.#parts
    const batch = book.get(id)
    if (batch === undefined) return
    for (const { task } of [...claims.leases.all()]) if (task.batch === id) claims.drop(task)
    for (const task of [...book.tasks.values()]) {
      if (task.batch !== id) continue
      claims.drop(task)
      book.forget(task)
    }
    batch.drop(SlotSet.all())
    batch.queues.clear()
  }

  /** What the store knows to be deleted, as it was opened. */
  start(): void {
    const batches = this.#parts.book.tombstones.map(({ id }) => id)
    for (const id of batches) this.#parts.reports.gone(id)
    if (batches.length > 0) this.#world.out({ type: 'clear-batches', batches })
  }
}
