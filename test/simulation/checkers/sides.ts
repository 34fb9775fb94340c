/**
 * I3: with `partition: strict` one side of a split at most claims tasks of a slot: none is claimed by a node on whose side
 * fewer than two of the slot's list are, nor by one that a member before it on that list may be serving the slot beside.
 * And nothing is executed of which one disk alone has the claim, where the list of its slot has others.
 *
 * Who is on a node's side is read off the wires, in any number of hops, and off what reaches it; a node counts as apart
 * once it was neither for long. A member before it may be at work as long as its process has lived all the while: nothing
 * tells of its end. Only small meshes are looked at: in others not everyone beats everyone, and hearsay may be lost.
 */
import type { Effect } from '../../../src/core/effects.ts'
import { type NodeId, slotOf, type Token } from '../../../src/core/ids.ts'
import type { MemberEntry } from '../../../src/core/member-entry.ts'
import type { ExecutionRecord } from '../history.ts'
import { OwnClaims } from '../own-claims.ts'
import type { SimNode } from '../process.ts'
import type { Watch } from '../watch.ts'
import type { World } from '../world.ts'
import type { Checker } from './checker.ts'
import { referenceRing } from './reference-ring.ts'

/** By then silence is known, though a node that has trouble of its own takes up to eight times as long as others. */
const APART_MS = 60_000
/** A node that did nothing for so long judges everybody anew. */
const GAP_MS = 1_500
/** Up to so many members everyone beats everyone. */
const MEMBERS_MAX = 6

interface Seen {
  /** By the clock of the node that saw it, at the last moment when it was on its side. */
  readonly atMs: number
  /** Which start of its process that was. */
  readonly starts: number
}

export class Sides implements Checker {
  readonly #world: World
  readonly #watch: Watch
  readonly #isStrict: boolean
  readonly #seen = new Map<SimNode, Map<NodeId, Seen>>()
  /** Local time of the last event of a node, and since when it has not been idle for long. */
  readonly #eventMs = new Map<SimNode, number>()
  readonly #awakeMs = new Map<SimNode, number>()
  readonly #claims = new OwnClaims()
  /** Who stated a claim that others were to have. */
  readonly #owners = new Map<Token, SimNode>()
  readonly #heardOfMs = new Map<SimNode, Map<NodeId, number>>()
  /** The member list of each node, as it has given it to be written. */
  readonly #lists = new Map<SimNode, Map<NodeId, MemberEntry>>()

  constructor(world: World, watch: Watch) {
    this.#world = world
    this.#watch = watch
    this.#isStrict = world.scenario.conditions.partition === 'strict'
  }

  began(node: SimNode): void {
    this.#eventMs.delete(node)
    this.#seen.delete(node)
    this.#heardOfMs.delete(node)
    this.#lists.set(node, new Map(node.disk.members))
  }

  event(node: SimNode): void {
    if (!this.#isStrict) return
    const { localMs } = node
    if (localMs - (this.#eventMs.get(node) ?? Number.NEGATIVE_INFINITY) > GAP_MS) this.#awakeMs.set(node, localMs)
    this.#eventMs.set(node, localMs)
  }

  second(): void {
    if (!this.#isStrict) return
    const up = this.#world.nodes.filter((node) => node.up)
    for (const node of up) {
      const seen = this.#seen.get(node) ?? new Map<NodeId, Seen>()
      this.#seen.set(node, seen)
      for (const { id, starts } of this.#sideOf(node, up)) seen.set(id, { atMs: node.localMs, starts })
    }
  }

  /** Everyone that something passes to or from, in any number of hops. */
  #sideOf(node: SimNode, up: readonly SimNode[]): Set<SimNode> {
    const { links } = this.#world.network
    const side = new Set([node])
    for (const { index } of side)
      for (const other of up)
        if (!links.isBlocked(index, other.index) || !links.isBlocked(other.index, index)) side.add(other)
    return side
  }

  effect(node: SimNode, effect: Effect): void {
    if (!this.#isStrict || effect.type !== 'persist') return
    for (const entry of effect.mesh?.members ?? []) this.#learn(node, entry)
    for (const { task, token } of this.#claims.stated(node, effect)) this.#claim(node, slotOf(task), token)
  }

  executionBegan({ task, token }: ExecutionRecord): void {
    const owner = this.#owners.get(token)
    if (owner === undefined || this.#watch.damagedTasks.has(task)) return
    const list = this.#listOf(owner, slotOf(task))
    const claim = this.#world.pool.tasks
      .get(task)
      ?.facts.find(({ fact }) => fact.kind === 'claimed' && fact.token === token)
    if (list !== undefined && list.length > 1 && (claim?.copies ?? 0) < 2)
      this.#world.report('I3', `${token} of task ${task} began in a strict mesh, and one disk alone has its claim`)
  }

  /** Word of a new member, or of a new life of one, is a sign of that. */
  #learn(node: SimNode, entry: MemberEntry): void {
    const list = this.#lists.get(node)
    const known = list?.get(entry.id)
    list?.set(entry.id, entry)
    if (known?.incarnation !== entry.incarnation) this.#heardOf(node).set(entry.id, node.localMs)
  }

  #heardOf(node: SimNode): Map<NodeId, number> {
    const heardOf = this.#heardOfMs.get(node) ?? new Map<NodeId, number>()
    this.#heardOfMs.set(node, heardOf)
    return heardOf
  }

  /** By what a node has of the members; undefined where these are too many. */
  #listOf(node: SimNode, slot: number): readonly NodeId[] | undefined {
    const entries = [...(this.#lists.get(node)?.values() ?? [])]
    const away = entries.filter(({ standing }) => standing === 'away').map(({ id }) => id)
    const members = [...entries.filter(({ standing }) => standing === 'joined').map(({ id }) => id), ...away]
    if (members.length > MEMBERS_MAX) return undefined
    return referenceRing(members.length === 0 ? [node.id] : members).listWithout(slot, new Set(away))
  }

  #claim(node: SimNode, slot: number, token: Token): void {
    const list = this.#listOf(node, slot)
    if (list !== undefined && list.length > 1) this.#owners.set(token, node)
    const why = list && this.#problem(node, list)
    if (why !== undefined)
      this.#world.report('I3', `node ${node.index} claims in slot ${slot} in a strict mesh, and ${why}`)
  }

  #problem(node: SimNode, list: readonly NodeId[]): string | undefined {
    const there = list.filter((id) => id === node.id || !this.#isApart(node, id)).length
    if (there < Math.min(2, list.length)) return `${there} of ${list.length} on its list are on its side`
    for (const id of list) {
      if (id === node.id) return undefined
      if (this.#isApart(node, id) && this.#hasLived(node, id)) return `${id} before it may be serving it`
    }
    return undefined
  }

  #isApart(node: SimNode, id: NodeId): boolean {
    const sinceMs = node.localMs - APART_MS
    const seenMs = this.#seen.get(node)?.get(id)?.atMs ?? Number.NEGATIVE_INFINITY
    const heardMs = Math.max(this.#watch.heardMs(node, id), this.#heardOf(node).get(id) ?? Number.NEGATIVE_INFINITY)
    const awakeMs = this.#awakeMs.get(node) ?? Number.POSITIVE_INFINITY
    return Math.max(seenMs, awakeMs, heardMs) < sinceMs
  }

  /** Whether its process is the one that was last on the node's side. */
  #hasLived(node: SimNode, id: NodeId): boolean {
    const seen = this.#seen.get(node)?.get(id)
    return this.#world.nodes.some((other) => other.id === id && other.up && other.starts === seen?.starts)
  }
}
