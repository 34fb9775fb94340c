/**
 * Brings work about tasks to whoever owns them, again and again until it is done: rows to be seeded, tasks to be
 * cancelled or retried.
 *
 * An item: waiting for an owner -> asked -> done | waiting (not served there, or that node is gone). A job: open -> done,
 * or given up when it has not come to an end within a minute: whoever asked may ask again.
 *
 * 1. A job is done when every item was answered by the owner of its slot.
 * 2. Asking twice does no harm: an owner that has done it already says so.
 * 3. A job whose batch is deleted ends at once: `gone` is called in place of `done`, and nobody is asked any more.
 */
import { type BatchId, type NodeId, slotOf, type TaskId } from './ids.ts'
import type { Message } from './messages.ts'
import type { Ownership } from './ownership.ts'
import type { World } from './world.ts'

/** Pauses before items without an owner are tried again: each twice as long as the last. */
const AGAIN_MS = 250
const AGAIN_MS_MAX = 4_000
const GIVE_UP_MS = 60_000

export interface RoutedJob<Item, Answer> {
  readonly batch: BatchId
  readonly taskOf: (item: Item) => TaskId
  /** Does it here; `answered` gives what was done, and items of slots that this node does not serve any more. */
  readonly local: (items: readonly Item[], answered: (answer: Answer, elsewhere: readonly Item[]) => void) => void
  readonly message: (request: number, items: readonly Item[]) => Message
  readonly add: (answer: Answer) => void
  readonly done: () => void
  /** Not every item was answered in time. */
  readonly givenUp: () => void
  /** Its batch is deleted. */
  readonly gone: () => void
}

interface Open<Item, Answer> {
  readonly job: RoutedJob<Item, Answer>
  /** Items that were not answered yet. */
  left: number
  pauseMs: number
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
  #request = 0

  constructor(world: World, ownership: Ownership) {
    this.#world = world
    this.#ownership = ownership
  }

  begin<Item, Answer>(items: readonly Item[], job: RoutedJob<Item, Answer>): void {
    if (items.length === 0) return job.done()
    const open = { job, left: items.length, pauseMs: AGAIN_MS, isOver: false }
    this.#open.add(open)
    this.#world.timers.add(this.#world.nowMs + GIVE_UP_MS, () => this.#end(open, job.givenUp))
    this.#ask(open, items)
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
        job.local(its, (answer, elsewhere) => this.#answered(open, its.length, answer, elsewhere))
        continue
      }
      const request = ++this.#request
      this.#parts.set(request, { open, owner, items: its })
      this.#world.send(owner, job.message(request, its))
    }
  }

  /** Who can be asked about a slot now. */
  #reachable(slot: number): NodeId | undefined {
    if (this.#ownership.serves(slot)) return this.#world.nodeId
    const owner = this.#ownership.ownerOf(slot)
    return owner !== undefined && owner !== this.#world.nodeId && this.#world.peers.isConnected(owner)
      ? owner
      : undefined
  }

  #askLater<Item, Answer>(open: Open<Item, Answer>, items: readonly Item[]): void {
    if (items.length === 0 || open.isOver) return
    this.#world.timers.add(this.#world.nowMs + open.pauseMs, () => {
      if (!open.isOver) this.#ask(open, items)
    })
    open.pauseMs = Math.min(2 * open.pauseMs, AGAIN_MS_MAX)
  }

  #answered<Item, Answer>(open: Open<Item, Answer>, asked: number, answer: Answer, elsewhere: readonly Item[]): void {
    if (open.isOver) return
    if (elsewhere.length < asked) open.pauseMs = AGAIN_MS
    open.left -= asked - elsewhere.length
    open.job.add(answer)
    this.#askLater(open, elsewhere)
    if (open.left > 0) return
    this.#end(open, open.job.done)
  }

  /** Jobs about a batch that is deleted end. */
  gone(batch: BatchId): void {
    for (const open of [...this.#open]) if (open.job.batch === batch) this.#end(open, open.job.gone)
  }

  /** An owner answered; `elsewhere` names tasks of slots that it does not serve. */
  answered<Answer>(from: NodeId, request: number, answer: Answer, elsewhere: readonly TaskId[]): void {
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
