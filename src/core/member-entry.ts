/**
 * One line of the member list: what the mesh knows of one node, whether that is alive or not.
 *
 * 1. Every part of an entry is said under one incarnation: who changes anything but the standing raises it.
 */
import type { NodeId } from './ids.ts'

/** Joined and away nodes are members of the ring; those that left or were forgotten are not. */
export type Standing = 'joined' | 'away' | 'left' | 'forgotten'

/** By rank: of two entries of one incarnation the one whose standing comes later here counts. */
export const STANDINGS = ['joined', 'away', 'left', 'forgotten'] as const satisfies readonly Standing[]

export interface MemberEntry {
  readonly id: NodeId
  readonly name: string
  readonly incarnation: number
  readonly standing: Standing
  readonly addresses: readonly string[]
}
