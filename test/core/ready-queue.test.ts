/** Which task comes next, whatever became of those that were put in. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeFact } from '../../src/core/fact-record.ts'
import { OpenTask } from '../../src/core/open-task.ts'
import { ReadyQueue } from '../../src/core/ready-queue.ts'
import { sha256 } from '../support/core-disk.ts'

function taskOf(index: number): OpenTask {
  const id = index.toString(16).padStart(32, '0')
  const about = { batch: '00'.repeat(8), task: id, prompt: `prompt ${index}`, params: {}, profile: 'draw' }
  return new OpenTask([makeFact({ kind: 'seeded', index, ...about }, sha256)])
}

function makeReady(queue: ReadyQueue, task: OpenTask, rank: OpenTask['rank']): void {
  task.phase = 'ready'
  task.rank = rank
  queue.push(task)
}

/** Takes out everything as a grant does. */
function drain(queue: ReadyQueue): number[] {
  const order: number[] = []
  for (let task = queue.peek(); task !== undefined; task = queue.peek()) {
    order.push(task.index)
    task.phase = 'claimed'
    queue.pop()
  }
  return order
}

describe('a queue of ready tasks', () => {
  test('gives them by rank, then by index', () => {
    const queue = new ReadyQueue()
    makeReady(queue, taskOf(1), 2)
    makeReady(queue, taskOf(4), 0)
    makeReady(queue, taskOf(3), 1)
    makeReady(queue, taskOf(2), 1)
    makeReady(queue, taskOf(5), 0)
    expect(drain(queue)).toEqual([4, 5, 2, 3, 1])
    expect(queue.size).toBe(0)
  })

  test('keeps one entry of a task that rested and is ready again', () => {
    const queue = new ReadyQueue()
    const task = taskOf(7)
    makeReady(queue, task, 1)
    task.phase = 'resting'
    makeReady(queue, task, 1)
    expect(queue.size).toBe(1)
    expect(drain(queue)).toEqual([7])
  })

  test('gives nothing for an entry whose task is not ready any more', () => {
    const queue = new ReadyQueue()
    const task = taskOf(7)
    makeReady(queue, task, 0)
    task.phase = 'over'
    expect(queue.peek()).toBeUndefined()
    expect(queue.size).toBe(0)
  })

  test('keeps its order where a task has another rank than it was put in with', () => {
    const queue = new ReadyQueue()
    const tasks = [0, 1, 2, 3, 4, 5, 6].map(taskOf)
    for (const task of tasks) makeReady(queue, task, 0)
    makeReady(queue, tasks[0] as OpenTask, 2)
    makeReady(queue, tasks[2] as OpenTask, 1)
    expect(drain(queue)).toEqual([1, 3, 4, 5, 6, 2, 0])
  })

  test('always gives the first of the tasks that are ready, each once', () => {
    const deed = fc.record({
      task: fc.nat(9),
      rank: fc.constantFrom(0, 1, 2) as fc.Arbitrary<OpenTask['rank']>,
      what: fc.constantFrom('ready', 'ready', 'rest', 'take'),
    })
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 60 }), (deeds) => {
        const queue = new ReadyQueue()
        const tasks = Array.from({ length: 10 }, (_, index) => taskOf(index))
        const first = () =>
          tasks
            .filter(({ phase }) => phase === 'ready')
            .sort((a, b) => a.rank - b.rank || a.index - b.index)
            .at(0)
        for (const { task: at, rank, what } of deeds) {
          const task = tasks[at] as OpenTask
          if (what === 'rest') task.phase = 'resting'
          else if (what === 'ready' && task.phase !== 'ready') makeReady(queue, task, rank)
          else if (what === 'take' && queue.peek() !== undefined) {
            ;(queue.peek() as OpenTask).phase = 'claimed'
            queue.pop()
          }
          expect(queue.peek()).toBe(first())
        }
        const ready = tasks.filter(({ phase }) => phase === 'ready').length
        expect(drain(queue)).toHaveLength(ready)
        expect(queue.size).toBe(0)
      }),
      { numRuns: 1_000 },
    )
  })
})
