/** Tasks that may be granted, by the contest of their slots and by profile. */
import { expect, test } from 'vitest'
import { BatchQueues } from '../../src/core/batch-queues.ts'
import { CONTESTED, type Contest, FIRM, ORPHANED } from '../../src/core/contest.ts'
import { OpenTask } from '../../src/core/open-task.ts'
import { seededFact, stored, taskIn } from '../support/core-bench.ts'

function ready(at: number, contest: Contest = FIRM, profile = 'draw'): OpenTask {
  const task = new OpenTask([stored({ ...seededFact(taskIn(at), at), profile })])
  task.phase = 'ready'
  task.contest = contest
  return task
}

test('a task stands in the queue of its contest and profile', () => {
  const queues = new BatchQueues()
  const [firm, contested, orphaned, write] = [
    ready(1),
    ready(2, CONTESTED),
    ready(3, ORPHANED),
    ready(4, FIRM, 'write'),
  ]
  for (const task of [firm, contested, orphaned, write]) queues.add(task)
  expect(queues.of().get('draw')?.peek()).toBe(firm)
  expect(queues.of().get('write')?.peek()).toBe(write)
  expect(queues.of(CONTESTED).get('draw')?.peek()).toBe(contested)
  expect(queues.of(ORPHANED).get('draw')?.peek()).toBe(orphaned)
  expect([queues.size(), queues.size(CONTESTED), queues.size(ORPHANED)]).toEqual([2, 1, 1])
})

test('an entry that became void stays until it is looked at', () => {
  const queues = new BatchQueues()
  const task = ready(1)
  queues.add(task)
  task.contest = CONTESTED
  queues.add(task)
  expect(queues.of().get('draw')?.size).toBe(1)
  expect(queues.of().get('draw')?.peek()).toBeUndefined()
  expect([queues.size(), queues.size(CONTESTED)]).toEqual([0, 1])
})

test('void entries alone count for nothing, also in a queue that nobody looks at', () => {
  const queues = new BatchQueues()
  const tasks = [1, 2, 3].map((at) => ready(at, ORPHANED))
  for (const task of tasks) queues.add(task)
  expect(queues.size(ORPHANED)).toBe(3)
  for (const task of tasks) task.contest = FIRM
  expect(queues.size(ORPHANED)).toBe(0)
  expect(queues.isEmpty).toBe(true)
})

test('they are empty where no queue has an entry', () => {
  const queues = new BatchQueues()
  expect(queues.isEmpty).toBe(true)
  queues.add(ready(1, ORPHANED))
  expect(queues.isEmpty).toBe(false)
  queues.clear()
  expect([queues.isEmpty, queues.size(ORPHANED)]).toEqual([true, 0])
})
