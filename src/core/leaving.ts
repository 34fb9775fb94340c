/**
 * This node leaves the mesh: hands its slots over and ends its membership (protocol.md, section 7).
 *
 * States: staying -> settling (what it granted to itself is committed) -> draining (what runs is finished or returned, like
 * at a stop; what waits in its slots it grants to others) -> settling (the ends are committed) -> telling (its entry says
 * `left`, here and on another node) -> handing over (rounds of comparisons) -> farewell (it has answered) -> over: the node
 * stops. From telling and handing over also back to staying.
 *
 * 1. It is a member until nothing runs here and every end is settled: its attempts are not taken for lost. What others
 *    seed and change here meanwhile is taken, and does not hold the leave up.
 * 2. A round compares every slot that has facts here with each storing member on its list now. The last round found no
 *    difference, every slot had such a member, and this node serves no slot: then nothing is only here. Those members had
 *    the same member list: none of them drops a slot since it is not on an earlier list (strays.ts).
 *    After a round with a difference it asks one of them which batches there are, for one may have been deleted.
 * 3. Until then it goes on answering; a crash undoes the leave: at its next start the node is a member anew. Where its
 *    entry says again that it is a member, because a copy of its data directory runs elsewhere, it leaves anew.
 * 4. A node that knows no other member has nobody to leave: it stops, and keeps what it has. One that knows others and
 *    reaches none of them refuses, since nobody could take over.
 * 5. Where for `ALONE_MS` nobody was there who could take over, the leave is undone and refused: the node is a member anew,
 *    and goes on with the work that nobody else does.
 */
import type { BatchLists } from './batch-lists.ts'
import type { RequestId } from './events.ts'
import type { NodeId } from './ids.ts'
import type { MemberRequests } from './member-requests.ts'
import type { MemberEntry } from './membership.ts'
import type { MeshPeers } from './mesh-peers.ts'
import type { SlotDigest } from './messages.ts'
import type { Ownership } from './ownership.ts'
import type { Reads } from './reads.ts'
import { SlotSet } from './slot-set.ts'
import type { Sync } from './sync.ts'
import type { World } from './world.ts'

/** Pause between two rounds: what differed has to be synced there. */
const ROUND_MS = 1_000
/** Others that start anew, after an update or a power cut, are there again by then. */
const ALONE_MS = 300_000
/** After its answer the node stays for so long, or who asked might not hear it. */
const FAREWELL_MS = 100

export interface LeavingParts {
  readonly peers: MeshPeers
  readonly ownership: Ownership
  readonly reads: Reads
  readonly sync: Sync
  readonly members: MemberRequests
  readonly batches: BatchLists
}

export class Leaving {
  readonly #world: World
  readonly #parts: LeavingParts
  #state: 'staying' | 'settling' | 'draining' | 'telling' | 'handing-over' | 'farewell' | 'over' = 'staying'
  #request: RequestId = 0
  #aloneSinceMs: number | undefined
  #asked = 0
  /** Whether the node is to stop in any case. */
  #isToStop = false
  /** Is told to take nothing new. */
  onBegin: () => void = () => undefined
  /** Is told that nothing runs here any more: others are to have its slots. */
  onDrained: () => void = () => undefined
  /** Is told of this node's own entry that says so. */
  onLeft: (entry: MemberEntry) => void = () => undefined
  /** Is told of the entry that undoes it, and whether work goes on here. */
  onUndone: (entry: MemberEntry, goesOn: boolean) => void = () => undefined

  constructor(world: World, parts: LeavingParts) {
    this.#world = world
    this.#parts = parts
  }

  /** Whether the node may stop as far as this is concerned. */
  get allowsStop(): boolean {
    return this.#state === 'staying' || this.#state === 'over'
  }

  get isStaying(): boolean {
    return this.#state === 'staying'
  }

  begin(request: RequestId): void {
    const { requests } = this.#world
    const others = this.#others()
    if (others.length > 0 && !others.some((id) => this.#isReady(id)))
      return requests.refuse(request, 'MESH_NO_PEERS', 'no other member can take over now: stop this node instead')
    this.#request = request
    this.#state = 'settling'
    this.#aloneSinceMs = undefined
    this.onBegin()
    this.#world.commits.afterwards(() => {
      this.#state = 'draining'
    })
  }

  /** The node is to stop, also where it cannot leave. */
  stop(): void {
    this.#isToStop = true
  }

