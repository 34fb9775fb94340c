/**
 * Which slots this node serves, and under which ballot (protocol.md, section 5).
 *
 * A slot here: not served -> served (a takeover ended) -> not served (a higher ballot became known).
 *
 * 1. A slot is served only while its highest known ballot is (the epoch it was taken over with, this node).
 * 2. Learning of a higher ballot ends the serving of its slot at once: nothing is stated about it any more.
 * 3. Who should own a slot is a function of its list and of who is up and storing; who does own it, of ballots alone.
 */
import { Ballots } from './ballots.ts'
import { type NodeId, SLOT_COUNT } from './ids.ts'
import type { BallotRun } from './messages.ts'
import { SlotSet } from './slot-set.ts'
import type { World } from './world.ts'

export class Ownership {
  readonly ballots = new Ballots()
  readonly #world: World
  /** The epoch under which a slot is served; 0: not served. */
  readonly #epochs = new Uint32Array(SLOT_COUNT)
  #count = 0
  #served: readonly number[] | undefined
  /** Is told of slots that are not served any more. */
  onYield: (slots: SlotSet) => void = () => undefined

  constructor(world: World) {
    this.#world = world
  }

  /** How many slots this node serves. */
  get count(): number {
    return this.#count
  }

  serves(slot: number): boolean {
    return this.#epochs[slot] !== 0
  }

  /** The epoch under which this node serves a slot; 0 where it does not. */
  epochOf(slot: number): number {
    return this.#epochs[slot] as number
  }

  /** Slots that this node serves, ascending; the same list until they change. */
  get served(): readonly number[] {
    if (this.#served === undefined) {
      const served: number[] = []
      for (let slot = 0; slot < SLOT_COUNT; slot++) if (this.serves(slot)) served.push(slot)
      this.#served = served
    }
    return this.#served
  }

  /** The ballots under which this node serves some slots, given ascending. */
  ownBallots(slots: Iterable<number>): BallotRun[] {
    return this.ballots.runsOf(slots)
  }

  /** Begins to serve slots of which this node has the highest ballot; others are left out. */
  serve(slots: SlotSet, epoch: number): SlotSet {
    const served = new SlotSet()
    for (const slot of slots) {
      if (this.ballots.epochOf(slot) !== epoch || this.ballots.nodeOf(slot) !== this.#world.nodeId) continue
      if (!this.serves(slot)) this.#count++
      this.#epochs[slot] = epoch
      served.add(slot)
    }
    this.#served = undefined
    return served
  }

  /** Takes over ballots that are higher than the known ones, and with each yields its slot. */
  learn(runs: readonly BallotRun[]): void {
    let yielded: SlotSet | undefined
    for (const { from, to, epoch, node } of runs) {
      for (let slot = from; slot <= to; slot++) {
        if (!this.ballots.raise(slot, epoch, node) || !this.serves(slot)) continue
        if (epoch === this.epochOf(slot) && node === this.#world.nodeId) continue
        yielded ??= new SlotSet()
        yielded.add(slot)
      }
    }
    if (yielded !== undefined) this.#yield(yielded)
  }

  #yield(slots: SlotSet): void {
    for (const slot of slots) this.#epochs[slot] = 0
    this.#count -= slots.size
    this.#served = undefined
    this.onYield(slots)
  }

  /** Writes the known ballots with this step's facts, where they changed. */
  persist(): void {
    if (this.ballots.dirty) this.#world.commits.promises(this.ballots.runs())
  }

  /** The first of the slot's list that is up and storing: who should own it now. */
  wantedOwner(slot: number): NodeId | undefined {
    const { peers, nodeId, storing } = this.#world
    return peers.listOf(slot).find((id) => (id === nodeId ? storing : peers.isStoring(id)))
  }

  /** The node to be asked about a slot: its owner while that is up, else who is about to take it over. */
  ownerOf(slot: number): NodeId | undefined {
    const { peers, nodeId } = this.#world
    if (this.serves(slot)) return nodeId
    const known = this.ballots.nodeOf(slot)
    return known !== '' && known !== nodeId && peers.isUp(known) ? known : this.wantedOwner(slot)
  }
}
