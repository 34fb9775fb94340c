/**
 * Judges whether a peer is alive (protocol.md, section 4; SWIM by Das and others, 2002, with Lifeguard's stretching).
 *
 * By silence, of peers whose silence counts: 4 s after the last proof of its life the peer is asked whether it is
 * there; after 5 s it is suspect, and up to 3 other members are asked whether they reach it; one that does makes it
 * indirect, which is alive for 5 s more, when the others are asked again; max(6, 4 log10 N) s after the 5 it is dead,
 * unless a question is still open. All of it stretched by the factor of local health.
 * By hearsay, of the others: where a rumour counts, the peer is asked too, and is dead when it has been silent for 5 s
 * and the rumour has been known for 2.
 *
 * 1. A peer that answers is never dead by silence or hearsay, however few beats it sends: that it was thought to beat
 *    this node may be this node's mistake.
 * 2. A member that does not answer a question, or falls silent itself, is no witness: another is asked, 6 at most.
 * 3. A death by hearsay, or of an earlier incarnation, becomes evidence of our own once the peer was silent to us for as
 *    long as any other may be.
 */
import type { NodeId } from './ids.ts'
import { LIVENESS, suspicionMs } from './liveness-settings.ts'
import type { LivenessWorld } from './liveness-world.ts'
import type { LocalHealth } from './local-health.ts'
import type { Ask, Peer } from './peer.ts'
import type { PeerTable } from './peer-table.ts'
import type { Rumours } from './rumours.ts'

export class Judging {
  readonly #world: LivenessWorld
  readonly #table: PeerTable
  readonly #rumours: Rumours
  readonly #health: LocalHealth

  constructor(world: LivenessWorld, table: PeerTable, rumours: Rumours, health: LocalHealth) {
    this.#world = world
    this.#table = table
    this.#rumours = rumours
    this.#health = health
  }

  /** Judges a peer by what is known now; answers when to look again. */
  look(peer: Peer): number {
    if (peer.state === 'dead') return this.#lookAtDead(peer)
    return peer.judgedSinceMs === undefined ? this.#byHearsay(peer) : this.#bySilence(peer, peer.judgedSinceMs)
  }

  #bySilence(peer: Peer, judgedSinceMs: number): number {
    const { nowMs, stretch } = this.#world
    const provedMs = Math.max(judgedSinceMs, peer.heardMs, peer.reachedMs)
    const pingMs = provedMs + LIVENESS.pingMs * stretch
    if (nowMs < pingMs) return pingMs
    this.#ping(peer, pingMs)
    const suspectMs = provedMs + LIVENESS.suspectMs * stretch
    if (nowMs < suspectMs) return suspectMs
    if (peer.state === 'alive') this.#table.become(peer, 'suspect', 'silence')
    const deadMs = suspectMs + suspicionMs(this.#world.ring.members.length) * stretch
    const answersMs = this.#ask(peer)
    if (nowMs < deadMs) return Math.min(deadMs, answersMs)
    if (answersMs !== Number.POSITIVE_INFINITY) return answersMs
    this.#table.become(peer, 'dead', 'silence')
    return this.#lookAtDead(peer)
  }

