/**
 * Tallies of batches that the rows of other nodes leave out, asked of those nodes while somebody looks (protocol.md,
 * section 9).
 *
 * A tally: missing -> asked for, once a second -> told -> old, and asked for anew.
 *
 * 1. Nobody is asked but for `WANTED_MS` after somebody looked: what a row leaves out is much, and seldom looked at.
 * 2. Only batches are asked for that a row leaves out: what a row says itself is newer.
 * 3. What was told counts only beside a row of the same boot that owns the same slots: else slots that went from one
 *    owner to another would count twice, or not at all.
 * 4. Nobody tells of a batch whose tasks it has not counted whole, in its row neither: it is missing until then.
 * 5. What was told more than `FRESH_MS` ago counts, but is told of as missing.
 */
import type { BatchBook } from './batch-book.ts'
import type { BatchId, Boot, NodeId } from './ids.ts'
import { type Load, loadOf } from './load.ts'
import type { LoadRows } from './load-rows.ts'
import type { LoadBatch, LoadRow, MessageOf } from './messages.ts'
import { partsBy } from './parts.ts'
import type { World } from './world.ts'

const AGAIN_MS = 1_000
const WANTED_MS = 10_000
const FRESH_MS = 5_000
/** As many batches as one message may name. */
const BATCHES_MAX = 1_000

interface Told {
  readonly tally: LoadBatch
  readonly boot: Boot | undefined
  readonly ownedSum: string
  readonly atMs: number
}

export interface TallyOf {
  readonly tally: LoadBatch | undefined
  /** The row's node may have tasks of the batch that the tally does not tell of. */
  readonly isMissing: boolean
}

const NOTHING: TallyOf = { tally: undefined, isMissing: false }

export class AskedTallies {
  readonly #world: World
  readonly #book: BatchBook
  readonly #load: Load
  readonly #rows: LoadRows
  readonly #told = new Map<NodeId, Map<BatchId, Told>>()
  #wantedUntilMs = Number.NEGATIVE_INFINITY
  #askedMs = Number.NEGATIVE_INFINITY

  constructor(world: World, { book, load, rows }: { book: BatchBook; load: Load; rows: LoadRows }) {
    this.#world = world
    this.#book = book
    this.#load = load
    this.#rows = rows
  }

  /** Somebody looks at the counts. */
  wanted(): void {
    this.#wantedUntilMs = this.#world.nowMs + WANTED_MS
  }

  /** What a row's node has of a batch, by the row or by what it told beside it. */
  of(row: LoadRow, batch: BatchId): TallyOf {
    const said = row.batches.find((each) => each.batch === batch)
    if (said !== undefined) return { tally: said, isMissing: false }
    if (row.batchesLeftOut === 0) return NOTHING
    const told = this.#told.get(row.node)?.get(batch)
    if (told?.boot !== row.boot || told.ownedSum !== row.ownedSum) return { tally: undefined, isMissing: true }
    return { tally: told.tally, isMissing: this.#world.nowMs - told.atMs > FRESH_MS }
  }

  /** Asks for what rows leave out, where somebody looks. */
  look(): void {
    const { nowMs, nodeId, peers } = this.#world
    if (nowMs > this.#wantedUntilMs || nowMs < this.#askedMs + AGAIN_MS) return
    this.#askedMs = nowMs
    for (const { row } of this.#rows.all()) {
      if (row.batchesLeftOut === 0 || row.node === nodeId || !peers.isUp(row.node) || !peers.isMember(row.node))
        continue
      this.#ask(row)
    }
  }

  #ask(row: LoadRow): void {
    const known = new Set(row.batches.map(({ batch }) => batch))
    const leftOut = [...this.#book.batches.keys()].filter((id) => !known.has(id))
    if (leftOut.length === 0) return
    for (const question of tallyQuestions(0, leftOut)) this.#world.send(row.node, question)
  }

  /** Another node asks for tallies of this one. */
  asked(from: NodeId, { request, batches }: MessageOf<'tallies-wanted'>): void {
    const tallies = batches.flatMap((id) => {
      const batch = this.#book.get(id)
      return batch?.isCounted !== true ? [] : [loadOf(batch)]
    })
    this.#world.send(from, { type: 'tallies', request, ownedSum: this.#load.ownedSum, batches: tallies })
  }

  told(from: NodeId, { ownedSum, batches }: MessageOf<'tallies'>): void {
    const { peers, nowMs } = this.#world
    if (!peers.isMember(from)) return
    const known = this.#told.get(from) ?? new Map<BatchId, Told>()
    this.#told.set(from, known)
    for (const id of known.keys()) if (this.#book.get(id) === undefined) known.delete(id)
    for (const tally of batches) {
      if (this.#book.get(tally.batch) === undefined) continue
      known.set(tally.batch, { tally, boot: peers.bootOf(from), ownedSum, atMs: nowMs })
    }
  }

  /** That node is a member no more. */
  forget(node: NodeId): void {
    this.#told.delete(node)
  }
}

/** What asks for the tallies of some batches; at least one question, whose answer says what slots are owned. */
export function tallyQuestions(request: number, batches: readonly BatchId[]): MessageOf<'tallies-wanted'>[] {
  const parts = batches.length === 0 ? [[]] : partsBy(batches, () => 1, BATCHES_MAX)
  return parts.map((part) => ({ type: 'tallies-wanted', request, batches: part }))
}
