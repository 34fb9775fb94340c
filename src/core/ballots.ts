/**
 * The highest ballot that this node knows of each slot; what it knows it has promised (protocol.md, section 5).
 *
 * A ballot is (epoch, node), compared in that order; epoch 0 belongs to nobody.
 *
 * 1. A slot's ballot never goes down, across restarts too: what is answered or acknowledged under a ballot comes after
 *    its sync (the callers' part).
 * 2. Of two equal epochs the greater node id is the higher ballot, by plain string order.
 * 3. Epochs above `EPOCH_MAX` are no ballots, wherever they come from: the next one must have room. A peer that says one is
 *    broken, and its message is refused before it comes here (src/codec/slot-runs.ts).
 */
import { EPOCH_MAX, type NodeId, SLOT_COUNT } from './ids.ts'
import type { BallotRun, SlotRun } from './messages.ts'
import { SlotSet } from './slot-set.ts'

export class Ballots {
  readonly #epochs = new Uint32Array(SLOT_COUNT)
  /** Index into `#names`; 0 is nobody. */
  readonly #nodes = new Uint16Array(SLOT_COUNT)
  readonly #names: NodeId[] = ['']
  readonly #numbers = new Map<NodeId, number>([['', 0]])
  /** Changed since `runs` was asked for last. */
  dirty = false
  #highest = 0

  /** The highest epoch that any slot ever had. */
  get highest(): number {
    return this.#highest
  }

  epochOf(slot: number): number {
    return this.#epochs[slot] as number
  }

  nodeOf(slot: number): NodeId {
    return this.#names[this.#nodes[slot] as number] as NodeId
  }

  /** The slots of which a node has the highest ballot. */
  wonBy(node: NodeId): SlotSet {
    const won = new SlotSet()
    const number = this.#numbers.get(node)
    if (number === undefined) return won
    // By hand: a call of `indexOf` for each slot found takes ten times as long.
    const nodes = this.#nodes
    for (let slot = 0; slot < SLOT_COUNT; slot++) if (nodes[slot] === number) won.add(slot)
    return won
  }

  /** Whether (epoch, node) is the slot's ballot or a higher one. */
  admits(slot: number, epoch: number, node: NodeId): boolean {
    const known = this.epochOf(slot)
    return epoch > known || (epoch === known && node >= this.nodeOf(slot))
  }

  /** Takes a ballot for slots `from`..`to` where no higher one is known; `raised` is told of each slot that it is new to. */
  raise({ from, to, epoch, node }: BallotRun, raised: (slot: number) => void = () => undefined): void {
    if (epoch > EPOCH_MAX) return
    const number = this.#numberOf(node)
    const [epochs, nodes] = [this.#epochs, this.#nodes]
    for (let slot = from; slot <= to; slot++) {
      const known = epochs[slot] as number
      if (epoch < known || (epoch === known && nodes[slot] === number)) continue
      if (epoch === known && node < this.nodeOf(slot)) continue
      epochs[slot] = epoch
      nodes[slot] = number
      this.#highest = Math.max(this.#highest, epoch)
      this.dirty = true
      raised(slot)
    }
  }

  /** The highest epoch among some slots. */
  epochMax(slots: readonly SlotRun[]): number {
    let highest = 0
    for (const { from, to } of slots)
      for (let slot = from; slot <= to; slot++) highest = Math.max(highest, this.epochOf(slot))
    return highest
  }

  /** Every slot that somebody has a ballot of, as runs. */
  runs(): BallotRun[] {
    this.dirty = false
    return this.runsOf([{ from: 0, to: SLOT_COUNT - 1 }])
  }

  /** The ballots of some slots, given ascending; slots without one are left out. */
  runsOf(slots: readonly SlotRun[]): BallotRun[] {
    const runs: { from: number; to: number; epoch: number; node: NodeId }[] = []
    let last: (typeof runs)[number] | undefined
    for (const { from, to } of slots) {
      for (let slot = from; slot <= to; slot++) {
        const epoch = this.#epochs[slot] as number
        if (epoch === 0) continue
        const end = this.#lastAlike(slot, to)
        const node = this.nodeOf(slot)
        if (last?.to === slot - 1 && last.epoch === epoch && last.node === node) last.to = end
        else {
          last = { from: slot, to: end, epoch, node }
          runs.push(last)
        }
        slot = end
      }
    }
    return runs
  }

  /** The last slot of those from `slot` to `to` that have the same ballot without a gap. */
  #lastAlike(slot: number, to: number): number {
    const [epochs, nodes] = [this.#epochs, this.#nodes]
    const [epoch, node] = [epochs[slot], nodes[slot]]
    let end = slot
    while (end < to && epochs[end + 1] === epoch && nodes[end + 1] === node) end++
    return end
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
