/**
 * Marks members away that have been dead for long, so that others keep their slots (protocol.md, section 3), and knows
 * since when each is dead.
 *
 * A member here: up -> dead since some time -> marked away | up again.
 *
 * 1. Time counts on this node's own clock, from when it held the member for dead: anew after its own start, its own
 *    pause, each time the member was up, and under each incarnation of it: what started anew may not have been heard yet.
 * 2. Marked is who has been dead for `awayMs`, or for `awayAloneMs` where a slot has one storing copy without it.
 * 3. Only the lowest id of a side with a majority marks (membership.ts, invariant 4); the others wait for its word.
 *
 * It ends nobody's being away: a higher incarnation does, which the member itself takes.
 */
import type { NodeId } from './ids.ts'
import type { MemberEntry } from './membership.ts'
import type { MeshPeers } from './mesh-peers.ts'
import { SlotSet } from './slot-set.ts'
import type { World } from './world.ts'

interface Dead {
  readonly incarnation: number
  readonly sinceMs: number
}

export class Away {
  readonly #world: World
  readonly #peers: MeshPeers
  readonly #dead = new Map<NodeId, Dead>()
  #timerMs = Number.POSITIVE_INFINITY
  /** Is told of entries that are new on the list. */
  onMarked: (entries: readonly MemberEntry[]) => void = () => undefined

  constructor(world: World, peers: MeshPeers) {
    this.#world = world
    this.#peers = peers
  }

  /** Since when a member has been dead to this node; undefined where it is up, or is no member. */
  deadSinceMs(id: NodeId): number | undefined {
    return this.#dead.get(id)?.sinceMs
  }

  /** To be called when it changed who is up or storing, or who is a member. */
  changed(): void {
    const { nodeId, nowMs } = this.#world
    const dead = this.#peers.members.filter((id) => id !== nodeId && !this.#peers.isUp(id))
    const still = new Set(dead)
    for (const id of [...this.#dead.keys()]) if (!still.has(id)) this.#dead.delete(id)
    for (const id of dead) {
      const incarnation = this.#peers.list.get(id)?.incarnation ?? 0
      if (this.#dead.get(id)?.incarnation !== incarnation) this.#dead.set(id, { incarnation, sinceMs: nowMs })
    }
    this.#look()
  }

  /** This node was away itself: what it missed counts against nobody. */
  restart(): void {
    for (const [id, dead] of this.#dead) this.#dead.set(id, { ...dead, sinceMs: this.#world.nowMs })
  }

  #look(): void {
    const { list } = this.#peers
    const marked: MemberEntry[] = []
    if (this.#dead.size > 0 && list.mayMarkAway(this.#peers.isUp)) {
      for (const id of [...this.#dead.keys()].sort()) {
        const entry = this.#isDue(id) ? list.markAway(id) : undefined
        if (entry !== undefined) marked.push(entry)
      }
    }
    this.#arm()
    if (marked.length > 0) this.onMarked(marked)
  }

  #isDue(id: NodeId): boolean {
    const { settings, nowMs } = this.#world
    const sinceMs = this.deadSinceMs(id) ?? nowMs
    if (this.#peers.list.away.has(id) || nowMs < sinceMs + settings.awayAloneMs) return false
    return nowMs >= sinceMs + settings.awayMs || this.#leavesOneCopy(id)
  }

  /** Whether some slot on whose list it is has at most one storing member without it. */
  #leavesOneCopy(id: NodeId): boolean {
    const { nodeId, storing } = this.#world
    const isStoring = (each: NodeId) => (each === nodeId ? storing : this.#peers.isStoring(each))
    for (const slot of SlotSet.all()) {
      const list = this.#peers.listOf(slot)
      if (list.includes(id) && list.filter(isStoring).length <= 1) return true
    }
    return false
  }

  /** Wakes when the next one may be due. */
  #arm(): void {
    const { settings, nowMs, timers } = this.#world
    let nextMs = Number.POSITIVE_INFINITY
    for (const [id, { sinceMs }] of this.#dead) {
      if (this.#peers.list.away.has(id)) continue
      const atMs = [sinceMs + settings.awayAloneMs, sinceMs + settings.awayMs].find((each) => each > nowMs)
      nextMs = Math.min(nextMs, atMs ?? Number.POSITIVE_INFINITY)
    }
    if (nextMs >= this.#timerMs && this.#timerMs > nowMs) return
    this.#timerMs = nextMs
    if (Number.isFinite(nextMs)) timers.add(nextMs, () => this.#look())
  }
}
