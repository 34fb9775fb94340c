/** What people will seed: a batch and the rows of its file, each a pure function of its number. */
import type { Params } from '../../src/core/facts.ts'
import type { Random } from './random.ts'

export interface BatchPlan {
  readonly name: string
  readonly profile: string
  readonly priority: number
  readonly maxAttempts: number
  readonly tasks: number
  /** When it is seeded, and at which nodes. */
  readonly atMs: number
  readonly nodes: readonly number[]
}

/** The row of that number. Some rows are equal to the one before: they are different tasks all the same. */
export function promptOf(plan: BatchPlan, row: number): { prompt: string; params: Params } {
  const number = row % 40 === 39 ? row - 1 : row
  return { prompt: `${plan.name} ${number}`, params: number % 3 === 0 ? { seed: number } : {} }
}

/** Batches of `tasks` rows together; some are seeded at two nodes at once. */
export function drawBatches(random: Random, tasks: number, nodes: number, maxAttempts: number): BatchPlan[] {
  const count = Math.min(tasks, random.pick([1, 1, 2, 3]))
  const withinMs = random.pick([0, 0, 60_000])
  let left = tasks
  return Array.from({ length: count }, (_, index) => {
    const share =
      index === count - 1 ? left : Math.max(1, Math.round((left / (count - index)) * random.between(0.5, 1.5)))
    const its = Math.min(share, left)
    left -= its
    const first = random.below(nodes)
    return {
      name: `batch-${index}`,
      profile: random.chance(0.7) ? 'draw' : 'write',
      priority: random.pick([0, 0, 0, 1, -1]),
      maxAttempts,
      tasks: its,
      atMs: random.between(0, withinMs),
      nodes: random.chance(0.3) ? [first, random.below(nodes)] : [first],
    }
  }).filter((plan) => plan.tasks > 0)
}
