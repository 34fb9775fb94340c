/**
 * News of the member list: what others tell is taken over, what is new is synced, then told to everybody
 * (protocol.md, section 4).
 *
 * 1. A list that asks for no answer says only what its sender has on its disk: news is synced before it is told, and a
 *    list is answered once what it brought is. Who hears its own word in it knows of a second copy.
 * 2. Whatever others say of this node is answered with a higher incarnation, unless it has left.
 * 3. Where others know a later life of this node than it does itself, or another that started like this one, its disk
 *    is not what it was: that is told at once.
 */
import type { NodeId } from './ids.ts'
import type { MemberEntry } from './membership.ts'
import type { MeshPeers } from './mesh-peers.ts'
import type { MessageOf } from './messages.ts'
import type { SharedLists } from './shared-lists.ts'
import type { World } from './world.ts'

export class MemberNews {
  readonly #world: World
  readonly #peers: MeshPeers
  readonly #lists: SharedLists
  /** Of this node, the highest that it wrote itself. */
  incarnation = 0
  #isTold = false
  /** Who is on lists, by which they are told to be others. */
  #listsKey = ''
  /** The list changed; these are members of the ring no more. */
  onChanged: (gone: readonly NodeId[]) => void = () => undefined
  /** Slots have other lists than before. */
  onLists: () => void = () => undefined
  /** This node's own incarnation is another from now on. */
  onIncarnation: (incarnation: number) => void = () => undefined
  /** A peer has these entries on its disk. */
  onConfirmed: (peer: NodeId, entries: readonly MemberEntry[]) => void = () => undefined
  /** Others know a later life of this node than this one. */
  onOutlived: () => void = () => undefined

  constructor(world: World, peers: MeshPeers, lists: SharedLists) {
    this.#world = world
    this.#lists = lists
    this.#peers = peers
  }

  taken(from: NodeId, { entries, answer }: MessageOf<'members'>): void {
    this.#learn(entries)
    if (!answer) return this.onConfirmed(from, entries)
    const known = this.#peers.list.entries
    this.#world.commits.whenStored(() => this.#lists.sendMembers(from, known, false))
  }

  #learn(entries: readonly MemberEntry[]): void {
    const { list } = this.#peers
    const changed = list.merge(entries)
    const own = changed.find(({ id }) => id === this.#world.nodeId)
    if (own !== undefined && own.incarnation > this.incarnation) this.onOutlived()
    const refuted = list.refute()
    if (refuted !== undefined) changed.push(refuted)
    this.say(changed)
  }

  /** A peer knows another boot of this node, which started with that incarnation; told once, it counts once. */
  outlived(started: number): void {
    if (this.#isTold) return
    this.#isTold = true
    this.onOutlived()
    const { list } = this.#peers
    const own = list.get(this.#world.nodeId)
    if (own?.standing === 'joined' && started >= own.incarnation) this.say([list.restart(own, started + 1)])
  }

  /** Syncs entries that are new on this node's list, and tells them. */
  say(changed: readonly MemberEntry[]): void {
    if (changed.length === 0) return
    const own = changed.findLast(({ id }) => id === this.#world.nodeId)
    this.#world.commits.members(changed)
    if (own !== undefined) {
      this.incarnation = own.incarnation
      this.#world.commits.incarnation(own.incarnation)
    }
    this.onChanged(this.#peers.changed(this.#world.nowMs))
    const { joined, away } = this.#peers.list
    const key = `${joined.join(' ')} - ${[...away].join(' ')}`
    if (key !== this.#listsKey) this.onLists()
    this.#listsKey = key
    this.#world.commits.whenStored(() => {
      if (own !== undefined) this.onIncarnation(own.incarnation)
      this.#lists.tellMembers(changed)
    })
  }
}
