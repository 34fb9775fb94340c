/** Commits that no other node has a copy of. */
import { expect, test } from 'vitest'
import { SingleCommits } from '../../src/core/single-commits.ts'
import { seededFact, stored, taskIn } from '../support/core-bench.ts'

const FIRST = [stored(seededFact(taskIn(1)))]
const SECOND = [stored(seededFact(taskIn(2)))]

function setUp() {
  const singles = new SingleCommits()
  const told: unknown[] = []
  singles.onSingle = (facts) => told.push(facts)
  return { singles, told }
}

test('have one copy, all others two', () => {
  const { singles } = setUp()
  singles.add(2, FIRST)
  singles.add(4, SECOND)
  expect([1, 2, 3, 4, 5].map((ticket) => singles.copiesOf(ticket))).toEqual([2, 1, 2, 1, 2])
})

test('are told of when they are known, and again once they are synced', () => {
  const { singles, told } = setUp()
  singles.add(1, FIRST)
  singles.add(2, SECOND)
  expect(told).toEqual([FIRST, SECOND])
  singles.synced(1)
  expect(told).toEqual([FIRST, SECOND, FIRST])
  singles.synced(3)
  singles.synced(4)
  expect(told).toEqual([FIRST, SECOND, FIRST, SECOND])
})

test('that were synced before it was known are told of once', () => {
  const { singles, told } = setUp()
  singles.synced(3)
  singles.add(3, FIRST)
  singles.synced(4)
  expect(told).toEqual([FIRST])
})
