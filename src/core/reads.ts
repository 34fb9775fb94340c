/**
 * Reads of whole slots from this node's store, of every batch: what is compared and sent to other nodes.
 *
 * 1. A read sees everything that was written before it was asked for.
 * 2. A read that failed is asked for again.
 */
import type { StoredFact } from './facts.ts'
import type { SlotDigest, SlotRun } from './messages.ts'
import type { World } from './world.ts'

export class Reads {
  readonly #world: World
  readonly #digests = new Map<
    number,
    { readonly slots: readonly SlotRun[]; readonly then: (digests: readonly SlotDigest[]) => void }
  >()
  readonly #slots = new Map<number, { readonly slot: number; readonly then: (facts: readonly StoredFact[]) => void }>()

  constructor(world: World) {
    this.#world = world
  }

  get idle(): boolean {
    return this.#digests.size + this.#slots.size === 0
  }

  /** Digests of the slots that have facts, ascending. */
  digests(slots: readonly SlotRun[], then: (digests: readonly SlotDigest[]) => void): void {
    const load = this.#world.nextLoad()
    this.#digests.set(load, { slots, then })
    this.#world.out({ type: 'read-digests', load, slots })
  }

  slot(slot: number, then: (facts: readonly StoredFact[]) => void): void {
    const load = this.#world.nextLoad()
    this.#slots.set(load, { slot, then })
    this.#world.out({ type: 'read-slot', load, slot })
  }

  digestsRead(load: number, digests: readonly SlotDigest[]): void {
    const read = this.#digests.get(load)
    this.#digests.delete(load)
    read?.then(digests)
  }

  slotRead(load: number, facts: readonly StoredFact[]): void {
    const read = this.#slots.get(load)
    this.#slots.delete(load)
    read?.then(facts)
  }

  /** Answers whether the load was one of these. */
  failed(load: number): boolean {
    const digests = this.#digests.get(load)
    if (digests !== undefined) this.#world.out({ type: 'read-digests', load, slots: digests.slots })
    const slot = this.#slots.get(load)
    if (slot !== undefined) this.#world.out({ type: 'read-slot', load, slot: slot.slot })
    return digests !== undefined || slot !== undefined
  }
}
