/** What a part of the core needs around it, with a clock that the test moves and peers that are what it says. */
import { Commits } from '../../src/core/commits.ts'
import type { Effect } from '../../src/core/effects.ts'
import type { NodeId } from '../../src/core/ids.ts'
import type { LoadRow } from '../../src/core/messages.ts'
import type { Peers } from '../../src/core/peers.ts'
import { MESH_SETTINGS, NODE_SETTINGS } from '../../src/core/settings.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { Timers } from '../../src/core/timers.ts'
import { Requests, type World } from '../../src/core/world.ts'
import { sha256 } from './core-disk.ts'

/** Members in the order of every slot's list; the first is this node unless said. */
export class SmallWorld implements World, Peers {
  readonly settings = { ...MESH_SETTINGS }
  readonly nodeSettings = { ...NODE_SETTINGS, profiles: { draw: { places: 2, timeoutMs: 60_000 } } }
  readonly sha256 = sha256
  readonly commits = new Commits()
  readonly timers = new Timers()
  readonly effects: Effect[] = []
  readonly out = (effect: Effect) => this.effects.push(effect)
  readonly requests = new Requests(this.out)
  readonly peers: Peers = this
  readonly send = () => undefined
  readonly draw = () => 0
  readonly nextLoad = () => 1
  readonly badMessage = () => undefined
  storing = true
  nodeId: NodeId
  boot = '0b'.repeat(8)
  nowMs = 1_000
  readonly members: readonly NodeId[]
  readonly membersHash = 'ab'.repeat(8)
  readonly silent = new Set<NodeId>()
  readonly gone = new Set<NodeId>()

  constructor(members: readonly NodeId[], self = members[0] ?? '') {
    this.members = members
    this.nodeId = self
  }

  readonly away = new Set<NodeId>()
  listOf = (): readonly NodeId[] => this.members.slice(0, 3)
  order = (): readonly NodeId[] => this.members
  isUp = (id: NodeId): boolean => !this.silent.has(id) && !this.gone.has(id)
  isGone = (id: NodeId): boolean => this.gone.has(id)
  isStoring = (id: NodeId): boolean => this.isUp(id)
  isConnected = (id: NodeId): boolean => this.isUp(id)
  get connected(): readonly NodeId[] {
    return this.members.filter((id) => id !== this.nodeId && this.isUp(id))
  }
  isMember = (id: NodeId): boolean => this.members.includes(id)
  isReachable = (id: NodeId): boolean => this.isUp(id)
  want = (): void => undefined
  readonly isLarge = false
  slotsFirst = (): SlotSet => new SlotSet()
  bootOf = (): string | undefined => undefined
  heardMs = (): number => this.nowMs

  advance(byMs: number): void {
    this.nowMs += byMs
    this.timers.runDue(this.nowMs)
  }
}

/** A node's row about one profile. */
export function rowOf(node: NodeId, seq: number, change: Partial<LoadRow['profiles'][number]>): LoadRow {
  const profile = { profile: 'draw', claimable: 0, priority: 0, places: 2, free: 0, medianMs: 0 }
  const more = { contested: 0, orphaned: 0, late: 0, resting: false }
  const owned = { owned: 0, ownedSum: '00'.repeat(8), contested: 0, batches: [], batchesLeftOut: 0 }
  return { node, incarnation: 1, boot: '0b'.repeat(8), seq, profiles: [{ ...profile, ...more, ...change }], ...owned }
}
