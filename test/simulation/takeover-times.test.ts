import { expect, test } from 'vitest'
import { CASES } from './cases.ts'
import { measureTakeover } from './takeover-times.ts'

test('the slots of a node whose machine dies are served again within 20 s', () => {
  const scenario = CASES.large.scenario({ seed: 1, nodes: 8, tasks: 400 })
  const { knownMs, servedMs, slots, connections } = measureTakeover(scenario, 90_000)
  expect(slots).toBeGreaterThan(1_000)
  expect(knownMs[0]).toBeGreaterThan(5_000)
  expect(knownMs[2]).toBeLessThan(16_000)
  expect(servedMs[1]).toBeLessThan(20_000)
  expect(connections).toBe(7)
})
