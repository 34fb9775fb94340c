/**
 * The other members as this node knows them: who they are (membership.ts), who is up (liveness.ts), who is connected.
 *
 * A connection: made (its hello is awaited) -> greeted (it counts) -> gone.
 *
 * 1. A member counts as connected only once its hello was accepted.
 * 2. Until it is known to be dead a member is relied upon, from the start on.
 */
import type { StoredMesh } from './events.ts'
import type { Boot, NodeId, Sha256 } from './ids.ts'
import { Liveness } from './liveness.ts'
import { type MemberEntry, Members } from './membership.ts'
import type { LivenessAction } from './peer.ts'
import type { Peers } from './peers.ts'
import type { SlotSet } from './slot-set.ts'

export class MeshPeers implements Peers {
  readonly #sha256: Sha256
  #self = ''
  #list: Members | undefined
  #liveness: Liveness | undefined
  readonly #greeted = new Set<NodeId>()
  #ringMembers: readonly NodeId[] = []
  /** When something came from a peer through another. */
  readonly #relayedMs = new Map<NodeId, number>()
  #nowMs = 0
  #startMs = 0

  constructor(sha256: Sha256) {
    this.#sha256 = sha256
  }

  get list(): Members {
    if (this.#list === undefined) throw new TypeError('the member list is asked for before the start')
    return this.#list
  }

  get liveness(): Liveness {
    if (this.#liveness === undefined) throw new TypeError('liveness is asked for before the start')
    return this.#liveness
  }

  /** Takes over what the store knows and writes this node's own entry, which it gives. */
  start(self: NodeId, stored: StoredMesh, nowMs: number): MemberEntry {
    this.#self = self
    this.#startMs = nowMs
    this.#list = new Members(self, this.#sha256)
    this.#list.merge(stored.members)
    const own = this.#list.restart({ name: stored.name, addresses: stored.addresses }, stored.incarnation)
    this.#liveness = new Liveness(self, this.#list.ring)
    this.changed(nowMs)
    return own
  }

  /** To be called when the member list changed; gives those that are members of the ring no more. */
  changed(nowMs: number): NodeId[] {
    const { joined, ring } = this.list
    const before = this.#ringMembers
    this.#ringMembers = joined
    const members = joined.map((id) => ({ id, incarnation: this.list.get(id)?.incarnation ?? 0 }))
    this.liveness.members(members, ring, nowMs)
    return before.filter((id) => id !== this.#self && !joined.includes(id))
  }

  tick(nowMs: number): LivenessAction[] {
    this.#nowMs = nowMs
    return this.liveness.tick(nowMs)
  }

  get members(): readonly NodeId[] {
    return this.#list?.joined ?? []
  }

  get away(): ReadonlySet<NodeId> {
    return this.list.away
  }

  get membersHash(): string {
    return this.list.hash
  }

  isMember = (id: NodeId): boolean => id === this.#self || this.liveness.get(id) !== undefined

  get isLarge(): boolean {
    return this.liveness.reach.isLarge
  }

  /** Neighbours on the circle that are connected, ascending. */
  get near(): readonly NodeId[] {
    return this.liveness.reach.near
  }

  want = (id: NodeId): void => this.liveness.want(id, this.#nowMs)

  isReachable = (id: NodeId): boolean =>
    this.isConnected(id) || (this.viaOf(id) !== undefined && this.bootOf(id) !== undefined)

  /** Through whom a peer is reached that is alive and not connected. */
  viaOf(id: NodeId): NodeId | undefined {
    const via = this.liveness.get(id)?.via
    return via !== undefined && this.isConnected(via) ? via : undefined
  }

  /** Words of a peer came through another; false where they are of an earlier boot than is known. */
  relayed(id: NodeId, boot: Boot, incarnation: number, nowMs: number): boolean {
    if (!this.liveness.relayed(id, { boot, incarnation }, nowMs)) return false
    this.#relayedMs.set(id, nowMs)
    return true
  }

  listOf = (slot: number): readonly NodeId[] => this.list.listOf(slot)

  slotsFirst(id: NodeId, isEligible: (id: NodeId) => boolean): SlotSet {
    return this.list.slotsFirst(id, isEligible)
  }

  order = (slot: number): readonly NodeId[] => [...this.list.ring.order(slot)]

  isUp = (id: NodeId): boolean => this.liveness.isUp(id)

  isGone = (id: NodeId): boolean => !this.isUp(id) && this.liveness.get(id)?.why === 'refused'

  isStoring = (id: NodeId): boolean => this.liveness.isUp(id) && (this.liveness.get(id)?.storing ?? false)

  isConnected = (id: NodeId): boolean => this.#greeted.has(id)

  bootOf = (id: NodeId): Boot | undefined => this.liveness.get(id)?.boot

  heardMs = (id: NodeId): number => {
    const heardMs = this.liveness.get(id)?.heardMs ?? Number.NEGATIVE_INFINITY
    return Math.max(heardMs, this.#relayedMs.get(id) ?? this.#startMs, this.#startMs)
  }

  greeted(id: NodeId): void {
    this.#greeted.add(id)
  }

  /** Whether it was connected. */
  disconnected(id: NodeId): boolean {
    return this.#greeted.delete(id)
  }

  get connected(): NodeId[] {
    return [...this.#greeted].filter((id) => id !== this.#self).sort()
  }
}
