/**
 * What operators say of other members, and the second copy of what the member list says.
 *
 * An entry that must not be lost: synced here -> asked of the others -> confirmed by one of them | nobody else stores.
 *
 * 1. An answer comes after the entry is synced on this node and on another storing one, where there is one that this
 *    node is connected to; it says on how many.
 * 2. Only a word of the peer that follows its own sync confirms (member-news.ts, invariant 1).
 * 3. A node that is forgotten while it lives takes a higher incarnation and is a member again: forgetting is for those
 *    that do not come back. Their slots' other copies are all that is left of what they had.
 */
import type { Event } from './events.ts'
import type { NodeId } from './ids.ts'
import { STANDINGS } from './member-entry.ts'
import type { MemberEntry } from './membership.ts'
import type { MeshPeers } from './mesh-peers.ts'
import type { World } from './world.ts'

/** Pause before others are asked again. */
const AGAIN_MS = 2_000

interface Unconfirmed {
  readonly entry: MemberEntry
  readonly then: (copies: number) => void
}

export class MemberRequests {
  readonly #world: World
  readonly #peers: MeshPeers
  readonly #unconfirmed = new Set<Unconfirmed>()
  /** Is told of entries that are new on the list. */
  onMarked: (entries: readonly MemberEntry[]) => void = () => undefined

  constructor(world: World, peers: MeshPeers) {
    this.#world = world
    this.#peers = peers
  }

  forget({ request, node }: Extract<Event, { type: 'forget' }>): void {
    const { requests, nodeId } = this.#world
    const { list } = this.#peers
    const known = list.get(node)
    if (node === nodeId)
      return requests.refuse(request, 'MESH_BAD_REQUEST', `${node} is the node that was asked: let it leave instead`)
    if (known === undefined)
      return requests.refuse(request, 'MESH_MEMBER_UNKNOWN', `no member ${node.slice(0, 100)}: status lists them`)
    const marked = list.forget(node)
    if (marked !== undefined) this.onMarked([marked])
    const member = marked ?? known
    this.confirm(member, (copies) => requests.answer(request, { type: 'member', member, copies }))
  }

  /** Calls `then` with the number of copies once the entry, which is on this node's list, cannot be lost. */
  confirm(entry: MemberEntry, then: (copies: number) => void): void {
    const unconfirmed = { entry, then }
    this.#world.commits.whenStored(() => {
      this.#unconfirmed.add(unconfirmed)
      this.#ask(unconfirmed)
    })
  }

  #ask(unconfirmed: Unconfirmed): void {
    if (!this.#unconfirmed.has(unconfirmed)) return
    const { nodeId, nowMs, timers } = this.#world
    const { entry } = unconfirmed
    const others = this.#peers.members.filter((id) => id !== nodeId && id !== entry.id && this.#peers.isStoring(id))
    const reached = others.filter(this.#peers.isConnected)
    if (reached.length === 0) return this.#end(unconfirmed, 1)
    for (const peer of reached) this.#world.send(peer, { type: 'members', entries: [entry], answer: true })
    timers.add(nowMs + AGAIN_MS, () => this.#ask(unconfirmed))
  }

  /** A peer has these entries on its disk. */
  confirmed(peer: NodeId, entries: readonly MemberEntry[]): void {
    for (const unconfirmed of [...this.#unconfirmed]) {
      const { entry } = unconfirmed
      if (peer !== entry.id && entries.some((each) => says(each, entry))) this.#end(unconfirmed, 2)
    }
  }

  #end(unconfirmed: Unconfirmed, copies: number): void {
    if (this.#unconfirmed.delete(unconfirmed)) unconfirmed.then(copies)
  }
}

/** Whether it says of the same member what the other says, or something that is later. */
function says(each: MemberEntry, entry: MemberEntry): boolean {
  if (each.id !== entry.id) return false
  if (each.incarnation !== entry.incarnation) return each.incarnation > entry.incarnation
  return STANDINGS.indexOf(each.standing) >= STANDINGS.indexOf(entry.standing)
}
