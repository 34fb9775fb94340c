/**
 * Rare states of owners and holders, told by disks, wires and executors: who has a slot's ballot on its own disk, who
 * could be reached, what ran when.
 */
import { decodeFact } from '../../src/codec/facts.ts'
import type { Effect, Writes } from '../../src/core/effects.ts'
import type { Event } from '../../src/core/events.ts'
import { type Boot, type NodeId, readToken, slotOf, type Token } from '../../src/core/ids.ts'
import type { MessageOf } from '../../src/core/messages.ts'
import { membersOn } from './checkers/members.ts'
import { referenceRing } from './checkers/reference-ring.ts'
import type { PoolFact } from './fact-pool.ts'
import type { ExecutionRecord } from './history.ts'
import { heardFrom } from './message-reader.ts'
import type { Observer } from './observer.ts'
import type { SimNode } from './process.ts'
import { type Ballot, Promises } from './promises.ts'
import type { Sometimes } from './sometimes.ts'
import type { World } from './world.ts'

/** Lease and grace of an owner. */
const LEASE_MS = 25_000
const LISTED = 3
/** An end is synced by its holder before long. */
const SYNCED_MS = 5_000

interface Claimer {
  readonly node: SimNode
  readonly starts: number
  readonly epoch: number
}

export class OwnerCoverage implements Observer {
  readonly #world: World
  readonly #reached: (state: Sometimes) => void
  readonly #boots = new Map<Boot, SimNode>()
  /** Who claimed in a slot last, of each node. */
  readonly #claimers = new Map<number, Map<SimNode, Claimer>>()
  readonly #stated = new Set<Token>()
  /** Completions that are on one disk. */
  readonly #single = new Set<PoolFact>()
  /** Nodes that end of their own accord. */
  readonly #stopping = new Set<SimNode>()
  /** Lists of which too few could store together => since when; told: not again until that has ended. */
  readonly #lost = new Map<string, { readonly sinceMs: number; told: boolean }>()
  /** Ends that an owner waits for that did not grant their attempt => its boot. */
  readonly #adopted = new Map<Token, Boot>()
  /** Node, start and peer of connections over which nothing that is held was listed yet => since when. */
  readonly #fresh = new Map<string, number>()

  constructor(world: World, reached: (state: Sometimes) => void) {
    this.#world = world
    this.#reached = reached
  }

  began(node: SimNode): void {
    this.#boots.set(node.boot, node)
  }

  event(node: SimNode, event: Event): void {
    if (event.type === 'connected') {
      this.#fresh.set(`${node.index} ${node.starts} ${event.peer}`, this.#world.schedule.nowMs)
      return
    }
    if (event.type !== 'received') return
    const said = heardFrom(node.id, event.from, event.bytes, (type) => type === 'ended' || type === 'held')
    if (said?.message.type === 'ended') this.#endedArrives(node, said.message)
    if (said?.message.type === 'held') this.#listed(node, said.peer, said.message)
  }

