/** The faults that each plane has, and what each draws. */
import type { ErrorClass } from '../../src/core/facts.ts'
import type { Plane } from './conditions.ts'
import type { Fault } from './faults.ts'
import type { Random } from './random.ts'

export interface FaultScope {
  readonly seed: number
  readonly nodes: number
  /** Machines beyond those, each of which may join once. */
  readonly joiners: number
  readonly batches: number
  readonly planes: readonly Plane[]
  readonly untilMs: number
  /** Whether contested slots are never granted: what that is for shows in a split that lasts. */
  readonly strict?: boolean
}

/** What a draw sees of the scope: `nodes` are those that have been started by the time of the fault. */
type Draw = (random: Random, scope: FaultScope, atMs: number) => Fault

export const anyNode = (random: Random, { nodes }: FaultScope) => random.below(nodes)
const anyBatch = (random: Random, { batches }: FaultScope) => random.below(batches)

/** Two different nodes; the same one twice in a mesh of one, where nothing comes of it. */
function anyPair(random: Random, { nodes }: FaultScope): readonly [number, number] {
  const a = random.below(nodes)
  return [a, (a + 1 + random.below(Math.max(1, nodes - 1))) % nodes]
}

function anyGroups(random: Random, { nodes }: FaultScope, count: number): number[][] {
  const groups: number[][] = Array.from({ length: count }, () => [])
  for (const node of random.shuffled(Array.from({ length: nodes }, (_, index) => index)))
    groups[random.below(count)]?.push(node)
  return groups.filter((group) => group.length > 0)
}

/** Pairs that are not neighbours in a ring: everybody reaches two others, and no two the same. */
function ringCut(random: Random, { nodes }: FaultScope): [number, number][] {
  const order = random.shuffled(Array.from({ length: nodes }, (_, index) => index))
  return pairsOf(order, (a, b) => b - a > 1 && b - a < nodes - 1)
}

/** Two sides that only one node connects. */
function bridgeCut(random: Random, { nodes }: FaultScope): [number, number][] {
  const order = random.shuffled(Array.from({ length: nodes }, (_, index) => index))
  const bridge = nodes >> 1
  return pairsOf(order, (a, b) => a < bridge && b > bridge)
}

function pairsOf(order: readonly number[], isCut: (a: number, b: number) => boolean): [number, number][] {
  return order.flatMap((node, a) =>
    order.flatMap((other, b): [number, number][] => (b > a && isCut(a, b) ? [[node, other]] : [])),
  )
}

const NETWORK: readonly Draw[] = [
  (random, scope, atMs) => {
    const [from = [], to = []] = anyGroups(random, scope, 2)
    return { kind: 'cut', atMs, forMs: random.spread(100, 120_000), from, to, oneWay: true }
  },
  (random, scope, atMs) => {
    const [from, to] = anyPair(random, scope)
    return { kind: 'cut', atMs, forMs: random.spread(100, 120_000), from: [from], to: [to], oneWay: random.chance(0.5) }
  },
  (random, scope, atMs) => {
    const groups = anyGroups(random, scope, random.pick([2, 2, 3]))
    return { kind: 'split', atMs, forMs: random.spread(1_000, 180_000), groups }
  },
  (random, scope, atMs) => {
    const [a, b] = anyPair(random, scope)
    return { kind: 'flap', atMs, forMs: random.spread(5_000, 60_000), a, b, periodMs: random.spread(500, 20_000) }
  },
  (random, scope, atMs) => {
    const pairs = random.chance(0.5) ? ringCut(random, scope) : bridgeCut(random, scope)
    return { kind: 'cut-pairs', atMs, forMs: random.spread(1_000, 180_000), pairs }
  },
  (random, scope, atMs) => {
    const all = random.shuffled(Array.from({ length: scope.nodes }, (_, index) => index))
    const out = all.slice(0, 1 + random.below(scope.nodes))
    return { kind: 'swizzle', atMs, forMs: random.spread(2_000, 180_000), out, back: random.shuffled(out) }
  },
  (random, scope, atMs) => {
    const [a, b] = anyPair(random, scope)
    return { kind: 'reset', atMs, a, b }
  },
  (random, scope, atMs) => {
    const [a, b] = anyPair(random, scope)
    return { kind: 'reset-after', atMs, a, b, messages: 1 + random.below(20) }
  },
  (random, scope, atMs) => {
    const [a, b] = anyPair(random, scope)
    return { kind: 'slow', atMs, forMs: random.spread(1_000, 60_000), a, b, byMs: random.spread(10, 5_000) }
  },
]

const GOSSIP: readonly Draw[] = [
  (random, _, atMs) => ({ kind: 'gossip-silenced', atMs, forMs: random.spread(5_000, 120_000) }),
  (random, _, atMs) => ({ kind: 'gossip-alone', atMs, forMs: random.spread(1_000, 30_000) }),
]

const downMs = (random: Random) => random.spread(50, 60_000)