  #others(): NodeId[] {
    return this.#parts.peers.members.filter((id) => id !== this.#world.nodeId)
  }

  #isReady(id: NodeId): boolean {
    return this.#parts.peers.isStoring(id) && this.#parts.peers.isConnected(id)
  }

  /** To be called in every step: goes on once this node has drained. */
  look(isDrained: () => boolean): void {
    if (this.#state !== 'draining' || !isDrained()) return
    this.onDrained()
    if (this.#others().length === 0) return this.#end()
    this.#state = 'settling'
    const { commits, timers, nowMs } = this.#world
    commits.afterwards(() => this.#leave())
    timers.add(nowMs, () => undefined)
  }

  #leave(): void {
    this.#state = 'telling'
    const entry = this.#parts.peers.list.leave()
    this.onLeft(entry)
    this.#tell(entry)
  }

  /** Goes on once another node has it on its disk: somebody must know that this one has not died. */
  #tell(entry: MemberEntry): void {
    this.#parts.members.confirm(entry, (copies) => {
      if (copies < 2) return this.#again(() => this.#tell(entry))
      this.#state = 'handing-over'
      this.#round()
    })
  }

  #again(then: () => void): void {
    if (this.#isAbandoned()) return this.#undo()
    const { timers, nowMs } = this.#world
    timers.add(nowMs + ROUND_MS, then)
  }

  /** Whether nobody has been there for long who could take over. */
  #isAbandoned(): boolean {
    const { nowMs } = this.#world
    if (this.#others().some((id) => this.#isReady(id))) this.#aloneSinceMs = undefined
    else this.#aloneSinceMs ??= nowMs
    return this.#aloneSinceMs !== undefined && nowMs >= this.#aloneSinceMs + ALONE_MS
  }

  #undo(): void {
    this.#state = 'staying'
    const own = this.#own()
    this.onUndone(this.#parts.peers.list.restart(own, own.incarnation), !this.#isToStop)
    const why = 'nobody who could take over was there for five minutes: this node is a member again'
    this.#world.requests.refuse(this.#request, 'MESH_NO_PEERS', why)
  }

  #own(): MemberEntry {
    const own = this.#parts.peers.list.get(this.#world.nodeId)
    if (own === undefined) throw new TypeError('a node that leaves has no entry of its own')
    return own
  }

  #round(): void {
    this.#parts.reads.digests(SlotSet.all().runs(), (digests) => this.#compare(digests))
  }

  #compare(digests: readonly SlotDigest[]): void {
    const { peers, sync } = this.#parts
    const slotsOf = new Map<NodeId, SlotSet>()
    let isClean = true
    for (const { slot } of digests) {
      const listed = peers.listOf(slot).filter(peers.isStoring)
      isClean &&= listed.length > 0 && listed.every(peers.isConnected)
      for (const id of listed) {
        if (!peers.isConnected(id)) {
          peers.want(id)
          continue
        }
        const slots = slotsOf.get(id) ?? new SlotSet()
        slots.add(slot)
        slotsOf.set(id, slots)
      }
    }
    let open = slotsOf.size
    if (open === 0) return this.#roundEnded(isClean)
    for (const [peer, slots] of slotsOf) {
      sync.compare(peer, slots, (whole, equal, membersHash) => {
        isClean &&= whole && equal.size === slots.size && membersHash === peers.membersHash
        if (--open === 0) this.#roundEnded(isClean)
      })
    }
  }

  #roundEnded(isClean: boolean): void {
    if (this.#parts.peers.members.includes(this.#world.nodeId)) return this.#again(() => this.#leave())
    if (isClean && this.#parts.ownership.count === 0) return this.#end()
    if (!isClean) this.#askForBatches()
    this.#again(() => this.#round())
  }

  /** Batches that are deleted now are told to members alone: their facts here would differ for ever. One peer at a time. */
  #askForBatches(): void {
    const ready = this.#others().filter((id) => this.#isReady(id))
    const peer = ready[this.#asked++ % ready.length]
    if (peer !== undefined) this.#parts.batches.sendTo(peer, true)
  }

  #end(): void {
    this.#state = 'farewell'
    const { requests, timers, nowMs } = this.#world
    const member = this.#own()
    requests.answer(this.#request, { type: 'member', member, copies: this.#others().length > 0 ? 2 : 1 })
    timers.add(nowMs + FAREWELL_MS, () => {
      this.#state = 'over'
    })
  }
}
