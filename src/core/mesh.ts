/**
 * This node among the others: greets them, beats, and passes what is said to the part that it is for.
 *
 * 1. A message that cannot be decoded, or that comes before its sender's hello, is counted and dropped.
 * 2. Both sides of a new connection say hello at once; lists that differ follow, then and with every beat.
 *    A peer that was not greeted yet when this node began to serve more hears so after its hello.
 * 3. Everything that a broken connection may have lost is asked or said again by its part.
 * 4. A row of a node that left or was forgotten, as it ran then, is dropped, and kept no longer.
 */
import { CodecError } from '../codec/codec-error.ts'
import { decodeMessage, encodeMessage } from '../codec/messages.ts'
import type { BatchLists } from './batch-lists.ts'
import { Greeting } from './greeting.ts'
import type { NodeId } from './ids.ts'
import type { Load } from './load.ts'
import type { LoadRows } from './load-rows.ts'
import { Meeting } from './meeting.ts'
import type { MemberNews } from './member-news.ts'
import { MeshBeats } from './mesh-beats.ts'
import type { MeshPeers } from './mesh-peers.ts'
import type { LoadRow, Message, MessageOf, MessageType } from './messages.ts'
import type { Ownership } from './ownership.ts'
import type { LivenessAction } from './peer.ts'
import { Relay } from './relay.ts'
import type { SharedLists } from './shared-lists.ts'
import type { World } from './world.ts'

/** What parts of the core do with messages to them. */
export type Handlers = { readonly [T in MessageType]?: (from: NodeId, message: MessageOf<T>) => void }

export interface MeshParts {
  readonly meshId: string
  readonly peers: MeshPeers
  readonly ownership: Ownership
  readonly batches: BatchLists
  readonly load: Load
  readonly rows: LoadRows
  readonly news: MemberNews
  readonly lists: SharedLists
}

export class Mesh {
  readonly #world: World
  readonly #parts: MeshParts
  readonly greeting: Greeting
  readonly #relay: Relay
  #handlers: Handlers
  readonly #beats: MeshBeats
  readonly #meeting = new Meeting()
  /** When strangers are dialled next. */
  #meetsMs = Number.NEGATIVE_INFINITY
  #isCutOff = false
  /** What was served when a peer was told hello (ownership.begun), until it is greeted. */
  readonly #toldVersions = new Map<NodeId, number>()
  /** A peer was greeted. */
  onGreeted: (peer: NodeId) => void = () => undefined
  onDisconnected: (peer: NodeId) => void = () => undefined
  /** Whether it is up, stores, or runs under another boot changed. */
  onStanding: (peer: NodeId) => void = () => undefined
  /** This node was cut off from all others, or they held it for dead. */
  onFlap: () => void = () => undefined
  /** Messages that could not be right. */
  bad = 0

