/**
 * The peers of a node: who there are, what becomes of them, and which of them it has to do with.
 *
 * 1. A peer is judged by its silence where it is watched, or named by the callers, or in doubt, or where a connection to
 *    it is wanted and not there; from when that began, so that nobody is blamed for a silence that nobody listened to.
 * 2. Wanted are connections to all in a mesh of up to 60 members; above, to beat neighbours, those named, and whom this
 *    node has something to say to (connections.ts).
 * 3. Neighbours are found anew (`isStale`) when members or the set of the dead changed.
 * 4. A peer stores unless it said otherwise under its present incarnation, and within 90 s: its word that it stores again,
 *    said once by gossip, may be lost.
 */
import { CONNECTIONS_MAX, Connections } from './connections.ts'
import type { Boot, NodeId } from './ids.ts'
import { LIVENESS } from './liveness-settings.ts'
import type { LivenessWorld } from './liveness-world.ts'
import { type Neighbours, neighboursOf } from './neighbours.ts'
import { Peer, type PeerState, type RumouredDeath, type Why } from './peer.ts'
import type { Redialling } from './redialling.ts'
import type { Ring } from './ring.ts'

/** As far as liveness needs it. */
export interface LivenessMember {
  readonly id: NodeId
  readonly incarnation: number
}

const NOBODY: ReadonlySet<NodeId> = new Set()

export class PeerTable {
  readonly #world: LivenessWorld
  readonly #redialling: Redialling
  /** Of members and others: somebody who becomes a member may be connected by then. */
  readonly connections = new Set<NodeId>()
  #extras = NOBODY
  #neighbours: Neighbours = { beaten: NOBODY, watched: NOBODY }
  /** Peers to beat and to watch, ascending by id; in a large mesh these are few. */
  #beaten: readonly Peer[] = []
  #watched: readonly Peer[] = []
  isStale = false
  readonly #wishes = new Connections()

  constructor(world: LivenessWorld, redialling: Redialling) {
    this.#world = world
    this.#redialling = redialling
  }

  /** Takes over the members of the ring; gives those that are none any more. */
  takeMembers(members: readonly LivenessMember[], ring: Ring): NodeId[] {
    const { peers, self } = this.#world
    const before = new Map(peers)
    peers.clear()
    for (const { id, incarnation } of members.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
      if (id === self) continue
      const peer = before.get(id) ?? this.#added(id, incarnation)
      peers.set(id, peer)
      this.raise(peer, incarnation)
    }
    this.#world.ring = ring
    this.isStale = true
    return [...before.keys()].filter((id) => !peers.has(id))
  }

