/** Faults: what seeds draw, what each does to the world, and that nothing of it is left. */
import { describe, expect, test } from 'vitest'
import type { Effect } from '../../src/core/effects.ts'
import type { CoreView } from '../../src/core/view.ts'
import { PLANES } from './conditions.ts'
import { drawFaults } from './draw-faults.ts'
import { endOf, type Fault, type FaultKind } from './faults.ts'
import { drawScenario, type Scenario } from './scenario.ts'
import { World } from './world.ts'

const KINDS: { readonly [K in FaultKind]: true } = {
  cut: true,
  split: true,
  flap: true,
  'cut-pairs': true,
  swizzle: true,
  reset: true,
  'reset-after': true,
  slow: true,
  'gossip-silenced': true,
  'gossip-alone': true,
  crash: true,
  'crash-after': true,
  restarts: true,
  'kill-all': true,
  pause: true,
  'power-cut': true,
  stop: true,
  death: true,
  clone: true,
  'disk-full': true,
  'disk-failing': true,
  'slow-sync': true,
  'reads-fail': true,
  'bit-flips': true,
  wiped: true,
  backup: true,
  drift: true,
  block: true,
  suspend: true,
  'fails-fast': true,
  suspended: true,
  'pause-batch': true,
  'resume-batch': true,
  'cancel-batch': true,
  'uncancel-batch': true,
  'prefer-batch': true,
  'cancel-tasks': true,
  'retry-tasks': true,
  'seed-again': true,
  'delete-batch': true,
  leave: true,
  forget: true,
  'open-profiles': true,
  join: true,
}

const UNTIL_MS = 200_000

const drawn = (seed: number, nodes = 5, joiners = 1) =>
  drawFaults({ seed, nodes, joiners, batches: 2, planes: PLANES, untilMs: UNTIL_MS })

/** Machines that a fault of one, or of a pair, names. */
function namedBy(fault: Fault): readonly number[] {
  if ('node' in fault) return fault.kind === 'forget' ? [fault.node, fault.whom] : [fault.node]
  if ('a' in fault) return [fault.a, fault.b]
  return fault.kind === 'cut' ? [...fault.from, ...fault.to] : []
}

const seeds = Array.from({ length: 60 }, (_, index) => index + 1)

/** A mesh whose cores do nothing. */
function idleWorld(faults: readonly Fault[], nodes = 5): World {
  const drawnScenario = drawScenario({ seed: 1, nodes, tasks: 1, planes: [] })
  const scenario: Scenario = { ...drawnScenario, plans: [], faults, faultsUntilMs: UNTIL_MS, startsWithinMs: 0 }
  const view = () => ({ profiles: [] as const }) as Partial<CoreView> as CoreView
  const makeCore = () => ({ step: (): readonly Effect[] => [], view })
  const world = new World({ scenario, makeCore, report: (rule, message) => expect.fail(`${rule}: ${message}`) })
  world.begin()
  return world
}

/** Which machines reach which others, both ways. */
function reachOf({ network, nodes, scenario }: World): number[][] {
  const all = nodes.slice(0, scenario.nodes).map(({ index }) => index)
  return all.map((a) => all.filter((b) => a !== b && !network.links.isCut(a, b)))
}