  constructor(world: World, parts: MeshParts) {
    this.#world = world
    this.#parts = parts
    this.#beats = new MeshBeats(world, parts.load)
    this.greeting = new Greeting(world, parts)
    this.#relay = new Relay(world, parts.peers)
    this.#handlers = {
      hello: (from, message) => this.#hello(from, message),
      refused: (from, message) => this.greeting.refused(from, message),
      outlived: (_from, { started }) => parts.news.outlived(started),
      beat: (from, message) => this.#beat(from, message),
      members: (from, message) => parts.news.taken(from, message),
      probe: (from, { about }) => parts.peers.liveness.asked(from, about, world.nowMs),
      probed: (from, message) => {
        this.greeting.probed(from, message)
        parts.peers.liveness.probed(from, message.about, message.reached, world.nowMs)
      },
      relay: (from, message) => this.#relayed(from, message),
      load: (_from, { row }) => this.#row(row),
      rumour: (_from, { rumour }) => parts.peers.liveness.rumour(rumour, world.nowMs),
    }
  }

  /** Adds what other parts do with messages to them. */
  handle(handlers: Handlers): void {
    this.#handlers = { ...this.#handlers, ...handlers }
  }

  start(incarnation: number): void {
    this.greeting.started = incarnation
    this.#parts.news.incarnation = incarnation
    this.raise(incarnation)
  }

  raise(incarnation: number): void {
    this.greeting.incarnation = incarnation
    this.#parts.load.incarnation = incarnation
  }

  send = (to: NodeId, message: Message): void => this.#relay.send(to, message)

  connected(peer: NodeId): void {
    this.#parts.peers.liveness.connected(peer, this.#world.nowMs)
    this.#beats.connected(peer)
    this.#toldVersions.set(peer, this.#parts.ownership.begun)
    this.#world.out({ type: 'send', to: peer, bytes: encodeMessage(this.greeting.hello) })
  }

  disconnected(peer: NodeId): void {
    this.#parts.peers.liveness.disconnected(peer, this.#world.nowMs)
    this.greeting.disconnected(peer)
    this.#toldVersions.delete(peer)
    if (!this.#parts.peers.disconnected(peer)) return
    const { members, connected } = this.#parts.peers
    // One peer that is gone says nothing of this node.
    this.#isCutOff ||= members.length > 2 && connected.length === 0
    this.onDisconnected(peer)
  }

  received(from: NodeId, bytes: Uint8Array): void {
    const message = this.#decode(bytes)
    if (message === undefined) return
    if (message.type !== 'hello' && !this.#parts.peers.isConnected(from)) {
      this.bad++
      return
    }
    this.#parts.peers.liveness.heard(from, this.#world.nowMs)
    this.#take(from, message)
  }

  /** A message that came through another member. */
  #relayed(sender: NodeId, relay: MessageOf<'relay'>): void {
    if (!this.#relay.isForMe(sender, relay)) return
    const message = this.#decode(relay.bytes)
    if (message === undefined) return
    if (!this.#relay.mayBeRelayed(relay, message)) this.bad++
    else if (message.type !== 'beat') this.#take(relay.from, message)
    else {
      this.#parts.peers.liveness.storingOf(relay.from, message.storing, this.#world.nowMs)
      if (message.load !== undefined) this.#row(message.load)
    }
  }

  gossiped(bytes: Uint8Array): void {
    const message = this.#decode(bytes)
    if (message?.type === 'load' || message?.type === 'rumour') this.#take('', message)
  }

  /** Somebody of this mesh may be there. */
  found(peer: NodeId): void {
    const { liveness, list } = this.#parts.peers
    if (list.get(peer)?.standing === 'joined') liveness.found(peer, this.#world.nowMs)
    else if (peer !== this.#world.nodeId) {
      this.#meeting.found(peer)
      this.#meet()
    }
  }

  #meet(): void {
    const { nowMs, timers, out } = this.#world
    const { list } = this.#parts.peers
    for (const to of this.#meeting.due(nowMs, (id) => list.get(id)?.standing !== 'joined')) out({ type: 'dial', to })
    const { nextMs } = this.#meeting
    if (nextMs === undefined || nextMs === this.#meetsMs) return
    this.#meetsMs = nextMs
    timers.add(nextMs, () => this.#meet())
  }

  #decode(bytes: Uint8Array): Message | undefined {
    try {
      return decodeMessage(bytes)
    } catch (error) {
      if (!(error instanceof CodecError)) throw error
      this.bad++
      return undefined
    }
  }

  #take<T extends MessageType>(from: NodeId, message: MessageOf<T> & { readonly type: T }): void {
    const handler = this.#handlers[message.type as T] as ((from: NodeId, message: MessageOf<T>) => void) | undefined
    handler?.(from, message)
  }

  #hello(from: NodeId, hello: MessageOf<'hello'>): void {
    const { peers, ownership } = this.#parts
    if (!this.greeting.take(from, hello)) return
    if (this.#isCutOff) this.onFlap()
    this.#isCutOff = false
    peers.liveness.greeted(from, hello.boot, hello.incarnation, this.#world.nowMs)
    if (peers.isMember(from)) ownership.learn(hello.serving)
    else ownership.meet(hello.serving)
    const lapsed = ownership.lapsedOf(from, hello.serving)
    if (lapsed.length > 0) this.send(from, { type: 'not-owner', ballots: lapsed })
    const told = this.#toldVersions.get(from)
    this.#toldVersions.delete(from)
    if (told !== undefined && told !== ownership.begun)
      this.send(from, { type: 'serving', runs: ownership.servedRuns() })
    this.#parts.lists.meet(from, hello)
    this.onGreeted(from)
  }

  #beat(from: NodeId, beat: MessageOf<'beat'>): void {
    this.#parts.peers.liveness.beat(from, beat, this.#world.nowMs)
    if (beat.load !== undefined) this.#row(beat.load)
    else this.#parts.rows.unchanged(from, beat.boot, this.#world.nowMs)
    this.#parts.lists.compare(from, beat)
  }

  #row(row: LoadRow): void {
    const { rows, peers } = this.#parts
    // A row of a life that the member list does not know of, or not any more, would stand in the way of those that follow.
    const isCurrent = peers.isMember(row.node) && peers.list.get(row.node)?.incarnation === row.incarnation
    if (row.node === this.#world.nodeId || !isCurrent) return
    if (!rows.heard(row, peers.bootOf(row.node), this.#world.nowMs)) return
    peers.liveness.heardOf(row.node, this.#world.nowMs)
  }

  /** To be called at the end of a step: does what liveness asks for, says this node's row where it is due. */
  look(): void {
    for (const action of this.#parts.peers.tick(this.#world.nowMs)) this.#act(action)
  }

  /** When `look` is wanted next. */
  get nextMs(): number {
    return this.#parts.peers.liveness.nextMs
  }

  #act(action: LivenessAction): void {
    switch (action.type) {
      case 'beat':
        return this.beat(action.to)
      case 'probe':
        return this.send(action.ask, { type: 'probe', about: action.about })
      case 'probed':
        return this.send(action.to, { type: 'probed', about: action.about, reached: action.reached })
      case 'dial':
      case 'knock':
      case 'hang-up':
        return this.#world.out({ type: action.type, to: action.to })
      case 'rumour':
        return this.#gossip({ type: 'rumour', rumour: action.rumour })
      case 'changed':
      case 'storing':
      case 'rebooted':
        return this.onStanding(action.id)
      case 'held-for-dead':
        return this.onFlap()
    }
  }

  /** Says to a peer that this node lives and whether it stores. */
  beat(to: NodeId): void {
    const own = { incarnation: this.greeting.incarnation, ...this.#parts.lists.hashes }
    if (this.#parts.peers.isConnected(to)) this.#world.out({ type: 'send', to, bytes: this.#beats.to(to, own) })
    else this.#relay.send(to, this.#beats.plain(own))
    const row = this.#beats.gossipedRow()
    if (row !== undefined) this.#gossip({ type: 'load', row })
  }

  #gossip(message: Message): void {
    if (this.#parts.peers.members.length > 1) this.#world.out({ type: 'gossip', bytes: encodeMessage(message) })
  }
}
