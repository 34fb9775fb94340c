/** What `npm run simulate` does: runs seeds, planted bugs, cases and replays, and says what came out. */
import { appendFileSync, mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { CASES, type Case, type CaseName } from './cases.ts'
import { PLANES, type Plane } from './conditions.ts'
import { runFleet, type SeedReport, serveSeeds } from './fleet.ts'
import { PLANTED, type PlantedName } from './planted.ts'
import { type Trial, tryPlanted } from './planted-trial.ts'
import { play, type Replay, readReplay, writeReplay } from './replay.ts'
import { runScenario } from './run.ts'
import { Shrinking } from './shrink.ts'
import { type Print, printResult, Summary } from './summary.ts'
import { measureTakeover } from './takeover-times.ts'

const USAGE = `npm run simulate -- [--seeds N] [--seed S] [--nodes K] [--tasks T] [--planes a,b] [--planted BUG]
                   [--processes P] [--out DIR] [--no-shrink] | --planted all [--seeds N] [--seed S] [--tasks T]
                   | --case NAME [--nodes K] [--tasks T] [--seed S] | --replay FILE`
const SHRINKING_RUNS_MAX = 200
const PLANTED_SEEDS = 1_000
const PLANTED_TASKS = 40
/** By then every node has taken over the slots that it wins. */
const DIES_MS = 90_000

interface Settings {
  readonly seeds: number
  readonly seed: number
  readonly nodes: number
  readonly tasks: number
  readonly planes: readonly Plane[]
  readonly planted: PlantedName | undefined
  readonly processes: number
  readonly out: string
  readonly shrinks: boolean
}

/** The exit code: 0, or 1 where something must not be, or 2 where the arguments make no sense. */
export async function simulate(argv: readonly string[], script: string, print: Print): Promise<number> {
  if (argv[0] === '--child') {
    serveSeeds()
    return 0
  }
  try {
    const { values } = parse(argv)
    if (values.help === true) print(USAGE)
    else if (values.replay !== undefined) return printResult(play(readReplay(values.replay)), print)
    else if (values.case !== undefined) return runCase(values.case, values, print)
    else if (values.planted === 'all') return runPlanted(values, print)
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
  'no-shrink': { type: 'boolean' },
  help: { type: 'boolean' },
} as const

const parse = (argv: readonly string[]) => parseArgs({ args: [...argv], options: OPTIONS })
type Values = ReturnType<typeof parse>['values']
type NumberName = 'seeds' | 'seed' | 'nodes' | 'tasks' | 'processes'

function numberOf(values: Values, name: NumberName): number | undefined {
  const text = values[name]
  if (text === undefined) return undefined
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
    throw new TypeError(`no planted bug ${planted}: there are all, ${Object.keys(PLANTED).join(', ')}`)
  return {
    seeds: numberOf(values, 'seeds') ?? 100,
    seed: numberOf(values, 'seed') ?? 1,
    nodes: numberOf(values, 'nodes') ?? 5,
    tasks: numberOf(values, 'tasks') ?? 200,
    planes: planes as readonly Plane[],
    planted: planted as PlantedName | undefined,
    processes: Math.min(2, numberOf(values, 'processes') ?? 2),
    out: values.out ?? '.',
    shrinks: values['no-shrink'] !== true,
  }
}

async function runSeeds(settings: Settings, script: string, print: Print): Promise<number> {
  const { seeds, seed, nodes, tasks, planes, planted, processes, out } = settings
  mkdirSync(out, { recursive: true })
  const failuresPath = join(out, 'failures.jsonl')
  rmSync(failuresPath, { force: true })
  const summary = new Summary(settings, print)
  const onReport = (report: SeedReport) => {
    summary.add(report)
    if (report.violations.length === 0) return
    appendFileSync(failuresPath, `${JSON.stringify(replayOf(report, settings))}\n`)
  }
  const list = Array.from({ length: seeds }, (_, index) => seed + index)
  await runFleet({ seeds: list, nodes, tasks, planes, ...(planted && { planted }), processes, script, onReport })
  const isFine = summary.print()
  const [first] = summary.failures
  if (first !== undefined && settings.shrinks) shrink(first, settings, print)
  return isFine ? 0 : 1
}

function replayOf({ seed, planes, faults, violations: [violation] }: SeedReport, settings: Settings): Replay {
  const { nodes, tasks, planted } = settings
  return { seed, nodes, tasks, planes, faults, ...(violation && { violation }), ...(planted && { planted }) }
}

function shrink(report: SeedReport, settings: Settings, print: Print): void {
  const [violation] = report.violations
  if (violation === undefined || violation.rule === 'I12') return
  const { seed } = report
  print(`seed ${seed}: looking for a smaller run that fails by ${violation.rule}`)
  const shrinking = new Shrinking(replayOf(report, settings), violation.rule, SHRINKING_RUNS_MAX)
  const smallest = shrinking.shrink()
  const path = resolve(join(settings.out, `simulation-${seed}.json`))
  writeReplay(path, smallest)
  const { nodes, tasks, faults } = smallest
  print(`${nodes} nodes, ${tasks} tasks, ${faults.length} faults, after ${shrinking.runs} runs:`)
  print(`  npm run simulate -- --replay ${path}`)
}

/** Every planted bug, each until its own rule is reported. */
function runPlanted(values: Values, print: Print): number {
  const options = {
    seed: numberOf(values, 'seed') ?? 1,
    seedsMax: numberOf(values, 'seeds') ?? PLANTED_SEEDS,
    tasks: numberOf(values, 'tasks') ?? PLANTED_TASKS,
  }
  const trials = Object.entries(PLANTED).flatMap(([name, { sizes }]) =>
    sizes.map((nodes) => {
      const trial = tryPlanted(name as PlantedName, nodes, options)
      print(tellTrial(trial))
      return trial
    }),
  )
  const missed = trials.filter(({ seeds }) => seeds === undefined)
  const cpuMs = trials.reduce((sum, trial) => sum + trial.cpuMs, 0)
  print(`${trials.length - missed.length} of ${trials.length} caught, CPU ${(cpuMs / 1_000).toFixed(1)} s`)
  return missed.length > 0 ? 1 : 0
}

function tellTrial({ rule, name, nodes, seeds, cpuMs, others }: Trial): string {
  const where = `${rule.padEnd(4)}${name.padEnd(26)}${nodes} ${nodes === 1 ? 'node ' : 'nodes'}`
  const outcome = seeds === undefined ? 'NOT CAUGHT' : `caught after ${seeds} ${seeds === 1 ? 'seed' : 'seeds'}`
  const rest = others.length > 0 ? `; before that ${others.join(', ')}` : ''
  return `${where} ${outcome}, CPU ${(cpuMs / 1_000).toFixed(1)} s${rest}`
}

function runCase(name: string, values: Values, print: Print): number {
  if (name === 'takeover') return takeover(values, print)
  if (!(name in CASES)) throw new TypeError(`no case ${name}: there are ${Object.keys(CASES).join(', ')}, takeover`)
  const { about, scenario, judge, makeJudge }: Case = CASES[name as CaseName]
  const seed = numberOf(values, 'seed') ?? 1
  print(`${name}: ${about}`)
  const options = { seed, nodes: numberOf(values, 'nodes'), tasks: numberOf(values, 'tasks') }
  const result = runScenario(scenario(options), { makeJudge })
  const code = printResult(result, print)
  if (result.judged !== undefined) print(result.judged.said)
  const wrong = judge(result.makespan) ?? result.judged?.problem
  if (wrong !== undefined) print(wrong)
  return wrong === undefined ? code : 1
}

/** When a death is known, and the slots of the dead are served again; and what a node says while nothing happens. */
function takeover(values: Values, print: Print): number {
  const nodes = numberOf(values, 'nodes') ?? 300
  const options = { seed: numberOf(values, 'seed') ?? 1, nodes, tasks: numberOf(values, 'tasks') ?? 50 * nodes }
  const times = measureTakeover(CASES.large.scenario(options), DIES_MS)
  const { knownMs, servedMs, slots, perNodeSecond, connections } = times
  const { messages, bytes, gossipBytes } = perNodeSecond
  print(`takeover: the last of ${nodes} nodes dies with its machine after ${DIES_MS / 1_000} s`)
  print(`known by the first after ${knownMs[0]} ms, by half after ${knownMs[1]} ms, by all after ${knownMs[2]} ms`)
  print(`half of its ${slots} slots served again after ${servedMs[0]} ms, all after ${servedMs[1]} ms`)
  print(
    `a node says ${messages.toFixed(1)} messages of ${bytes.toFixed(0)} bytes a second, gossips ${gossipBytes.toFixed(0)} bytes a second, has ${connections.toFixed(1)} connections`,
  )
  return Number.isFinite(knownMs[2]) && Number.isFinite(servedMs[1]) ? 0 : 1
}
