/**
 * The owner's talk with holders and with nodes that seed or operate: what they say about slots that this node serves.
 *
 * 1. About slots that it does not serve it says who does, and nothing else.
 * 2. An end is settled only when it is committed under the epoch in which it came; the holder keeps it until then. That of
 *    a deleted batch is settled at once, whoever owns its slot.
 */
import type { Batch, BatchBook } from './batch-book.ts'
import type { BatchStop } from './batch-stop.ts'
import type { Claims } from './claims.ts'
import type { Copies } from './copies.ts'
import { readFacts } from './fact-record.ts'
import type { EndedFact, StoredFact } from './facts.ts'
import { type NodeId, slotOf, type TaskId, type Token } from './ids.ts'
import type { Loading } from './loading.ts'
import type { MessageOf } from './messages.ts'
import type { OpenTask } from './open-task.ts'
import type { Ownership } from './ownership.ts'
import type { World } from './world.ts'

/** Of one list: more than any node has places for. */
const PARTS_MAX = 64

export interface OwnerParts {
  readonly book: BatchBook
  readonly claims: Claims
  readonly copies: Copies
  readonly loading: Loading
  readonly ownership: Ownership
  readonly stop: BatchStop
}

export class OwnerDesk {
  readonly #world: World
  readonly #parts: OwnerParts
  /** Ends that are being committed, and the epoch in which they came: saying them again changes nothing. */
  readonly #settling = new Map<Token, number>()
  /** Lists of which the last part has not come. */
  readonly #lists = new Map<NodeId, MessageOf<'held'>['tokens'][]>()

  constructor(world: World, parts: OwnerParts) {
    this.#world = world
    this.#parts = parts
  }

  /** How attempts ended that a holder performed. */
  ended(from: NodeId, { facts }: MessageOf<'ended'>): void {
    for (const stored of readFacts(facts, this.#world))
      if (stored.fact.kind === 'ended') this.take({ ...stored, fact: stored.fact }, from)
  }

  /** Takes the end of an attempt that another node performed, or this one for an earlier owner. */
  take(stored: StoredFact & { readonly fact: EndedFact }, from: NodeId): void {
    const { book, claims, copies, ownership } = this.#parts
    const { fact } = stored
    if (book.isDeleted(fact.batch)) {
      this.#tellSettled(from, fact.token)
      return
    }
    const batch = book.get(fact.batch)
    const slot = slotOf(fact.task)
    if (!ownership.serves(slot)) {
      const ballots = ownership.ballots.runsOf([{ from: slot, to: slot }])
      if (from !== this.#world.nodeId) this.#world.send(from, { type: 'not-owner', ballots })
      return
    }
    if (batch === undefined) return
    const lease = claims.leases.get(fact.token)
    const epoch = ownership.epochOf(slot)
    if (this.#settling.get(fact.token) === epoch) return
    this.#settling.set(fact.token, epoch)
    const settle = () =>
      this.#world.commits.afterwards(() => {
        if (this.#settling.get(fact.token) === epoch) this.#settling.delete(fact.token)
        if (ownership.epochOf(slot) === epoch) this.#tellSettled(from, fact.token)
      })
    if (lease === undefined) copies.reported(batch, stored, settle)
    else {
      claims.endedAs(lease, stored)
      settle()
    }
  }

  #tellSettled(holder: NodeId, token: Token): void {
    if (holder === this.#world.nodeId) this.onOwnSettled([token])
    else this.#world.send(holder, { type: 'settled', tokens: [token] })
  }

  /** Is told that an end which this node reported to itself is committed. */
  onOwnSettled: (tokens: readonly Token[]) => void = () => undefined

  started(from: NodeId, { starts }: MessageOf<'started'>): void {
    for (const { token, timeoutMs } of starts) this.#parts.claims.started(from, token, timeoutMs)
  }

  /** A holder lists what it holds of this owner's, in parts: one that went missing makes the whole list void. */
  held(from: NodeId, { part, last, tokens }: MessageOf<'held'>): void {
    const before = part === 0 ? [] : this.#lists.get(from)
    this.#lists.delete(from)
    if (before?.length !== part) return
    const parts = [...before, tokens]
    if (last) this.#held(from, parts.flat())
    else if (parts.length < PARTS_MAX) this.#lists.set(from, parts)
  }

  /** What it did not finish saying it says anew. */
  gone(peer: NodeId): void {
    this.#lists.delete(peer)
  }

  #held(from: NodeId, tokens: MessageOf<'held'>['tokens']): void {
    const { claims, ownership, book, loading, stop } = this.#parts
    const served = tokens.filter(({ task }) => ownership.serves(slotOf(task)))
    claims.listed(from, served)
    stop.listed(from, served)
    const unknown = new Map<Batch, TaskId[]>()
    for (const { token, task, batch: id } of served) {
      const batch = book.get(id)
      if (batch === undefined || claims.leases.get(token) !== undefined) continue
      const its = unknown.get(batch)
      if (its === undefined) unknown.set(batch, [task])
      else its.push(task)
    }
    for (const [batch, tasks] of unknown) {
      const take = (task: OpenTask) => {
        if (!ownership.serves(task.slot)) return
        claims.adoptOpen(task)
        if (task.state.standing === 'completed') this.#kill(from, task.id, tokens)
        else if (task.state.standing === 'claimed') loading.keep(task)
      }
      loading.tasks.take({ batch, take, done: () => undefined }, tasks)
    }
  }

  /** A task that has its result needs no other. */
  #kill(holder: NodeId, task: TaskId, tokens: MessageOf<'held'>['tokens']): void {
    const its = tokens.filter((each) => each.task === task && this.#parts.claims.leases.get(each.token) === undefined)
    if (its.length > 0)
      this.#world.send(holder, { type: 'kill', tokens: its.map(({ token }) => token), outcome: 'cancelled' })
  }
}
