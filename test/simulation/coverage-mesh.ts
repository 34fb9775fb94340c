/** Rare states that only several nodes can reach, seen in their messages, facts and member lists. */
import { decodeFact } from '../../src/codec/facts.ts'
import { OPEN_MESSAGE } from '../../src/core/breaker.ts'
import type { Effect, Notice, Writes } from '../../src/core/effects.ts'
import type { Event } from '../../src/core/events.ts'
import { type NodeId, readToken } from '../../src/core/ids.ts'
import type { MemberEntry } from '../../src/core/membership.ts'
import type { Message, MessageOf, MessageType } from '../../src/core/messages.ts'
import { membersOn } from './checkers/members.ts'
import { referenceRing } from './checkers/reference-ring.ts'
import type { PoolFact } from './fact-pool.ts'
import type { ExecutionRecord } from './history.ts'
import { heardFrom, saidTo, typeOf } from './message-reader.ts'
import type { Observer } from './observer.ts'
import type { SimNode } from './process.ts'
import type { Sometimes } from './sometimes.ts'
import type { World } from './world.ts'

/** Messages that are a rare state by themselves. */
const TOLD: { readonly [T in MessageType]?: Sometimes } = {
  'not-owner': 'NOT_OWNER said',
  'slot-wanted': 'slots differ and are exchanged',
  work: 'told that there is work',
  kill: 'killed from afar',
  rumour: 'rumour told',
  outlived: 'told of another boot that started alike',
}
/** Messages that are one by what is in them. */
const ARRIVING: ReadonlySet<MessageType> = new Set(['members'])
/** The same once a batch has been deleted: there are many. */
const WITH_FACTS: ReadonlySet<MessageType> = new Set(['facts', 'slot'])
const LOOKED_INTO: ReadonlySet<MessageType> = new Set([
  'promised',
  'facts-stored',
  'facts',
  'granted',
  'refused',
  'probed',
  'taken',
  'changed',
  'serving',
])
/** Looking at every slot takes long; so many of a run are enough. */
const TAKEOVERS_MAX = 5
const TRIED_MS = 5_000

export class MeshCoverage implements Observer {
  readonly #world: World
  readonly #reached: (state: Sometimes) => void
  /** Owner and claimer of claims that were parked. */
  readonly #parked = new Set<string>()
  #takeovers = 0
  /** Boot and epoch of takeovers that have ended. */
  readonly #served = new Set<string>()
  /** Some disk knows of a deleted batch. */
  #isDeleted = false
  /** Nodes that ended when they had left. */
  readonly #left = new Set<SimNode>()
  /** Node, start and profile of breakers that are open => since when. */
  readonly #open = new Map<string, number>()

  constructor(world: World, reached: (state: Sometimes) => void) {
    this.#world = world
    this.#reached = reached
  }

  gone(node: SimNode): void {
    if (node.hasLeft) this.#left.add(node)
  }

  finish(): void {
    for (const node of this.#left) if (node.retired) this.#reached('left for good')
  }

  event(node: SimNode, event: Event): void {
    if (event.type === 'start' && node.hasLeft) this.#reached('came back after it had left')
    if (event.type === 'start' && (event.mesh?.outbox.length ?? 0) > 0) this.#reached('outbox replayed after a restart')
    if (event.type === 'gossiped' && this.#world.gossip.everywhere > 0)
      this.#reached('gossip heard while streams are cut')
    if (event.type !== 'received') return
    const isRelayed = typeOf(event.bytes) === 'relay'
    const isWanted = (type: MessageType) => isRelayed || ARRIVING.has(type) || (this.#isDeleted && WITH_FACTS.has(type))
    const said = heardFrom(node.id, event.from, event.bytes, isWanted)
    if (said === undefined) return
    const { message } = said
    if (isRelayed) this.#reached(message.type === 'ended' ? 'ended relayed' : 'message relayed')
    if (message.type === 'members') this.#members(node, message)
    if (this.#isDeleted && 'facts' in message) this.#factsArrive(node, message.facts)
  }

  /** What was two meshes before becomes one. */
  #members(node: SimNode, { entries }: MessageOf<'members'>): void {
    const own = membersOn(node)
    const others = entries.filter(({ id, standing }) => standing === 'joined' && !own.includes(id))
    if (own.length > 1 && others.length > 1) this.#reached('meshes merged')
  }

  #factsArrive(node: SimNode, facts: readonly Uint8Array[]): void {
    if (facts.some((bytes) => node.disk.batch(decodeFact(bytes).batch)?.deleted))
      this.#reached('facts of a deleted batch refused')
  }

  dropped(): void {
    this.#reached('strays dropped')
  }

  effect(node: SimNode, effect: Effect): void {
    if (effect.type === 'notice') return this.#noticed(node, effect.notice)
    if (effect.type !== 'send' && effect.type !== 'gossip') return
    const type = typeOf(effect.bytes)
    const told = type && TOLD[type]
    if (told !== undefined) return this.#reached(told)
    const said =
      effect.type === 'send' ? saidTo(node.id, effect.to, effect.bytes, (each) => LOOKED_INTO.has(each)) : undefined
    if (said !== undefined) this.#sent(node, said.peer, said.message)
  }

  #noticed(node: SimNode, notice: Notice): void {
    if (notice.type !== 'profile-resting' || !notice.message.startsWith(OPEN_MESSAGE)) return
    this.#reached('breaker opened')
    this.#open.set(`${node.index} ${node.starts} ${notice.profile}`, this.#world.schedule.nowMs)
  }

  executionBegan({ node, task, atMs }: ExecutionRecord): void {
    const profile = this.#world.pool.tasks.get(task)?.state?.seeded?.profile ?? ''
    const key = `${node.index} ${node.starts} ${profile}`
    const openedMs = this.#open.get(key)
    // Local clocks may be fast; what began at once was under way.
    if (openedMs === undefined || atMs < openedMs + TRIED_MS) return
    this.#open.delete(key)
    this.#reached('breaker tried one')
  }

  #sent(node: SimNode, to: NodeId, message: Message | undefined): void {
    switch (message?.type) {
      case 'promised':
        if (message.refused.length > 0) this.#reached('promise refused')
        return
      case 'facts-stored':
        if (message.refused.length > 0) this.#reached('facts refused under a lower ballot')
        return
      case 'facts':
        return this.#facts(node, to, message)
      case 'granted':
        return this.#granted(node, to, message)
      case 'refused':
        if (message.why === 'cloned') this.#reached('hello refused: cloned')
        return
      case 'probed':
        return this.#reached(message.reached ? 'probed for another, reached' : 'probed for another, not reached')
      case 'serving':
        return this.#serving(node, message)
      case 'taken':
      case 'changed':
        if (message.elsewhere.length > 0) this.#reached('row answered from elsewhere')
        return
      default:
    }
  }

