/**
 * What a seed's world is like, apart from its faults: swarm testing (Groce and others, 2012) draws for each plane
 * whether it is on and how hard it is, so that no fault hides behind the others.
 *
 * 1. A plane that is switched off by the caller is calm, and the other planes stay as they are.
 */
import { MESH_SETTINGS, type MeshSettings, NODE_SETTINGS } from '../../src/core/settings.ts'
import type { DiscoveryConditions } from './discovery.ts'
import type { ExecutorConditions } from './executor.ts'
import type { GossipConditions } from './gossip.ts'
import type { LinkConditions } from './links.ts'
import type { NodeConditions } from './process.ts'
import type { PromptConditions } from './prompts.ts'
import { Random } from './random.ts'
import type { DiskConditions } from './storage.ts'

export const PLANES = ['network', 'gossip', 'process', 'disk', 'clock', 'executor', 'operator'] as const
export type Plane = (typeof PLANES)[number]

export interface Conditions {
  /** No plane is on: nothing goes wrong and nobody intervenes. */
  readonly calm: boolean
  readonly planes: readonly Plane[]
  readonly links: LinkConditions
  readonly gossip: GossipConditions
  readonly discovery: DiscoveryConditions
  readonly disk: DiskConditions
  readonly executor: ExecutorConditions
  readonly prompts: PromptConditions
  readonly nodes: readonly NodeConditions[]
  readonly maxAttempts: number
  /** After how long members that are dead are marked away. */
  readonly away: Pick<MeshSettings, 'awayMs' | 'awayAloneMs'>
  /** As of the settings, the same on all nodes. */
  readonly partition: 'work' | 'strict'
}

const CALM_SHARE = 0.12
const ON_SHARE = 0.6

const { awayMs, awayAloneMs } = MESH_SETTINGS
export const AWAY = { awayMs, awayAloneMs }

export const CALM_LINKS: LinkConditions = {
  delayMsMin: 0.2,
  delayMsMax: 2,
  jitter: 0.5,
  spikes: 0,
  spikeMsMax: 0,
  bytesPerMs: 100_000,
}
export const CALM_GOSSIP: GossipConditions = {
  lost: 0,
  twice: 0.05,
  delayMsMin: 1,
  delayMsMax: 200,
  slow: 0,
  slowMsMax: 0,
}
export const CALM_DISK: DiskConditions = { syncMsMin: 0.3, syncMsMax: 3, readMsMin: 0.2, readMsMax: 5 }
export const CALM_EXECUTOR: ExecutorConditions = {
  noise: 0.2,
  fails: 0,
  hangs: 0,
  returns: 0,
  notHere: 0,
  killMsMax: 200,
  ignoredKills: 0,
  lateSuccesses: 0,
  firstCallMs: 0,
  large: 0,
}
export const CALM_PROMPTS: PromptConditions = { stragglers: 0, badInputs: 0, hopeless: 0, poison: 0 }

/** The world of a seed; `allowed` names the planes that may be on. */
export function drawConditions(seed: number, nodes: number, tasks: number, allowed: readonly Plane[]): Conditions {
  const swarm = new Random(seed, 'swarm')
  const calm = swarm.chance(CALM_SHARE)
  const drawn = PLANES.filter(() => swarm.chance(ON_SHARE))
  const planes = calm ? [] : drawn.filter((plane) => allowed.includes(plane))
  const isOn = (plane: Plane) => planes.includes(plane)
  return {
    calm: planes.length === 0,
    planes,
    links: isOn('network') ? drawLinks(new Random(seed, 'links')) : CALM_LINKS,
    gossip: isOn('gossip') ? drawGossip(new Random(seed, 'gossip conditions')) : CALM_GOSSIP,
    discovery: drawDiscovery(new Random(seed, 'discovery conditions'), isOn('gossip')),
    disk: isOn('disk') ? drawDisk(new Random(seed, 'disk conditions')) : CALM_DISK,
    executor: isOn('executor') ? drawExecutor(new Random(seed, 'executor conditions')) : CALM_EXECUTOR,
    prompts: isOn('executor') ? drawPrompts(new Random(seed, 'prompts')) : CALM_PROMPTS,
    nodes: drawNodes(new Random(seed, 'nodes'), nodes, tasks, isOn('clock')),
    maxAttempts: new Random(seed, 'max attempts').pick([1, 2, 3, 3, 3]),
    away: drawAway(new Random(seed, 'away')),
    partition: new Random(seed, 'partition').chance(0.15) ? 'strict' : 'work',
  }
}

/** As ever in most seeds; in some so short that runs of some minutes come to it. */
function drawAway(random: Random): Conditions['away'] {
  if (random.chance(0.6)) return AWAY
  const awayMs = random.spread(15_000, 120_000)
  return { awayMs, awayAloneMs: awayMs * random.between(0.2, 1) }
}

