/**
 * Hellos: what this node says of itself first, and whether it accepts what a peer says (protocol.md, section 1).
 *
 * 1. A peer that does not go together with this node, or whose id lives twice, hears why, and its connection is ended.
 * 2. A peer that starts with an incarnation with which an earlier boot of it started has lost what its disk knew: it is
 *    told so, before anything else is asked of it.
 * 3. The answer that tells an earlier life of an id to go on (clones.ts) is to a question that is asked here.
 */
import { encodeMessage } from '../codec/messages.ts'
import type { BatchLists } from './batch-lists.ts'
import { Clones } from './clones.ts'
import { PROTOCOL, refusalOf, settingsHash } from './hello.ts'
import type { NodeId } from './ids.ts'
import type { MeshPeers } from './mesh-peers.ts'
import type { MessageOf } from './messages.ts'
import type { Ownership } from './ownership.ts'
import type { World } from './world.ts'

export interface GreetingParts {
  readonly meshId: string
  readonly peers: MeshPeers
  readonly ownership: Ownership
  readonly batches: BatchLists
}

export class Greeting {
  readonly #world: World
  readonly #parts: GreetingParts
  readonly #clones = new Clones()
  incarnation = 0
  /** The incarnation that this boot started with. */
  started = 0
  /** Another node runs under this node's id, and was there before. */
  onCloned: () => void = () => undefined

  constructor(world: World, parts: GreetingParts) {
    this.#world = world
    this.#parts = parts
  }

  get hello(): MessageOf<'hello'> {
    const { meshId, peers, batches, ownership } = this.#parts
    const { settings, sha256, boot, nodeId } = this.#world
    return {
      type: 'hello',
      meshId,
      ...PROTOCOL,
      settingsHash: settingsHash(settings, sha256),
      incarnation: this.incarnation,
      boot,
      membersHash: peers.list.hash,
      batchesHash: batches.hash,
      serving: ownership.servedRuns(),
      name: peers.list.get(nodeId)?.name ?? '',
      started: this.started,
    }
  }

  /** Takes a peer's hello; answers whether the peer is accepted. */
  take(from: NodeId, hello: MessageOf<'hello'>): boolean {
    const misfit = refusalOf(this.hello, hello)
    const clone = misfit === undefined ? this.#clones.greeted(from, hello, this.#world.nowMs) : undefined
    const why = clone === 'turn-away' ? 'cloned' : misfit
    if (why !== undefined) {
      this.#world.out({ type: 'send', to: from, bytes: encodeMessage({ type: 'refused', why }) })
      this.#world.out({ type: 'hang-up', to: from })
      return false
    }
    this.#parts.peers.greeted(from)
    const outlived = this.#clones.startedBefore(from, hello)
    if (outlived !== undefined) this.#world.send(from, { type: 'outlived', started: outlived })
    if (clone === 'ask') this.#world.send(from, { type: 'probe', about: from })
    return true
  }

  refused(from: NodeId, { why }: MessageOf<'refused'>): void {
    this.#world.out({ type: 'hang-up', to: from })
    if (why === 'cloned') this.onCloned()
  }

  /** A peer answered a question. */
  probed(from: NodeId, { about }: MessageOf<'probed'>): void {
    if (from === about) this.#clones.answered(from, this.#world.nowMs)
  }

  disconnected(peer: NodeId): void {
    this.#clones.disconnected(peer)
  }
}
