/**
 * Brings what this node states as an owner to the other nodes on the slot's list (protocol.md, section 6).
 *
 * A frame: sent -> stored (its peer acknowledged it) | given up (its peer is not storing any more).
 *
 * 1. A ticket is pending until, for every slot of its facts, one node besides this one has stored them, whenever
 *    another node is storing: one on the list, else the next clockwise as a stand-in.
 * 2. Frames to a peer are repeated in order when its connection is made anew, and every 5 s where they go through a
 *    third node, which may lose them; storing one twice changes nothing. So many go at a time as frame-window.ts allows.
 * 3. Where no other node stores, facts are committed with this node's copy alone; it is known of which tickets.
 * 4. A peer that is slower than others has no more waiting for it than frame-window.ts keeps.
 * 5. A peer that acknowledges nothing for 10 s although it is heard is passed over until it acknowledges something: where
 *    it alone is waited for another storing node is asked too, if there is one; nothing is committed without a copy.
 * 6. Slots that a peer refuses belong to another owner now: their facts need no copies of ours.
 * 7. A peer that could not read all of a frame is no copy of it; where all could not, it is committed as under 3.
 *
 * It does not bring a node that was away what it missed: that is sync.ts's.
 */
import type { Copying } from './commits.ts'
import type { StoredFact } from './facts.ts'
import { FrameWindow, type WindowFrame } from './frame-window.ts'
import { type NodeId, slotOf } from './ids.ts'
import type { MessageOf } from './messages.ts'
import type { Ownership } from './ownership.ts'
import { SingleCommits } from './single-commits.ts'
import { runsOfFew } from './slot-set.ts'
import type { World } from './world.ts'

/** Facts of slots that go to the same nodes. */
interface Group {
  readonly facts: StoredFact[]
  bytes: number
  /** Peers that a frame of it is on its way to. */
  targets: readonly NodeId[]
  done: boolean
}

interface Frame extends WindowFrame {
  readonly group: Group
}

interface Pending {
  readonly ticket: number
  readonly groups: Group[]
}

/** Of the facts of one frame, which may have twice as much. */
const FRAME_BYTES_MAX = 2 * 1024 * 1024
const AGAIN_MS = 5_000
const DEAF_MS = 10_000
/** A peer that was not heard of for so long is judged by liveness.ts. */
const HEARD_MS = 5_000
const LOOK_MS = 1_000

export class Replication implements Copying {
  readonly #world: World
  readonly #ownership: Ownership
  /** Ascending by ticket; the first has a group that is not done. */
  readonly #pending: Pending[] = []
  /** Unacknowledged frames by peer. */
  readonly #windows = new Map<NodeId, FrameWindow<Frame>>()
  readonly singles = new SingleCommits()
  /** Peers with frames under way => since when they have acknowledged nothing. */
  readonly #silentMs = new Map<NodeId, number>()
  readonly #deaf = new Set<NodeId>()
  #isSet = false
  #isWatched = false
  /** Facts that waited for a deaf peer wait for another now. */
  onPassedOver: () => void = () => undefined

  constructor(world: World, ownership: Ownership) {
    this.#world = world
    this.#ownership = ownership
  }

  get pendingFrom(): number {
    return this.#pending[0]?.ticket ?? Number.POSITIVE_INFINITY
  }

  get isAwaited(): boolean {
    const groups = this.#pending[0]?.groups ?? []
    return groups.some(({ done, targets }) => !done && targets.some((peer) => this.#isHeard(peer)))
  }

  #isHeard(peer: NodeId): boolean {
    return this.#world.peers.heardMs(peer) > this.#world.nowMs - HEARD_MS
  }

  take(ticket: number, facts: readonly StoredFact[]): void {
    if (this.#world.peers.members.length < 2) {
      this.singles.add(ticket, facts)
      return
    }
    const groups = this.#groupsOf(ticket, facts)
    if (groups.length === 0) return
    this.#pending.push({ ticket, groups })
    this.#sendGroups(groups)
  }

  synced(ticket: number): void {
    this.singles.synced(ticket)
  }

  copiesOf(ticket: number): number {
    return this.singles.copiesOf(ticket)
  }

  #groupsOf(ticket: number, facts: readonly StoredFact[]): Group[] {
    const groups: Group[] = []
    /** Targets => the group that is being filled. */
    const open = new Map<string, Group>()
    const single: StoredFact[] = []
    for (const stored of facts) {
      const slot = slotOf(stored.fact.task)
      const targets = this.#targetsOf(slot)
      if (targets.length === 0) {
        single.push(stored)
        continue
      }
      const key = targets.join(' ')
      let its = open.get(key)
      if (its === undefined || its.bytes + stored.bytes.length > FRAME_BYTES_MAX) {
        its = { facts: [], bytes: 0, targets, done: false }
        open.set(key, its)
        groups.push(its)
      }
      its.facts.push(stored)
      its.bytes += stored.bytes.length
    }
    if (single.length > 0) this.singles.add(ticket, single)
    return groups
  }

