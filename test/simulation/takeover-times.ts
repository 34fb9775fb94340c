/**
 * How long a mesh takes to notice that one of its nodes died, and to serve its slots again: measured from outside, by
 * what nodes say.
 */
import type { Effect } from '../../src/core/effects.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { messageOf } from './message-reader.ts'
import type { Observer } from './observer.ts'
import type { SimNode } from './process.ts'
import type { Scenario } from './scenario.ts'
import { World } from './world.ts'

export interface TakeoverTimes {
  /** After the death, when the others knew of it: the first, half of them, the last. */
  readonly knownMs: readonly [number, number, number]
  /** When half of the slots of the dead node were served by others, and all. */
  readonly servedMs: readonly [number, number]
  readonly slots: number
  /** Of each node, on average, while nothing happened: in a second. */
  readonly perNodeSecond: { readonly messages: number; readonly bytes: number; readonly gossipBytes: number }
  /** Of each node, on average, before the death. */
  readonly connections: number
}

const LOOK_MS = 250
const CALM_MS = 10_000
/** After that nobody waits any more. */
const MEASURED_MS = 120_000

/** Runs the scenario without faults until then, ends the last node with its machine, and looks. */
export function measureTakeover(scenario: Scenario, diesMs: number): TakeoverTimes {
  const world = new World({
    scenario,
    report: (rule, message) => {
      throw new TypeError(`${rule}: ${message}`)
    },
  })
  const never = () => false
  world.begin()
  world.run(diesMs - CALM_MS, never)
  const before = figures(world)
  world.run(diesMs, never)
  const after = figures(world)
  const perNodeSecond = {
    messages: perSecond(after.messages - before.messages, world),
    bytes: perSecond(after.bytes - before.bytes, world),
    gossipBytes: perSecond(after.gossipBytes - before.gossipBytes, world),
  }
  const connections = world.nodes.reduce((sum, { index }) => sum + world.network.endsOf(index).size, 0)
  return { ...watchDeath(world), perNodeSecond, connections: connections / world.nodes.length }
}

function figures({ network, gossip }: World) {
  return {
    messages: network.figures.messages,
    bytes: network.figures.bytes,
    gossipBytes: gossip.figures.bytes,
  }
}

function perSecond(count: number, { nodes }: World): number {
  return count / nodes.length / (CALM_MS / 1_000)
}

function watchDeath(world: World): Pick<TakeoverTimes, 'knownMs' | 'servedMs' | 'slots'> {
  const victim = world.nodes.at(-1) as SimNode
  const slots = new SlotSet()
  for (const slot of SlotSet.all()) if (victim.core?.serves?.(slot) === true) slots.add(slot)
  const { nowMs: diedMs } = world.schedule
  const served: number[] = []
  const left = slots.copy()
  world.watch(new Announcements(left, () => served.push(world.schedule.nowMs - diedMs)))
  victim.retired = true
  // Its machine answers nothing, not even that nobody listens there.
  for (const { index } of world.nodes) {
    if (index === victim.index) continue
    world.network.links.block(index, victim.index)
    world.network.links.block(victim.index, index)
  }
  victim.crash(false)
  const known: number[] = []
  const ignorant = new Set(world.nodes.filter((node) => node !== victim))
  for (let atMs = diedMs; atMs < diedMs + MEASURED_MS && ignorant.size + left.size > 0; atMs += LOOK_MS) {
    world.run(atMs, () => false)
    for (const node of ignorant) {
      if (node.core?.isUp?.(victim.id) !== false) continue
      known.push(atMs - diedMs)
      ignorant.delete(node)
    }
  }
  for (const _ of ignorant) known.push(Number.POSITIVE_INFINITY)
  for (const _ of left) served.push(Number.POSITIVE_INFINITY)
  const half = (times: readonly number[]) => times[times.length >> 1] ?? 0
  return {
    knownMs: [known[0] ?? 0, half(known), known.at(-1) ?? 0],
    servedMs: [half(served), served.at(-1) ?? 0],
    slots: slots.size,
  }
}

/** Hears new owners announce slots, each once. */
class Announcements implements Observer {
  readonly #left: SlotSet
  readonly #heard: () => void

  constructor(left: SlotSet, heard: () => void) {
    this.#left = left
    this.#heard = heard
  }

  effect(_node: SimNode, effect: Effect): void {
    const message = effect.type === 'send' ? messageOf(effect.bytes) : undefined
    if (message?.type !== 'serving') return
    for (const { from, to } of message.runs)
      for (let slot = from; slot <= to; slot++) if (this.#left.delete(slot)) this.#heard()
  }
}
