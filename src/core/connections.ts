/**
 * Connections on demand in a large mesh, where a node is connected to its neighbours on the circle alone (protocol.md,
 * section 4): to whom this node has something to say, and which of all connections are hung up when there are too many.
 *
 * A wish: made (or its connection used) -> over, `WISH_MS` later. While it lasts its peer is dialled, and judged by its
 * silence as long as no connection stands.
 *
 * 1. A wish says nothing about what is to be said: whoever makes one says it again once the peer is greeted.
 * 2. Above `CONNECTIONS_MAX` the connections of those are hung up that nobody needs and that were not used for `IDLE_MS`,
 *    the least recently used first. Busy ones stay, however many they are: a mesh that hangs up what it needs dials
 *    all the time.
 * 3. Both ends of a connection see about the same use of it, so that none hangs up what the other is just using.
 *
 * It does not dial: that is redialling.ts's. In a mesh of up to 60 members nobody asks it.
 */
import type { NodeId } from './ids.ts'

/**
 * Of one node: each costs memory for buffers, and a file handle. A node shares lists with 200 others at most, in a mesh of
 * some 300: a connection to one of these that is hung up is made again with the next window of the scrub.
 */
export const CONNECTIONS_MAX = 220
export const WISH_MS = 30_000
export const IDLE_MS = 10_000

export class Connections {
  /** When each was wanted or used last, the oldest first. */
  readonly #usedMs = new Map<NodeId, number>()

  /** This node has something to say to a peer, or said something; answers whether that is a new wish. */
  want(id: NodeId, nowMs: number): boolean {
    const isNew = !this.#usedMs.delete(id)
    this.#usedMs.set(id, nowMs)
    return isNew
  }

  isWanted(id: NodeId): boolean {
    return this.#usedMs.has(id)
  }

  /** Ends the wishes that are over, and gives them. */
  expire(nowMs: number): NodeId[] {
    const over: NodeId[] = []
    for (const [id, usedMs] of this.#usedMs) {
      if (nowMs < usedMs + WISH_MS) break
      over.push(id)
    }
    for (const id of over) this.#usedMs.delete(id)
    return over
  }

  /** Which of these connections are to be hung up; `isNeeded` for another reason. */
  surplus(connected: Iterable<NodeId>, isNeeded: (id: NodeId) => boolean, nowMs: number): NodeId[] {
    const all = [...connected]
    const idle = all.filter((id) => !isNeeded(id) && nowMs >= this.#lastMs(id) + IDLE_MS)
    idle.sort((a, b) => this.#lastMs(a) - this.#lastMs(b) || (a < b ? -1 : 1))
    return idle.slice(0, Math.max(0, all.length - CONNECTIONS_MAX))
  }

  #lastMs(id: NodeId): number {
    return this.#usedMs.get(id) ?? Number.MIN_SAFE_INTEGER
  }
}