  #byHearsay(peer: Peer): number {
    const hearsay = this.#rumours.about(peer)
    if (hearsay === undefined) return Number.POSITIVE_INFINITY
    const { nowMs, stretch } = this.#world
    const heardMs = Math.max(peer.heardMs, peer.heardOfMs)
    const pingMs = Math.max(hearsay.sinceMs, heardMs + LIVENESS.pingMs * stretch)
    if (nowMs < pingMs) return pingMs
    this.#ping(peer, pingMs)
    const deadMs = Math.max(hearsay.sinceMs + LIVENESS.hearsayMs, heardMs + LIVENESS.suspectMs * stretch)
    if (nowMs < deadMs) return deadMs
    this.#table.become(peer, 'dead', hearsay.why, true)
    return this.#lookAtDead(peer)
  }

  #lookAtDead(peer: Peer): number {
    if (peer.isProvenDead || peer.judgedSinceMs === undefined) return Number.POSITIVE_INFINITY
    const { nowMs, stretch, ring } = this.#world
    const silentMs = (LIVENESS.suspectMs + suspicionMs(ring.members.length)) * stretch
    const ownMs = Math.max(peer.judgedSinceMs, peer.heardMs) + silentMs
    if (nowMs < ownMs) return ownMs
    this.#table.prove(peer)
    return Number.POSITIVE_INFINITY
  }

  /** Asks the peer itself, once since `sinceMs`. */
  #ping(peer: Peer, sinceMs: number): void {
    if (!peer.line.connected || peer.pingedMs >= sinceMs) return
    peer.pingedMs = this.#world.nowMs
    this.#world.out({ type: 'probe', ask: peer.id, about: peer.id })
  }

  /** Asks others about a peer, up to three whose word counts; answers when the first open question ends. */
  #ask(peer: Peer): number {
    this.#closeAsks(peer)
    let counting = [...peer.asks.values()].filter(({ answer }) => answer !== 'none').length
    if (counting < LIVENESS.helpers) {
      for (const helper of this.#helpers(peer)) {
        if (counting === LIVENESS.helpers || peer.asks.size === LIVENESS.asksMax) break
        this.#askOne(peer, helper)
        counting++
      }
    }
    let nextMs = Number.POSITIVE_INFINITY
    for (const ask of peer.asks.values()) if (ask.answer === 'open') nextMs = Math.min(nextMs, endOf(ask))
    return nextMs
  }

  #askOne(peer: Peer, helper: NodeId): void {
    peer.asks.set(helper, { atMs: this.#world.nowMs, answer: 'open' })
    this.#world.out({ type: 'probe', ask: helper, about: peer.id })
  }

  #closeAsks(peer: Peer): void {
    const { nowMs, peers } = this.#world
    for (const [id, ask] of peer.asks) {
      if (ask.answer !== 'open') continue
      const helper = peers.get(id)
      const isLate = nowMs >= endOf(ask)
      if (isLate && helper !== undefined && helper.heardMs > ask.atMs) this.#health.trouble(nowMs)
      if (isLate || helper?.isHelpful !== true) ask.answer = 'none'
    }
  }

  /** Members to ask about a peer: those first that were heard just now, and of these who are to hear its beats. */
  #helpers(peer: Peer): NodeId[] {
    const { ring, peers, nowMs } = this.#world
    const others = ring.successors(peer.id, ring.members.length)
    const helpers = others.filter((id) => !peer.asks.has(id) && peers.get(id)?.isHelpful === true)
    const isFresh = (id: NodeId) => nowMs - (peers.get(id)?.heardMs ?? 0) < LIVENESS.freshMs
    return [...helpers.filter(isFresh), ...helpers.filter((id) => !isFresh(id))]
  }

  /** The peer's own words came through others: it lives; whether it can be reached matters to who judges its silence. */
  heardOf(peer: Peer): void {
    peer.heardOfMs = this.#world.nowMs
    const isJudged = peer.judgedSinceMs !== undefined
    if (peer.state === 'dead' && isJudged && !peer.told) this.#askAgain(peer)
    else if (peer.state === 'dead' || (peer.state === 'unknown' && !isJudged))
      this.#table.become(peer, 'alive', 'heard-of')
  }

  #askAgain(peer: Peer): void {
    const { nowMs } = this.#world
    if (nowMs - peer.askedAgainMs < LIVENESS.suspectMs) return
    peer.askedAgainMs = nowMs
    peer.asks.clear()
    for (const helper of this.#helpers(peer).slice(0, LIVENESS.helpers)) this.#askOne(peer, helper)
  }

  /** The words about a peer changed: one that was dead by them alone, and is by none any more, is not. */
  reviewHearsay(peer: Peer): void {
    if (peer.told && this.#rumours.about(peer) === undefined) this.#table.become(peer, 'alive', 'withdrawn')
  }

  /** Takes the answer of a member that was asked about the peer. */
  answered(peer: Peer, by: NodeId, reached: boolean): void {
    const ask = peer.asks.get(by)
    if (ask === undefined) return
    if (!reached) {
      if (ask.answer === 'open') ask.answer = 'not-reached'
      return
    }
    peer.asks.clear()
    peer.reachedMs = this.#world.nowMs
    this.#table.reached(peer, by)
  }
}

function endOf({ atMs }: Ask): number {
  return atMs + LIVENESS.answerMs
}