  /** The first list over a new connection names what was granted before it was made. */
  #listed(node: SimNode, peer: NodeId, { tokens }: MessageOf<'held'>): void {
    const key = `${node.index} ${node.starts} ${peer}`
    const connectedMs = this.#fresh.get(key)
    if (connectedMs === undefined) return
    this.#fresh.delete(key)
    const isOlder = (token: Token) => this.#world.history.ofToken(token).some(({ atMs }) => atMs < connectedMs)
    if (tokens.some(({ token }) => readToken(token).boot === node.boot && isOlder(token)))
      this.#reached('lease renewed at a reconnect')
  }

  #endedArrives(node: SimNode, { facts }: MessageOf<'ended'>): void {
    for (const bytes of facts) {
      const fact = decodeFact(bytes)
      if (fact.kind !== 'ended' || !owns(node, slotOf(fact.task))) continue
      const owner = this.#boots.get(readToken(fact.token).boot)
      // Its process is gone, whether its machine has another by now or not.
      if (owner === undefined || owner.id === node.id || (owner.up && owner.boot === readToken(fact.token).boot))
        continue
      this.#reached('ended by a dead owner arrives at the next')
    }
  }

  effect(node: SimNode, effect: Effect): void {
    if (effect.type === 'stopped') this.#stopping.add(node)
    if (effect.type !== 'persist') return
    for (const { fact } of effect.facts) {
      if (fact.kind !== 'claimed' || readToken(fact.token).boot !== node.boot || this.#stated.has(fact.token)) continue
      this.#stated.add(fact.token)
      this.#claims(node, slotOf(fact.task), readToken(fact.token).epoch)
    }
  }

  #claims(node: SimNode, slot: number, epoch: number): void {
    const claimers = this.#claimers.get(slot) ?? new Map<SimNode, Claimer>()
    this.#claimers.set(slot, claimers)
    // Nobody has told the other yet: it goes on with its own ballot, or would, once it is awake.
    const isOwner = (other: Claimer) =>
      other.node.id !== node.id &&
      other.node.up &&
      other.node.starts === other.starts &&
      owns(other.node, slot, other.epoch)
    if ([...claimers.values()].some(isOwner)) this.#reached('two owners of a slot at once')
    claimers.set(node, { node, starts: node.starts, epoch })
    const contest = this.#contestOf(node, slot)
    if (contest !== undefined) this.#reached(contest)
  }

  /** By wires and machines: who on the list cannot be reached, without word that its process has ended. */
  #contestOf(node: SimNode, slot: number): 'orphaned slot granted' | 'contested slot granted' | undefined {
    const list = referenceRing(membersOn(node)).list(slot)
    if (list.length < 2) return undefined
    const nodes = this.#world.live.filter(({ id }) => list.includes(id))
    const isReached = (other: SimNode) => other.up && !this.#world.network.links.isCut(node.index, other.index)
    if (nodes.filter((other) => other === node || isReached(other)).length < 2) return 'orphaned slot granted'
    const before = list.slice(0, list.includes(node.id) ? list.indexOf(node.id) : list.length)
    const isSilent = (other: SimNode) => other.off || other.frozen || !isReached(other)
    const refuses = (other: SimNode) => !other.up && !other.off && !this.#isCut(node, other)
    const silent = nodes.some((other) => before.includes(other.id) && isSilent(other) && !refuses(other))
    return silent ? 'contested slot granted' : undefined
  }

  #isCut(a: SimNode, b: SimNode): boolean {
    return this.#world.network.links.isCut(a.index, b.index)
  }

  executionBegan(record: ExecutionRecord): void {
    const { node, task, token } = record
    const owner = this.#boots.get(readToken(token).boot)
    if (owner === undefined || owner.id === node.id) return
    const others = this.#world.history.ofTask(task)
    if (others.some((other) => other !== record && other.outcome === 'completed' && this.#isKept(other)))
      this.#reached('steal crossed with a completion')
  }

  /** Whether the end is on some disk, or on its way to that of its node. */
  #isKept({ task, token, node, endMs = 0, starts }: ExecutionRecord): boolean {
    const attempts = this.#world.pool.tasks.get(task)?.state?.attempts ?? []
    if (attempts.some((attempt) => attempt.token === token && attempt.end === 'completed')) return true
    const isFresh = node.starts === starts && this.#world.schedule.nowMs < endMs + SYNCED_MS
    return node.disk.hasReport(token) || isFresh
  }

  executionEnded({ task, token, node, outcome }: ExecutionRecord): void {
    if (outcome !== 'completed') return
    const granted = readToken(token)
    const [owner, epoch] = this.#ownerOf(slotOf(task))
    if (owner !== undefined && owner.boot !== granted.boot && granted.epoch < epoch && node.up)
      this.#adopted.set(token, owner.boot)
  }

  /** Of those whose own disk says that they own a slot, the one that took it over last. */
  #ownerOf(slot: number): readonly [SimNode | undefined, epoch: number] {
    let owner: SimNode | undefined
    let epoch = 0
    for (const node of this.#world.live) {
      const ballot = ballotOn(node, slot)
      if (!node.up || ballot.node !== node.id || ballot.epoch <= epoch) continue
      owner = node
      epoch = ballot.epoch
    }
    return [owner, epoch]
  }

  durable(node: SimNode, _writes: Writes, added: readonly PoolFact[]): void {
    for (const fact of added) if (fact.kind === 'ended') this.#ended(node, fact)
  }

  #ended(node: SimNode, stored: PoolFact): void {
    const { fact } = stored
    if (fact.kind !== 'ended' || fact.outcome !== 'completed') return
    if (stored.copies === 1) this.#single.add(stored)
    else this.#single.delete(stored)
    if (this.#adopted.get(fact.token) !== node.boot) return
    this.#adopted.delete(fact.token)
    const facts = this.#world.pool.tasks.get(fact.task)?.facts ?? []
    const isLost = facts.some(({ fact: each }) => each.kind === 'lost' && each.token === fact.token)
    if (!isLost) this.#reached('attempt adopted and kept')
  }

  gone(node: SimNode): void {
    if (this.#stopping.delete(node)) return
    for (const fact of this.#single) {
      if (fact.copies !== 1) this.#single.delete(fact)
      else if (node.disk.facts.has(fact) && referenceRing(membersOn(node)).list(fact.slot).length === LISTED)
        this.#reached('completion on one of three disks at a crash')
    }
  }

  second(): void {
    const { live, pool, schedule, calmMs } = this.#world
    if (calmMs !== undefined) return
    const ids = [...new Set(live.map(({ id }) => id))]
    const ring = referenceRing(ids)
    const lists = new Map<string, readonly NodeId[]>()
    for (const { slot, state } of pool.tasks.values()) {
      if (state?.standing !== 'waiting' && state?.standing !== 'claimed') continue
      const list = ring.list(slot)
      lists.set(list.join(' '), list)
    }
    for (const key of this.#lost.keys()) if (!lists.has(key)) this.#lost.delete(key)
    for (const [key, list] of lists) {
      if (list.length < 2 || this.#hasQuorum(list)) {
        this.#lost.delete(key)
        continue
      }
      const lost = this.#lost.get(key) ?? { sinceMs: schedule.nowMs, told: false }
      this.#lost.set(key, lost)
      if (lost.told || schedule.nowMs <= lost.sinceMs + LEASE_MS) continue
      lost.told = true
      this.#reached('quorum lost for longer than a lease')
    }
  }

  /** Whether two of a list can store together now. */
  #hasQuorum(list: readonly NodeId[]): boolean {
    const able = this.#world.live.filter(
      (node) => list.includes(node.id) && node.up && !node.frozen && node.trouble.problem === undefined,
    )
    return able.some((a) => able.some((b) => a.id !== b.id && !this.#isCut(a, b)))
  }
}

const promises = new WeakMap<object, Promises>()

function ballotOn(node: SimNode, slot: number): Ballot {
  const runs = node.disk.promises
  const known = promises.get(runs) ?? new Promises(runs)
  promises.set(runs, known)
  return known.of(slot)
}

/** Whether a node's own disk has promised a slot to itself; under that epoch where one is named. */
export function owns(node: SimNode, slot: number, epoch?: number): boolean {
  const ballot = ballotOn(node, slot)
  return ballot.node === node.id && (epoch === undefined || ballot.epoch === epoch)
}
