/**
 * Which of those that are found in the network and are no members here are dialled, and when (protocol.md, section 2).
 *
 * A stranger: found -> waiting -> dialled, and found again later if it is still one.
 *
 * 1. At most `DIALS_MAX` are dialled within `MEETING_MS`: who is met brings the whole list of its mesh. Hundreds that start
 *    at once would else all dial each other.
 * 2. The others wait for their turn, the longest first, `WAITING_MAX` at most: nobody need find them again.
 */
import type { NodeId } from './ids.ts'

const DIALS_MAX = 16
const MEETING_MS = 2_000
const WAITING_MAX = 1_000

export class Meeting {
  /** When each was dialled last, the longest ago first. */
  readonly #dialledMs = new Map<NodeId, number>()
  readonly #waiting = new Set<NodeId>()

  found(stranger: NodeId): void {
    if (this.#waiting.size < WAITING_MAX) this.#waiting.add(stranger)
  }

  /** Who is to be dialled now, of those that are strangers still. */
  due(nowMs: number, isStranger: (id: NodeId) => boolean): NodeId[] {
    for (const [id, dialledMs] of this.#dialledMs) {
      if (nowMs < dialledMs + MEETING_MS) break
      this.#dialledMs.delete(id)
    }
    const dialled: NodeId[] = []
    for (const id of this.#waiting) {
      if (this.#dialledMs.size >= DIALS_MAX) break
      this.#waiting.delete(id)
      if (!isStranger(id) || this.#dialledMs.has(id)) continue
      this.#dialledMs.set(id, nowMs)
      dialled.push(id)
    }
    return dialled
  }

  /** When `due` may give somebody next; undefined where nobody waits. */
  get nextMs(): number | undefined {
    const [firstMs] = this.#dialledMs.values()
    return this.#waiting.size === 0 || firstMs === undefined ? undefined : firstMs + MEETING_MS
  }
}
