/**
 * P1: an owner says `settled` of the end of an attempt only once that is committed, since its holder keeps it no longer:
 * on two disks whenever two nodes are storing, else on its own. What it says to itself shows as what leaves its outbox.
 *
 * Another node is storing, as far as an owner can know, that has told it so in every beat from before the end came until
 * now, and has acknowledged facts lately: who acknowledges nothing for 10 s is passed over. Which node that is does not matter.
 */
import type { Effect } from '../../../src/core/effects.ts'
import type { Event } from '../../../src/core/events.ts'
import { type NodeId, slotOf, type TaskId, type Token } from '../../../src/core/ids.ts'
import type { PoolFact } from '../fact-pool.ts'
import type { Hearing } from '../hearing.ts'
import type { ExecutionRecord } from '../history.ts'
import { heardFrom, saidTo } from '../message-reader.ts'
import type { SimNode } from '../process.ts'
import type { Watch } from '../watch.ts'
import type { World } from '../world.ts'
import type { Checker } from './checker.ts'

/** From so long before the end came another node must have been storing. */
const BEFORE_MS = 5_000
const PASSED_OVER_MS = 10_000

export class Settlements implements Checker {
  readonly #world: World
  readonly #watch: Watch
  readonly #hearing: Hearing
  /** When each process gave the end of an attempt to be written first, by its clock. */
  readonly #endedMs = new Map<SimNode, Map<Token, number>>()
  readonly #tasks = new Map<Token, TaskId>()
  /** When each process heard an acknowledgement of a peer last, by its clock. */
  readonly #storedMs = new Map<SimNode, Map<NodeId, number>>()

  constructor(world: World, watch: Watch, hearing: Hearing) {
    this.#world = world
    this.#watch = watch
    this.#hearing = hearing
  }

  began(node: SimNode): void {
    this.#endedMs.set(node, new Map())
    this.#storedMs.set(node, new Map())
  }

  event(node: SimNode, event: Event): void {
    if (event.type !== 'received') return
    const said = heardFrom(node.id, event.from, event.bytes, (type) => type === 'facts-stored')
    if (said?.message.type === 'facts-stored') this.#storedMs.get(node)?.set(said.peer, node.localMs)
  }

  executionBegan({ token, task }: ExecutionRecord): void {
    this.#tasks.set(token, task)
  }

  effect(node: SimNode, effect: Effect): void {
    if (effect.type === 'persist') {
      for (const { fact } of effect.facts) if (fact.kind === 'ended') this.#noteEnd(node, fact.token)
      for (const token of effect.mesh?.outboxDone ?? []) this.#leftOutbox(node, token)
    } else if (effect.type === 'send') {
      const message = saidTo(node.id, effect.to, effect.bytes, (type) => type === 'settled')?.message
      if (message?.type === 'settled') for (const token of message.tokens) this.#settled(node, token)
    }
  }

  #noteEnd(node: SimNode, token: Token): void {
    const ends = this.#endedMs.get(node)
    if (ends?.has(token) === false) ends.set(token, node.localMs)
  }

  /** Whoever serves the slot was told by nobody else. */
  #leftOutbox(node: SimNode, token: Token): void {
    const task = this.#tasks.get(token)
    if (task !== undefined && node.core?.serves?.(slotOf(task)) === true) this.#settled(node, token)
  }

  #settled(node: SimNode, token: Token): void {
    const task = this.#tasks.get(token)
    const truth = task === undefined ? undefined : this.#world.pool.tasks.get(task)
    if (task === undefined || truth === undefined) return
    if (this.#watch.damagedTasks.has(task) || this.#watch.deletedBatches.has(truth.batch)) return
    const copies = copiesOf(truth.facts, token)
    const other = copies === 1 ? this.#storingFor(node, token) : undefined
    if (copies > 1 || (copies === 1 && other === undefined)) return
    const though = other === undefined ? '' : ` though node ${other.index} stores`
    this.#world.report('P1', `node ${node.index} settled ${token} of task ${task} with ${copies} copies${though}`)
  }

  /** Another node that the owner must have taken for storing since before the end came. */
  #storingFor(node: SimNode, token: Token): SimNode | undefined {
    const endedMs = this.#endedMs.get(node)?.get(token)
    if (endedMs === undefined) return undefined
    const stored = this.#storedMs.get(node)
    const isHeard = ({ id }: SimNode) => node.localMs - (stored?.get(id) ?? Number.NEGATIVE_INFINITY) < PASSED_OVER_MS
    const isStoring = (other: SimNode) =>
      isHeard(other) && this.#hearing.steadyBoot(node, other.id, endedMs - BEFORE_MS) !== undefined
    return this.#world.nodes.find((other) => other.id !== node.id && isStoring(other))
  }
}

function copiesOf(facts: readonly PoolFact[], token: Token): number {
  let most = 0
  for (const stored of facts)
    if (stored.kind === 'ended' && 'token' in stored.fact && stored.fact.token === token)
      most = Math.max(most, stored.copies)
  return most
}
