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
    return this.liveness.tick(nowMs)
  }

  get members(): readonly NodeId[] {
    return this.#list?.joined ?? []
  }

  isMember(id: NodeId): boolean {
    return this.members.includes(id)
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
    return Math.max(heardMs, this.#startMs)
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
