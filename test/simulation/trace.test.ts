/** The trace: two runs with the same hash were the same run. */
import { expect, test } from 'vitest'
import type { Effect } from '../../src/core/effects.ts'
import type { Event } from '../../src/core/events.ts'
import type { SimNode } from './process.ts'
import { Schedule } from './schedule.ts'
import { newFact } from './tampering.ts'
import { Trace } from './trace.ts'

const FACT = newFact({ kind: 'cancelled', batch: '00000000000000aa', task: 'ab'.repeat(16), round: 0 })
const NOTHING = { facts: [], tallies: [], indexes: [], batches: [], promises: undefined } as const
const TALLY = { batch: '00000000000000aa', slot: 1, total: 1, completed: 0, failed: 0, cancelled: 0, extra: 0 }
const RUN = { from: 1, to: 2, epoch: 3, node: 'a' }
const START = { type: 'start', nodeId: 'a', boot: 'b', batches: [], tallies: [], promises: [] } as const

interface Step {
  readonly index?: number
  readonly atMs?: number
  readonly event?: Event
  readonly effect?: Effect
}

/** Pairs that differ in one thing each. */
const STEPS: readonly Step[] = [
  { event: { type: 'tick' } },
  { event: { type: 'tick' }, index: 1 },
  { event: { type: 'tick' }, atMs: 0.001 },
  { event: { type: 'connected', peer: 'a' } },
  { event: { type: 'connected', peer: 'b' } },
  { event: { type: 'disconnected', peer: 'b' } },
  { event: { type: 'received', from: 'a', bytes: Uint8Array.of(1, 2) } },
  { event: { type: 'received', from: 'b', bytes: Uint8Array.of(1, 2) } },
  { event: { type: 'received', from: 'a', bytes: Uint8Array.of(1, 3) } },
  { event: { type: 'gossiped', bytes: Uint8Array.of(1) } },
  { event: { type: 'gossiped', bytes: Uint8Array.of(2) } },
  { event: { type: 'persisted', ticket: 1 } },
  { event: { type: 'persisted', ticket: 2 } },
  { event: { type: 'loaded', load: 1, facts: [] } },
  { event: { type: 'loaded', load: 2, facts: [] } },
  { event: { type: 'loaded', load: 1, facts: [FACT] } },
  { event: { type: 'digests-read', load: 1, digests: [] } },
  { event: { type: 'digests-read', load: 1, digests: [{ slot: 1, count: 1, xor: '00' }] } },
  { event: { type: 'storage', problem: 'failing' } },
  { event: { type: 'storage', problem: 'disk-full' } },
  { event: { type: 'execution-ended', token: 't', outcome: 'completed', durationMs: 1 } },
  { event: { type: 'execution-ended', token: 't', outcome: 'completed', durationMs: 2 } },
  { event: { type: 'execution-ended', token: 't', outcome: 'completed', durationMs: 1, result: { files: [] } } },
  { event: START },
  { event: { ...START, promises: [RUN] } },
  { effect: { type: 'wake', atMs: 1 } },
  { effect: { type: 'wake', atMs: 1.5 } },
  { effect: { type: 'dial', to: 'a' } },
  { effect: { type: 'dial', to: 'b' } },
  { effect: { type: 'kill', token: 't', outcome: 'cancelled' } },
  { effect: { type: 'kill', token: 't', outcome: 'returned' } },
  { effect: { type: 'answer', request: 1, value: { type: 'changed', tasks: 1 } } },
  { effect: { type: 'answer', request: 1, value: { type: 'changed', tasks: 2 } } },
  { effect: { type: 'read-slot', load: 1, slot: 1 } },
  { effect: { type: 'read-slot', load: 1, slot: 2 } },
  { effect: { type: 'persist', ticket: 1, ...NOTHING } },
  { effect: { type: 'persist', ticket: 2, ...NOTHING } },
  { effect: { type: 'persist', ticket: 1, ...NOTHING, facts: [FACT] } },
  { effect: { type: 'persist', ticket: 1, ...NOTHING, tallies: [TALLY] } },
  { effect: { type: 'persist', ticket: 1, ...NOTHING, tallies: [{ ...TALLY, total: 2 }] } },
  { effect: { type: 'persist', ticket: 1, ...NOTHING, promises: [RUN] } },
  { effect: { type: 'persist', ticket: 1, ...NOTHING, promises: [{ ...RUN, epoch: 4 }] } },
]

function hashOf(...steps: readonly Step[]): string {
  const schedule = new Schedule()
  const trace = new Trace(schedule)
  for (const { index = 0, atMs = 0, event, effect } of steps) {
    const node = { index } as SimNode
    schedule.nowMs = atMs
    if (event !== undefined) trace.event(node, event)
    if (effect !== undefined) trace.effect(node, effect)
  }
  return trace.hash
}

test('a trace differs when one thing in one event or effect does', () => {
  expect(new Set(STEPS.map((step) => hashOf(step))).size).toBe(STEPS.length)
})

test('a trace tells the order, and a step more from a step less', () => {
  const [first, second] = [STEPS[0] as Step, STEPS[3] as Step]
  const hashes = [hashOf(), hashOf(first), hashOf(first, first), hashOf(first, second), hashOf(second, first)]
  expect(new Set(hashes).size).toBe(hashes.length)
  expect(hashOf(first, second)).toBe(hashOf(first, second))
})
