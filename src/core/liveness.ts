/**
 * What this node thinks of each other member now (protocol.md, section 4). Membership is not liveness: nothing here
 * changes the ring.
 *
 * A peer: unknown -> alive -> suspect -> indirect | dead; alive -> dead where its process refuses; dead -> alive on
 * hearing from it. Until it is dead it is relied upon.
 *
 * A node hears beats only from those whose beat neighbour it is (neighbours.ts), and from holders and owners that its
 * callers name. These alone it judges by silence (judging.ts), and those that it wants a connection to and has none. The
 * verdicts of neighbours reach the others as rumours (rumours.ts), which they believe unless they hear the accused.
 *
 * 1. Nobody is dead by silence or by rumour who answers this node's ping, or whom a member that it asks has reached.
 * 2. Dead by refusal takes two refused connects, 1 s apart, after a connection that this node did not end.
 * 3. A node whose own event loop lags, or whose questions go unanswered, stretches these timeouts up to 8 times and
 *    accuses nobody; after an own pause of 2 s every judgement of others begins anew.
 * 4. Whoever is wanted and not connected is dialled for ever (redialling.ts).
 * 5. The same calls in the same order give the same actions; peers are gone through in the order of their ids.
 *
 * The core calls what it learns, and `tick` after each of its steps and at `nextMs`: that gives the actions. Ids that
 * are no members are not judged. What comes through another node, by gossip or relayed, is `heardOf`, never `heard`.
 */
import { Errands } from './errands.ts'
import type { Boot, NodeId } from './ids.ts'
import { Judging } from './judging.ts'
import { LIVENESS } from './liveness-settings.ts'
import type { LivenessWorld } from './liveness-world.ts'
import { LocalHealth } from './local-health.ts'
import type { MessageOf } from './messages.ts'
import { OwnRumour } from './own-rumour.ts'
import type { LivenessAction, Peer, PeerView, Rumour } from './peer.ts'
import { type LivenessMember, PeerTable } from './peer-table.ts'
import { Redialling } from './redialling.ts'
import type { Ring } from './ring.ts'
import { Rumours } from './rumours.ts'

type Beat = Pick<MessageOf<'beat'>, 'boot' | 'incarnation' | 'storing'>

export class Liveness {
  readonly #world: LivenessWorld
  readonly #health = new LocalHealth()
  readonly #errands: Errands
  readonly #redialling: Redialling
  readonly #table: PeerTable
  readonly #rumours: Rumours
  readonly #ownRumour: OwnRumour
  readonly #judging: Judging
  #actions: LivenessAction[] = []
  #nextBeatMs = 0
  #workedMs = Number.NEGATIVE_INFINITY
  #dueMs = Number.NEGATIVE_INFINITY

  constructor(self: NodeId, ring: Ring) {
    const out = (action: LivenessAction) => void this.#actions.push(action)
    this.#world = { self, out, peers: new Map(), ring, nowMs: 0, stretch: 1 }
    this.#errands = new Errands(this.#world)
    this.#redialling = new Redialling(this.#world)
    this.#table = new PeerTable(this.#world, this.#redialling)
    this.#rumours = new Rumours(this.#world)
    this.#ownRumour = new OwnRumour(this.#world)
    this.#judging = new Judging(this.#world, this.#table, this.#rumours, this.#health)
  }

