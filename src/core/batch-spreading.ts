/**
 * Brings what people say about batches to every node (protocol.md, section 2).
 *
 * A word: told to every member that is connected -> here (synced on this node) and there (synced on another) -> done.
 *
 * 1. It is done once it is synced here, and on another node whenever another is storing.
 * 2. Who was away, or whose connection broke, is told when it is connected anew: any node that stores it will do. Who is
 *    not connected is told every 5 s, through a third node where one reaches it (relay.ts), which may lose it.
 * 3. Told twice, a record changes nothing.
 *
 * It does not see to it that everyone has heard: lists are compared by their hash with every beat (batch-lists.ts).
 */
import type { BatchLists } from './batch-lists.ts'
import type { BatchRecord } from './batches.ts'
import type { NodeId } from './ids.ts'
import type { MessageOf } from './messages.ts'
import type { World } from './world.ts'

const AGAIN_MS = 5_000

interface Word {
  readonly record: BatchRecord
  readonly done: (copies: number) => void
  isHere: boolean
  isThere: boolean
}

export class BatchSpreading {
  readonly #world: World
  readonly #lists: BatchLists
  readonly #words = new Map<number, Word>()
  #isSet = false
  /** Is told of what a peer said that was news. */
  onNews: (records: readonly BatchRecord[]) => void = () => undefined

  constructor(world: World, lists: BatchLists) {
    this.#world = world
    this.#lists = lists
  }

  /** Takes a record that is new or changed, or must be safe before it is answered; `done` is called once, with 1 or 2. */
  spread(record: BatchRecord, done: (copies: number) => void): void {
    this.#lists.learn([record])
    const request = this.#world.nextNumber()
    const word: Word = { record, done, isHere: false, isThere: false }
    this.#words.set(request, word)
    for (const peer of this.#others) this.#tell(peer, request, word)
    this.#world.commits.whenStored(() => {
      word.isHere = true
      this.#settle()
    })
    this.#repeat()
  }

  #repeat(): void {
    if (this.#isSet || this.#words.size === 0) return
    this.#isSet = true
    this.#world.timers.add(this.#world.nowMs + AGAIN_MS, () => {
      this.#isSet = false
      for (const peer of this.#others) if (!this.#world.peers.isConnected(peer)) this.connected(peer)
      this.#repeat()
    })
  }

  get #others(): NodeId[] {
    const { peers, nodeId } = this.#world
    return peers.members.filter((id) => id !== nodeId)
  }

  #tell(peer: NodeId, request: number, { record }: Word): void {
    this.#world.send(peer, { type: 'batches', records: [record], answer: false, request })
  }

  /** A peer says what it knows. */
  heard(from: NodeId, { records, answer, request }: MessageOf<'batches'>): void {
    this.onNews(this.#lists.learn(records))
    if (answer) this.#lists.sendTo(from, false)
    if (request > 0) this.#world.commits.whenStored(() => this.#world.send(from, { type: 'batches-stored', request }))
  }

  stored({ request }: MessageOf<'batches-stored'>): void {
    const word = this.#words.get(request)
    if (word === undefined) return
    word.isThere = true
    this.#settle()
  }

  connected(peer: NodeId): void {
    for (const [request, word] of this.#words) if (!word.isThere) this.#tell(peer, request, word)
  }

  /** To be called when it changed whether a peer is storing, and when members changed. */
  changed(): void {
    this.#settle()
  }

  #settle(): void {
    if (this.#words.size === 0) return
    const isAlone = !this.#others.some((id) => this.#world.peers.isStoring(id))
    for (const [request, word] of this.#words) {
      if (!word.isHere || !(word.isThere || isAlone)) continue
      this.#words.delete(request)
      word.done(word.isThere ? 2 : 1)
    }
  }
}