  /** A takeover has ended; by its epoch somebody served those slots before. It is told to each peer by itself. */
  #serving(node: SimNode, { runs }: MessageOf<'serving'>): void {
    for (const { epoch } of runs) {
      const key = `${node.boot} ${epoch}`
      if (epoch === 1 || this.#served.has(key)) continue
      this.#served.add(key)
      this.#reached('slot taken over')
    }
  }

  #facts(node: SimNode, to: NodeId, { ballots }: MessageOf<'facts'>): void {
    const members = membersOn(node)
    const ring = referenceRing(members)
    const isListed = ballots.every(({ from }) => ring.list(from).includes(to))
    if (!isListed && members.includes(to)) this.#reached('stand-in used')
  }

  #granted(node: SimNode, to: NodeId, { seq, grants, parked }: MessageOf<'granted'>): void {
    const key = `${node.index} ${node.starts} ${to} ${seq}`
    if (parked) {
      this.#parked.add(key)
      this.#reached('claim parked')
    } else if (grants.length > 0 && this.#parked.delete(key)) this.#reached('parked claim served')
    if (grants.length > 0) this.#reached('granted to another node')
  }

  durable(node: SimNode, { batches, promises, mesh }: Writes, added: readonly PoolFact[]): void {
    this.#isDeleted ||= batches.some(({ deleted }) => deleted)
    for (const entry of mesh?.members ?? []) this.#entry(entry)
    for (const fact of added) if (fact.copies === 1) this.#fact(fact)
    if (promises === undefined || this.#takeovers >= TAKEOVERS_MAX) return
    const isOpen = [...node.disk.facts.slots].some((slot) => this.#hasOpenElsewhere(node, slot))
    if (!isOpen) return
    this.#takeovers++
    this.#reached('takeover while a claim is under way')
  }

  #entry({ standing }: MemberEntry): void {
    if (standing === 'away') this.#reached('away marked')
    if (standing === 'left') this.#reached('left')
    if (standing === 'forgotten') this.#reached('forgotten')
  }

  #hasOpenElsewhere(node: SimNode, slot: number): boolean {
    for (const [first] of node.disk.facts.tasksOf(slot)) {
      const state = first && this.#world.pool.tasks.get(first.task)?.state
      if (state?.attempts.some(({ end, token }) => end === 'open' && readToken(token).boot !== node.boot)) return true
    }
    return false
  }

  #fact({ fact }: PoolFact): void {
    const state = this.#world.pool.tasks.get(fact.task)?.state
    if (fact.kind === 'lost' && fact.why === 'holder-dead') this.#reached('lost: holder dead')
    if (fact.kind === 'lost' && fact.why === 'never-renewed') this.#reached('lost: never renewed')
    const open = state?.attempts.filter(({ end }) => end === 'open') ?? []
    if (fact.kind === 'claimed' && open.length > 1) this.#reached('two attempts at once')
    if (fact.kind !== 'ended' || fact.outcome !== 'completed') return
    // Attempts of other owners are no copies: their meshes had not met.
    const { boot } = readToken(fact.token)
    const first = open.find(({ token }) => token < fact.token && readToken(token).boot === boot)
    if (state?.counts === fact.token && first !== undefined) this.#reached('speculation won')
  }
}