  /** Who is to store facts of a slot besides this node. */
  #targetsOf(slot: number): readonly NodeId[] {
    const { peers, nodeId } = this.#world
    const isTarget = (id: NodeId) => id !== nodeId && peers.isStoring(id)
    const listed = peers.listOf(slot).filter(isTarget)
    if (listed.some((id) => !this.#deaf.has(id))) return listed
    const others = peers.order(slot).filter((id) => isTarget(id) && !listed.includes(id))
    const standIn = others.find((id) => !this.#deaf.has(id)) ?? (listed.length === 0 ? others[0] : undefined)
    return standIn === undefined ? listed : [...listed, standIn]
  }

  #sendGroups(groups: readonly Group[]): void {
    const byPeer = new Map<NodeId, Group[]>()
    for (const group of groups) {
      for (const peer of group.targets) {
        const others = byPeer.get(peer)
        if (others === undefined) byPeer.set(peer, [group])
        else others.push(group)
      }
    }
    for (const [peer, its] of byPeer) {
      const window = this.#windowOf(peer)
      for (const group of its) window.add({ seq: this.#world.nextNumber(), bytes: group.bytes, group })
      window.shorten(({ group }) => group.done)
      this.#pump(peer)
    }
  }

  #windowOf(peer: NodeId): FrameWindow<Frame> {
    let window = this.#windows.get(peer)
    if (window === undefined) {
      window = new FrameWindow()
      this.#windows.set(peer, window)
    }
    return window
  }

  /** Sends what may be under way to a peer now. */
  #pump(peer: NodeId): void {
    const window = this.#windows.get(peer)
    if (window === undefined || window.isEmpty) return
    const { peers } = this.#world
    if (!peers.isConnected(peer)) {
      peers.want(peer)
      this.#repeat()
    }
    if (peers.isReachable(peer)) for (const frame of window.due()) this.#send(peer, frame)
    if (!window.isUnderWay || this.#silentMs.has(peer)) return
    this.#silentMs.set(peer, this.#world.nowMs)
    this.#watch()
  }

  #watch(): void {
    if (this.#isWatched || this.#silentMs.size === 0) return
    this.#isWatched = true
    const { timers, nowMs } = this.#world
    timers.add(Math.max(nowMs + LOOK_MS, Math.min(...this.#silentMs.values()) + DEAF_MS), () => {
      this.#isWatched = false
      this.#passOver()
      this.#watch()
    })
  }

  /** What waits for deaf peers alone waits for another too, if there is one. */
  #passOver(): void {
    const { nowMs } = this.#world
    for (const [peer, sinceMs] of this.#silentMs)
      if (nowMs >= sinceMs + DEAF_MS && this.#isHeard(peer)) this.#deaf.add(peer)
    const isDeaf = (peer: NodeId) => this.#deaf.has(peer)
    if (this.#deaf.size === 0) return
    for (const pending of this.#pending) {
      const stuck = pending.groups.filter(({ done, targets }) => !done && targets.every(isDeaf))
      const movable = stuck.filter(({ facts }) =>
        facts.some(({ fact }) => !this.#targetsOf(slotOf(fact.task)).every(isDeaf)),
      )
      if (movable.length === 0) continue
      this.#regroup(pending, movable)
      this.onPassedOver()
    }
  }

  /** What goes through a third node, or to nobody yet, goes again after a while. */
  #repeat(): void {
    if (this.#isSet) return
    this.#isSet = true
    this.#world.timers.add(this.#world.nowMs + AGAIN_MS, () => {
      this.#isSet = false
      for (const peer of [...this.#windows.keys()].sort()) if (!this.#world.peers.isConnected(peer)) this.#again(peer)
    })
  }

  #send(peer: NodeId, { seq, group }: Frame): void {
    const facts = group.facts.filter(({ fact }) => this.#ownership.serves(slotOf(fact.task)))
    const ballots = this.#ownership.ballots.runsOf(runsOfFew(facts.map(({ fact }) => slotOf(fact.task))))
    this.#world.send(peer, { type: 'facts', seq, ballots, facts: facts.map(({ bytes }) => bytes) })
  }

  /** A peer stored a frame, but for the slots that it refused because it promised them to a higher ballot. */
  stored(peer: NodeId, { seq, refused, unread }: MessageOf<'facts-stored'>): void {
    this.#ownership.learn(refused)
    const frame = this.#windows.get(peer)?.acknowledged(seq)
    if (frame === undefined) return
    this.#deaf.delete(peer)
    this.#silentMs.delete(peer)
    if (unread === 0) frame.group.done = true
    else this.#unread(peer, frame.group)
    this.#pump(peer)
    this.#settle()
  }

  /** A peer has not all facts of a group, and will not. */
  #unread(peer: NodeId, group: Group): void {
    const pending = this.#pending.find(({ groups }) => groups.includes(group))
    if (group.done || pending === undefined) return
    group.targets = group.targets.filter((id) => id !== peer)
    if (group.targets.length > 0) return
    group.done = true
    this.singles.add(pending.ticket, group.facts)
  }

  /** Frames go again in their order. */
  connected(peer: NodeId): void {
    this.#silentMs.delete(peer)
    this.#again(peer)
  }

  #again(peer: NodeId): void {
    this.#windows.get(peer)?.restart()
    this.#pump(peer)
  }

  /** To be called when it changed whether a peer is storing. */
  changed(peer: NodeId): void {
    if (this.#world.peers.isStoring(peer)) return
    this.#windows.delete(peer)
    this.#silentMs.delete(peer)
    this.#deaf.delete(peer)
    for (const pending of this.#pending) {
      for (const group of pending.groups) group.targets = group.targets.filter((id) => id !== peer)
      const stuck = pending.groups.filter((group) => !group.done && group.targets.length === 0)
      if (stuck.length === 0) continue
      this.#regroup(pending, stuck)
    }
    this.#settle()
  }

  /** The facts of some groups go to those who are to store them now. */
  #regroup(pending: Pending, groups: readonly Group[]): void {
    for (const group of groups) group.done = true
    const anew = this.#groupsOf(
      pending.ticket,
      groups.flatMap((group) => group.facts),
    )
    pending.groups.push(...anew)
    this.#sendGroups(anew)
  }

  #settle(): void {
    let done = 0
    while (this.#pending[done]?.groups.every((group) => group.done)) done++
    if (done > 0) this.#pending.splice(0, done)
  }
}
