/**
 * Brings work about tasks to whoever owns them, again and again until it is done: rows to be seeded, tasks to be
 * cancelled or retried.
 *
 * An item: waiting for an owner -> asked -> done | waiting (not served there, or that node is gone). A job: open -> done,
 * or given up when it has not come to an end within a minute: whoever asked may ask again.
 *
 * 1. A job is done when every item was answered by the owner of its slot.
 * 2. Asking twice does no harm: an owner that has done it already says so. Where a third node is between, which may
 *    lose what is said, an owner that does not answer is asked again.
 * 3. What one owner is asked goes in messages of `PART_BYTES_MAX` at most; a busy owner is asked again when it says.
 * 4. A job whose batch is deleted ends at once: `gone` is called in place of `done`, and nobody is asked any more.
 */
import { type BatchId, type NodeId, slotOf, type TaskId } from './ids.ts'
import type { Message } from './messages.ts'
import type { Ownership } from './ownership.ts'
import { partsBy } from './parts.ts'
import type { World } from './world.ts'

/** Pauses before items without an owner are tried again: each twice as long as the last. */
const AGAIN_MS = 250
const AGAIN_MS_MAX = 4_000
const GIVE_UP_MS = 60_000
/** An answer that comes through a third node may take so long. */
const ANSWER_MS = 10_000
/** Half a frame: sizes of items are estimates. */
const PART_BYTES_MAX = 2 * 1024 * 1024

export interface RoutedJob<Item, Answer> {
  readonly batch: BatchId
  readonly taskOf: (item: Item) => TaskId
  /** What an item takes in a message, in bytes; and how many one may have. */
  readonly bytesOf: (item: Item) => number
  readonly itemsMax: number
  /** Does it here; `answered` gives what was done, and items that this node does not serve any more, or not now. */
  readonly local: (items: readonly Item[], answered: Answered<Item, Answer>) => void
  readonly message: (request: number, items: readonly Item[]) => Message
  readonly add: (answer: Answer) => void
  readonly done: () => void
  /** Not every item was answered in time. */
  readonly givenUp: () => void
  /** Its batch is deleted. */
  readonly gone: () => void
}

export type Answered<Item, Answer> = (answer: Answer, elsewhere: readonly Item[], retryAfterMs?: number) => void

interface Open<Item, Answer> {
  readonly job: RoutedJob<Item, Answer>
  /** Items that were not answered yet. */
  left: number
  pauseMs: number
  /** When it is given up. */
  readonly untilMs: number
  isOver: boolean
}

interface Part<Item, Answer> {
  readonly open: Open<Item, Answer>
  readonly owner: NodeId
  readonly items: readonly Item[]
}

export class Router {
  readonly #world: World
  readonly #ownership: Ownership
  // biome-ignore lint/suspicious/noExplicitAny: jobs of different items stand side by side
  readonly #parts = new Map<number, Part<any, any>>()
  // biome-ignore lint/suspicious/noExplicitAny: jobs of different items stand side by side
  readonly #open = new Set<Open<any, any>>()
  #isSet = false

  constructor(world: World, ownership: Ownership) {
    this.#world = world
    this.#ownership = ownership
  }

  begin<Item, Answer>(items: readonly Item[], job: RoutedJob<Item, Answer>): void {
    if (items.length === 0) return job.done()
    const untilMs = this.#world.nowMs + GIVE_UP_MS
    const open = { job, left: items.length, pauseMs: AGAIN_MS, untilMs, isOver: false }
    this.#open.add(open)
    this.#watch()
    this.#ask(open, items)
  }

  /** One timer serves all, the first of which ends first: one for each would keep its rows for a minute after its end. */
  #watch(): void {
    const [first] = this.#open
    if (this.#isSet || first === undefined) return
    this.#isSet = true
    this.#world.timers.add(first.untilMs, () => {
      this.#isSet = false
      const { nowMs } = this.#world
      for (const open of [...this.#open]) if (nowMs >= open.untilMs) this.#end(open, open.job.givenUp)
      this.#watch()
    })
  }