  #added(id: NodeId, incarnation: number): Peer {
    const peer = new Peer(id, incarnation)
    this.#redialling.added(peer)
    if (!this.connections.has(id)) return peer
    this.#redialling.connected(peer)
    this.heard(peer)
    return peer
  }

  /** A higher incarnation: the member started anew, whatever it or others said of it before. */
  raise(peer: Peer, incarnation: number): void {
    if (incarnation <= peer.incarnation) return
    peer.incarnation = incarnation
    this.setStoring(peer, true)
    this.#redialling.found(peer)
    if (peer.judgedSinceMs !== undefined) peer.judgedSinceMs = this.#world.nowMs
    if (peer.told) this.become(peer, 'alive', 'heard-of')
  }

  /** Takes over who is named; gives those for whom that changed. */
  takeExtras(ids: ReadonlySet<NodeId>): Peer[] {
    const before = this.#extras
    const ended = [...before].filter((id) => !ids.has(id))
    const begun = [...ids].filter((id) => !before.has(id))
    if (ended.length + begun.length === 0) return []
    this.#extras = new Set(ids)
    return this.#changed([...ended, ...begun])
  }

  /** Judges peers anew to whom this node's relation changed; it may be asked often, of few among many. */
  #changed(ids: readonly NodeId[]): Peer[] {
    const changed = ids.toSorted().flatMap((id) => this.#world.peers.get(id) ?? [])
    for (const peer of changed) this.#judgeAnew(peer)
    this.#beaten = this.#toBeBeaten()
    return changed
  }

  #judgeAnew(peer: Peer): void {
    if (peer.state === 'indirect' && !this.#concerns(peer)) this.become(peer, 'alive', 'reached')
    this.#judge(peer)
  }

  /** Ascending by id. */
  #toBeBeaten(): Peer[] {
    const ids = new Set([...this.#neighbours.beaten, ...this.#extras])
    return [...ids].sort().flatMap((id) => this.#world.peers.get(id) ?? [])
  }

  connected(peer: Peer): void {
    this.#redialling.connected(peer)
    this.#judge(peer)
  }

  disconnected(peer: Peer): void {
    this.#redialling.disconnected(peer)
    this.#judge(peer)
  }

  /** It said under which boot and incarnation it runs. */
  greeted(peer: Peer, boot: Boot, incarnation: number): void {
    this.raise(peer, incarnation)
    if (peer.boot !== undefined && peer.boot !== boot) this.#world.out({ type: 'rebooted', id: peer.id, boot })
    peer.boot = boot
  }

  setStoring(peer: Peer, storing: boolean): void {
    if (!storing) peer.notStoringMs = this.#world.nowMs
    if (peer.storing === storing) return
    peer.storing = storing
    this.#world.out({ type: 'storing', id: peer.id, storing })
  }

  /** A word of not storing that was not repeated counts no more; answers when that is. */
  reviewStoring(peer: Peer): number {
    if (peer.storing) return Number.POSITIVE_INFINITY
    const endsMs = peer.notStoringMs + LIVENESS.rumourKeptMs
    if (this.#world.nowMs < endsMs) return endsMs
    this.setStoring(peer, true)
    return Number.POSITIVE_INFINITY
  }

  heard(peer: Peer): void {
    peer.heardMs = this.#world.nowMs
    if (peer.asks.size > 0) peer.asks.clear()
    this.become(peer, 'alive', 'heard')
  }

  /** `told`: by the word of others alone. */
  become(peer: Peer, state: PeerState, why: Why, told = false): void {
    const from = peer.state
    if (from === state) return
    peer.state = state
    peer.why = why
    peer.told = told
    if (state === 'dead') {
      peer.deadIncarnation = peer.incarnation
      this.#redialling.died(peer)
      // An answer under way was given before its process ended.
      if (why === 'refused') peer.asks.clear()
    } else if (from === 'dead') {
      this.#redialling.found(peer)
      if (peer.judgedSinceMs !== undefined) peer.judgedSinceMs = this.#world.nowMs
    }
    if (state !== 'indirect') peer.via = undefined
    if (state === 'dead' || from === 'dead') this.isStale = true
    this.#judge(peer)
    this.#world.out({ type: 'changed', id: peer.id, from, to: state, why })
  }

  /** Another member reached it. Only who has to do with it need go through that one. */
  reached(peer: Peer, by: NodeId): void {
    this.become(peer, this.#concerns(peer) ? 'indirect' : 'alive', 'reached')
    if (peer.state === 'indirect') peer.via = by
  }

  /** A dead peer was silent to this node for so long that this is evidence of its own. */
  prove(peer: Peer): void {
    peer.told = false
    if (peer.deadIncarnation < peer.incarnation) peer.why = 'silence'
    peer.deadIncarnation = peer.incarnation
  }

  /** Finds the neighbours anew, and whose silence counts. */
  findNeighbours(): void {
    const { ring, self, peers } = this.#world
    this.isStale = false
    this.#neighbours = neighboursOf(ring, self, (id) => peers.get(id)?.state === 'dead')
    for (const peer of peers.values()) this.#judgeAnew(peer)
    const { watched } = this.#neighbours
    this.#beaten = this.#toBeBeaten()
    this.#watched = [...peers.values()].filter(({ id }) => watched.has(id))
  }

  /** Whether its silence counts by the rules; a suspect that is not watched any more is judged to the end. */
  #concerns(peer: Peer): boolean {
    const isLacking = !peer.line.connected && this.isWanted(peer)
    return isLacking || this.#neighbours.watched.has(peer.id) || this.#extras.has(peer.id)
  }

  #judge(peer: Peer): void {
    if (this.#concerns(peer) || peer.state === 'suspect') peer.judgedSinceMs ??= this.#world.nowMs
    else peer.judgedSinceMs = undefined
  }

  #hangUpIdle(): void {
    const { peers, nowMs } = this.#world
    const standing = [...this.connections].filter((id) => peers.get(id)?.line.connected === true)
    for (const id of this.#wishes.surplus(standing, (each) => this.#isNeeded(each), nowMs)) {
      const peer = peers.get(id)
      if (peer !== undefined) this.#redialling.hangUp(peer)
    }
  }

  isWanted({ id }: Peer): boolean {
    return !this.isLarge || this.#isNeeded(id) || this.#wishes.isWanted(id)
  }

  #isNeeded(id: NodeId): boolean {
    const { beaten, watched } = this.#neighbours
    return beaten.has(id) || watched.has(id) || this.#extras.has(id)
  }

  /** Whether not everyone is connected to everyone. */
  get isLarge(): boolean {
    return this.#world.ring.members.length > LIVENESS.everybodyConnectsMax
  }

  /** Those on both sides of this node on the circle that are connected, ascending. */
  get near(): NodeId[] {
    const { beaten, watched } = this.#neighbours
    return [...new Set([...beaten, ...watched])].filter((id) => this.connections.has(id)).sort()
  }

  /** This node has something to say to a peer; answers whether that is a new wish. */
  want(peer: Peer): boolean {
    if (!this.isLarge || !this.#wishes.want(peer.id, this.#world.nowMs)) return false
    this.#judge(peer)
    return true
  }

  /** Ends wishes that are over, and connections above the limit that nobody uses; gives whose wish ended. */
  tidy(): Peer[] {
    const over = this.#wishes.expire(this.#world.nowMs)
    if (this.isLarge && this.connections.size > CONNECTIONS_MAX) this.#hangUpIdle()
    return over.length === 0 ? [] : this.#changed(over)
  }

  /** Whoever is to hear a beat, and can. */
  beaten(): Peer[] {
    return this.#beaten.filter(({ connected, state }) => connected || state === 'indirect')
  }

  /** The deaths that this node has evidence of and that are its to tell. */
  deaths(): RumouredDeath[] {
    const deaths: RumouredDeath[] = []
    for (const peer of this.#watched) {
      if (!peer.isProvenDead) continue
      const { id, incarnation, why } = peer
      deaths.push({ id, incarnation, why: why === 'refused' ? 'refused' : 'silence' })
    }
    return deaths
  }

  /** After an own pause: from now on, all silence counts anew. */
  restart(): void {
    for (const peer of this.#world.peers.values()) {
      if (peer.judgedSinceMs !== undefined) peer.judgedSinceMs = this.#world.nowMs
      if (!peer.storing) peer.notStoringMs = this.#world.nowMs
      peer.asks.clear()
    }
  }
}
