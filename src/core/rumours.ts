/**
 * What other members say about who is dead: for those whose silence this node does not judge itself.
 *
 * 1. A node's rumour is its whole word; a newer one replaces it. So what is left out of it is withdrawn, and a rumour
 *    that got lost is made good by the next.
 * 2. A word counts while its author is not dead here, has not started anew since, and repeats it within 90 s; and only
 *    about the incarnation that it names or an earlier one: a node that started anew is not dead by an old rumour.
 */
import type { NodeId } from './ids.ts'
import { LIVENESS } from './liveness-settings.ts'
import type { LivenessWorld } from './liveness-world.ts'
import type { Peer, Rumour, RumouredDeath } from './peer.ts'

interface Author {
  readonly incarnation: number
  readonly seq: number
  readonly atMs: number
  readonly dead: readonly RumouredDeath[]
}

interface Word extends RumouredDeath {
  /** Since when this author has said so without a break, as far as was heard. */
  sinceMs: number
}

/** The words about one peer, taken together. */
interface Hearsay {
  readonly why: 'silence' | 'refused'
  readonly sinceMs: number
}

export class Rumours {
  readonly #world: LivenessWorld
  readonly #authors = new Map<NodeId, Author>()
  /** Whom it is about => author => word. */
  readonly #words = new Map<NodeId, Map<NodeId, Word>>()

  constructor(world: LivenessWorld) {
    this.#world = world
  }

  /** Takes a member's rumour; gives whom it is about, those named before included, or undefined where it is not news. */
  take({ by, incarnation, seq, dead }: Rumour, author: Peer): ReadonlySet<NodeId> | undefined {
    const known = this.#authors.get(by)
    if (incarnation < author.incarnation) return undefined
    if (known !== undefined && !isNewer(incarnation, seq, known)) return undefined
    const { nowMs } = this.#world
    this.#authors.set(by, { incarnation, seq, atMs: nowMs, dead })
    const before = known?.dead ?? []
    const named = new Set(dead.map(({ id }) => id))
    for (const { id } of before) if (!named.has(id)) this.#drop(id, by)
    for (const death of dead) {
      const words = this.#words.get(death.id) ?? new Map<NodeId, Word>()
      words.set(by, { ...death, sinceMs: words.get(by)?.sinceMs ?? nowMs })
      this.#words.set(death.id, words)
    }
    for (const { id } of before) named.add(id)
    return named
  }

  #drop(about: NodeId, by: NodeId): void {
    const words = this.#words.get(about)
    words?.delete(by)
    if (words?.size === 0) this.#words.delete(about)
  }

  /** Drops what an author said that is no member any more. */
  forget(by: NodeId): void {
    for (const { id } of this.#authors.get(by)?.dead ?? []) this.#drop(id, by)
    this.#authors.delete(by)
  }

  /** Has every word count from now on only: after an own pause the accused must have their time to answer. */
  restart(): void {
    for (const words of this.#words.values()) for (const word of words.values()) word.sinceMs = this.#world.nowMs
  }

  /** What counts about a peer, if anything. */
  about({ id, incarnation }: Peer): Hearsay | undefined {
    let hearsay: Hearsay | undefined
    for (const [by, word] of this.#words.get(id) ?? []) {
      if (word.incarnation < incarnation || !this.#isCredible(by)) continue
      const sinceMs = Math.min(word.sinceMs, hearsay?.sinceMs ?? word.sinceMs)
      hearsay = { why: hearsay?.why === 'refused' ? 'refused' : word.why, sinceMs }
    }
    return hearsay
  }

  #isCredible(by: NodeId): boolean {
    const author = this.#authors.get(by)
    const peer = this.#world.peers.get(by)
    if (author === undefined || peer === undefined || peer.state === 'dead') return false
    return author.incarnation >= peer.incarnation && this.#world.nowMs - author.atMs < LIVENESS.rumourKeptMs
  }
}

function isNewer(incarnation: number, seq: number, than: Author): boolean {
  return incarnation > than.incarnation || (incarnation === than.incarnation && seq > than.seq)
}
