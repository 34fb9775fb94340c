/** Cancelling and retrying tasks that this node owns. */
import { expect, test } from 'vitest'
import type { Fact } from '../../src/core/facts.ts'
import type { TaskId } from '../../src/core/ids.ts'
import { Operator } from '../../src/core/operator.ts'
import { BATCH, CoreBench, seededFact, taskIn } from '../support/core-bench.ts'

const [WAITING, CLAIMED, FAILED, CANCELLED, DONE] = [1, 2, 3, 4, 5].map((slot) => taskIn(slot)) as [
  TaskId,
  TaskId,
  TaskId,
  TaskId,
  TaskId,
]
const token = '1'.repeat(36)

/** A task of each standing. */
function setUp() {
  const bench = new CoreBench(['a', 'b', 'c'])
  const { ledger, claims, loading, ownership, copies } = bench.parts
  bench.parts.places.set('draw', { places: 0, timeoutMs: 1_000 })
  const claim = (task: TaskId): Fact => ({
    kind: 'claimed',
    batch: BATCH,
    task,
    token,
    holder: 'b',
    holderBoot: '0c'.repeat(8),
    round: 0,
  })
  const facts: readonly Fact[] = [
    ...[WAITING, CLAIMED, FAILED, CANCELLED, DONE].map((task, index) => seededFact(task, index)),
    claim(CLAIMED),
    { kind: 'closed', batch: BATCH, task: FAILED, round: 0, why: 'bad-input' },
    { kind: 'cancelled', batch: BATCH, task: CANCELLED, round: 0 },
    claim(DONE),
    { kind: 'ended', batch: BATCH, task: DONE, token, outcome: 'completed', durationMs: 5, result: { files: [] } },
  ]
  bench.store(facts)
  bench.batch.countAnew(ownership.served())
  bench.book.changed()
  for (let time = 0; time < 64; time++) {
    loading.refill()
    bench.settle()
  }
  const operator = new Operator(bench.world, ledger, claims, loading, ownership)
  const changed: number[] = []
  const change = (kind: 'cancel' | 'retry', tasks: readonly TaskId[], stopRunning = false) =>
    operator.changeTasks(bench.batch, kind, tasks, stopRunning, (count) => changed.push(count))
  const standings = () => [WAITING, CLAIMED, FAILED, CANCELLED, DONE].map((task) => bench.state(task)?.standing)
  return { bench, copies, changed, change, standings }
}

const ALL = [WAITING, CLAIMED, FAILED, CANCELLED, DONE]

test('cancel takes tasks that are waiting or claimed, and no others', () => {
  const { bench, changed, change, standings } = setUp()
  expect(standings()).toEqual(['waiting', 'claimed', 'failed', 'cancelled', 'completed'])
  change('cancel', ALL)
  bench.settle()
  expect([changed, standings()]).toEqual([[2], ['cancelled', 'cancelled', 'failed', 'cancelled', 'completed']])
  expect(bench.world.sentOf('kill')).toEqual([])
  expect(bench.batch.counts).toMatchObject({ total: 5, cancelled: 3, failed: 1, completed: 1 })
})

test('retry takes those that are failed or cancelled, which may be granted again', () => {
  const { bench, changed, change, standings } = setUp()
  change('retry', ALL)
  bench.settle()
  expect([changed, standings()]).toEqual([[2], ['waiting', 'claimed', 'waiting', 'waiting', 'completed']])
  expect([bench.task(FAILED).phase, bench.task(CANCELLED).phase, bench.task(FAILED).state.round]).toEqual([
    'ready',
    'ready',
    1,
  ])
})

test('an answer comes after the change is synced, here and elsewhere', () => {
  const { bench, changed, change } = setUp()
  change('cancel', [WAITING])
  bench.endStep()
  bench.sync()
  expect(changed).toEqual([])
  bench.settle()
  expect(changed).toEqual([1])
})

test('what runs of a cancelled task is asked to end where that is wanted', () => {
  const { bench, change } = setUp()
  change('cancel', [WAITING, CLAIMED], true)
  bench.settle()
  expect(bench.world.sentOf('kill')).toEqual([
    { to: 'b', message: { type: 'kill', tokens: [token], outcome: 'cancelled' } },
  ])
})

test('tasks of which there is no fact, or whose slot goes elsewhere while they are read, stay as they are', () => {
  const { bench, changed, change, standings } = setUp()
  change('retry', [CANCELLED, taskIn(9)])
  bench.yield('b', [{ from: 4, to: 4 }])
  bench.settle()
  expect([changed, standings()[3]]).toEqual([[0], 'cancelled'])
})

test('a task that is named twice, or cancelled twice, counts once', () => {
  const { bench, changed, change } = setUp()
  change('cancel', [WAITING, WAITING])
  change('cancel', [WAITING])
  bench.settle()
  expect(changed).toEqual([1, 0])
})