  /** Takes over who the members of the ring are, with their incarnations, this node's own among them. */
  members(members: readonly LivenessMember[], ring: Ring, nowMs: number): void {
    this.#at(nowMs)
    for (const gone of this.#table.takeMembers(members, ring)) this.#rumours.forget(gone)
    const own = members.find(({ id }) => id === this.#world.self)
    if (own !== undefined) this.#ownRumour.incarnation = own.incarnation
  }

  /** Others that this node beats and whose silence it judges: holders of its claims and owners of claims it holds. */
  extras(ids: ReadonlySet<NodeId>, nowMs: number): void {
    this.#at(nowMs)
    for (const peer of this.#table.takeExtras(ids)) this.#look(peer)
  }

  /** This node has something to say to it, or did: where not everyone is connected to everyone, a connection is made. */
  want(id: NodeId, nowMs: number): void {
    const peer = this.#peer(id, nowMs)
    if (peer !== undefined && this.#table.want(peer)) this.#look(peer)
  }

  /** A message of any kind came from it, on its own connection. */
  heard(id: NodeId, nowMs: number): void {
    const peer = this.#peer(id, nowMs)
    if (peer !== undefined) this.#heard(peer)
  }

  #heard(peer: Peer): void {
    const before = peer.state
    this.#table.heard(peer)
    this.#errands.heard(peer.id)
    if (before !== peer.state) this.#look(peer)
  }

  /** Its own words came through others; words that were known before do not count. */
  heardOf(id: NodeId, nowMs: number): void {
    this.#learn(id, nowMs, (peer) => this.#judging.heardOf(peer))
  }

  /** Its beat came. */
  beat(id: NodeId, { boot, incarnation, storing }: Beat, nowMs: number): void {
    this.greeted(id, boot, incarnation, nowMs)
    this.#learn(id, nowMs, (peer) => {
      peer.beatMs = nowMs
      this.#table.setStoring(peer, storing)
    })
  }

  /** Its hello came. */
  greeted(id: NodeId, boot: Boot, incarnation: number, nowMs: number): void {
    this.heard(id, nowMs)
    this.#learn(id, nowMs, (peer) => this.#table.greeted(peer, boot, incarnation))
  }

  connected(id: NodeId, nowMs: number): void {
    this.#table.connections.add(id)
    this.#learn(id, nowMs, (peer) => {
      this.#table.connected(peer)
      this.#heard(peer)
    })
  }

  disconnected(id: NodeId, nowMs: number): void {
    this.#table.connections.delete(id)
    this.#learn(id, nowMs, (peer) => this.#table.disconnected(peer))
  }

  /** A dial came to nothing. `refused`: its machine answered that nobody listens there. */
  dialFailed(id: NodeId, refused: boolean, nowMs: number): void {
    this.#learn(id, nowMs, (peer) => this.#weigh(peer, this.#redialling.failed(peer, refused)))
  }

  /** How a knock ended. */
  knocked(id: NodeId, refused: boolean, nowMs: number): void {
    this.#learn(id, nowMs, (peer) => this.#weigh(peer, this.#redialling.knocked(peer, refused)))
  }

  #weigh(peer: Peer, isGone: boolean): void {
    if (isGone) this.#table.become(peer, 'dead', 'refused')
  }

  /** It was seen in the network, or the network changed. */
  found(id: NodeId, nowMs: number): void {
    this.#learn(id, nowMs, (peer) => this.#redialling.found(peer))
  }

  /** A member asks whether this node can reach another, or whether it is there itself. */
  asked(by: NodeId, about: NodeId, nowMs: number): void {
    this.#at(nowMs)
    this.#errands.take(by, about)
    this.#due(this.#errands.look())
  }

  /** A member answers whether it reached another. */
  probed(by: NodeId, about: NodeId, reached: boolean, nowMs: number): void {
    this.#learn(about, nowMs, (peer) => this.#judging.answered(peer, by, reached))
  }

  /** A member's rumour came by gossip. */
  rumour(rumour: Rumour, nowMs: number): void {
    const author = this.#peer(rumour.by, nowMs)
    const named = author && this.#rumours.take(rumour, author)
    if (author === undefined || named === undefined) return
    this.heardOf(author.id, nowMs)
    this.#learn(author.id, nowMs, (peer) => this.#table.raise(peer, rumour.incarnation))
    // Beats say it too, and are not late as gossip may be.
    if (nowMs >= author.beatMs + LIVENESS.suspectMs) this.storingOf(author.id, rumour.storing, nowMs)
    this.#ownRumour.deny(rumour, author)
    this.#due(nowMs)
    for (const about of named) this.#learn(about, nowMs, (peer) => this.#judging.reviewHearsay(peer))
  }

  /** This node did nothing for so long, though it should have: what others said meanwhile may not have been read. */
  gap(gapMs: number, nowMs: number): void {
    this.#at(nowMs)
    if (gapMs >= LIVENESS.lagMs) this.#health.trouble(nowMs)
    if (gapMs >= LIVENESS.gapMs) {
      this.#rumours.restart()
      this.#table.restart()
    }
    this.#due(nowMs)
  }

  /** Whether this node itself can sync facts to its disk. */
  storing(isStoring: boolean, nowMs: number): void {
    this.#at(nowMs)
    this.#ownRumour.storing = isStoring
    this.#due(nowMs)
  }

  /** Does what is due, and gives all actions since the last time. */
  tick(nowMs: number): LivenessAction[] {
    this.#at(nowMs)
    if (this.#world.nowMs >= this.#nextWorkMs) this.#work()
    const actions = this.#actions
    this.#actions = []
    return actions
  }

  /** When `tick` is wanted next if nothing happens until then. */
  get nextMs(): number {
    return this.#actions.length > 0 ? this.#world.nowMs : this.#nextWorkMs
  }

  get #nextWorkMs(): number {
    const dueMs = this.#table.isStale ? Number.NEGATIVE_INFINITY : Math.min(this.#dueMs, this.#nextBeatMs)
    return Math.max(this.#workedMs + LIVENESS.tickMs, dueMs)
  }

  #work(): void {
    const { nowMs, peers } = this.#world
    this.#workedMs = nowMs
    this.#dueMs = Number.POSITIVE_INFINITY
    const stretch = this.#health.stretch(nowMs)
    const isAnew = this.#table.isStale || stretch !== this.#world.stretch
    this.#world.stretch = stretch
    if (this.#table.isStale) this.#table.findNeighbours()
    for (const peer of this.#table.tidy()) peer.dueMs = nowMs
    for (const peer of peers.values()) {
      if (isAnew || peer.dueMs <= nowMs) this.#look(peer)
      else this.#due(peer.dueMs)
    }
    if (nowMs >= this.#nextBeatMs) this.#beat()
    this.#due(this.#errands.look())
    this.#due(this.#ownRumour.look(this.#table.deaths()))
    this.#due(this.#health.nextMs(nowMs))
  }

  #beat(): void {
    const { nowMs, out } = this.#world
    const isBehind = nowMs >= this.#nextBeatMs + LIVENESS.beatMs
    this.#nextBeatMs = (isBehind ? nowMs : this.#nextBeatMs) + LIVENESS.beatMs
    for (const { id } of this.#table.beaten()) out({ type: 'beat', to: id })
  }

  /** Judges and dials a peer by what is known now. */
  #look(peer: Peer): void {
    peer.dueMs = this.#judging.look(peer)
    peer.dueMs = Math.min(peer.dueMs, this.#redialling.look(peer, this.#table.isWanted(peer)))
    peer.dueMs = Math.min(peer.dueMs, this.#table.reviewStoring(peer))
    this.#due(peer.dueMs)
  }

  /** Takes something in about a member, and looks what follows from it. */
  #learn(id: NodeId, nowMs: number, take: (peer: Peer) => void): void {
    const peer = this.#peer(id, nowMs)
    if (peer === undefined) return
    take(peer)
    this.#look(peer)
  }

  #due(atMs: number): void {
    this.#dueMs = Math.min(this.#dueMs, atMs)
  }

  #at(nowMs: number): void {
    this.#world.nowMs = Math.max(this.#world.nowMs, nowMs)
  }

  #peer(id: NodeId, nowMs: number): Peer | undefined {
    this.#at(nowMs)
    return this.#world.peers.get(id)
  }

  /** What connections there are and may be. */
  get reach(): Pick<PeerTable, 'isLarge' | 'near'> {
    return this.#table
  }

  /** Its words came through another member that reached it; false where they are of an earlier boot than is known. */
  relayed(id: NodeId, { boot, incarnation }: Omit<Beat, 'storing'>, nowMs: number): boolean {
    const known = this.#peer(id, nowMs)
    if (known === undefined || incarnation < known.incarnation) return false
    this.#learn(id, nowMs, (peer) => {
      this.#table.greeted(peer, boot, incarnation)
      this.#judging.heardOf(peer)
    })
    return true
  }

  /** Its word on whether it stores came, on its connection or through others. */
  storingOf(id: NodeId, storing: boolean, nowMs: number): void {
    this.#learn(id, nowMs, (peer) => this.#table.setStoring(peer, storing))
  }

  /** Undefined for this node itself and for those that are no members. */
  get(id: NodeId): PeerView | undefined {
    return this.#world.peers.get(id)
  }

  /** A member not known to be dead; of this node, true. */
  isUp(id: NodeId): boolean {
    const peer = this.#world.peers.get(id)
    return peer === undefined ? id === this.#world.self : peer.state !== 'dead'
  }
}
