/**
 * What this node says of itself all the time: beats to its neighbours, and its row by gossip.
 *
 * 1. Every beat says that this node lives and stores, and the hashes of the lists that all share. It carries the row where
 *    that changed since the last beat on the same connection; a connection keeps the order, so a peer has the row.
 * 2. The row is gossiped when it changed, at most once per max(1 s, N/100 s), and unchanged every 10 s: gossip gets lost.
 * 3. Beats that say the same are encoded once.
 */
import { encodeMessage } from '../codec/messages.ts'
import type { NodeId } from './ids.ts'
import type { Load } from './load.ts'
import type { LoadRow, MessageOf } from './messages.ts'
import type { World } from './world.ts'

const GOSSIP_MS = 1_000
const GOSSIP_MEMBER_MS = 10
const REPEAT_MS = 10_000

type Own = Pick<MessageOf<'beat'>, 'incarnation' | 'membersHash' | 'batchesHash'>

interface Encoded {
  key: string
  bytes: Uint8Array
}

export class MeshBeats {
  readonly #world: World
  readonly #load: Load
  /** The number of the row that a peer was sent on its present connection. */
  readonly #sent = new Map<NodeId, number>()
  readonly #withRow: Encoded = { key: '', bytes: new Uint8Array() }
  readonly #plain: Encoded = { key: '', bytes: new Uint8Array() }
  #gossiped: LoadRow | undefined
  #gossipedMs = Number.NEGATIVE_INFINITY

  constructor(world: World, load: Load) {
    this.#world = world
    this.#load = load
  }

  connected(peer: NodeId): void {
    this.#sent.delete(peer)
  }

  /** The next beat to a peer. */
  to(peer: NodeId, own: Own): Uint8Array {
    const row = this.#load.row()
    const isNews = this.#sent.get(peer) !== row.seq
    this.#sent.set(peer, row.seq)
    return this.#encode(isNews ? this.#withRow : this.#plain, own, isNews ? row : undefined)
  }

  /** A beat without the row: what goes through a third node may be lost. */
  plain(own: Own): MessageOf<'beat'> {
    const { boot, storing } = this.#world
    return { type: 'beat', boot, storing, ...own, load: undefined }
  }

  #encode(last: Encoded, own: Own, load: LoadRow | undefined): Uint8Array {
    const { boot, storing } = this.#world
    const key = `${own.incarnation} ${storing} ${own.membersHash} ${own.batchesHash} ${load?.seq}`
    if (last.key !== key) {
      last.key = key
      last.bytes = encodeMessage({ type: 'beat', boot, storing, ...own, load })
    }
    return last.bytes
  }

  /** The row, where it is to be gossiped now. */
  gossipedRow(): LoadRow | undefined {
    const { nowMs, peers } = this.#world
    const row = this.#load.row()
    const pauseMs = row === this.#gossiped ? REPEAT_MS : Math.max(GOSSIP_MS, peers.members.length * GOSSIP_MEMBER_MS)
    if (nowMs < this.#gossipedMs + pauseMs) return undefined
    this.#gossipedMs = nowMs
    this.#gossiped = row
    return row
  }
}
