/**
 * The world of some parts of a core, for a test of those alone: what they say is kept, time goes when the test says so,
 * and the other members are what it says. Unless it says otherwise all are up, storing and connected.
 */
import { Commits } from '../../src/core/commits.ts'
import type { Effect } from '../../src/core/effects.ts'
import { type NodeId, SLOT_COUNT } from '../../src/core/ids.ts'
import type { LoadRow, Message, MessageOf, MessageType } from '../../src/core/messages.ts'
import type { Peers } from '../../src/core/peers.ts'
import { MESH_SETTINGS, NODE_SETTINGS } from '../../src/core/settings.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { Timers } from '../../src/core/timers.ts'
import { Requests, type World } from '../../src/core/world.ts'
import { sha256 } from './core-disk.ts'

export class PartWorld implements World, Peers {
  readonly settings = { ...MESH_SETTINGS }
  readonly nodeSettings = { ...NODE_SETTINGS, profiles: { draw: { places: 2, timeoutMs: 60_000 } } }
  readonly sha256 = sha256
  readonly commits = new Commits()
  readonly timers = new Timers()
  readonly effects: Effect[] = []
  readonly out = (effect: Effect): void => void this.effects.push(effect)
  readonly requests = new Requests(this.out)
  readonly sent: { readonly to: NodeId; readonly message: Message }[] = []
  readonly send = (to: NodeId, message: Message): void => void this.sent.push({ to, message })
  readonly peers: Peers
  readonly draw = () => 0
  readonly nextLoad = () => ++this.#loads
  readonly nextNumber = () => ++this.#numbers
  readonly badMessage = () => void this.bad++
  bad = 0
  storing = true
  nodeId: NodeId
  boot = '0b'.repeat(8)
  nowMs = 1_000
  #loads = 0
  #numbers = 0

  /** Ascending, and the order of every slot unless `order` is another. */
  members: readonly NodeId[]
  /** Dead for what is known, without evidence. */
  readonly silent = new Set<NodeId>()
  /** Dead by evidence. */
  readonly gone = new Set<NodeId>()
  readonly full = new Set<NodeId>()
  readonly unconnected = new Set<NodeId>()
  /** Not connected, but reached through a third. */
  readonly relayed = new Set<NodeId>()
  readonly boots = new Map<NodeId, string>()
  readonly lastHeardMs = new Map<NodeId, number>()
  readonly wanted: NodeId[] = []
  away: ReadonlySet<NodeId> = new Set()
  membersHash = 'ab'.repeat(8)
  isLarge = false
  order: (slot: number) => readonly NodeId[] = () => this.members

  /** The first member is this node unless said; `peers` stand in place of what this world says of them. */
  constructor(members: readonly NodeId[], self = members[0] ?? '', peers?: Peers) {
    this.members = members
    this.nodeId = self
    this.peers = peers ?? this
  }

  listOf = (slot: number): readonly NodeId[] => this.order(slot).slice(0, 3)
  isUp = (id: NodeId): boolean => this.isMember(id) && !this.silent.has(id) && !this.gone.has(id)
  isGone = (id: NodeId): boolean => this.gone.has(id)
  isStoring = (id: NodeId): boolean => this.isUp(id) && !this.full.has(id)
  isMember = (id: NodeId): boolean => this.members.includes(id)
  isConnected = (id: NodeId): boolean =>
    id !== this.nodeId && this.isUp(id) && !this.unconnected.has(id) && !this.relayed.has(id)
  isReachable = (id: NodeId): boolean => this.isConnected(id) || this.relayed.has(id)
  bootOf = (id: NodeId): string | undefined => this.boots.get(id)
  heardMs = (id: NodeId): number => this.lastHeardMs.get(id) ?? this.nowMs
  want = (id: NodeId): void => void this.wanted.push(id)

  get connected(): readonly NodeId[] {
    return this.members.filter((id) => this.isConnected(id))
  }

  slotsFirst(id: NodeId, isEligible: (id: NodeId) => boolean): SlotSet {
    const slots = new SlotSet()
    for (let slot = 0; slot < SLOT_COUNT; slot++) if (this.listOf(slot).find(isEligible) === id) slots.add(slot)
    return slots
  }

  /** Lets time pass, with all timers that are due in it. */
  advance(durationMs: number): void {
    const endMs = this.nowMs + durationMs
    for (let next = this.timers.nextMs; next !== undefined && next <= endMs; next = this.timers.nextMs) {
      this.nowMs = Math.max(this.nowMs, next)
      this.timers.runDue(this.nowMs)
    }
    this.nowMs = endMs
  }

  /** What was said of one type, and to whom. */
  sentOf<T extends MessageType>(type: T): readonly { readonly to: NodeId; readonly message: MessageOf<T> }[] {
    return this.sent.flatMap(({ to, message }) =>
      message.type === type ? [{ to, message: message as MessageOf<T> }] : [],
    )
  }

  effectsOf<T extends Effect['type']>(type: T): readonly Extract<Effect, { type: T }>[] {
    return this.effects.filter((effect): effect is Extract<Effect, { type: T }> => effect.type === type)
  }
}

/** A node's row about one profile. */
export function rowOf(node: NodeId, seq: number, change: Partial<LoadRow['profiles'][number]>): LoadRow {
  const profile = { profile: 'draw', claimable: 0, priority: 0, places: 2, free: 0, medianMs: 0 }
  const more = { contested: 0, orphaned: 0, late: 0, resting: false }
  const owned = { owned: 0, ownedSum: '00'.repeat(8), contested: 0, batches: [], batchesLeftOut: 0 }
  return { node, incarnation: 1, boot: '0b'.repeat(8), seq, profiles: [{ ...profile, ...more, ...change }], ...owned }
}
