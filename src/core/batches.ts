/**
 * Batches: small records that live on every node. Each field is a register.
 *
 * 1. A register is ordered by (counter, node, JSON of its value); merging keeps the greater, so merging is
 *    commutative, associative and idempotent.
 * 2. A writer takes 1 + the highest counter it has seen in the record.
 * 3. A batch's id, name and generation never change.
 */
import type { BatchId, NodeId } from './ids.ts'

export interface Register<T> {
  readonly value: T
  readonly counter: number
  readonly node: NodeId
}

/** The fields of a batch that may change. */
export interface BatchFields {
  readonly profile: string
  /** Higher runs first; 0 unless said. */
  readonly priority: number
  readonly maxAttempts: number
  /** Longest run of an attempt; null leaves it to the profile. */
  readonly timeoutMs: number | null
  readonly paused: boolean
  readonly cancelled: boolean
  /** Rises with each batch created: the age that decides between batches of one priority. */
  readonly born: number
}

export interface BatchRecord {
  readonly id: BatchId
  readonly name: string
  /** How many batches of this name were deleted before. */
  readonly generation: number
  readonly fields: { readonly [K in keyof BatchFields]: Register<BatchFields[K]> }
}
