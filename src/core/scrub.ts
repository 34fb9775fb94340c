/**
 * Has the owner of slots compare them with the other nodes that keep them (anti-entropy, protocol.md, section 6): all at
 * once with a node that comes or stores again, and a window of them every 15 s with those on their lists.
 *
 * 1. One comparison with a node is under way at a time.
 * 2. A comparison of all that did not end well is begun anew while the node is connected.
 * 3. Facts of a slot that one node brought are lacked by others on its list, maybe: a second later it is compared with these.
 * 4. Slots that differed are compared again soon, a few times: what a peer has of them by then is a copy to rely upon.
 * 5. What a node keeps of slots on whose list it is not comes in with its connection: the owner compares all its slots.
 * 6. The windows of four minutes together are all slots. Who is on a list of them and not connected, as is usual in a large
 *    mesh, is asked for a connection, and with that compared: nobody else would bring it what it never had.
 */
import type { CopiedSlots } from './copied-slots.ts'
import { type NodeId, SLOT_COUNT } from './ids.ts'
import type { Ownership } from './ownership.ts'
import { SlotSet } from './slot-set.ts'
import type { Sync } from './sync.ts'
import type { World } from './world.ts'

const SCRUB_MS = 15_000
const WINDOW = SLOT_COUNT / 16
const FAILED_MS = 5_000
const BROUGHT_MS = 1_000
/** Pauses before slots that differed are compared again; what is stated all the time differs all the time. */
const AGAIN_MS = [1_000, 4_000]

export class Scrub {
  readonly #world: World
  readonly #ownership: Ownership
  readonly #sync: Sync
  readonly #copied: CopiedSlots
  readonly #underWay = new Set<NodeId>()
  /** Nodes to be compared with again when the present comparison has ended. */
  readonly #again = new Set<NodeId>()
  /** Is told of a node with which all slots that were served have been compared. */
  onCompared: (peer: NodeId) => void = () => undefined
  #brought = new SlotSet()
  #isSet = false
  #window = 0

  constructor(world: World, ownership: Ownership, sync: Sync, copied: CopiedSlots) {
    this.#world = world
    this.#ownership = ownership
    this.#sync = sync
    this.#copied = copied
  }

  /** Compares all served slots with a connected node. */
  compare(peer: NodeId): void {
    this.#repeat()
    if (!this.#world.peers.isConnected(peer)) return
    if (this.#ownership.count === 0) this.onCompared(peer)
    else if (this.#underWay.has(peer)) this.#again.add(peer)
    else
      this.#compare(peer, this.#ownership.served(), 0, (whole) => {
        if (whole) this.onCompared(peer)
        else this.#world.timers.add(this.#world.nowMs + FAILED_MS, () => this.compare(peer))
      })
  }

  #compare(peer: NodeId, slots: SlotSet, time: number, done: (whole: boolean) => void = () => undefined): void {
    this.#underWay.add(peer)
    this.#copied.begin(peer)
    this.#sync.compare(peer, slots, (whole, equal) => {
      this.#underWay.delete(peer)
      this.#copied.confirmed(peer, this.#ownership.servedOf(equal))
      done(whole)
      if (this.#again.delete(peer)) this.compare(peer)
      else if (whole) this.#compareLater(peer, slots.without(equal), time)
    })
  }

  #compareLater(peer: NodeId, slots: SlotSet, time: number): void {
    const pauseMs = AGAIN_MS[time]
    if (slots.size === 0 || pauseMs === undefined) return
    this.#world.timers.add(this.#world.nowMs + pauseMs, () => {
      const left = this.#ownership.servedOf(slots)
      const isFree = this.#world.peers.isConnected(peer) && !this.#underWay.has(peer)
      if (left.size > 0 && isFree) this.#compare(peer, left, time + 1)
    })
  }

  /** This node serves more slots: what others keep of them is compared. */
  compareAll(): void {
    const { peers, nodeId } = this.#world
    for (const peer of peers.members) if (peer !== nodeId) this.compare(peer)
  }

  /** Goes on with the next window, round and round. */
  #repeat(): void {
    if (this.#isSet) return
    this.#isSet = true
    this.#world.timers.add(this.#world.nowMs + SCRUB_MS, () => {
      this.#isSet = false
      this.#repeat()
      this.#scrubWindow()
    })
  }

  #scrubWindow(): void {
    const { peers } = this.#world
    const window = SlotSet.ofRuns([{ from: this.#window, to: this.#window + WINDOW - 1 }])
    this.#window = (this.#window + WINDOW) % SLOT_COUNT
    for (const [peer, slots] of this.#byPeer(this.#ownership.servedOf(window))) {
      if (!peers.isConnected(peer)) peers.want(peer)
      else if (!this.#underWay.has(peer)) this.#compare(peer, slots, 0)
    }
  }

  /** A peer sent facts of served slots. */
  brought(slots: SlotSet): void {
    if (this.#brought.size === 0)
      this.#world.timers.add(this.#world.nowMs + BROUGHT_MS, () => {
        const served = this.#ownership.servedOf(this.#brought)
        this.#brought = new SlotSet()
        for (const [peer, its] of this.#byPeer(served)) this.#compareBrought(peer, its)
      })
    this.#brought.addAll(slots)
  }

  #compareBrought(peer: NodeId, slots: SlotSet): void {
    if (!this.#world.peers.isConnected(peer)) return
    if (this.#underWay.has(peer)) this.brought(slots)
    else this.#compare(peer, slots, AGAIN_MS.length)
  }

  /** Slots by the other nodes on their lists. */
  #byPeer(slots: SlotSet): Map<NodeId, SlotSet> {
    const { peers, nodeId } = this.#world
    const byPeer = new Map<NodeId, SlotSet>()
    for (const slot of slots) {
      for (const peer of peers.listOf(slot)) {
        if (peer === nodeId) continue
        const its = byPeer.get(peer) ?? new SlotSet()
        its.add(slot)
        byPeer.set(peer, its)
      }
    }
    return byPeer
  }
}
