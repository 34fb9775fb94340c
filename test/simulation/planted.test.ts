/** The proof that the checkers bite: each planted bug is reported by the rule that it breaks, within few seeds. */
import { describe, expect, test } from 'vitest'
import { PLANTED, type PlantedName } from './planted.ts'
import { tryPlanted } from './planted-trial.ts'

const RULES = ['P1', 'P2', 'P3', 'P4', 'P5', 'P6', ...Array.from({ length: 12 }, (_, at) => `I${at + 2}`)]
const SEEDS_MAX = 60

test('every promise and every invariant has a planted bug', () => {
  // P1 and I1 are one rule; what breaks it is reported as P1.
  const broken = new Set(Object.values(PLANTED).map(({ rule }) => rule))
  expect([...broken].sort()).toEqual([...RULES].sort())
})

const trials = Object.entries(PLANTED).flatMap(([name, { rule, sizes }]) =>
  sizes.map((nodes) => ({ name: name as PlantedName, rule, nodes })),
)

describe('a planted bug is caught by its own rule', () => {
  test.for(trials)('$rule: $name, nodes: $nodes', { timeout: 60_000 }, ({ name, nodes }) => {
    const { seeds, others } = tryPlanted(name, nodes, { seed: 1, seedsMax: SEEDS_MAX, tasks: 40 })
    expect(seeds, `not caught in ${SEEDS_MAX} seeds; others: ${others.join(', ')}`).toBeDefined()
  })
})
