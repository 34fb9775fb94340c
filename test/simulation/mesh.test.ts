import { describe, expect, test } from 'vitest'
import { runSeed } from './run.ts'

describe('a whole mesh of real cores', () => {
  test.for([1, 2, 3])('keeps its promises on three nodes with every kind of fault, seed %i', (seed) => {
    expect(runSeed({ seed, nodes: 3, tasks: 40 }).violations).toEqual([])
  })

  test('keeps them on five nodes without faults, and executes every task once', () => {
    const { violations, figures } = runSeed({ seed: 1, nodes: 5, tasks: 60, planes: [] })
    expect(violations).toEqual([])
    expect(figures).toMatchObject({ tasks: 60, executions: 60 })
  })

  test('does the same again with the same seed', () => {
    const [first, second] = [1, 2].map(() => runSeed({ seed: 4, nodes: 3, tasks: 20 }).traceHash)
    expect(first).toBe(second)
  })
})
