/** Numbers of what other nodes are asked. */
import { expect, test } from 'vitest'
import { firstNumberOf } from '../../src/core/world.ts'

test('the numbers of two boots do not meet, and stay whole', () => {
  const [low, high] = ['000001', 'ffffff'].map((begin) => firstNumberOf(begin.padEnd(16, '0'))) as [number, number]
  expect(high - low).toBeGreaterThan(2 ** 28)
  expect(firstNumberOf('0000020000000000') - low).toBe(2 ** 28)
  expect(Number.isSafeInteger(high + 2 ** 28)).toBe(true)
})
