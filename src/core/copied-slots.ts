/**
 * Which of the slots that this node serves another node is known to keep whole.
 *
 * A slot, as a peer keeps it: unknown -> copied (a comparison showed equal digests of what both have synced) -> unknown
 * (that peer was lost, the slot is served no more, or a fact of it was committed without a second copy).
 *
 * 1. What is stated of a copied slot later is committed with a second copy (replication.ts), or ends this.
 * 2. It is said of what is synced alone: digests are read from disks.
 *
 * It decides nothing: it is what an answer says of rows that were there already.
 */
import type { NodeId } from './ids.ts'
import type { SlotSet } from './slot-set.ts'

export class CopiedSlots {
  readonly #by = new Map<NodeId, SlotSet>()

  /** A peer has all facts of these slots. */
  confirmed(peer: NodeId, slots: SlotSet): void {
    const known = this.#by.get(peer)
    if (known === undefined) this.#by.set(peer, slots.copy())
    else known.addAll(slots)
  }

  /** Nothing is known any more of what that peer keeps. */
  lost(peer: NodeId): void {
    this.#by.delete(peer)
  }

  drop(slots: SlotSet): void {
    for (const [peer, known] of this.#by) this.#by.set(peer, known.without(slots))
  }

  has(slot: number): boolean {
    for (const known of this.#by.values()) if (known.has(slot)) return true
    return false
  }
}
