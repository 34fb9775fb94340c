/**
 * The holder's talk with owners: takes grants, tells what has started, what it holds and how it ended.
 *
 * 1. Owners hear every 10 s, and when they are connected anew, of all that this node holds of theirs or has to report:
 *    what was lost on the way in either direction shows then.
 * 2. What runs is reported to whoever owns its slot by then, with its start: that one may not have granted it, or not
 *    have heard of it, and counts the time that it may run from there.
 * 3. What this node had granted to itself it lists for the next owner of the slot as soon as it yields that, and where it
 *    knows of none yet, with the next lists: it was listed for nobody before, and unheard of it would be given up.
 * 4. Of a deleted batch nothing is taken and nothing reported.
 */
import type { BatchBook } from './batch-book.ts'
import type { Claims } from './claims.ts'
import type { Holding } from './holding.ts'
import { type NodeId, slotOf, type TaskId, type Token } from './ids.ts'
import type { Grant, MessageOf } from './messages.ts'
import type { Ownership } from './ownership.ts'
import { partsBy } from './parts.ts'
import type { Held, Places } from './places.ts'
import type { Reports } from './reports.ts'
import type { SlotSet } from './slot-set.ts'
import type { World } from './world.ts'

const LIST_MS = 10_000
/** Of one message: a megabyte. */
const TOKENS_MAX = 20_000

type HeldToken = MessageOf<'held'>['tokens'][number]

export interface HolderParts {
  readonly book: BatchBook
  readonly places: Places
  readonly holding: Holding
  readonly claims: Claims
  readonly reports: Reports
  readonly ownership: Ownership
}

export class HolderDesk {
  readonly #world: World
  readonly #parts: HolderParts
  #isSet = false

  constructor(world: World, parts: HolderParts) {
    this.#world = world
    this.#parts = parts
    const { holding, claims, reports } = parts
    holding.onStarted = (held, timeoutMs) => this.#started(held, timeoutMs)
    holding.onEnded = (held, fact) => {
      if (parts.book.isDeleted(fact.batch)) return
      const lease = claims.leases.get(held.token)
      if (lease !== undefined) claims.ended(lease, fact)
      else reports.add(fact)
    }
  }

  accept(from: NodeId, grants: readonly Grant[]): void {
    const { book, holding } = this.#parts
    holding.accept(
      from,
      grants.filter(({ batch }) => !book.isDeleted(batch)),
    )
    this.#repeat()
  }

  #started({ grant, token, owner }: Held, timeoutMs: number): void {
    const { claims } = this.#parts
    if (claims.leases.get(token) !== undefined) claims.started(this.#world.nodeId, token, timeoutMs)
    else this.#world.send(owner, { type: 'started', starts: [{ token: grant.token, timeoutMs }] })
  }

  #repeat(): void {
    if (this.#isSet) return
    this.#isSet = true
    this.#world.timers.add(this.#world.nowMs + LIST_MS, () => {
      this.#isSet = false
      if (this.#tell() > 0) this.#repeat()
    })
  }

  /** Other nodes serve these slots now. */
  yielded(slots: SlotSet): void {
    for (const { grant } of this.#parts.places.held.values()) if (slots.has(slotOf(grant.task))) return this.tell()
  }

  /** Tells owners what is held, all of them or one; gives how many attempts other nodes have to hear of. */
  tell(owner?: NodeId): void {
    if (this.#tell(owner) > 0) this.#repeat()
  }

  #tell(only?: NodeId): number {
    const { places, reports, ownership } = this.#parts
    const byOwner = new Map<NodeId, HeldToken[]>()
    let count = 0
    const add = (token: Token, batch: string, task: TaskId, started: boolean) => {
      const owner = ownership.ownerOf(slotOf(task))
      // Where nobody serves its slot yet, who is about to is to hear of it.
      if (!ownership.serves(slotOf(task))) count++
      if (owner === undefined || owner === this.#world.nodeId) return
      const its = byOwner.get(owner)
      if (its === undefined) byOwner.set(owner, [{ token, task, batch, started }])
      else its.push({ token, task, batch, started })
    }
    for (const { token, grant, startedMs } of places.held.values())
      add(token, grant.batch, grant.task, startedMs !== undefined)
    for (const fact of reports.open) add(fact.token, fact.batch, fact.task, true)
    for (const [owner, tokens] of byOwner) {
      if (only !== undefined && only !== owner) continue
      this.#list(owner, tokens)
      this.#tellStarts(owner, tokens)
    }
    return count
  }

  /** Told again and again, since the first word may have been lost, or gone to an earlier owner. */
  #tellStarts(owner: NodeId, tokens: readonly HeldToken[]): void {
    const { places, holding } = this.#parts
    const starts: MessageOf<'started'>['starts'][number][] = []
    for (const { token } of tokens) {
      const held = places.held.get(token)
      if (held?.startedMs !== undefined) starts.push({ token, timeoutMs: holding.timeoutMs(held) })
    }
    for (const part of partsBy(starts, () => 1, TOKENS_MAX)) this.#world.send(owner, { type: 'started', starts: part })
  }

  #list(owner: NodeId, all: readonly HeldToken[]): void {
    const parts = partsBy(all, () => 1, TOKENS_MAX)
    parts.forEach((tokens, part) => {
      const last = part === parts.length - 1
      this.#world.send(owner, { type: 'held', boot: this.#world.boot, part, last, tokens })
    })
  }
}
