/**
 * P3: nobody gives up an attempt that runs on a node which it hears: its holder has a lease of 20 s and 5 s of grace to say
 * that it holds it, from when it was granted, or from when a new owner took its slot over. Before that it is lost only
 * where its holder said what it holds, and left it out; or at its deadline.
 */
import type { Effect } from '../../../src/core/effects.ts'
import type { Event } from '../../../src/core/events.ts'
import type { ClaimedFact, LostFact } from '../../../src/core/facts.ts'
import { type NodeId, readToken, slotOf, type TaskId, type Token } from '../../../src/core/ids.ts'
import type { Hearing } from '../hearing.ts'
import { heardFrom } from '../message-reader.ts'
import type { SimNode } from '../process.ts'
import type { Watch } from '../watch.ts'
import type { World } from '../world.ts'
import type { Checker } from './checker.ts'

const LEASE_MS = 25_000
/** Looking once a second, by clocks that may be fast, sees late that a slot is served. */
const LOOK_MS = 2_500
/** For so long a holder must have been heard. */
const HEARD_MS = 5_000

export class Losses implements Checker {
  readonly #world: World
  readonly #watch: Watch
  readonly #hearing: Hearing
  /** Hashes of `lost` facts that somebody has stated: others store them too. */
  readonly #stated = new Set<string>()
  /** Claims of which no end was stated, with their slots. */
  readonly #open = new Map<Token, number>()
  /** Since when each process has served their slots, and known the claims, by its clock. */
  readonly #servedMs = new Map<SimNode, Map<number, number>>()
  readonly #claimedMs = new Map<SimNode, Map<Token, number>>()
  /** What each process was told last that others hold. */
  readonly #held = new Map<SimNode, Map<NodeId, ReadonlySet<Token>>>()

  constructor(world: World, watch: Watch, hearing: Hearing) {
    this.#world = world
    this.#watch = watch
    this.#hearing = hearing
  }

  began(node: SimNode): void {
    for (const map of [this.#servedMs, this.#claimedMs, this.#held]) map.set(node, new Map())
  }

  second(): void {
    for (const slot of new Set(this.#open.values())) {
      for (const node of this.#world.nodes) {
        const served = this.#servedMs.get(node)
        if (node.core?.serves?.(slot) !== true) served?.delete(slot)
        else if (served?.has(slot) === false) served.set(slot, node.localMs)
      }
    }
  }

  event(node: SimNode, event: Event): void {
    if (event.type !== 'received') return
    const heard = heardFrom(node.id, event.from, event.bytes, (type) => type === 'held')
    if (heard?.message.type !== 'held') return
    this.#held.get(node)?.set(heard.peer, new Set(heard.message.tokens.map(({ token }) => token)))
  }

  effect(node: SimNode, effect: Effect): void {
    if (effect.type !== 'persist') return
    for (const { fact, hash } of effect.facts) {
      if (fact.kind === 'claimed') this.#noteClaim(node, fact)
      else if (fact.kind === 'ended') this.#open.delete(fact.token)
      else if (fact.kind === 'lost' && !this.#stated.has(hash)) {
        this.#stated.add(hash)
        this.#open.delete(fact.token)
        if (fact.why !== 'deadline-passed') this.#lost(node, fact)
      }
    }
  }

  #noteClaim(node: SimNode, { token, task }: ClaimedFact): void {
    const claims = this.#claimedMs.get(node)
    if (claims === undefined || claims.has(token)) return
    claims.set(token, node.localMs)
    if (readToken(token).boot === node.boot) this.#open.set(token, slotOf(task))
  }

  #lost(node: SimNode, { task, token, why }: LostFact): void {
    const record = this.#world.history.ofToken(token).find(({ endMs }) => endMs === undefined)
    if (record === undefined || record.node === node || record.killAskedMs !== undefined) return
    if (this.#watch.damagedTasks.has(task) || !this.#isHeard(node, record.node)) return
    const isLeftOut = this.#held.get(node)?.get(record.node.id)?.has(token) === false
    const mayBeOver = this.#leasedMs(node, token, task) > LEASE_MS - LOOK_MS
    if (why === 'never-renewed' && (mayBeOver || isLeftOut)) return
    this.#world.report(
      'P3',
      `node ${node.index} gives up ${token} of task ${task} (${why}), which runs on node ${record.node.index} that it hears`,
    )
  }

  /** For how long it may have been leased there, by the clock of that node. */
  #leasedMs(node: SimNode, token: Token, task: TaskId): number {
    const knownMs = this.#claimedMs.get(node)?.get(token) ?? 0
    if (readToken(token).boot === node.boot) return node.localMs - knownMs
    return node.localMs - Math.max(this.#servedMs.get(node)?.get(slotOf(task)) ?? node.localMs, knownMs)
  }

  /** Whether it must take that holder for alive; of a copy it may have heard what it says of the other. */
  #isHeard(node: SimNode, holder: SimNode): boolean {
    if (this.#world.nodes.some(({ id, index }) => id === holder.id && index !== holder.index)) return false
    return this.#hearing.steadyBoot(node, holder.id, node.localMs - HEARD_MS) === holder.boot
  }
}
