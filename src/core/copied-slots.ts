/**
 * Which of the slots that this node serves another node is known to keep whole.
 *
 * A slot, as a peer keeps it: unknown -> copied (a comparison showed equal digests of what both have synced) -> unknown
 * (that peer was lost, the slot is served no more, or a fact of it was committed without a second copy: before the
 * comparison ended, too, for it may have read what was there before).
 *
 * 1. What is stated of a copied slot later is committed with a second copy (replication.ts), or ends this.
 * 2. It is said of what is synced alone: digests are read from disks.
 *
 * It decides nothing: it is what an answer says of rows that were there already.
 */
import type { NodeId } from './ids.ts'
import { SlotSet } from './slot-set.ts'

export class CopiedSlots {
  readonly #by = new Map<NodeId, SlotSet>()
  /** Peers that are being compared with: slots that were dropped meanwhile. */
  readonly #dropped = new Map<NodeId, SlotSet>()

  /** Whether nothing is known, nor about to be. */
  get isIdle(): boolean {
    return this.#by.size + this.#dropped.size === 0
  }

  /** A comparison with a peer begins. */
  begin(peer: NodeId): void {
    this.#dropped.set(peer, new SlotSet())
  }

  /** The comparison has ended: a peer has all facts of these slots. */
  confirmed(peer: NodeId, slots: SlotSet): void {
    const dropped = this.#dropped.get(peer)
    // It was lost meanwhile.
    if (dropped === undefined) return
    this.#dropped.delete(peer)
    const known = this.#by.get(peer) ?? new SlotSet()
    known.addAll(slots.without(dropped))
    this.#by.set(peer, known)
  }

  /** Nothing is known any more of what that peer keeps. */
  lost(peer: NodeId): void {
    this.#by.delete(peer)
    this.#dropped.delete(peer)
  }

  drop(slots: SlotSet): void {
    for (const [peer, known] of this.#by) this.#by.set(peer, known.without(slots))
    for (const dropped of this.#dropped.values()) dropped.addAll(slots)
  }

  has(slot: number): boolean {
    for (const known of this.#by.values()) if (known.has(slot)) return true
    return false
  }
}
