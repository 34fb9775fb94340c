/** A task in memory. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { slotOf } from '../../src/core/ids.ts'
import { OpenTask } from '../../src/core/open-task.ts'
import { fold } from '../../src/core/task.ts'
import { storedTaskFacts } from '../support/arbitraries.ts'
import { BATCH, CoreBench, seededFact, stored, taskIn } from '../support/core-bench.ts'

const TASK = taskIn(3)

test('its state is always the fold of its facts', () => {
  fc.assert(
    fc.property(storedTaskFacts, (facts) => {
      const [first, ...others] = facts
      if (first === undefined) return
      const task = new OpenTask([first])
      for (const [at, fact] of others.entries()) {
        task.add(fact)
        expect(task.state).toEqual(fold(facts.slice(0, at + 2)))
      }
      expect(new OpenTask(facts).state).toEqual(task.state)
      for (const { hash } of facts) expect(task.knows(hash)).toBe(true)
      expect([task.id, task.slot]).toEqual([first.fact.task, slotOf(first.fact.task)])
    }),
  )
})

test('it has no index or profile before its prompt is there', () => {
  const task = new OpenTask([stored({ kind: 'cancelled', batch: BATCH, task: TASK, round: 0 })])
  expect([task.index, task.profile, task.knows('none')]).toEqual([0, '', false])
  task.add(stored(seededFact(TASK, 9)))
  expect([task.index, task.profile]).toEqual([9, 'draw'])
})

test('it runs alone from so many losses on that are blamed on it', () => {
  const task = new OpenTask([stored(seededFact(TASK))])
  for (const digit of ['1', '2']) {
    expect(task.runsAlone(2)).toBe(false)
    const about = { batch: BATCH, task: TASK, token: digit.repeat(36) }
    task.add(stored({ kind: 'claimed', ...about, holder: 'b', holderBoot: '00'.repeat(8), round: 0 }))
    task.add(stored({ kind: 'lost', ...about, why: 'holder-restarted' }))
  }
  expect(task.runsAlone(2)).toBe(true)
})

test('it stands in a queue while it is ready, and in memory while it is open', () => {
  const bench = new CoreBench()
  bench.seed([TASK])
  expect([bench.task(TASK).phase, bench.batch.queues.of().get('draw')?.peek()?.id]).toEqual(['ready', TASK])
  bench.grant()
  bench.settle()
  expect([bench.task(TASK).phase, bench.task(TASK).leases, bench.batch.queues.isEmpty]).toEqual(['started', 1, true])
  const [token] = [...bench.parts.places.held.keys()]
  bench.parts.holding.executionEnded(token ?? '', { outcome: 'completed', durationMs: 5, result: { files: [] } })
  bench.settle()
  expect(bench.book.tasks.size).toBe(0)
})
