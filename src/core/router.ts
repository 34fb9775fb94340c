/**
 * Brings work about tasks to whoever owns them, again and again until it is done: rows to be seeded, tasks to be
 * cancelled or retried.
 *
 * An item: waiting for an owner -> asked -> done | waiting (not served there, or that node is gone).
 *
 * 1. A job is done when every item was answered by the owner of its slot.
 * 2. Asking twice does no harm: an owner that has done it already says so.
 */
import { type NodeId, slotOf, type TaskId } from './ids.ts'
import type { Message } from './messages.ts'
import type { Ownership } from './ownership.ts'
import type { World } from './world.ts'

/** Pause before items without an owner are tried again. */
const AGAIN_MS = 250

export interface RoutedJob<Item, Answer> {
  readonly taskOf: (item: Item) => TaskId
  /** Does it here; `answered` gives what was done, and items of slots that this node does not serve any more. */
  readonly local: (items: readonly Item[], answered: (answer: Answer, elsewhere: readonly Item[]) => void) => void
  readonly message: (request: number, items: readonly Item[]) => Message
  readonly add: (answer: Answer) => void
  readonly done: () => void
}

interface Open<Item, Answer> {
  readonly job: RoutedJob<Item, Answer>
  /** Items that were not answered yet. */
  left: number
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
  #request = 0

  constructor(world: World, ownership: Ownership) {
    this.#world = world
    this.#ownership = ownership
  }

  begin<Item, Answer>(items: readonly Item[], job: RoutedJob<Item, Answer>): void {
    const open = { job, left: items.length }
    if (items.length === 0) job.done()
    else this.#ask(open, items)
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
    if (owner === undefined || owner === this.#world.nodeId) return undefined
    if (this.#world.peers.isReachable(owner)) return owner
    this.#world.peers.want(owner)
    return undefined
  }

  #askLater<Item, Answer>(open: Open<Item, Answer>, items: readonly Item[]): void {
    if (items.length > 0) this.#world.timers.add(this.#world.nowMs + AGAIN_MS, () => this.#ask(open, items))
  }

  #answered<Item, Answer>(open: Open<Item, Answer>, asked: number, answer: Answer, elsewhere: readonly Item[]): void {
    open.left -= asked - elsewhere.length
    open.job.add(answer)
    this.#askLater(open, elsewhere)
    if (open.left === 0) open.job.done()
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
