/**
 * Tries a planted bug on one seed after the other until the rule that it breaks is reported: the proof that the checker
 * of that rule bites.
 *
 * 1. A bug counts as caught by its own rule alone, whatever else it sets off.
 */
import { PLANTED, type Planted, type PlantedName } from './planted.ts'
import { type RunOptions, runSeed } from './run.ts'

export interface Trial {
  readonly name: PlantedName
  readonly rule: string
  readonly nodes: number
  /** How many seeds it took; undefined where none of them caught it. */
  readonly seeds: number | undefined
  readonly cpuMs: number
  /** What else was reported on the way, in order. */
  readonly others: readonly string[]
}

export interface TrialOptions {
  readonly seed: number
  readonly seedsMax: number
  readonly tasks: number
}

export function tryPlanted(name: PlantedName, nodes: number, { seed, seedsMax, tasks }: TrialOptions): Trial {
  const { rule, planes, says = '' }: Planted = PLANTED[name]
  const cpuBefore = process.cpuUsage()
  const others = new Set<string>()
  let seeds: number | undefined
  for (let number = 0; number < seedsMax && seeds === undefined; number++) {
    const broken = rulesBroken(
      { seed: seed + number, nodes, tasks, planted: name, until: rule, ...(planes && { planes }) },
      rule,
    )
    if (broken.get(rule)?.includes(says)) seeds = number + 1
    for (const each of broken.keys()) if (each !== rule) others.add(each)
  }
  const { user, system } = process.cpuUsage(cpuBefore)
  return { name, rule, nodes, seeds, cpuMs: (user + system) / 1_000, others: [...others] }
}

/** Rules that the seed breaks, and how; that the same seed gives the same run shows only where it is run twice. */
function rulesBroken(options: RunOptions, rule: string): Map<string, string> {
  const { violations, traceHash } = runSeed(options)
  const broken = new Map(violations.map((violation) => [violation.rule, violation.message]))
  if (rule === 'I12' && runSeed(options).traceHash !== traceHash) broken.set(rule, 'another trace')
  return broken
}
