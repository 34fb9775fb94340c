/** The words that queues, tasks and claims share about contested slots. */
import { expect, test } from 'vitest'
import { CONTESTED, CONTESTS, FIRM, ORPHANED, REACH, shuffleOf } from '../../src/core/contest.ts'
import { taskIn } from '../support/core-bench.ts'

test('a claim reaches what it names and what is less contested; a copy is made of firm tasks alone', () => {
  expect([...CONTESTS]).toEqual([FIRM, CONTESTED, ORPHANED])
  expect([...CONTESTS]).toEqual([...CONTESTS].sort((a, b) => a - b))
  expect(REACH).toEqual({ work: FIRM, contested: CONTESTED, orphaned: ORPHANED, late: FIRM })
})

test('the number of a task is its own on each node, the same each time, and spread over 32 bits', () => {
  const tasks = Array.from({ length: 1_000 }, (_, at) => taskIn(at, at))
  const numbers = tasks.map((task) => shuffleOf('a', task))
  expect(tasks.map((task) => shuffleOf('a', task))).toEqual(numbers)
  expect(new Set(numbers).size).toBe(1_000)
  for (const number of numbers) expect(Number.isInteger(number) && number >= 0 && number < 2 ** 32).toBe(true)
  expect(numbers.filter((number) => number < 2 ** 31).length).toBeGreaterThan(400)
  expect(numbers.filter((number) => number < 2 ** 31).length).toBeLessThan(600)
  expect(tasks.filter((task, at) => shuffleOf('b', task) === numbers[at])).toEqual([])
})
