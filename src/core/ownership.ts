/**
 * Who decides about the tasks of a slot: the holder of the highest ballot (epoch, node) promised for it.
 *
 * 1. A promise is synced to disk before anything is granted under it.
 * 2. Each start takes every slot over anew with a higher epoch than any promised before, so that no token of an
 *    earlier start can come again.
 *
 * While a node is alone it owns every slot; taking over from others comes with other members.
 */
import { type NodeId, SLOT_COUNT } from './ids.ts'

/** Slots `from`..`to` (inclusive) share a promised ballot. */
export interface PromiseRun {
  readonly from: number
  readonly to: number
  readonly epoch: number
  readonly node: NodeId
}

export class Ownership {
  readonly #epochs = new Uint32Array(SLOT_COUNT)

  /** Takes all slots over; gives the promises to be synced before anything is granted. */
  takeOver(node: NodeId, promised: readonly PromiseRun[]): PromiseRun[] {
    const epoch = 1 + Math.max(0, ...promised.map((run) => run.epoch))
    this.#epochs.fill(epoch)
    return [{ from: 0, to: SLOT_COUNT - 1, epoch, node }]
  }

  /** The epoch under which this node owns a slot. */
  epochOf(slot: number): number {
    return this.#epochs[slot] as number
  }
}