function drawLinks(random: Random): LinkConditions {
  const delayMsMax = random.spread(2, random.chance(0.2) ? 5_000 : 200)
  return {
    delayMsMin: 0.2,
    delayMsMax,
    jitter: random.between(0, 2),
    // Half of the segments lost: most messages wait for one to be sent again.
    spikes: random.pick([0, 0, 0.001, 0.001, 0.02, 0.02, 0.5]),
    spikeMsMax: random.spread(10, 5_000),
    bytesPerMs: random.spread(20, 100_000),
  }
}

function drawGossip(random: Random): GossipConditions {
  const delayMsMin = random.spread(1, 1_000)
  return {
    lost: random.pick([0, 0.1, 0.5, 1]),
    twice: random.pick([0, 0.1, 0.5]),
    delayMsMin,
    delayMsMax: delayMsMin * random.spread(1, 20),
    slow: random.pick([0, 0.02, 0.3]),
    slowMsMax: random.spread(1_000, 600_000),
  }
}

function drawDiscovery(random: Random, isHard: boolean): DiscoveryConditions {
  return { lost: isHard ? random.pick([0, 0.5, 0.9]) : 0, firstMsMax: isHard ? 30_000 : 1_000, everyMs: 10_000 }
}

function drawDisk(random: Random): DiskConditions {
  const syncMsMin = random.spread(0.2, 20)
  const readMsMin = random.spread(0.1, 10)
  return {
    syncMsMin,
    syncMsMax: syncMsMin * random.spread(1, 20),
    readMsMin,
    readMsMax: readMsMin * random.spread(1, 50),
  }
}

function drawExecutor(random: Random): ExecutorConditions {
  const rate = (...rates: readonly number[]) => (random.chance(0.6) ? random.pick(rates) : 0)
  return {
    noise: random.between(0, 0.8),
    fails: rate(0.02, 0.1, 0.3),
    hangs: rate(0.01, 0.05),
    returns: rate(0.02, 0.1),
    notHere: rate(0.05, 0.3),
    killMsMax: random.spread(1, 5_000),
    ignoredKills: rate(0.1, 0.5),
    lateSuccesses: rate(0.1, 0.5),
    firstCallMs: rate(2_000, 90_000),
    large: rate(0.02),
  }
}

function drawPrompts(random: Random): PromptConditions {
  const share = (...shares: readonly number[]) => (random.chance(0.5) ? random.pick(shares) : 0)
  return {
    stragglers: share(0.01, 0.05),
    badInputs: share(0.01, 0.05),
    hopeless: share(0.01, 0.05),
    poison: share(0.005, 0.02),
  }
}

/**
 * Nodes of unequal speed, which all together would take the tasks in some minutes at most; a seed's settings are the
 * same on each of its nodes but for their places.
 */
function drawNodes(random: Random, count: number, tasks: number, clocksDrift: boolean): NodeConditions[] {
  const machines = Array.from({ length: count }, () => ({
    places: random.pick([1, 1, 1, 2, 4]),
    slowness: random.pick([0.5, 1, 1, 2, 4]),
    clockRate: random.spread(0.5, 2),
    writes: random.chance(0.6),
  }))
  const rate = machines.reduce((sum, { places, slowness }) => sum + places / slowness, 0)
  const taskMs = Math.min(20_000, Math.max(20, (random.spread(10_000, 200_000) * rate) / tasks))
  const auto = Math.round(4 * taskMs * random.between(4, 10))
  const timeoutMs = random.chance(0.5) ? 'auto' : Math.round(4 * taskMs * random.pick([4, 8, 15]))
  const openTasksMax = random.pick([1, 5, 50, 1_000])
  const pageTasks = random.pick([1, 10, 100])
  const orphanAfterMs = random.pick([2_000, 10_000, 60_000])
  return machines.map(({ places, slowness, clockRate, writes }, index) => ({
    settings: {
      ...NODE_SETTINGS,
      profiles: {
        draw: { places, timeoutMs },
        // Not every node can perform everything; two can, of which one may be gone for good.
        ...((index <= 1 || writes) && { write: { places: 1, timeoutMs } }),
      },
      openTasksMax,
      pageTasks,
      autoTimeoutMsMin: auto,
      briefTimeoutMsMin: Math.round(auto / 8),
      firstTimeoutMs: 2 * auto,
      orphanAfterMs,
    },
    taskMs: taskMs * slowness,
    timeoutMs: timeoutMs === 'auto' ? auto : timeoutMs,
    clockRate: clocksDrift ? clockRate : 1,
    restartMsMax: 10_000,
  }))
}
