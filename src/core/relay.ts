/**
 * Says things to peers: on their own connection, or through another member where a peer is alive but cannot be reached
 * from here (indirect; protocol.md, section 4).
 *
 * A relayed message: wrapped by its origin -> passed on by the member between -> taken as if it came from its origin.
 *
 * 1. One hop: a member passes on only what its origin itself handed to it, to a peer that it is connected to; both have
 *    greeted it. What it cannot pass on is lost, as with a connection that breaks.
 * 2. The member between vouches for the origin: members are trusted (section 0). It says so only of whom it greeted.
 * 3. A relayed message may be lost, or overtake or fall behind what went another way. So only types go through others
 *    that bear it: they repeat themselves until they are answered, or change nothing when they come again or late.
 * 4. The boots of both ends go with it, since no connection tells that one of them started anew: an answer to an
 *    earlier boot, whose numbers begin anew, is dropped. Only a beat, which answers nothing, may come to an end that
 *    does not know the other's boot; that is how it learns of it.
 * 5. It is `heardOf` that peer, not `heard`: no evidence that the way between the two is open. Of an owner it is a word
 *    all the same: what it granted may be started.
 *
 * Lists, comparisons of slots and hellos stay on connections: they are large, or order matters to them. A batch that must
 * be synced elsewhere before it is answered is no list: it names its request, and comes again until that is answered.
 */
import { MESSAGE_LIMITS } from '../codec/message-limits.ts'
import { encodeMessage } from '../codec/messages.ts'
import type { NodeId } from './ids.ts'
import type { MeshPeers } from './mesh-peers.ts'
import type { Message, MessageOf, MessageType } from './messages.ts'
import type { World } from './world.ts'

const RELAYED: ReadonlySet<MessageType> = new Set([
  'beat',
  'batches-stored',
  'serving',
  'promise',
  'promised',
  'facts',
  'facts-stored',
  'not-owner',
  'claim',
  'granted',
  'work',
  'started',
  'held',
  'kill',
  'ended',
  'settled',
  'intake',
  'taken',
  'change-tasks',
  'changed',
  'tallies-wanted',
  'tallies',
])

type Relayed = MessageOf<'relay'>

/** Whether a message bears going through a third node. */
function bearsIt(message: Message): boolean {
  return message.type === 'batches' ? message.request > 0 && !message.answer : RELAYED.has(message.type)
}

export class Relay {
  readonly #world: World
  readonly #peers: MeshPeers

  constructor(world: World, peers: MeshPeers) {
    this.#world = world
    this.#peers = peers
  }

  /** Says something to a peer, now or never; where no connection is, one is asked for. */
  send(to: NodeId, message: Message): void {
    if (to === this.#world.nodeId) throw new TypeError(`a message ${message.type} to this node itself`)
    if (message.type !== 'beat') this.#peers.want(to)
    if (this.#peers.isConnected(to)) this.#world.out({ type: 'send', to, bytes: encodeMessage(message) })
    else if (bearsIt(message)) this.#wrap(to, message)
  }

  #wrap(to: NodeId, message: Message): void {
    const via = this.#peers.viaOf(to)
    if (via === undefined) return
    const toBoot = this.#peers.bootOf(to) ?? null
    if (toBoot === null && message.type !== 'beat') return
    const bytes = encodeMessage(message)
    if (bytes.length > MESSAGE_LIMITS.relayedBytesMax) return
    const { nodeId: from, boot } = this.#world
    const incarnation = this.#peers.list.get(from)?.incarnation ?? 0
    const relay: Relayed = { type: 'relay', from, boot, incarnation, to, toBoot, bytes }
    this.#world.out({ type: 'send', to: via, bytes: encodeMessage(relay) })
  }

  /** Passes on what is for another; gives whether what came is for this node, and to be taken as of its origin. */
  isForMe(sender: NodeId, relay: Relayed): boolean {
    const { from, to } = relay
    const { nodeId } = this.#world
    if (from === nodeId || from === to || !this.#peers.isMember(from)) return false
    if (to === nodeId) return sender !== from && this.#peers.isMember(sender) && this.#isOf(relay)
    if (sender === from && this.#peers.isConnected(to) && this.#peers.bootOf(from) === relay.boot)
      this.#world.out({ type: 'send', to, bytes: encodeMessage(relay) })
    return false
  }

  /** Whether it is from the boot that this node knows, or a later one, and not to an earlier one of this. */
  #isOf({ from, boot, incarnation, toBoot }: Relayed): boolean {
    if (toBoot !== null && toBoot !== this.#world.boot) return false
    return this.#peers.relayed(from, boot, incarnation, this.#world.nowMs)
  }

  /** Whether a message that came through another may have come so. */
  mayBeRelayed({ toBoot }: Relayed, message: Message): boolean {
    return bearsIt(message) && (toBoot !== null || message.type === 'beat')
  }
}
