/**
 * One run: a scenario, the code under test, every checker.
 *
 * 1. A run ends when everything has come to rest and stayed so for a while, soon after the first thing that must not
 *    be, or when time is over; it always ends.
 */
import type { MakeJudge } from './case-judges.ts'
import { makeCheckers } from './checkers/all.ts'
import type { Plane } from './conditions.ts'
import type { CoreFactory } from './core.ts'
import { Coverage } from './coverage.ts'
import type { Fault } from './faults.ts'
import { type Figures, figuresOf } from './figures.ts'
import { Makespan, type MakespanFigures } from './makespan.ts'
import { PLANTED, type Planted, type PlantedName } from './planted.ts'
import { Progress } from './progress.ts'
import { drawScenario, type Scenario } from './scenario.ts'
import type { Sometimes } from './sometimes.ts'
import { Trace } from './trace.ts'
import { Watch } from './watch.ts'
import { World } from './world.ts'

export interface RunOptions {
  readonly seed: number
  readonly nodes: number
  readonly tasks: number
  /** Planes that may be on; all unless said. */
  readonly planes?: readonly Plane[]
  /** Instead of those that the seed draws. */
  readonly faults?: readonly Fault[]
  /** A bug that is planted between the cores and the world. */
  readonly planted?: PlantedName
  /** Goes on until this rule is broken, whatever else is; usually a run ends soon after the first thing that is. */
  readonly until?: string
  /** Another machine under test than the real core. */
  readonly makeCore?: CoreFactory
  /** Watches besides the checkers, and is asked at the end. */
  readonly makeJudge?: MakeJudge | undefined
  /** False where nobody compares the trace: to hash it takes a twentieth of a run. */
  readonly traced?: boolean
}

export interface Violation {
  /** P1..P6, I1..I13, or `core` where the core threw. */
  readonly rule: string
  readonly message: string
  /** Virtual time. */
  readonly atMs: number
}

export interface RunResult {
  /** The first of each rule. */
  readonly violations: readonly Violation[]
  /** Empty where the run was not traced. */
  readonly traceHash: string
  readonly coverage: ReadonlyMap<Sometimes, number>
  readonly figures: Figures
  readonly makespan: MakespanFigures
  readonly scenario: Scenario
  /** What the judge says, and what it finds wrong. */
  readonly judged: { readonly said: string; readonly problem: string | undefined } | undefined
}

/** What follows soon after the first violation may explain it; what comes later is its consequence. */
const AFTERMATH_MS = 60_000
/** Nothing may take longer than this after the last fault, or after the last execution while the slowest node has work. */
const CALM_MS_MAX = 45 * 60_000
/** How long it is watched at rest. */
const REST_MS = 15_000
const LOOK_MS = 1_000
/** A million tasks on one slow machine would take a year. */
const RACE_MS_MAX = 400 * 86_400_000

/** Runs the seed. @throws TypeError where the simulator itself is wrong */
export function runSeed(options: RunOptions): RunResult {
  return runScenario(scenarioOf(options), options)
}

/** What the seed draws, and what its planted bug needs to show. */
export function scenarioOf(options: RunOptions): Scenario {
  const scenario = drawScenario(options)
  const planted: Planted | undefined = options.planted && PLANTED[options.planted]
  if (planted?.conditions === undefined) return scenario
  return { ...scenario, conditions: { ...scenario.conditions, ...planted.conditions } }
}

export function runScenario(
  scenario: Scenario,
  options: Pick<RunOptions, 'planted' | 'makeCore' | 'makeJudge' | 'until' | 'traced'>,
): RunResult {
  const { planted, makeCore, makeJudge, until, traced = true } = options
  const cpuBefore = process.cpuUsage()
  const violations: Violation[] = []
  const world: World = new World({
    scenario,
    plant: planted && PLANTED[planted].plant,
    report: (rule, message) => {
      if (violations.some((each) => each.rule === rule)) return
      violations.push({ rule, message, atMs: world.schedule.nowMs })
    },
    ...(makeCore && { makeCore }),
  })
  const isEnough = () => {
    const [first] = violations
    if (first === undefined) return false
    return until === undefined
      ? world.schedule.nowMs > first.atMs + AFTERMATH_MS
      : violations.some(({ rule }) => rule === until)
  }
  const [trace, coverage, makespan] = [new Trace(world.schedule), new Coverage(world), new Makespan(world)]
  if (traced) world.watch(trace)
  world.watch(makespan)
  const judge = makeJudge?.(world)
  if (judge !== undefined) world.watch(judge)
  if (scenario.checked) live(world, coverage, isEnough)
  else race(world, isEnough)
  coverage.finish()
  return {
    violations,
    traceHash: traced ? trace.hash : '',
    coverage: coverage.counts,
    figures: figuresOf(world, process.cpuUsage(cpuBefore)),
    makespan: makespan.figures(tasksOf(scenario)),
    scenario,
    judged: judge && { said: judge.said(), problem: judge.problem() },
  }
}

/** Under the eyes of every checker, until everything is at rest. */
function live(world: World, coverage: Coverage, isEnough: () => boolean): void {
  const { scenario, schedule } = world
  const watch = new Watch(world)
  world.watch(watch)
  const { all, agreement, answers, liveness } = makeCheckers(world, watch)
  world.watch(...all)
  coverage.watch()
  world.begin()
  world.run(scenario.faultsUntilMs, isEnough)
  if (isEnough()) return
  world.heal()
  const slowestMs = Math.max(...scenario.conditions.nodes.map(({ taskMs }) => taskMs))
  const untilMs = schedule.nowMs + CALM_MS_MAX + tasksOf(scenario) * slowestMs
  let movedMs = schedule.nowMs
  let problem: string | undefined
  do {
    world.run(schedule.nowMs + LOOK_MS, isEnough)
    problem = answers.done ? liveness.problem() : 'not every node has answered'
    const last = world.history.records.at(-1)
    if (last !== undefined) movedMs = Math.max(movedMs, last.endMs ?? schedule.nowMs)
  } while (problem !== undefined && schedule.nowMs < Math.min(untilMs, movedMs + CALM_MS_MAX) && !isEnough())
  if (isEnough()) return
  if (problem !== undefined) {
    world.report('I13', `${schedule.nowMs - (world.calmMs ?? 0)} ms after the last fault ${problem}`)
    return
  }
  agreement.restBegan()
  answers.askAgain()
  world.run(schedule.nowMs + REST_MS, isEnough)
  for (const checker of all) checker.finish?.()
}

/** With an eye on the clock alone, until every task has ended. */
function race(world: World, isEnough: () => boolean): void {
  const { scenario, schedule } = world
  const progress = new Progress()
  world.watch(progress)
  world.begin()
  world.run(scenario.faultsUntilMs, isEnough)
  world.heal()
  const isOver = () => progress.ended >= tasksOf(scenario) && world.operators.content
  world.run(schedule.nowMs + RACE_MS_MAX, isOver)
  if (!isOver()) world.report('I13', `only ${progress.ended} of ${tasksOf(scenario)} tasks have ended`)
}

function tasksOf({ plans }: Scenario): number {
  return plans.reduce((sum, { tasks }) => sum + tasks, 0)
}
