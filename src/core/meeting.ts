/**
 * Which of those that are found in the network and are no members here are dialled (protocol.md, section 2).
 *
 * 1. At most `STRANGERS_MAX` within `MEETING_MS`: who is met brings the whole list of its mesh, and who is no member after
 *    that is found again. Hundreds that start at once would else all dial each other.
 */
import type { NodeId } from './ids.ts'

const STRANGERS_MAX = 16
const MEETING_MS = 2_000

export class Meeting {
  /** When each was dialled last, the longest ago first. */
  readonly #dialledMs = new Map<NodeId, number>()

  /** Whether a stranger that was found is to be dialled now. */
  mayDial(stranger: NodeId, nowMs: number): boolean {
    for (const [id, dialledMs] of this.#dialledMs) {
      if (nowMs < dialledMs + MEETING_MS) break
      this.#dialledMs.delete(id)
    }
    if (this.#dialledMs.size >= STRANGERS_MAX || this.#dialledMs.has(stranger)) return false
    this.#dialledMs.set(stranger, nowMs)
    return true
  }
}
