/**
 * Tells two nodes that live at once under one id, because a data directory was copied: the later one is turned away
 * (protocol.md, section 1). It keeps what peers say of themselves; each node that both are connected to judges alone.
 *
 * A life of a peer: (incarnation as it started, boot), the later one greater. A start raises the stored incarnation, so
 * a copy that starts after its original is later; of two equal ones the greater boot is.
 *
 * 1. A life is turned away only where an earlier one was proven alive after the later one had greeted this node, within
 *    `PROVEN_MS`. All peers order the lives of an id alike, so the earliest is never turned away.
 * 2. The proof is an answer to a question that was asked on a connection that the earlier life greeted on after that:
 *    what was said before, and arrives late from a life that has ended, proves nothing.
 * 3. A node that is turned away stops; nobody else ends a node.
 * 4. A boot that starts no higher than an earlier one did runs on a disk that is not what it was.
 */
import type { Boot, NodeId } from './ids.ts'

/** For so long an answer proves that the earlier life goes on: a copy comes back within seconds. */
const PROVEN_MS = 30_000
/** Lives of an id that are remembered, the latest ones; 50 bytes each. */
const LIVES_MAX = 8

interface Life {
  /** The incarnation that it started with, whatever it took since. */
  readonly started: number
  readonly boot: Boot
}

interface Known extends Life {
  /** An earlier one was proven alive after this one had greeted. */
  outlivedMs: number
}

interface Lives {
  /** Ascending. */
  readonly known: Known[]
  /** Those that had greeted before the earlier one did whose connection this is. */
  later: readonly Known[]
}

export class Clones {
  readonly #peers = new Map<NodeId, Lives>()

  /**
   * A peer greets. `turn-away`: an earlier life of it goes on; `ask`: a later life greeted before, so this one is to
   * answer a question; else undefined.
   */
  greeted(peer: NodeId, { started, boot }: Life, nowMs: number): 'turn-away' | 'ask' | undefined {
    const lives: Lives = this.#peers.get(peer) ?? { known: [], later: [] }
    this.#peers.set(peer, lives)
    let own = lives.known.find((each) => each.boot === boot)
    if (own === undefined) {
      own = { started, boot, outlivedMs: Number.NEGATIVE_INFINITY }
      lives.known.push(own)
      lives.known.sort((a, b) => a.started - b.started || (a.boot < b.boot ? -1 : 1))
      if (lives.known.length > LIVES_MAX) lives.known.shift()
    }
    if (nowMs - own.outlivedMs < PROVEN_MS) return 'turn-away'
    lives.later = lives.known.slice(1 + lives.known.indexOf(own))
    return lives.later.length > 0 ? 'ask' : undefined
  }

  /** The highest incarnation that another boot of the peer started with, if this one started with none above it. */
  startedBefore(peer: NodeId, { started, boot }: Life): number | undefined {
    const others = (this.#peers.get(peer)?.known ?? []).filter((each) => each.boot !== boot)
    const highest = others.at(-1)?.started
    return highest !== undefined && highest >= started ? highest : undefined
  }

  /** The peer answered a question about itself on its present connection. */
  answered(peer: NodeId, nowMs: number): void {
    for (const life of this.#peers.get(peer)?.later ?? []) life.outlivedMs = nowMs
  }

  /** Its connection is gone: what still comes of it counts no more. */
  disconnected(peer: NodeId): void {
    const lives = this.#peers.get(peer)
    if (lives !== undefined) lives.later = []
  }
}
