import { expect, test } from 'vitest'
import { CASES } from './cases.ts'
import { runScenario } from './run.ts'

test('two nodes that only a third reaches go on with their work through it, and nobody is held for dead', () => {
  const scenario = CASES.apart.scenario({ seed: 1 })
  const { violations, figures, coverage, makespan } = runScenario(scenario, {})
  const calm = runScenario({ ...scenario, faults: [] }, {})
  expect(violations).toEqual([])
  expect(figures).toMatchObject({ tasks: 240, executions: 240 })
  expect(coverage.get('message relayed')).toBeGreaterThan(100)
  expect(coverage.get('ended relayed')).toBeGreaterThan(0)
  expect(coverage.get('rumour told')).toBeUndefined()
  expect(coverage.get('lost: never renewed')).toBeUndefined()
  expect(coverage.get('slot taken over'), 'no slot changes hands because of it').toBe(
    calm.coverage.get('slot taken over'),
  )
  expect(makespan.ratio).toBeLessThan(1.1)
})