describe('the faults of seeds', () => {
  test('are of every kind', () => {
    const kinds = new Set(seeds.flatMap((seed) => drawn(seed).map(({ kind }) => kind)))
    expect([...kinds].sort()).toEqual(Object.keys(KINDS).sort())
  })

  test('are over by the time when all must come right, and in order', () => {
    for (const seed of seeds) {
      const faults = drawn(seed)
      for (const fault of faults) expect(endOf(fault)).toBeLessThanOrEqual(UNTIL_MS)
      expect(faults).toEqual(faults.toSorted((a, b) => a.atMs - b.atMs))
    }
  })

  test('of one plane stay as they are when another is switched off', () => {
    const options = { seed: 7, nodes: 5, joiners: 1, batches: 2, untilMs: UNTIL_MS } as const
    const alone = drawFaults({ ...options, planes: ['disk'] })
    const all = drawFaults({ ...options, planes: ['network', 'disk', 'clock'] })
    expect(alone.length).toBeGreaterThan(0)
    expect(all).toEqual(expect.arrayContaining(alone))
  })

  test('hit a machine that joins once it is there, and never before', () => {
    const hit = new Set<FaultKind>()
    for (const seed of seeds) {
      const faults = drawn(seed)
      const joinedMs = faults.find(({ kind }) => kind === 'join')?.atMs ?? Number.POSITIVE_INFINITY
      for (const fault of faults) {
        if (fault.kind === 'join' || !namedBy(fault).includes(5)) continue
        expect(fault.atMs).toBeGreaterThan(joinedMs)
        hit.add(fault.kind)
      }
    }
    expect([...hit]).toEqual(expect.arrayContaining(['crash', 'wiped', 'pause', 'cut', 'reset', 'forget', 'leave']))
  })

  test('have nodes leave at any time', () => {
    const times = seeds.flatMap((seed) => drawn(seed).flatMap(({ kind, atMs }) => (kind === 'leave' ? [atMs] : [])))
    expect(Math.max(...times)).toBeGreaterThan(0.8 * UNTIL_MS)
    expect(times.length).toBeGreaterThan(20)
  })

  test('can cut a mesh into a ring, or leave it one bridge', () => {
    const shapes = seeds.flatMap((seed) =>
      drawn(seed, 5, 0).flatMap((fault) => {
        if (fault.kind !== 'cut-pairs') return []
        const world = idleWorld([{ ...fault, atMs: 10, forMs: 1_000 }])
        world.run(100, () => false)
        const reach = reachOf(world).map((others) => others.length)
        return reach.toSorted((a, b) => a - b).join(' ')
      }),
    )
    expect(new Set(shapes)).toEqual(new Set(['2 2 2 2 2', '2 2 2 2 4']))
  })
})

test.each(seeds.slice(0, 30))('nothing is left of any fault but what it did to disks (seed %i)', (seed) => {
  const world = idleWorld(drawn(seed))
  world.run(UNTIL_MS, () => false)
  world.heal()
  world.run(UNTIL_MS + 30_000, () => false)
  const { nodes, network, gossip } = world
  for (const a of nodes) {
    for (const b of nodes) expect(network.links.isBlocked(a.index, b.index)).toBe(false)
    if (a.starts === 0 || a.retired) continue
    expect(a).toMatchObject({ up: true, frozen: false, off: false, armed: undefined })
    expect(a.trouble).toEqual({ problem: undefined, slowSyncMs: 0, readsFail: false })
    expect(a.clock.rate).toBe(1)
    expect(a.executor.fastFailure).toBeUndefined()
    const localMs = a.localMs
    world.schedule.nowMs += 10
    expect(a.localMs - localMs).toBeCloseTo(10)
  }
  expect(gossip).toMatchObject({ silenced: 0, everywhere: 0 })
})

test('swizzled wires go one by one, and come back one by one in another order', () => {
  const world = idleWorld([
    { kind: 'swizzle', atMs: 10_000, forMs: 60_000, out: [0, 1, 2, 3, 4], back: [3, 0, 4, 1, 2] },
  ])
  const counts: number[] = []
  for (let atMs = 9_000; atMs <= 71_000; atMs += 1_000) {
    world.run(atMs, () => false)
    const alone = reachOf(world).filter((others) => others.length === 0).length
    if (counts.at(-1) !== alone) counts.push(alone)
  }
  // Of the last two neither reaches anybody once one of them is out.
  expect(counts).toEqual([0, 1, 2, 3, 5, 3, 2, 1, 0])
})

test('a sticky full disk has room again for a process that opens it anew', () => {
  for (const sticky of [false, true]) {
    const world = idleWorld([{ kind: 'disk-full', atMs: 10_000, forMs: 10_000, node: 0, sticky }])
    world.run(15_000, () => false)
    const [node] = world.nodes
    const boot = node?.boot
    expect(node?.trouble.problem).toBe('disk-full')
    world.run(25_000, () => false)
    expect(node?.trouble.problem).toBeUndefined()
    expect(node?.boot !== boot).toBe(sticky)
  }
})

test('a machine that is gone for good gets no backup of its disk', () => {
  const world = idleWorld([
    { kind: 'backup', atMs: 10_000, forMs: 10_000, node: 2 },
    { kind: 'death', atMs: 15_000, node: 2 },
  ])
  world.run(12_000, () => false)
  expect(world.nodes[2]?.disk.incarnation).toBe(1)
  world.run(25_000, () => false)
  expect(world.nodes[2]?.disk.incarnation).toBe(0)
})
