import { expect, test } from 'vitest'
import { partsBy } from '../../src/core/parts.ts'

const size = (item: number) => item

test('a list is cut where the bytes or the items of a part would be too many', () => {
  expect(partsBy([3, 3, 3, 9, 1, 1, 1, 1], size, 6, 3)).toEqual([[3, 3], [3], [9], [1, 1, 1], [1]])
})

test('nothing has no parts, and an item that is too long has one alone', () => {
  expect(partsBy([], size, 6)).toEqual([])
  expect(partsBy([20, 1], size, 6)).toEqual([[20], [1]])
})
