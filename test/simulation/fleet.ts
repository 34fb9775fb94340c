/**
 * Many seeds, run by a few processes.
 *
 * 1. Each seed is run once; every `TWICE_EVERY`th twice, to see that it is the same run (I12).
 */
import { type ChildProcess, fork } from 'node:child_process'
import type { Plane } from './conditions.ts'
import type { Fault } from './faults.ts'
import type { Figures } from './figures.ts'
import type { PlantedName } from './planted.ts'
import { type RunOptions, runSeed, type Violation } from './run.ts'
import type { Sometimes } from './sometimes.ts'

export interface SeedReport {
  readonly seed: number
  readonly violations: readonly Violation[]
  readonly coverage: readonly (readonly [Sometimes, number])[]
  readonly figures: Figures
  readonly planes: readonly Plane[]
  /** Where something went wrong: all of its faults. */
  readonly faults: readonly Fault[]
}

export interface FleetOptions {
  readonly seeds: readonly number[]
  readonly nodes: number
  readonly tasks: number
  readonly planes?: readonly Plane[]
  readonly planted?: PlantedName
  readonly processes: number
  /** The script that calls `serveSeeds`. */
  readonly script: string
  readonly onReport: (report: SeedReport) => void
}

const TWICE_EVERY = 25
/** A world of objects that live for one seed: a larger nursery, and no threads for it beside the other children. */
const CHILD_FLAGS = ['--max-semi-space-size=64', '--single-threaded-gc']

/** Runs one seed as a part of many. */
function reportOf(options: RunOptions): SeedReport {
  const twice = options.seed % TWICE_EVERY === 0
  const { violations, coverage, figures, scenario, traceHash } = runSeed({ ...options, traced: twice })
  const found = [...violations]
  if (twice) {
    const again = runSeed(options).traceHash
    if (again !== traceHash)
      found.push({ rule: 'I12', message: `the same seed gave the traces ${traceHash} and ${again}`, atMs: 0 })
  }
  return {
    seed: options.seed,
    violations: found,
    coverage: [...coverage],
    figures,
    planes: scenario.conditions.planes,
    faults: found.length > 0 ? scenario.faults : [],
  }
}

/** In a child: runs what the parent asks for, one seed after the other. */
export function serveSeeds(): void {
  process.on('message', (options: RunOptions) => process.send?.(reportOf(options)))
}

/** Resolves when every seed has been reported. @throws Error where a child ends before that */
export async function runFleet(options: FleetOptions): Promise<void> {
  const waiting = [...options.seeds]
  const children = Math.min(options.processes, waiting.length)
  await Promise.all(Array.from({ length: children }, () => runChild(options, waiting)))
}

function runChild(options: FleetOptions, waiting: number[]): Promise<void> {
  const { script, nodes, tasks, planes, planted, onReport } = options
  const child = fork(script, ['--child'], { execArgv: CHILD_FLAGS })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const next = () => {
    const seed = waiting.shift()
    if (seed === undefined) finish(child)
    else child.send({ seed, nodes, tasks, ...(planes && { planes }), ...(planted && { planted }) } satisfies RunOptions)
  }
  child.on('message', (report: SeedReport) => {
    onReport(report)
    next()
  })
  child.on('error', reject)
  child.on('exit', (code) => {
    if (code === 0) resolve()
    else reject(new Error(`a child that ran seeds ended with ${code}`))
  })
  next()
  return promise
}

function finish(child: ChildProcess): void {
  child.disconnect()
}
