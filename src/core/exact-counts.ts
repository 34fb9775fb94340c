/**
 * Counts of every batch as all owners tell them now, not as their rows told them last (`--exact`; protocol.md, section 9).
 *
 * A question: asked of every other member that is up -> told by all | out of time -> answered.
 *
 * 1. An answer sums what this node owns and what others answered last to its own question, and nothing else; of those
 *    batches that this node knows.
 * 2. It is whole where those who told own every slot once, all together, and have counted all of it. What one node says of
 *    other slots than before replaces all that it said.
 * 3. What is not whole is asked of everyone anew until time is over: slots may be on their way, or uncounted. Who never
 *    told all is named. A member that is dead is not waited for, and not named: what it owned, others own, or it is not whole.
 *    Nor does one stand in the way, once time is over, that was never heard since this node started: it may be as dead.
 * 4. It needs no write, and is answered while nothing can be written.
 */
import { tallyQuestions } from './asked-tallies.ts'
import type { BatchBook } from './batch-book.ts'
import type { RequestId } from './events.ts'
import type { BatchId, NodeId } from './ids.ts'
import { isWhole, type Load, loadOf } from './load.ts'
import type { LoadBatch, MessageOf } from './messages.ts'
import type { World } from './world.ts'

const WAIT_MS = 5_000
const AGAIN_MS = 1_000

/** What an owner answered. */
interface Told {
  readonly ownedSum: string
  readonly tallies: Map<BatchId, LoadBatch>
}

interface Question {
  readonly request: RequestId
  readonly batches: readonly BatchId[]
  readonly told: Map<NodeId, Told>
}

export class ExactCounts {
  readonly #world: World
  readonly #book: BatchBook
  readonly #load: Load
  readonly #open = new Map<RequestId, Question>()

  constructor(world: World, { book, load }: { book: BatchBook; load: Load }) {
    this.#world = world
    this.#book = book
    this.#load = load
  }

  ask(request: RequestId): void {
    const question: Question = { request, batches: [...this.#book.batches.keys()], told: new Map() }
    this.#open.set(request, question)
    this.#world.timers.add(this.#world.nowMs + WAIT_MS, () => this.#end(question))
    this.#askAll(question)
  }

  /** Asks everyone, and again while it is not whole. */
  #askAll(question: Question): void {
    if (!this.#open.has(question.request)) return
    if (this.#isWhole(question, this.#missing(question))) return this.#end(question)
    const { peers, timers, nowMs, send, nodeId } = this.#world
    for (const peer of peers.members) {
      if (peer === nodeId || !peers.isUp(peer)) continue
      peers.want(peer)
      for (const each of tallyQuestions(question.request, question.batches)) send(peer, each)
    }
    timers.add(nowMs + AGAIN_MS, () => this.#askAll(question))
  }

  /** Members that are up and have not told of every batch that is there still. */
  #missing({ batches, told }: Question): NodeId[] {
    const { peers, nodeId } = this.#world
    const wanted = batches.filter((id) => this.#book.get(id) !== undefined)
    const hasTold = (id: NodeId) => told.has(id) && wanted.every((batch) => told.get(id)?.tallies.has(batch))
    return peers.members.filter((id) => id !== nodeId && peers.isUp(id) && !hasTold(id))
  }

  /** Whether the counts are whole, where these are all that have yet to tell. */
  #isWhole(question: Question, yetToTell: readonly NodeId[]): boolean {
    const { batches } = question
    if (batches.some((id) => this.#book.get(id)?.isCounted === false)) return false
    if (yetToTell.length > 0) return false
    // Before the first batch nobody need serve a slot; but who has not told may know of one.
    if (batches.length === 0) return this.#missing(question).length === 0
    return isWhole([this.#load.ownedSum, ...this.#toldBy(question).map(({ ownedSum }) => ownedSum)])
  }

  /** What those told that are up still. */
  #toldBy({ told }: Question): Told[] {
    return [...told].filter(([id]) => this.#world.peers.isUp(id)).map(([, each]) => each)
  }

  told(from: NodeId, { request, ownedSum, batches }: MessageOf<'tallies'>): void {
    const question = this.#open.get(request)
    if (question === undefined) return
    const known = question.told.get(from)
    const tallies = known?.ownedSum === ownedSum ? known.tallies : new Map<BatchId, LoadBatch>()
    for (const tally of batches) tallies.set(tally.batch, tally)
    question.told.set(from, { ownedSum, tallies })
    if (this.#isWhole(question, this.#missing(question))) this.#end(question)
  }

  #end(question: Question): void {
    if (!this.#open.delete(question.request)) return
    const told = this.#toldBy(question)
    const batches = question.batches.flatMap((id) => {
      const batch = this.#book.get(id)
      return batch === undefined ? [] : [told.reduce((sum, { tallies }) => added(sum, tallies.get(id)), loadOf(batch))]
    })
    const missing = this.#missing(question)
    const heard = missing.filter((id) => this.#world.peers.bootOf(id) !== undefined)
    const whole = this.#isWhole(question, heard)
    this.#world.requests.answer(question.request, { type: 'counts', batches, whole, missing: whole ? [] : missing })
  }
}

function added(sum: LoadBatch, told: LoadBatch | undefined): LoadBatch {
  if (told === undefined) return sum
  return {
    batch: sum.batch,
    total: sum.total + told.total,
    scheduled: sum.scheduled + told.scheduled,
    running: sum.running + told.running,
    retrying: sum.retrying + told.retrying,
    completed: sum.completed + told.completed,
    failed: sum.failed + told.failed,
    cancelled: sum.cancelled + told.cancelled,
    extra: sum.extra + told.extra,
  }
}
