/**
 * The member list: who belongs to the mesh, alive or not (protocol.md, sections 1, 3 and 4).
 *
 * A member: joined -> away (dead for long) | left (its own word) | forgotten (an operator's word); a higher incarnation,
 * which only the member itself takes, ends any of these.
 *
 * 1. Of the entries of one id the greatest counts, by (incarnation, standing in the order above, SHA-256 of the
 *    canonical entry): merging is commutative, associative and idempotent, and equal sets give equal hashes.
 * 2. This node's own entry is only ever written anew under an incarnation above every one known of it, so it never
 *    states two things under one. Callers sync that incarnation, as the node's own counter, and the entry in one write
 *    before anything says them: a node that crashed in between starts above both.
 * 3. Joined and away members are the ring; an away one is skipped in lists only where another takes the place.
 * 4. A member is marked away only by the lowest id of a side that holds a majority of all members, away ones counted:
 *    an island marks nobody.
 * 5. Ids beyond a limit are refused and counted: only there does the order of arrival matter. Members of the ring have
 *    one; those that left or were forgotten do not count towards it. They stay on the list, which has a wider limit:
 *    an older entry of theirs, told by somebody who was away, would make them members again.
 *
 * It has no clock and asks nobody: who is alive, and for how long somebody was not, is its callers' to say. They keep
 * what `merge` and the others answer as changed.
 */
import { encodeMember, encodeMembers, MEMBER_LIMITS } from '../codec/members.ts'
import type { NodeId, Sha256 } from './ids.ts'
import { type MemberEntry, STANDINGS, type Standing } from './member-entry.ts'
import { type Ring, ringOf } from './ring.ts'
import type { SlotSet } from './slot-set.ts'

export type { MemberEntry } from './member-entry.ts'

/** What a node says of itself. */
export interface SelfDescription {
  readonly name: string
  readonly addresses: readonly string[]
}

export class Members {
  readonly #sha256: Sha256
  readonly #self: NodeId
  readonly #entries = new Map<NodeId, MemberEntry>()
  /** The own entry as this node wrote it last; undefined before `restart`. */
  #own: MemberEntry | undefined
  #sorted: readonly MemberEntry[] | undefined
  #hash: string | undefined
  #joined: readonly NodeId[] | undefined
  #away: ReadonlySet<NodeId> | undefined
  #ring: Ring | undefined
  /** Members of the ring besides this node. */
  #others = 0
  /** Entries of ids beyond the limit that were refused. */
  refused = 0

  constructor(self: NodeId, sha256: Sha256) {
    this.#self = self
    this.#sha256 = sha256
  }

