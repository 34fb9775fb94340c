/** Requests about tasks, asked here or by another node. */
import { describe, expect, test } from 'vitest'
import type { TaskId } from '../../src/core/ids.ts'
import type { MessageOf } from '../../src/core/messages.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { BATCH, CoreBench, recordOf, taskIn } from '../support/core-bench.ts'

const [ZERO, ONE, TWO] = [taskIn(0), taskIn(1), taskIn(2)]
const rowOf = (task: TaskId) => ({ task, index: 0, prompt: 'a cat', params: {} })

/** Node `a` serves all slots but the second, which is `b`'s. */
function setUp() {
  const bench = new CoreBench(['a', 'b', 'c'])
  bench.yield('b', [{ from: 1, to: 1 }])
  bench.settle()
  const { world, parts } = bench
  let request = 0
  const open = () => {
    world.requests.open(++request)
    return request
  }
  const seed = (tasks: readonly TaskId[], batch = BATCH) =>
    parts.requests.intake({ type: 'intake', request: open(), batch, profile: 'draw', rows: tasks.map(rowOf) })
  const change = (kind: 'cancel' | 'retry', tasks: readonly TaskId[], batch = BATCH) =>
    parts.requests.changeTasks({ type: 'change-tasks', request: open(), batch, change: kind, tasks })
  const answers = () => world.effectsOf('answer').map(({ value }) => value)
  const refusals = () => world.effectsOf('refuse').map(({ code, message }) => [code, message])
  const asked = () => world.sentOf('intake').map(({ to, message }) => [to, message.rows.map(({ task }) => task)])
  const taken = (change: Partial<MessageOf<'taken'>> = {}) => {
    const { request: part } = world.sentOf('intake').at(-1)?.message ?? { request: 0 }
    const nothing = { new: 0, existing: 0, copies: 2, elsewhere: [], retryAfterMs: 0 }
    parts.requests.taken('b', { type: 'taken', request: part, ...nothing, ...change })
  }
  return { bench, world, ...parts, seed, change, answers, refusals, asked, taken }
}

describe('a request is answered when every owner has committed what it asks for', () => {
  test('to seed rows', () => {
    const { bench, seed, answers, asked, taken } = setUp()
    seed([ZERO, ONE, TWO])
    expect(asked()).toEqual([['b', [ONE]]])
    bench.settle()
    expect(answers()).toEqual([])
    taken({ new: 1 })
    expect(answers()).toEqual([{ type: 'intake', new: 3, existing: 0, copies: 2 }])
  })

  test('to seed nothing, at once', () => {
    const { seed, answers } = setUp()
    seed([])
    expect(answers()).toEqual([{ type: 'intake', new: 0, existing: 0, copies: 1 }])
  })

  test('to cancel tasks, each of which counts once', () => {
    const { bench, world, requests, seed, change, answers } = setUp()
    seed([ZERO, TWO])
    bench.settle()
    change('cancel', [ZERO, ONE, ZERO])
    const part = world.sentOf('change-tasks')
    expect(part).toMatchObject([
      { to: 'b', message: { batch: BATCH, change: 'cancel', tasks: [ONE], stopRunning: false } },
    ])
    requests.changed('b', { type: 'changed', request: part[0]?.message.request ?? 0, tasks: 1, elsewhere: [] })
    expect(answers()).toHaveLength(1)
    bench.settle()
    expect(answers().at(-1)).toEqual({ type: 'changed', tasks: 2 })
    expect(bench.state(ZERO)?.standing).toBe('cancelled')
  })

  test('although a slot goes to another node before it is committed', () => {
    const { bench, world, seed, change, answers, requests } = setUp()
    seed([ZERO])
    bench.settle()
    change('cancel', [ZERO])
    bench.yield('c', [{ from: 0, to: 0 }], 5)
    bench.settle()
    expect(answers()).toHaveLength(1)
    world.advance(250)
    const part = world.sentOf('change-tasks').at(-1)
    expect([part?.to, part?.message.tasks]).toEqual(['c', [ZERO]])
    requests.changed('c', { type: 'changed', request: part?.message.request ?? 0, tasks: 1, elsewhere: [] })
    expect(answers()).toHaveLength(2)
  })

  test('and not where a slot goes to another node and comes back before: its tasks are asked for again', () => {
    const { bench, world, requests, seed } = setUp()
    seed([ZERO])
    bench.settle()
    const asked = { request: 7, batch: BATCH, change: 'cancel', tasks: [ZERO], stopRunning: false } as const
    requests.changeAsked('b', { type: 'change-tasks', ...asked })
    bench.endStep()
    bench.yield('b', [{ from: 0, to: 0 }])
    bench.own(SlotSet.of([0]), 3)
    bench.settle()
    expect(world.sentOf('changed').map(({ message }) => message.elsewhere)).toEqual([[ZERO]])
  })

  test('or is refused after a minute', () => {
    const { world, seed, answers, refusals } = setUp()
    seed([ONE])
    world.advance(60_000)
    expect([answers(), refusals()]).toMatchObject([[], [['MESH_BUSY', expect.stringContaining('ask again')]]])
  })
})

