/** Which task a row of a file is. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Json } from '../../src/core/facts.ts'
import { slotOf } from '../../src/core/ids.ts'
import { TaskNamer } from '../../src/core/task-identity.ts'
import { sha256 } from '../support/core-disk.ts'

const BATCH = '00'.repeat(8)
const row = fc.record({
  prompt: fc.constantFrom('a cat', 'a dog', 'ä'),
  params: fc.constantFrom<{ [name: string]: Json }>({}, { seed: 1 }, { seed: 1, size: [2, 3] }),
})
type Row = { readonly prompt: string; readonly params: { readonly [name: string]: Json } }

function idsOf(rows: readonly Row[], batch = BATCH, profile = 'draw'): string[] {
  const namer = new TaskNamer(sha256, batch, profile)
  return rows.map((each) => namer.next(each).task)
}

describe('the id of a task', () => {
  test('is the same for the same rows in any order, and another for each of equal rows', () => {
    const twoOrders = fc
      .array(row, { maxLength: 20 })
      .chain((rows) => fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length })))
    fc.assert(
      fc.property(twoOrders, ([rows, shuffled]) => {
        const ids = idsOf(rows)
        expect(new Set(ids).size).toBe(rows.length)
        expect(idsOf(shuffled).sort()).toEqual(ids.sort())
      }),
    )
  })

  test('tells batch, prompt, parameters and profile apart', () => {
    const one = { prompt: 'a cat', params: {} }
    const ids = [
      idsOf([one]),
      idsOf([one], '11'.repeat(8)),
      idsOf([one], BATCH, 'write'),
      idsOf([{ prompt: 'a dog', params: {} }]),
      idsOf([{ prompt: 'a cat', params: { seed: 1 } }]),
    ].flat()
    expect(new Set(ids).size).toBe(5)
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/)
  })

  test('does not hang on the order of the keys of its parameters', () => {
    const [one, other] = [
      { a: 1, b: { c: 2, d: 3 } },
      { b: { d: 3, c: 2 }, a: 1 },
    ]
    expect(idsOf([{ prompt: 'a cat', params: one }])).toEqual(idsOf([{ prompt: 'a cat', params: other }]))
  })

  test('has its slot in the ring', () => {
    for (const id of idsOf(Array(50).fill({ prompt: 'a cat', params: {} }))) {
      expect(slotOf(id)).toBeGreaterThanOrEqual(0)
      expect(slotOf(id)).toBeLessThan(16_384)
    }
  })
})

test('rows are numbered as they stand in the file', () => {
  const namer = new TaskNamer(sha256, BATCH, 'draw')
  const rows = ['x', 'x', 'y'].map((prompt) => namer.next({ prompt, params: {} }))
  expect(rows.map(({ index, prompt }) => [index, prompt])).toEqual([
    [0, 'x'],
    [1, 'x'],
    [2, 'y'],
  ])
})

test('a row that no fact could carry is refused with its number', () => {
  const namer = new TaskNamer(sha256, BATCH, 'draw')
  namer.next({ prompt: 'fine', params: {} })
  expect(() => namer.next({ prompt: 'x'.repeat(70_000), params: {} })).toThrow(/row 2/)
})
