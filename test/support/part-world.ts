/** The world of one part of a core, for a test of that part alone: what it says is kept, time goes when the test says so. */
import { Commits } from '../../src/core/commits.ts'
import type { Effect } from '../../src/core/effects.ts'
import type { NodeId } from '../../src/core/ids.ts'
import type { Message } from '../../src/core/messages.ts'
import type { Peers } from '../../src/core/peers.ts'
import { MESH_SETTINGS, NODE_SETTINGS } from '../../src/core/settings.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { Timers } from '../../src/core/timers.ts'
import { Requests, type World } from '../../src/core/world.ts'
import { sha256 } from './core-disk.ts'

export interface PartWorld {
  readonly world: World
  readonly effects: Effect[]
  readonly sent: { readonly to: NodeId; readonly message: Message }[]
  /** Lets time pass, with all timers that are due in it. */
  readonly advance: (durationMs: number) => void
}

/** Other nodes as a test wants them: all up, storing and connected unless it says otherwise. */
export function partPeers(self: NodeId, others: readonly NodeId[], change: Partial<Peers> = {}): Peers {
  const members = [self, ...others].sort()
  const isOther = (id: NodeId) => others.includes(id)
  return {
    members,
    away: new Set(),
    membersHash: 'ab'.repeat(8),
    isMember: (id) => members.includes(id),
    listOf: () => members.slice(0, 3),
    order: () => members,
    slotsFirst: () => new SlotSet(),
    isUp: () => true,
    isGone: () => false,
    isStoring: () => true,
    isConnected: isOther,
    connected: [...others].sort(),
    isReachable: isOther,
    want: () => undefined,
    isLarge: false,
    bootOf: () => undefined,
    heardMs: () => 0,
    ...change,
  }
}

export function partWorld({ peers = partPeers('self', []) }: { peers?: Peers }): PartWorld {
  const effects: Effect[] = []
  const sent: PartWorld['sent'] = []
  let loads = 0
  const out = (effect: Effect) => void effects.push(effect)
  const world: World = {
    settings: MESH_SETTINGS,
    nodeSettings: NODE_SETTINGS,
    sha256,
    commits: new Commits(),
    timers: new Timers(),
    requests: new Requests(out),
    out,
    peers,
    send: (to, message) => void sent.push({ to, message }),
    draw: () => 0,
    nextLoad: () => ++loads,
    badMessage: () => undefined,
    storing: true,
    nodeId: 'self',
    boot: 'ab'.repeat(8),
    nowMs: 0,
  }
  const advance = (durationMs: number) => {
    const endMs = world.nowMs + durationMs
    for (let next = world.timers.nextMs; next !== undefined && next <= endMs; next = world.timers.nextMs) {
      world.nowMs = Math.max(world.nowMs, next)
      world.timers.runDue(world.nowMs)
    }
    world.nowMs = endMs
  }
  return { world, effects, sent, advance }
}
