/**
 * Counts of every batch as all owners tell them now, not as their rows told them last (`--exact`; protocol.md, section 9).
 *
 * A question: asked of every other member that is up -> told by all | out of time -> answered.
 *
 * 1. An answer sums what this node owns and what the others said after the question came, and nothing else.
 * 2. It is whole where those who told own every slot once, all together; who did not tell in time is named.
 * 3. A member that is dead is not waited for, and not named: what it owned, others own, or the answer is not whole.
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

/** What an owner said since the question. */
interface Told {
  ownedSum: string
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
  readonly #open = new Set<Question>()

  constructor(world: World, { book, load }: { book: BatchBook; load: Load }) {
    this.#world = world
    this.#book = book
    this.#load = load
  }

  ask(request: RequestId): void {
    const question: Question = { request, batches: [...this.#book.batches.keys()], told: new Map() }
    this.#open.add(question)
    this.#world.timers.add(this.#world.nowMs + WAIT_MS, () => this.#end(question))
    this.#askMissing(question)
  }

  #askMissing(question: Question): void {
    if (!this.#open.has(question)) return
    const missing = this.#missing(question)
    if (missing.length === 0) return this.#end(question)
    const { peers, timers, nowMs, send } = this.#world
    for (const peer of missing) {
      peers.want(peer)
      // Who knows of no batch asks for none, and hears what slots the others own.
      const asked = tallyQuestions(question.batches)
      for (const each of asked.length > 0 ? asked : [{ type: 'tallies-wanted', batches: [] } as const]) send(peer, each)
    }
    timers.add(nowMs + AGAIN_MS, () => this.#askMissing(question))
  }

  /** Members that are up and have not told of every batch. */
  #missing({ batches, told }: Question): NodeId[] {
    const { peers, nodeId } = this.#world
    const hasTold = (id: NodeId) => batches.every((batch) => told.get(id)?.tallies.has(batch)) && told.has(id)
    return peers.members.filter((id) => id !== nodeId && peers.isUp(id) && !hasTold(id))
  }

  told(from: NodeId, { ownedSum, batches }: MessageOf<'tallies'>): void {
    for (const question of [...this.#open]) {
      const told = question.told.get(from) ?? { ownedSum, tallies: new Map<BatchId, LoadBatch>() }
      question.told.set(from, told)
      told.ownedSum = ownedSum
      for (const tally of batches) told.tallies.set(tally.batch, tally)
      if (this.#missing(question).length === 0) this.#end(question)
    }
  }

  #end(question: Question): void {
    if (!this.#open.delete(question)) return
    const missing = this.#missing(question)
    const told = [...question.told].filter(([id]) => this.#world.peers.isUp(id)).map(([, each]) => each)
    const batches = question.batches.flatMap((id) => {
      const batch = this.#book.get(id)
      return batch === undefined ? [] : [told.reduce((sum, { tallies }) => added(sum, tallies.get(id)), loadOf(batch))]
    })
    const whole = missing.length === 0 && isWhole([this.#load.ownedSum, ...told.map(({ ownedSum }) => ownedSum)])
    this.#world.requests.answer(question.request, { type: 'counts', batches, whole, missing })
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
