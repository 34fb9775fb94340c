/** What `npm run simulate` does: runs seeds, cases and replays, and says what came out. */
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { CASES, type Case, type CaseName } from './cases.ts'
import { PLANES, type Plane } from './conditions.ts'
import { SOMETIMES, type Sometimes } from './coverage.ts'
import { MESH_SOMETIMES } from './coverage-mesh.ts'
import type { Figures } from './figures.ts'
import { runFleet, type SeedReport, serveSeeds } from './fleet.ts'
import { PLANTED, type PlantedName } from './planted.ts'
import { optionsOf, type Replay, readReplay, writeReplay } from './replay.ts'
import { type RunResult, runScenario, runSeed, type Violation } from './run.ts'
import { Shrinking } from './shrink.ts'

const USAGE = `npm run simulate -- [--seeds N] [--seed S] [--nodes K] [--tasks T] [--planes a,b] [--planted BUG]
                   [--processes P] [--out DIR] | --case NAME [--nodes K] [--tasks T] [--seed S] | --replay FILE`
/** From so many seeds on a rare state that was never reached is a failure. */
const LONG_RUN_SEEDS = 1_000
const SHRINKING_RUNS_MAX = 200
const FAILURES_SHOWN = 20
const PROGRESS_EVERY = 100

type Print = (line: string) => void

interface Settings {
  readonly seeds: number
  readonly seed: number
  readonly nodes: number
  readonly tasks: number
  readonly planes: readonly Plane[]
  readonly planted: PlantedName | undefined
  readonly processes: number
  readonly out: string
}

/** The exit code: 0, or 1 where something must not be, or 2 where the arguments make no sense. */
export async function simulate(argv: readonly string[], script: string, print: Print): Promise<number> {
  if (argv[0] === '--child') {
    serveSeeds()
    return 0
  }
  try {
    const { values } = parseArgs({ args: [...argv], options: OPTIONS })
    if (values.help === true) print(USAGE)
    else if (values.replay !== undefined) return replay(values.replay, print)
    else if (values.case !== undefined) return runCase(values.case, values, print)
    else return await runSeeds(settingsOf(values), script, print)
    return 0
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    print(`${error.message}\n${USAGE}`)
    return 2
  }
}

const OPTIONS = {
  seeds: { type: 'string' },
  seed: { type: 'string' },
  nodes: { type: 'string' },
  tasks: { type: 'string' },
  planes: { type: 'string' },
  planted: { type: 'string' },
  processes: { type: 'string' },
  out: { type: 'string' },
  case: { type: 'string' },
  replay: { type: 'string' },
  help: { type: 'boolean' },
} as const
type Values = { readonly [K in Exclude<keyof typeof OPTIONS, 'help'>]?: string | undefined }

function numberOf(name: string, text: string | undefined, usual: number): number {
  if (text === undefined) return usual
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1)
    throw new TypeError(`--${name} is ${text}: expected a whole number from 1`)
  return value
}

function settingsOf(values: Values): Settings {
  const planes = values.planes?.split(',') ?? PLANES
  for (const plane of planes)
    if (!PLANES.some((each) => each === plane)) throw new TypeError(`no plane ${plane}: there are ${PLANES.join(', ')}`)
  const { planted } = values
  if (planted !== undefined && !(planted in PLANTED))
    throw new TypeError(`no planted bug ${planted}: there are ${Object.keys(PLANTED).join(', ')}`)
  return {
    seeds: numberOf('seeds', values.seeds, 100),
    seed: numberOf('seed', values.seed, 1),
    nodes: numberOf('nodes', values.nodes, 5),
    tasks: numberOf('tasks', values.tasks, 200),
    planes: planes as readonly Plane[],
    planted: planted as PlantedName | undefined,
    processes: Math.min(2, numberOf('processes', values.processes, 2)),
    out: values.out ?? '.',
  }
}

async function runSeeds(settings: Settings, script: string, print: Print): Promise<number> {
  const { seeds, seed, nodes, tasks, planes, planted, processes } = settings
  const failures: SeedReport[] = []
  const coverage = new Map<Sometimes, number>()
  const totals = new Totals()
  const onReport = (report: SeedReport) => {
    totals.add(report.figures)
    for (const [state, times] of report.coverage) coverage.set(state, times + (coverage.get(state) ?? 0))
    if (report.violations.length > 0) {
      failures.push(report)
      if (failures.length <= FAILURES_SHOWN) printFailure(report, settings, print)
    }
    if (totals.runs % PROGRESS_EVERY === 0) print(`${totals.runs} of ${seeds} seeds, ${failures.length} failed`)
  }
  const list = Array.from({ length: seeds }, (_, index) => seed + index)
  await runFleet({ seeds: list, nodes, tasks, planes, ...(planted && { planted }), processes, script, onReport })
  totals.print(print)
  const missing = printCoverage(coverage, nodes, print)
  const first = failures.sort((a, b) => a.seed - b.seed)[0]
  if (first !== undefined) shrink(first, settings, print)
  print(`${seeds - failures.length} of ${seeds} seeds passed`)
  if (missing.length > 0 && seeds >= LONG_RUN_SEEDS) print(`never reached: ${missing.join('; ')}`)
  return failures.length > 0 || (missing.length > 0 && seeds >= LONG_RUN_SEEDS) ? 1 : 0
}