  /** Takes over what is news; gives the entries that are. @throws CodecError where an entry is over a limit */
  merge(entries: readonly MemberEntry[]): MemberEntry[] {
    const changed = new Map<NodeId, MemberEntry>()
    for (const entry of entries) if (this.#put(entry)) changed.set(entry.id, entry)
    return [...changed.values()]
  }

  #put(entry: MemberEntry): boolean {
    const known = this.#entries.get(entry.id)
    if (known !== undefined && this.#compare(entry, known) <= 0) return false
    if (entry.id !== this.#self && this.#isFull(entry, known)) {
      this.refused++
      return false
    }
    this.#entries.set(entry.id, entry)
    if (entry.id !== this.#self) this.#others += Number(isOfRing(entry)) - Number(isOfRing(known))
    this.#forgetDerived(entry, known)
    return true
  }

  /** Whether there is no room for another node's entry. One place is kept for this node's own. */
  #isFull(entry: MemberEntry, known: MemberEntry | undefined): boolean {
    if (isOfRing(entry) && !isOfRing(known) && this.#others >= MEMBER_LIMITS.membersMax - 1) return true
    const others = this.#entries.size - (this.#entries.has(this.#self) ? 1 : 0)
    return known === undefined && others >= MEMBER_LIMITS.listEntriesMax - 1
  }

  /** Above 0 where the first entry counts, 0 where they are equal. */
  #compare(a: MemberEntry, b: MemberEntry): number {
    if (a.incarnation !== b.incarnation) return a.incarnation - b.incarnation
    if (a.standing !== b.standing) return rankOf(a.standing) - rankOf(b.standing)
    if (saysTheSame(a, b)) return 0
    const [left, right] = [this.#sha256(encodeMember(a)), this.#sha256(encodeMember(b))]
    return left > right ? 1 : -1
  }

  #forgetDerived(entry: MemberEntry, before: MemberEntry | undefined): void {
    this.#sorted = undefined
    this.#hash = undefined
    this.#away = undefined
    if (before !== undefined && isOfRing(before) === isOfRing(entry)) return
    this.#joined = undefined
    this.#ring = undefined
  }

  /**
   * Writes this node's entry anew, as joined: at each start, and where its name or addresses changed. The incarnation
   * is the given one, or a higher one where more is known of this node: invariant 2 says what is to be synced first.
   * @throws CodecError where name or addresses are over a limit
   */
  restart(description: SelfDescription, incarnation: number): MemberEntry {
    const known = this.#entries.get(this.#self)
    return this.#write({
      id: this.#self,
      name: description.name,
      incarnation: Math.max(incarnation, 1 + (known?.incarnation ?? 0)),
      standing: 'joined',
      addresses: description.addresses,
    })
  }

  /**
   * The answer to an entry of this node that it did not write itself: its own, above that; undefined where the list
   * says of this node what it says itself. To be asked after each merge; invariant 2 says what is to be synced first.
   */
  refute(): MemberEntry | undefined {
    const own = this.#own
    if (own === undefined || own.standing === 'left' || this.#entries.get(this.#self) === own) return undefined
    return this.restart(own, own.incarnation)
  }

  /** Ends this node's membership; nothing that is told of it later is refuted. @throws TypeError before `restart` */
  leave(): MemberEntry {
    if (this.#own === undefined) throw new TypeError('leaving a mesh without having joined it')
    const known = this.#entries.get(this.#self) ?? this.#own
    return this.#write({ ...this.#own, incarnation: 1 + known.incarnation, standing: 'left' })
  }

  #write(entry: MemberEntry): MemberEntry {
    encodeMember(entry)
    this.#put(entry)
    this.#own = entry
    return entry
  }

  /** Whether this node may mark others away, given whom it holds alive. */
  mayMarkAway(isAlive: (id: NodeId) => boolean): boolean {
    const alive = this.joined.filter((id) => id === this.#self || isAlive(id))
    const lowest = alive.find((id) => !this.away.has(id))
    return lowest === this.#self && 2 * alive.length > this.joined.length
  }

  /** Marks a joined member away; undefined where it is none, or this node. The caller asked `mayMarkAway`. */
  markAway(id: NodeId): MemberEntry | undefined {
    return this.#mark(id, 'away')
  }

  /** Ends a member's membership on an operator's word; undefined where it was forgotten before, or is this node. */
  forget(id: NodeId): MemberEntry | undefined {
    return this.#mark(id, 'forgotten')
  }

  #mark(id: NodeId, standing: Standing): MemberEntry | undefined {
    const known = this.#entries.get(id)
    if (known === undefined || id === this.#self || rankOf(known.standing) >= rankOf(standing)) return undefined
    const entry = { ...known, standing }
    this.#put(entry)
    return entry
  }

  get(id: NodeId): MemberEntry | undefined {
    return this.#entries.get(id)
  }

  /** The whole list, ascending by id. */
  get entries(): readonly MemberEntry[] {
    this.#sorted ??= [...this.#entries.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
    return this.#sorted
  }

  /** Of the whole list: 16 hex digits. */
  get hash(): string {
    this.#hash ??= this.#sha256(encodeMembers(this.entries)).slice(0, 16)
    return this.#hash
  }

  /** Members of the ring, joined and away, ascending. */
  get joined(): readonly NodeId[] {
    this.#joined ??= this.entries.filter(isOfRing).map(({ id }) => id)
    return this.#joined
  }

  get away(): ReadonlySet<NodeId> {
    this.#away ??= new Set(this.entries.filter(({ standing }) => standing === 'away').map(({ id }) => id))
    return this.#away
  }

  get ring(): Ring {
    this.#ring ??= ringOf(this.joined, this.#sha256)
    return this.#ring
  }

  /** The slots of whose list the first eligible member is `id`. */
  slotsFirst(id: NodeId, isEligible: (id: NodeId) => boolean): SlotSet {
    return this.ring.slotsFirst(id, isEligible, this.away)
  }

  /** The members on a slot's list, away ones skipped where another takes the place. */
  listOf(slot: number): readonly NodeId[] {
    return this.ring.listOf(slot, this.away)
  }
}

function rankOf(standing: Standing): number {
  return STANDINGS.indexOf(standing)
}

/** The common case of repeated lists, which is not worth two hashes. */
function saysTheSame(a: MemberEntry, b: MemberEntry): boolean {
  if (a.name !== b.name || a.addresses.length !== b.addresses.length) return false
  return a.addresses.every((address, at) => address === b.addresses[at])
}

function isOfRing(entry: MemberEntry | undefined): boolean {
  return entry?.standing === 'joined' || entry?.standing === 'away'
}