describe('copies of an answer', () => {
  test('are the least number of nodes that stored a row', () => {
    const { bench, seed, answers, taken } = setUp()
    seed([ZERO, ONE])
    bench.settle()
    taken({ new: 1, copies: 1 })
    expect(answers()).toMatchObject([{ copies: 1 }])
  })
})

describe('a busy owner', () => {
  test('is asked again when it says, and its word does not count as a copy', () => {
    const { world, seed, answers, asked, taken } = setUp()
    seed([ONE])
    taken({ elsewhere: [ONE], retryAfterMs: 1_000 })
    world.advance(1_000)
    expect(asked()).toHaveLength(2)
    taken({ new: 1, copies: 2 })
    expect(answers()).toEqual([{ type: 'intake', new: 1, existing: 0, copies: 2 }])
  })
})

describe('what another node asks', () => {
  const intake = (tasks: readonly TaskId[]): MessageOf<'intake'> => {
    return { type: 'intake', request: 9, record: recordOf(), profile: 'draw', rows: tasks.map(rowOf) }
  }
  const changeOf = (tasks: readonly TaskId[], batch = BATCH): MessageOf<'change-tasks'> => {
    return { type: 'change-tasks', request: 9, batch, change: 'cancel', tasks, stopRunning: false }
  }

  test('is answered with what is served elsewhere', () => {
    const { bench, world, requests } = setUp()
    requests.intakeAsked('c', intake([ZERO, ONE]))
    requests.changeAsked('c', changeOf([ZERO, ONE]))
    bench.settle()
    const counts = { new: 1, existing: 0, copies: 2, retryAfterMs: 0 }
    expect(world.sentOf('taken')).toEqual([
      { to: 'c', message: { type: 'taken', request: 9, ...counts, elsewhere: [ONE] } },
    ])
    expect(world.sentOf('changed')).toMatchObject([{ to: 'c', message: { request: 9, elsewhere: [ONE] } }])
  })

  test('is answered once it is committed', () => {
    const { bench, world, requests } = setUp()
    requests.intakeAsked('c', intake([ZERO]))
    bench.read()
    bench.endStep()
    bench.sync()
    expect(world.sentOf('taken')).toEqual([])
    bench.settle()
    expect(world.sentOf('taken')).toHaveLength(1)
  })

  test('while too much waits is refused as busy', () => {
    const { world, requests } = setUp()
    requests.intakeAsked('c', intake(Array.from({ length: 20_000 }, (_, at) => taskIn(0, at))))
    requests.intakeAsked('c', intake([TWO]))
    expect(world.sentOf('taken')).toMatchObject([{ message: { new: 0, elsewhere: [TWO], retryAfterMs: 1_000 } }])
  })

  test('of a batch that is not known is not done', () => {
    const { world, requests } = setUp()
    requests.changeAsked('c', changeOf([ZERO], 'ff'.repeat(8)))
    expect(world.sent.slice(-1)).toMatchObject([{ message: { type: 'changed', tasks: 0, elsewhere: [ZERO] } }])
  })

  test('of a deleted batch is not done: the tombstone goes before the answer', () => {
    const { bench, world, requests } = setUp()
    const tombstone = { ...recordOf(), deleted: true }
    bench.book.bury(tombstone)
    world.sent.length = 0
    requests.intakeAsked('c', intake([ZERO]))
    requests.changeAsked('c', changeOf([ZERO]))
    expect(world.sent.map(({ message }) => message.type)).toEqual(['batches', 'taken', 'batches', 'changed'])
    expect(world.sentOf('batches')[0]?.message.records).toEqual([tombstone])
    bench.settle()
    expect(bench.state(ZERO)).toBeUndefined()
  })
})

describe('about a deleted batch', () => {
  test('everything is refused, and what is not known too', () => {
    const { bench, seed, change, refusals } = setUp()
    bench.book.bury({ ...recordOf(), deleted: true })
    seed([ZERO])
    change('retry', [ZERO])
    seed([ZERO], 'ff'.repeat(8))
    expect(refusals().map(([code]) => code)).toEqual(Array(3).fill('MESH_BATCH_UNKNOWN'))
    expect(refusals().map(([, message]) => message?.includes('was deleted'))).toEqual([true, true, false])
  })

  test('what is under way ends refused', () => {
    const { bench, router, seed, answers, refusals, taken } = setUp()
    seed([ONE])
    bench.book.bury({ ...recordOf(), deleted: true })
    router.gone(BATCH)
    taken({ new: 1 })
    expect([answers(), refusals().map(([code]) => code)]).toEqual([[], ['MESH_BATCH_UNKNOWN']])
  })
})
