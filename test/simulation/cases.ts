/** Named cases: the figures that the protocol promises, each as a scenario and what must come out of it. */
import { NODE_SETTINGS } from '../../src/core/settings.ts'
import type { BatchPlan } from './batch-plan.ts'
import { FastFailingJudge, type MakeJudge, SplitJudge } from './case-judges.ts'
import {
  AWAY,
  CALM_DISK,
  CALM_EXECUTOR,
  CALM_GOSSIP,
  CALM_LINKS,
  CALM_PROMPTS,
  type Conditions,
  type Plane,
} from './conditions.ts'
import type { Fault } from './faults.ts'
import type { MakespanFigures } from './makespan.ts'
import type { NodeConditions } from './process.ts'
import type { Scenario } from './scenario.ts'

export interface CaseOptions {
  readonly seed: number
  readonly nodes?: number | undefined
  readonly tasks?: number | undefined
}

export interface Case {
  readonly about: string
  readonly scenario: (options: CaseOptions) => Scenario
  /** What is wrong with the figures, if anything. */
  readonly judge: (figures: MakespanFigures) => string | undefined
  readonly makeJudge?: MakeJudge
}

/** Seconds that a task takes on each of ten unequal machines. */
const TEN_MACHINES_S = [4, 5, 8, 8, 10, 10, 12, 15, 20, 30]
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

export function machine(taskMs: number, places = 1): NodeConditions {
  return {
    settings: { ...NODE_SETTINGS, profiles: { draw: { places, timeoutMs: 'auto' } } },
    taskMs,
    timeoutMs: 60_000,
    clockRate: 1,
    restartMsMax: 10_000,
  }
}

export interface Parts {
  readonly options: CaseOptions
  readonly machines: readonly NodeConditions[]
  readonly tasks: number
  readonly faults?: readonly Fault[]
  readonly faultsUntilMs?: number
  readonly planes?: readonly Plane[]
  readonly conditions?: Partial<Conditions>
  readonly checked: boolean
}

export function compose({
  options,
  machines,
  tasks,
  faults = [],
  faultsUntilMs = 0,
  planes = [],
  conditions,
  checked,
}: Parts): Scenario {
  const plan: BatchPlan = { name: 'batch-0', profile: 'draw', priority: 0, maxAttempts: 3, tasks, atMs: 0, nodes: [0] }
  return {
    seed: options.seed,
    nodes: machines.length,
    joiners: 0,
    conditions: {
      calm: planes.length === 0,
      planes,
      links: CALM_LINKS,
      gossip: CALM_GOSSIP,
      discovery: { lost: 0, firstMsMax: 1_000, everyMs: 10_000 },
      disk: CALM_DISK,
      executor: CALM_EXECUTOR,
      prompts: CALM_PROMPTS,
      nodes: machines,
      maxAttempts: 3,
      away: AWAY,
      partition: 'work',
      ...conditions,
    },
    plans: [plan],
    faults,
    faultsUntilMs,
    startsWithinMs: 500,
    frameRows: 1_000,
    checked,
  }
}

/** As many of the ten machines as wanted, over and over. */
function tenMachines(count = TEN_MACHINES_S.length): NodeConditions[] {
  return Array.from({ length: count }, (_, index) => machine(1_000 * (TEN_MACHINES_S[index % 10] as number)))
}

const below =
  (most: number) =>
  ({ ratio }: MakespanFigures) =>
    ratio <= most ? undefined : `the makespan is ${ratio.toFixed(4)} times the optimum; at most ${most} is allowed`
const anything = () => undefined

function race(tasksUsual: number, ratioMax: number, about: string): Case {
  return {
    about,
    scenario: (options) =>
      compose({ options, machines: tenMachines(options.nodes), tasks: options.tasks ?? tasksUsual, checked: false }),
    judge: below(ratioMax),
  }
}

/** Stragglers, hangs, a machine that dies half-way, and one that is started anew every day. */
function roughRace(tasksUsual: number, about: string): Case {
  return {
    about,
    scenario: (options) => {
      const machines = tenMachines(options.nodes)
      const tasks = options.tasks ?? tasksUsual
      const wholeMs = tasks / machines.reduce((sum, { taskMs }) => sum + 1 / taskMs, 0)
      const days = Math.max(1, Math.floor(wholeMs / DAY_MS))
      const everyMs = wholeMs / (days + 1)
      const faults: Fault[] = [{ kind: 'restarts', atMs: everyMs, node: 0, times: days, everyMs }]
      if (machines.length > 1) faults.push({ kind: 'death', atMs: wholeMs / 2, node: machines.length - 1 })
      const conditions = {
        prompts: { ...CALM_PROMPTS, stragglers: 0.001 },
        executor: { ...CALM_EXECUTOR, hangs: 0.001 },
      }
      const planes = ['process', 'executor'] as const
      return compose({ options, machines, tasks, faults, faultsUntilMs: wholeMs, planes, conditions, checked: false })
    },
    judge: below(1.01),
  }
}

