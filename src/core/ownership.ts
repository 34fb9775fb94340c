/**
 * Who decides about the tasks of a slot: the highest ballot (epoch, node) that this node has promised.
 */
import type { NodeId } from './ids.ts'

/** Slots `from`..`to` (inclusive) share a promised ballot. */
export interface PromiseRun {
  readonly from: number
  readonly to: number
  readonly epoch: number
  readonly node: NodeId
}
