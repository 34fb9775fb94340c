/**
 * Seeds that nobody has run before, for every commit: the first one comes from the hash of the commit, so that a run
 * can be had again. SIMULATION_SEED names another.
 */
import { execFileSync } from 'node:child_process'
import { runSeed } from './run.ts'

/** Below that many, so that what is counted up from it stays a safe whole number. */
const SEEDS = 2 ** 40
const HASH_DIGITS = 10

export function firstSeed(): number {
  const given = Number(process.env['SIMULATION_SEED'] ?? Number.NaN)
  if (Number.isSafeInteger(given) && given > 0) return given
  return Number.parseInt(commit().slice(0, HASH_DIGITS), 16) % SEEDS
}

/** The commit under test; the day where there is no repository. */
function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8', stdio: 'pipe' })
  } catch {
    return new Date().toISOString().slice(0, 10).replaceAll('-', '')
  }
}

/** What went wrong in so many seeds, each with the command that plays it again. */
export function failuresOf(seeds: number, nodes: number, tasks: number): string[] {
  const first = firstSeed()
  return Array.from({ length: seeds }, (_, index) => first + index).flatMap((seed) => {
    const [violation] = runSeed({ seed, nodes, tasks, traced: false }).violations
    if (violation === undefined) return []
    const { rule, message } = violation
    return `${rule} ${message} (npm run simulate -- --seeds 1 --seed ${seed} --nodes ${nodes} --tasks ${tasks})`
  })
}
