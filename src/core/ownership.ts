/**
 * Which slots this node serves, and under which ballot (protocol.md, section 5).
 *
 * A slot here: not served -> served (a takeover ended) -> not served (a higher ballot became known).
 *
 * 1. A slot is served only while its highest known ballot is (the epoch it was taken over with, this node).
 * 2. Learning of a higher ballot ends the serving of its slot at once: nothing is stated about it any more.
 * 3. Who should own a slot is a function of its list and of who is up and storing; who does own it, of ballots alone.
 * 4. Where a stranger serves the same slot, neither knows the facts of the other: both end serving it, and who has the
 *    higher ballot takes it over anew, which brings the facts together.
 * 5. A slot with a ballot of the highest epoch is not taken over any more: nothing is above it.
 */
import { Ballots } from './ballots.ts'
import { EPOCH_MAX, type NodeId, SLOT_COUNT } from './ids.ts'
import type { BallotRun, SlotRun } from './messages.ts'
import { SlotSet } from './slot-set.ts'
import type { World } from './world.ts'

/** So many slots are looked at one by one: in a large mesh, what a node should own takes long to find out. */
const FEW = 256

export class Ownership {
  readonly ballots = new Ballots()
  readonly #world: World
  /** The epoch under which a slot is served; 0: not served. */
  readonly #epochs = new Uint32Array(SLOT_COUNT)
  readonly #served = new SlotSet()
  readonly #sinceMs = new Float64Array(SLOT_COUNT)
  /** Rises whenever other slots are served than before. */
  version = 0
  /** How often this node began to serve slots. */
  begun = 0
  /** Is told of slots that are not served any more. */
  onYield: (slots: SlotSet) => void = () => undefined

  constructor(world: World) {
    this.#world = world
  }

  /** How many slots this node serves. */
  get count(): number {
    return this.#served.size
  }

  serves(slot: number): boolean {
    return this.#epochs[slot] !== 0
  }

  /** The epoch under which this node serves a slot; 0 where it does not. */
  epochOf(slot: number): number {
    return this.#epochs[slot] as number
  }

  /** Since when this node serves a slot that it serves. */
  sinceMs(slot: number): number {
    return this.#sinceMs[slot] as number
  }

  /** Slots that this node serves now. */
  served(): SlotSet {
    return this.#served.copy()
  }

  /** Those of some slots that this node serves now. */
  servedOf(slots: SlotSet): SlotSet {
    return slots.and(this.#served)
  }

  /** All of them as runs with their ballots. */
  servedRuns(): BallotRun[] {
    return this.ballots.runsOf(this.#served.runs())
  }

  /** Begins to serve slots of which this node has the highest ballot; others are left out. */
  serve(slots: SlotSet, epoch: number): SlotSet {
    const served = new SlotSet()
    for (const slot of slots) {
      if (this.ballots.epochOf(slot) !== epoch || this.ballots.nodeOf(slot) !== this.#world.nodeId) continue
      this.#epochs[slot] = epoch
      this.#sinceMs[slot] = this.#world.nowMs
      this.#served.add(slot)
      served.add(slot)
    }
    this.version++
    this.begun++
    return served
  }

  /** Takes over ballots that are higher than the known ones, and with each yields its slot. */
  learn(runs: readonly BallotRun[]): void {
    let yielded: SlotSet | undefined
    for (const run of runs) {
      this.ballots.raise(run, (slot) => {
        if (!this.serves(slot)) return
        yielded ??= new SlotSet()
        yielded.add(slot)
      })
    }
    if (yielded !== undefined) this.#yield(yielded)
  }

  /** Learns what a node serves that is no member here, and yields the slots that both serve. */
  meet(serving: readonly BallotRun[]): void {
    const both = this.servedOf(SlotSet.ofRuns(serving))
    this.learn(serving)
    const still = this.servedOf(both)
    if (still.size > 0) this.#yield(still)
  }

  /** Slots that nobody serves: this node has their highest ballot, and does not. */
  lapsed(): SlotSet {
    return this.ballots.wonBy(this.#world.nodeId).without(this.#served)
  }

  /** The same of another node, which has said what it serves; it may not know, where its disk is one of earlier. */
  lapsedOf(node: NodeId, serving: readonly SlotRun[]): BallotRun[] {
    return this.ballots.runsOf(this.ballots.wonBy(node).without(SlotSet.ofRuns(serving)).runs())
  }

  /** Serves no slot any more, whoever has the highest ballot. */
  yieldAll(): void {
    const served = this.served()
    if (served.size > 0) this.#yield(served)
  }

  #yield(slots: SlotSet): void {
    for (const slot of slots) {
      this.#epochs[slot] = 0
      this.#served.delete(slot)
    }
    this.version++
    this.onYield(slots)
  }

  /** Takes ballots for itself, ahead of asking the others for their promises. */
  claim(slots: readonly SlotRun[], epoch: number): void {
    this.learn(slots.map((run) => ({ ...run, epoch, node: this.#world.nodeId })))
    this.persist()
  }

  /** Writes the known ballots with this step's facts, where they changed. */
  persist(): void {
    if (this.ballots.dirty) this.#world.commits.promises(this.ballots.runs())
  }

  /** The first of the slot's list that is up and storing: who should own it now. */
  wantedOwner(slot: number): NodeId | undefined {
    return this.#world.peers.listOf(slot).find((id) => this.#canOwn(id))
  }

  #canOwn(id: NodeId): boolean {
    const { peers, nodeId, storing } = this.#world
    return id === nodeId ? storing : peers.isStoring(id)
  }

  /** The slots that this node should own by their lists and who is up and storing. */
  wanted(): SlotSet {
    const { peers, nodeId } = this.#world
    return this.claimable(peers.slotsFirst(nodeId, (id) => this.#canOwn(id)))
  }

  /** Whether this node should own some of these slots. */
  wants(slots: readonly SlotRun[]): boolean {
    const { nodeId } = this.#world
    const count = slots.reduce((sum, { from, to }) => sum + to - from + 1, 0)
    if (count > FEW) return this.wanted().and(SlotSet.ofRuns(slots)).size > 0
    return slots.some(({ from, to }) => {
      for (let slot = from; slot <= to; slot++)
        if (this.ballots.epochOf(slot) < EPOCH_MAX && this.wantedOwner(slot) === nodeId) return true
      return false
    })
  }

  /** Those of some slots that have an epoch left. */
  claimable(slots: SlotSet): SlotSet {
    if (this.ballots.highest < EPOCH_MAX) return slots
    const last = this.ballots.runsOf(slots.runs()).filter(({ epoch }) => epoch === EPOCH_MAX)
    return last.length === 0 ? slots : slots.without(SlotSet.ofRuns(last))
  }

  /** The node to be asked about a slot: its owner while that is up, else who is about to take it over. */
  ownerOf(slot: number): NodeId | undefined {
    const { peers, nodeId } = this.#world
    if (this.serves(slot)) return nodeId
    const known = this.ballots.nodeOf(slot)
    return known !== '' && known !== nodeId && peers.isUp(known) ? known : this.wantedOwner(slot)
  }
}