const equals = (count: number, taskMs: number) => Array.from({ length: count }, () => machine(taskMs))

export const CASES = {
  million: race(1_000_000, 1.002, 'a million tasks on ten unequal machines'),
  'hundred-thousand': race(100_000, 1.002, 'a hundred thousand tasks on ten unequal machines'),
  'million-rough': roughRace(1_000_000, 'the same with stragglers, hangs, a death and daily restarts'),
  'hundred-thousand-rough': roughRace(100_000, 'the same with stragglers, hangs, a death and restarts'),
  split: {
    about: 'five nodes, cut into two and three for a minute',
    scenario: (options) => {
      const machines = equals(options.nodes ?? 5, 4_000)
      const left = machines.map((_, index) => index).slice(0, 2)
      const right = machines.map((_, index) => index).slice(2)
      const faults: Fault[] = [{ kind: 'split', atMs: 60_000, forMs: 60_000, groups: [left, right] }]
      const tasks = options.tasks ?? 500
      return compose({ options, machines, tasks, faults, faultsUntilMs: 120_001, planes: ['network'], checked: true })
    },
    judge: anything,
    makeJudge: (world) => {
      const others = world.nodes.map(({ index }) => index).slice(2)
      return new SplitJudge(world, [[0, 1], others], 60_000, 120_000)
    },
  },
  'fast-failing': {
    about: 'four nodes, of which one fails everything within 50 ms',
    scenario: (options) => {
      const machines = equals(options.nodes ?? 4, 3_000)
      const faultsUntilMs = 600_000
      const faults: Fault[] = [{ kind: 'fails-fast', atMs: 0, forMs: faultsUntilMs, node: 1, error: 'failed' }]
      const tasks = options.tasks ?? 500
      return compose({ options, machines, tasks, faults, faultsUntilMs, planes: ['executor'], checked: true })
    },
    judge: anything,
    // Three, the one after ten seconds, and one for each rest of 1, 2, 4 and 8 minutes; some where others failed before.
    makeJudge: (world) => new FastFailingJudge(world, 1, 16),
  },
  apart: {
    about: 'three nodes, two of which cannot reach each other for three minutes',
    scenario: (options) => {
      // The second needs work of the first.
      const machines = [machine(16_000), machine(4_000, 3), machine(16_000)]
      const faults: Fault[] = [{ kind: 'cut', atMs: 60_000, forMs: 180_000, from: [0], to: [1], oneWay: false }]
      const tasks = options.tasks ?? 240
      return compose({ options, machines, tasks, faults, faultsUntilMs: 240_001, planes: ['network'], checked: true })
    },
    judge: below(1.1),
  },
  'one-of-two': {
    about: 'two nodes, of which one dies for good',
    scenario: (options) => deaths(options, 2, [1]),
    judge: anything,
  },
  'two-of-three': {
    about: 'three nodes, of which two die for good, one after the other',
    scenario: (options) => deaths(options, 3, [1, 2]),
    judge: anything,
  },
  away: {
    about: 'five nodes, of which one has no power for 70 minutes: after 60 others keep its slots',
    scenario: (options) => {
      const machines = equals(options.nodes ?? 5, 3_000)
      const faults: Fault[] = [{ kind: 'power-cut', atMs: MINUTE_MS, node: machines.length - 1, forMs: 70 * MINUTE_MS }]
      const tasks = options.tasks ?? 60
      return compose({
        options,
        machines,
        tasks,
        faults,
        faultsUntilMs: 75 * MINUTE_MS,
        planes: ['process'],
        checked: true,
      })
    },
    judge: anything,
  },
  rolling: {
    about: 'ten nodes, killed and started again one by one, a minute apart',
    scenario: (options) => {
      const machines = equals(options.nodes ?? 10, 4_000)
      const faults: Fault[] = machines.map((_, node) => ({
        kind: 'crash',
        atMs: 60_000 * (node + 1),
        node,
        downMs: 5_000,
      }))
      const faultsUntilMs = 60_000 * (machines.length + 1)
      const tasks = options.tasks ?? 1_500
      return compose({ options, machines, tasks, faults, faultsUntilMs, planes: ['process'], checked: true })
    },
    judge: anything,
  },
  large: {
    about: 'three hundred nodes and a hundred thousand tasks',
    scenario: (options) =>
      compose({
        options,
        machines: tenMachines(options.nodes ?? 300),
        tasks: options.tasks ?? 100_000,
        checked: false,
      }),
    judge: anything,
  },
} as const satisfies { readonly [name: string]: Case }
export type CaseName = keyof typeof CASES

function deaths(options: CaseOptions, count: number, dying: readonly number[]): Scenario {
  const machines = equals(options.nodes ?? count, 3_000)
  const faults: Fault[] = dying
    .filter((node) => node < machines.length)
    .map((node, index) => ({ kind: 'death', atMs: 60_000 * (index + 1), node }))
  const tasks = options.tasks ?? 200
  return compose({ options, machines, tasks, faults, faultsUntilMs: 200_000, planes: ['process'], checked: true })
}