  /** What was asked for it and is not answered yet does not matter any more. */
  #end<Item, Answer>(open: Open<Item, Answer>, tell: () => void): void {
    if (open.isOver) return
    open.isOver = true
    this.#open.delete(open)
    for (const [request, part] of this.#parts) if (part.open === open) this.#parts.delete(request)
    tell()
  }

  #ask<Item, Answer>(open: Open<Item, Answer>, items: readonly Item[]): void {
    const { job } = open
    const byOwner = new Map<NodeId, Item[]>()
    const later: Item[] = []
    for (const item of items) {
      const owner = this.#reachable(slotOf(job.taskOf(item)))
      const its = owner === undefined ? later : byOwner.get(owner)
      if (its !== undefined) its.push(item)
      else if (owner !== undefined) byOwner.set(owner, [item])
    }
    this.#askLater(open, later)
    for (const [owner, its] of byOwner) {
      if (owner === this.#world.nodeId) {
        job.local(its, (answer, elsewhere, afterMs) => this.#answered(open, its.length, answer, elsewhere, afterMs))
        continue
      }
      for (const part of partsBy(its, job.bytesOf, PART_BYTES_MAX, job.itemsMax)) this.#askOne(open, owner, part)
    }
  }

  #askOne<Item, Answer>(open: Open<Item, Answer>, owner: NodeId, items: readonly Item[]): void {
    const request = this.#world.nextNumber()
    this.#parts.set(request, { open, owner, items })
    this.#world.send(owner, open.job.message(request, items))
    if (this.#world.peers.isConnected(owner)) return
    this.#world.timers.add(this.#world.nowMs + ANSWER_MS, () => {
      if (this.#parts.delete(request)) this.#ask(open, items)
    })
  }

  /** Who can be asked about a slot now. */
  #reachable(slot: number): NodeId | undefined {
    if (this.#ownership.serves(slot)) return this.#world.nodeId
    const owner = this.#ownership.ownerOf(slot)
    if (owner === undefined || owner === this.#world.nodeId) return undefined
    if (this.#world.peers.isReachable(owner)) return owner
    this.#world.peers.want(owner)
    return undefined
  }

  #askLater<Item, Answer>(open: Open<Item, Answer>, items: readonly Item[], leastMs = 0): void {
    if (items.length === 0 || open.isOver) return
    this.#world.timers.add(this.#world.nowMs + Math.max(open.pauseMs, leastMs), () => {
      if (!open.isOver) this.#ask(open, items)
    })
    open.pauseMs = Math.min(2 * open.pauseMs, AGAIN_MS_MAX)
  }

  #answered<Item, Answer>(
    open: Open<Item, Answer>,
    asked: number,
    answer: Answer,
    elsewhere: readonly Item[],
    retryAfterMs = 0,
  ): void {
    if (open.isOver) return
    if (elsewhere.length < asked) open.pauseMs = AGAIN_MS
    open.left -= asked - elsewhere.length
    open.job.add(answer)
    this.#askLater(open, elsewhere, Math.min(retryAfterMs, ANSWER_MS))
    if (open.left > 0) return
    this.#end(open, open.job.done)
  }

  /** Jobs about a batch that is deleted end. */
  gone(batch: BatchId): void {
    for (const open of [...this.#open]) if (open.job.batch === batch) this.#end(open, open.job.gone)
  }

  /** An owner answered; `elsewhere` names tasks that it does not serve, or not before `retryAfterMs`. */
  answered<Answer>(
    from: NodeId,
    request: number,
    answer: Answer,
    elsewhere: readonly TaskId[],
    retryAfterMs = 0,
  ): void {
    const part = this.#parts.get(request)
    if (part?.owner !== from) return
    this.#parts.delete(request)
    const { open, items } = part
    const names = new Set(elsewhere)
    this.#answered(
      open,
      items.length,
      answer,
      items.filter((item) => names.has(open.job.taskOf(item))),
      retryAfterMs,
    )
  }

  /** What that node was asked is asked again, of it or of who owns it then. */
  disconnected(peer: NodeId): void {
    for (const [request, { open, owner, items }] of this.#parts) {
      if (owner !== peer) continue
      this.#parts.delete(request)
      this.#askLater(open, items)
    }
  }
}
