/**
 * The highest ballot that this node knows of each slot; what it knows it has promised (protocol.md, section 5).
 *
 * A ballot is (epoch, node), compared in that order; epoch 0 belongs to nobody.
 *
 * 1. A slot's ballot never goes down, across restarts too: what is answered or acknowledged under a ballot comes after
 *    its sync (the callers' part).
 * 2. Of two equal epochs the greater node id is the higher ballot, by plain string order.
 */
import { type NodeId, SLOT_COUNT } from './ids.ts'
import type { BallotRun } from './messages.ts'

export interface Ballot {
  readonly epoch: number
  readonly node: NodeId
}

export class Ballots {
  readonly #epochs = new Uint32Array(SLOT_COUNT)
  /** Index into `#names`; 0 is nobody. */
  readonly #nodes = new Uint16Array(SLOT_COUNT)
  readonly #names: NodeId[] = ['']
  readonly #numbers = new Map<NodeId, number>([['', 0]])
  /** Changed since `runs` was asked for last. */
  dirty = false

  epochOf(slot: number): number {
    return this.#epochs[slot] as number
  }

  nodeOf(slot: number): NodeId {
    return this.#names[this.#nodes[slot] as number] as NodeId
  }

  get(slot: number): Ballot {
    return { epoch: this.epochOf(slot), node: this.nodeOf(slot) }
  }

  /** Whether (epoch, node) is the slot's ballot or a higher one. */
  admits(slot: number, epoch: number, node: NodeId): boolean {
    const known = this.epochOf(slot)
    return epoch > known || (epoch === known && node >= this.nodeOf(slot))
  }

  /** Takes a ballot unless a higher one is known; answers whether it is the known one now. */
  raise(slot: number, epoch: number, node: NodeId): boolean {
    if (!this.admits(slot, epoch, node)) return false
    if (epoch === this.epochOf(slot) && node === this.nodeOf(slot)) return true
    this.#epochs[slot] = epoch
    this.#nodes[slot] = this.#numberOf(node)
    this.dirty = true
    return true
  }

  raiseAll(runs: readonly BallotRun[]): void {
    for (const { from, to, epoch, node } of runs)
      for (let slot = from; slot <= to; slot++) this.raise(slot, epoch, node)
  }

  /** The highest epoch among some slots. */
  epochMax(slots: Iterable<number>): number {
    let highest = 0
    for (const slot of slots) highest = Math.max(highest, this.epochOf(slot))
    return highest
  }

  /** Every slot that somebody has a ballot of, as runs. */
  runs(): BallotRun[] {
    this.dirty = false
    return this.runsOf(allSlots())
  }

  /** The ballots of some slots, given ascending; slots without one are left out. */
  runsOf(slots: Iterable<number>): BallotRun[] {
    const runs: { from: number; to: number; epoch: number; node: NodeId }[] = []
    for (const slot of slots) {
      const epoch = this.epochOf(slot)
      if (epoch === 0) continue
      const node = this.nodeOf(slot)
      const last = runs.at(-1)
      if (last !== undefined && last.to === slot - 1 && last.epoch === epoch && last.node === node) last.to = slot
      else runs.push({ from: slot, to: slot, epoch, node })
    }
    return runs
  }

  #numberOf(node: NodeId): number {
    let number = this.#numbers.get(node)
    if (number === undefined) {
      number = this.#names.push(node) - 1
      this.#numbers.set(node, number)
    }
    return number
  }
}

export function* allSlots(): Generator<number> {
  for (let slot = 0; slot < SLOT_COUNT; slot++) yield slot
}