function printFailure({ seed, violations }: SeedReport, { nodes, tasks }: Settings, print: Print): void {
  print(`seed ${seed} failed: npm run simulate -- --seeds 1 --seed ${seed} --nodes ${nodes} --tasks ${tasks}`)
  printViolations(violations, print)
}

function printViolations(violations: readonly Violation[], print: Print): void {
  for (const { rule, message, atMs } of violations) print(`  ${rule} at ${(atMs / 1_000).toFixed(3)} s: ${message}`)
}

function printCoverage(coverage: ReadonlyMap<Sometimes, number>, nodes: number, print: Print): Sometimes[] {
  const wanted: readonly Sometimes[] = nodes > 1 ? [...SOMETIMES, ...MESH_SOMETIMES] : SOMETIMES
  print('sometimes:')
  for (const state of wanted) print(`  ${String(coverage.get(state) ?? 0).padStart(9)} ${state}`)
  return wanted.filter((state) => !coverage.has(state))
}

function shrink({ seed, planes, faults, violations }: SeedReport, settings: Settings, print: Print): void {
  const [violation] = violations
  if (violation === undefined || violation.rule === 'I12') return
  const { nodes, tasks, planted, out } = settings
  const failing: Replay = { seed, nodes, tasks, planes, faults, violation, ...(planted && { planted }) }
  print(`seed ${seed}: looking for a smaller run that fails by ${violation.rule}`)
  const shrinking = new Shrinking(failing, violation.rule, SHRINKING_RUNS_MAX)
  const smallest = shrinking.shrink()
  const path = resolve(join(out, `simulation-${seed}.json`))
  writeReplay(path, smallest)
  const { faults: left } = smallest
  print(`${smallest.nodes} nodes, ${smallest.tasks} tasks, ${left.length} faults, after ${shrinking.runs} runs:`)
  print(`  npm run simulate -- --replay ${path}`)
}

function replay(path: string, print: Print): number {
  const result = runSeed(optionsOf(readReplay(path)))
  return printResult(result, print)
}

function runCase(name: string, values: Values, print: Print): number {
  if (!(name in CASES)) throw new TypeError(`no case ${name}: there are ${Object.keys(CASES).join(', ')}`)
  const { about, scenario, judge, makeJudge }: Case = CASES[name as CaseName]
  const given = (key: 'nodes' | 'tasks') => (values[key] === undefined ? undefined : numberOf(key, values[key], 1))
  const options = { seed: numberOf('seed', values.seed, 1), nodes: given('nodes'), tasks: given('tasks') }
  print(`${name}: ${about}`)
  const result = runScenario(scenario(options), { makeJudge })
  const code = printResult(result, print)
  if (result.judged !== undefined) print(result.judged.said)
  const wrong = judge(result.makespan) ?? result.judged?.problem
  if (wrong !== undefined) print(wrong)
  return wrong === undefined ? code : 1
}

function printResult({ violations, figures, makespan, traceHash }: RunResult, print: Print): number {
  printViolations(violations, print)
  const { ratio, makespanMs, optimumMs, extraPerMillion, idleShares } = makespan
  print(`trace ${traceHash}`)
  print(`ratio ${ratio.toFixed(5)} (makespan ${makespanMs.toFixed(0)} ms, optimum ${optimumMs.toFixed(0)} ms)`)
  print(`extra executions per million ${extraPerMillion.toFixed(0)}`)
  print(`idle share in the last ten minutes: ${idleShares.map((share) => share.toFixed(4)).join(' ')}`)
  printFigures(figures, 1, print)
  return violations.length > 0 ? 1 : 0
}

function printFigures(figures: Figures, runs: number, print: Print): void {
  const hours = figures.virtualMs / 3_600_000
  print(
    `CPU ${(figures.cpuMs / 1_000 / runs).toFixed(3)} s a run, ${hours.toFixed(1)} virtual hours, ${figures.starts} starts`,
  )
  print(
    `${figures.tasks} tasks, ${figures.facts} facts, ${figures.executions} executions, ${figures.repeated} of them again`,
  )
  print(
    `${figures.steps} steps, ${figures.effects} effects, ${figures.messages} messages of ${figures.messageBytes} bytes, ${figures.lostMessages} lost, ${figures.gossips} gossips of ${figures.gossipBytes} bytes, ${figures.connections} connections`,
  )
}

/** Figures of many runs together. */
class Totals {
  runs = 0
  #sums: { -readonly [K in keyof Figures]: number } | undefined

  add(figures: Figures): void {
    this.runs++
    this.#sums ??= { ...figures }
    const sums = this.#sums
    if (this.runs === 1) return
    for (const key of Object.keys(figures) as (keyof Figures)[]) sums[key] += figures[key]
  }

  print(print: Print): void {
    if (this.#sums !== undefined) printFigures(this.#sums, this.runs, print)
  }
}
