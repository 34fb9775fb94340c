/**
 * Finds out for other members whether this node can reach a peer that they suspect.
 *
 * An errand: taken -> answered: reached, as soon as the peer is heard; not reached, 2 s later.
 *
 * 1. Only the peer's own word counts: that its machine takes a connection says nothing about a process that hangs.
 * 2. Each question is answered once; above the limit questions are dropped, which the asker takes for our trouble.
 */
import type { NodeId } from './ids.ts'
import { LIVENESS } from './liveness-settings.ts'
import type { LivenessWorld } from './liveness-world.ts'

interface Errand {
  readonly by: NodeId
  readonly about: NodeId
  readonly untilMs: number
}

export class Errands {
  readonly #world: LivenessWorld
  /** In the order of their ends. */
  #open: Errand[] = []

  constructor(world: LivenessWorld) {
    this.#world = world
  }

  /** Takes the question of a member; about this node itself the answer is plain. */
  take(by: NodeId, about: NodeId): void {
    const { self, peers, nowMs } = this.#world
    const peer = peers.get(about)
    if (about === self) this.#answer(by, about, true)
    else if (peer === undefined) this.#answer(by, about, false)
    else if (nowMs - peer.heardMs < LIVENESS.beatMs) this.#answer(by, about, true)
    else if (this.#open.length < LIVENESS.errandsMax) {
      this.#open.push({ by, about, untilMs: nowMs + LIVENESS.errandMs })
      if (peer.line.connected) this.#world.out({ type: 'probe', ask: about, about })
    }
  }

  /** The peer said something. */
  heard(about: NodeId): void {
    if (this.#open.length === 0) return
    const done = this.#open.filter((errand) => errand.about === about)
    if (done.length === 0) return
    this.#open = this.#open.filter((errand) => errand.about !== about)
    for (const { by } of done) this.#answer(by, about, true)
  }

  /** Answers what is due; answers when more will be. */
  look(): number {
    const { nowMs } = this.#world
    let next = this.#open[0]
    for (; next !== undefined && next.untilMs <= nowMs; next = this.#open[0]) {
      this.#open.shift()
      this.#answer(next.by, next.about, false)
    }
    return next?.untilMs ?? Number.POSITIVE_INFINITY
  }

  #answer(to: NodeId, about: NodeId, reached: boolean): void {
    this.#world.out({ type: 'probed', to, about, reached })
  }
}
