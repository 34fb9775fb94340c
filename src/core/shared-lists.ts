/**
 * The lists that all nodes keep alike, members and batch records: what differs is sent, and what is news is told on.
 *
 * 1. Lists are compared by their hashes, at the hello and with every beat; what differs is sent to one peer at most once
 *    a second, and the peer answers with what it knows better.
 * 2. News is told at once to all who are connected; in a large mesh to the neighbours on the circle and some more, who
 *    tell it on because it is news to them. Nobody tells the same twice, and what got lost the hashes show. News of
 *    members that follows within `TELL_MS` is told together: hundreds that start at once are hundreds of entries to each.
 * 3. In a large mesh the member list is not compared at a hello with a member that is no neighbour: a node that starts has
 *    a hundred hellos in a second, and neighbours bring what differs.
 * 4. A list that is too long for a message goes in several; the last one asks for the answer.
 *
 * What is taken over of lists that come is member-news.ts's and batch-lists.ts's.
 */
import { MEMBER_LIMITS } from '../codec/members.ts'
import { MESSAGE_LIMITS } from '../codec/message-limits.ts'
import type { BatchLists } from './batch-lists.ts'
import type { BatchRecord } from './batches.ts'
import type { NodeId } from './ids.ts'
import type { MemberEntry } from './membership.ts'
import type { MeshPeers } from './mesh-peers.ts'
import { partsBy } from './parts.ts'
import type { World } from './world.ts'

/** Lists that differ are sent to a peer so often at most. */
const LISTS_MS = 1_000
/** Whom news is told besides the neighbours, where not everyone is told: they carry it across the circle. */
const FAR = 5
/** Between two times that news of members is told. */
const TELL_MS = 100
/** Of one message. */
const LIST_BYTES_MAX = MESSAGE_LIMITS.frameBytesMax / 2

interface Hashes {
  readonly membersHash: string
  readonly batchesHash: string
}

export class SharedLists {
  readonly #world: World
  readonly #peers: MeshPeers
  readonly #batches: BatchLists
  readonly #sentMs = new Map<NodeId, number>()
  /** Entries that are to be told. */
  readonly #news = new Map<NodeId, MemberEntry>()
  #toldMs = Number.NEGATIVE_INFINITY

  constructor(world: World, peers: MeshPeers, batches: BatchLists) {
    this.#world = world
    this.#peers = peers
    this.#batches = batches
  }

  get hashes(): Hashes {
    return { membersHash: this.#peers.list.hash, batchesHash: this.#batches.hash }
  }

  /** Sends what differs, unless that was done just now. */
  compare(peer: NodeId, theirs: Hashes): void {
    const sentMs = this.#sentMs.get(peer) ?? Number.NEGATIVE_INFINITY
    if (this.#world.nowMs >= sentMs + LISTS_MS) this.exchange(peer, theirs)
  }

  /** Sends what differs to a peer that has just said hello. */
  meet(peer: NodeId, theirs: Hashes): void {
    const { isLarge, near, list } = this.#peers
    const isOneOfMany = isLarge && this.#peers.isMember(peer) && !near.includes(peer)
    this.exchange(peer, isOneOfMany ? { ...theirs, membersHash: list.hash } : theirs)
  }

  /** Sends what differs; the answer brings what the peer knows better. */
  exchange(peer: NodeId, theirs: Hashes): void {
    const { membersHash, batchesHash } = this.hashes
    const differ = { members: theirs.membersHash !== membersHash, batches: theirs.batchesHash !== batchesHash }
    if (differ.members) this.sendMembers(peer, this.#peers.list.entries, true)
    if (differ.batches) this.#batches.sendTo(peer, true)
    if (differ.members || differ.batches) this.#sentMs.set(peer, this.#world.nowMs)
  }

  sendMembers(peer: NodeId, all: readonly MemberEntry[], answer: boolean): void {
    const parts = partsBy(all, entryBytes, LIST_BYTES_MAX, MEMBER_LIMITS.entriesMax)
    parts.forEach((entries, at) => {
      this.#world.send(peer, { type: 'members', entries, answer: answer && at === parts.length - 1 })
    })
  }

  /** Tells others of entries that are new and synced here. */
  tellMembers(entries: readonly MemberEntry[]): void {
    const { nowMs, timers } = this.#world
    const isWaiting = this.#news.size > 0
    for (const entry of entries) this.#news.set(entry.id, entry)
    const atMs = this.#toldMs + TELL_MS
    if (nowMs >= atMs) this.#tellNews()
    else if (!isWaiting) timers.add(atMs, () => this.#tellNews())
  }

  #tellNews(): void {
    const entries = [...this.#news.values()]
    this.#news.clear()
    if (entries.length === 0) return
    this.#toldMs = this.#world.nowMs
    for (const peer of this.#hearers()) this.sendMembers(peer, entries, false)
  }

  /** Tells others, who may not hear of it from its author, of batches that are new or changed here. */
  passOnBatches(records: readonly BatchRecord[]): void {
    if (records.length === 0 || !this.#peers.isLarge) return
    for (const peer of this.#hearers()) this.#batches.sendRecords(peer, records, false)
  }

  /** Who is told what is news here. */
  #hearers(): NodeId[] {
    const { connected, near, isLarge } = this.#peers
    if (!isLarge) return connected
    const far = connected.filter((id) => !near.includes(id))
    const told = near.filter((id) => this.#peers.isConnected(id))
    for (let left = Math.min(FAR, far.length); left > 0; left--) {
      const [drawn] = far.splice(Math.floor(this.#world.draw() * far.length), 1)
      if (drawn !== undefined) told.push(drawn)
    }
    return told
  }
}

/** What an entry takes in a message, or a little more. */
function entryBytes({ id, name, addresses }: MemberEntry): number {
  return addresses.reduce((sum, address) => sum + 3 * address.length + 3, 3 * (id.length + name.length) + 40)
}
