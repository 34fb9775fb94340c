/** What many seeds came to, for people: failures at once, sums and tables at the end. */
import type { Figures } from './figures.ts'
import type { SeedReport } from './fleet.ts'
import type { RunResult, Violation } from './run.ts'
import { joinersOf } from './scenario.ts'
import { reachableBy, type Sometimes } from './sometimes.ts'

export type Print = (line: string) => void

/** From so many seeds on a rare state that was never reached is a failure. */
const LONG_RUN_SEEDS = 1_000
const FAILURES_SHOWN = 20
const SEEDS_SHOWN = 5
const PROGRESS_EVERY = 100

export interface SummaryOptions {
  readonly seeds: number
  readonly nodes: number
  readonly tasks: number
}

export class Summary {
  /** Ascending by seed once everything is reported. */
  readonly failures: SeedReport[] = []
  readonly #options: SummaryOptions
  readonly #print: Print
  readonly #coverage = new Map<Sometimes, number>()
  #runs = 0
  #sums: { -readonly [K in keyof Figures]: number } | undefined
  #slowest: SeedReport | undefined

  constructor(options: SummaryOptions, print: Print) {
    this.#options = options
    this.#print = print
  }

  add(report: SeedReport): void {
    this.#runs++
    this.#addFigures(report.figures)
    for (const [state, times] of report.coverage) this.#coverage.set(state, times + (this.#coverage.get(state) ?? 0))
    if (report.figures.cpuMs > (this.#slowest?.figures.cpuMs ?? 0)) this.#slowest = report
    if (report.violations.length > 0) {
      this.failures.push(report)
      if (this.failures.length <= FAILURES_SHOWN) this.#printFailure(report)
    }
    if (this.#runs % PROGRESS_EVERY === 0)
      this.#print(`${this.#runs} of ${this.#options.seeds} seeds, ${this.failures.length} failed, ${this.#cpu()}`)
  }

  #addFigures(figures: Figures): void {
    this.#sums ??= { ...figures }
    const sums = this.#sums
    if (this.#runs === 1) return
    for (const key of Object.keys(figures) as (keyof Figures)[]) sums[key] += figures[key]
  }

  #cpu(): string {
    return `CPU ${((this.#sums?.cpuMs ?? 0) / 1_000 / this.#runs).toFixed(3)} s a seed`
  }

  #printFailure({ seed, violations }: SeedReport): void {
    const { nodes, tasks } = this.#options
    this.#print(`seed ${seed} failed: npm run simulate -- --seeds 1 --seed ${seed} --nodes ${nodes} --tasks ${tasks}`)
    printViolations(violations, this.#print)
  }

  /** Answers whether everything is as it must be. */
  print(): boolean {
    const { seeds } = this.#options
    this.failures.sort((a, b) => a.seed - b.seed)
    if (this.#sums !== undefined) printFigures(this.#sums, this.#runs, this.#print)
    if (this.#slowest !== undefined)
      this.#print(`slowest: seed ${this.#slowest.seed}, CPU ${(this.#slowest.figures.cpuMs / 1_000).toFixed(3)} s`)
    const missing = this.#printCoverage()
    this.#printRules()
    this.#print(`${seeds - this.failures.length} of ${seeds} seeds passed`)
    const isLong = seeds >= LONG_RUN_SEEDS
    if (isLong && missing.length > 0) this.#print(`never reached: ${missing.join('; ')}`)
    return this.failures.length === 0 && !(isLong && missing.length > 0)
  }

  /** Those that were never reached, of those that such worlds can reach. */
  #printCoverage(): Sometimes[] {
    const { nodes } = this.#options
    const wanted = reachableBy(nodes + joinersOf(nodes))
    this.#print('sometimes:')
    for (const state of wanted) this.#print(`  ${String(this.#coverage.get(state) ?? 0).padStart(9)} ${state}`)
    return wanted.filter((state) => !this.#coverage.has(state))
  }

  /** By the first rule that each seed broke. */
  #printRules(): void {
    const seedsOf = new Map<string, number[]>()
    for (const { seed, violations } of this.failures) {
      const rule = violations[0]?.rule ?? ''
      const list = seedsOf.get(rule)
      if (list === undefined) seedsOf.set(rule, [seed])
      else list.push(seed)
    }
    if (seedsOf.size > 0) this.#print('rules broken first:')
    for (const [rule, list] of [...seedsOf].sort(([, a], [, b]) => b.length - a.length))
      this.#print(
        `  ${rule.padEnd(5)}${String(list.length).padStart(6)} seeds: ${list.slice(0, SEEDS_SHOWN).join(', ')}`,
      )
  }
}

/** The exit code of a single run. */
export function printResult({ violations, figures, makespan, traceHash }: RunResult, print: Print): number {
  printViolations(violations, print)
  const { ratio, makespanMs, optimumMs, extraPerMillion, idleShares } = makespan
  print(`trace ${traceHash}`)
  print(`ratio ${ratio.toFixed(5)} (makespan ${makespanMs.toFixed(0)} ms, optimum ${optimumMs.toFixed(0)} ms)`)
  print(`extra executions per million ${extraPerMillion.toFixed(0)}`)
  print(`idle share in the last ten minutes: ${idleShares.map((share) => share.toFixed(4)).join(' ')}`)
  printFigures(figures, 1, print)
  return violations.length > 0 ? 1 : 0
}

function printViolations(violations: readonly Violation[], print: Print): void {
  for (const { rule, message, atMs } of violations) print(`  ${rule} at ${(atMs / 1_000).toFixed(3)} s: ${message}`)
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