const PROCESS: readonly Draw[] = [
  (random, scope, atMs) => ({ kind: 'crash', atMs, node: anyNode(random, scope), downMs: downMs(random) }),
  (random, scope, atMs) => {
    const type = random.pick([undefined, 'persist', 'execute', 'send', 'answer', 'kill'] as const)
    const fault = { kind: 'crash-after', atMs, node: anyNode(random, scope), downMs: downMs(random) } as const
    return { ...fault, effects: 1 + random.below(12), ...(type && { type }) }
  },
  (random, scope, atMs) => {
    const fault = { kind: 'restarts', atMs, node: anyNode(random, scope) } as const
    return { ...fault, times: 2 + random.below(6), everyMs: random.spread(600, 10_000) }
  },
  (random, _, atMs) => ({ kind: 'kill-all', atMs, downMs: random.spread(50, 20_000) }),
  (random, scope, atMs) => ({ kind: 'pause', atMs, node: anyNode(random, scope), forMs: random.spread(100, 90_000) }),
  (random, scope, atMs) => ({
    kind: 'power-cut',
    atMs,
    node: anyNode(random, scope),
    forMs: random.spread(1_000, 90_000),
  }),
  (random, scope, atMs) => ({ kind: 'stop', atMs, node: anyNode(random, scope), now: random.chance(0.5) }),
  (random, scope, atMs) => ({ kind: 'clone', atMs, node: anyNode(random, scope), forMs: random.spread(5_000, 60_000) }),
]

const DISK: readonly Draw[] = [
  (random, scope, atMs) => ({
    kind: random.pick(['disk-failing', 'reads-fail'] as const),
    atMs,
    node: anyNode(random, scope),
    forMs: random.spread(500, 60_000),
  }),
  (random, scope, atMs) => ({
    kind: 'disk-full',
    atMs,
    node: anyNode(random, scope),
    forMs: random.spread(500, 60_000),
    sticky: random.chance(0.5),
  }),
  (random, scope, atMs) => {
    const fault = { kind: 'slow-sync', atMs, node: anyNode(random, scope) } as const
    return { ...fault, forMs: random.spread(1_000, 60_000), syncMs: random.spread(100, 10_000) }
  },
  (random, scope, atMs) => {
    const fault = { kind: 'bit-flips', atMs, node: anyNode(random, scope) } as const
    const damage = { facts: random.pick([0, 1, 3, 20]), tallies: random.chance(0.3) }
    const batches = random.chance(0.3) ? random.pick([1, 1, 3]) : 0
    return { ...fault, ...damage, ...(batches > 0 && { batches }) }
  },
  (random, scope, atMs) => ({ kind: 'wiped', atMs, node: anyNode(random, scope), downMs: downMs(random) }),
  (random, scope, atMs) => ({
    kind: 'backup',
    atMs,
    node: anyNode(random, scope),
    // A moment: a lost suffix, which a disk that lies about syncs leaves.
    forMs: random.chance(0.3) ? random.spread(5, 1_000) : random.spread(1_000, 120_000),
  }),
]

const CLOCK: readonly Draw[] = [
  (random, scope, atMs) => ({ kind: 'drift', atMs, node: anyNode(random, scope), rate: random.spread(0.5, 2) }),
  (random, scope, atMs) => ({ kind: 'block', atMs, node: anyNode(random, scope), forMs: random.spread(100, 30_000) }),
  (random, scope, atMs) => ({
    kind: 'suspend',
    atMs,
    node: anyNode(random, scope),
    forMs: random.spread(1_000, 120_000),
    clockStands: random.chance(0.5),
  }),
]

const NODE_ERRORS: readonly ErrorClass[] = ['failed', 'backend-down', 'disk-full', 'not-here', 'oom']

const EXECUTOR: readonly Draw[] = [
  (random, scope, atMs) => ({
    kind: 'fails-fast',
    atMs,
    node: anyNode(random, scope),
    forMs: random.spread(500, 60_000),
    error: random.pick(NODE_ERRORS),
  }),
  (random, scope, atMs) => ({
    kind: 'suspended',
    atMs,
    node: anyNode(random, scope),
    forMs: random.spread(500, 120_000),
  }),
]

const OPERATOR: readonly Draw[] = [
  (random, scope, atMs) => ({
    kind: random.pick(['pause-batch', 'resume-batch', 'cancel-batch', 'uncancel-batch'] as const),
    atMs,
    node: anyNode(random, scope),
    batch: anyBatch(random, scope),
    stopRunning: random.chance(0.5),
  }),
  (random, scope, atMs) => ({
    kind: 'prefer-batch',
    atMs,
    node: anyNode(random, scope),
    batch: anyBatch(random, scope),
    priority: random.below(5) - 2,
  }),
  (random, scope, atMs) => ({
    kind: 'cancel-tasks',
    atMs,
    node: anyNode(random, scope),
    batch: anyBatch(random, scope),
    share: random.spread(0.01, 1),
    stopRunning: random.chance(0.5),
  }),
  (random, scope, atMs) => ({
    kind: 'retry-tasks',
    atMs,
    node: anyNode(random, scope),
    batch: anyBatch(random, scope),
    share: random.spread(0.01, 1),
    stopRunning: false,
    looks: true,
  }),
  (random, scope, atMs) => {
    const kind = random.chance(0.3) ? 'delete-batch' : 'seed-again'
    return { kind, atMs, node: anyNode(random, scope), batch: anyBatch(random, scope) }
  },
  (random, scope, atMs) => ({ kind: 'seed-again', atMs, node: anyNode(random, scope), batch: anyBatch(random, scope) }),
  (random, scope, atMs) => ({ kind: 'open-profiles', atMs, node: anyNode(random, scope) }),
  (random, scope, atMs) => {
    const [node, whom] = anyPair(random, scope)
    return { kind: 'forget', atMs, node, whom }
  },
]

export const DRAWS: { readonly [P in Plane]: readonly Draw[] } = {
  network: NETWORK,
  gossip: GOSSIP,
  process: PROCESS,
  disk: DISK,
  clock: CLOCK,
  executor: EXECUTOR,
  operator: OPERATOR,
}
