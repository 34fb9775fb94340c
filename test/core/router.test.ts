/** How work about tasks comes to whoever owns them. */
import { describe, expect, test } from 'vitest'
import type { TaskId } from '../../src/core/ids.ts'
import type { MessageOf } from '../../src/core/messages.ts'
import { Ownership } from '../../src/core/ownership.ts'
import { type Answered, Router } from '../../src/core/router.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { BATCH, taskIn } from '../support/core-bench.ts'
import { PartWorld } from '../support/part-world.ts'

const TASKS = [0, 1, 2, 3].map((slot) => taskIn(slot))
const [ZERO, ONE, TWO, THREE] = TASKS as [TaskId, TaskId, TaskId, TaskId]

/** Node `a` serves slot 0, `b` slots 1 and 2, `c` slot 3. */
function setUp() {
  const world = new PartWorld(['a', 'b', 'c'])
  const ownership = new Ownership(world)
  ownership.claim([{ from: 0, to: 0 }], 1)
  ownership.serve(SlotSet.of([0]), 1)
  ownership.learn([
    { from: 1, to: 2, epoch: 1, node: 'b' },
    { from: 3, to: 3, epoch: 1, node: 'c' },
  ])
  const router = new Router(world, ownership)
  const happened: string[] = []
  const local: TaskId[][] = []
  let answerLocally: Answered<TaskId, number> = () => undefined
  const begin = (tasks: readonly TaskId[], { bytes = 10, itemsMax = 1_000, isSync = true } = {}) =>
    router.begin<TaskId, number>(tasks, {
      batch: BATCH,
      taskOf: (task) => task,
      bytesOf: () => bytes,
      itemsMax,
      local: (items, answered) => {
        local.push([...items])
        answerLocally = answered
        if (isSync) answered(items.length, [])
      },
      message: (request, items) => ({
        type: 'change-tasks',
        request,
        batch: BATCH,
        change: 'cancel',
        tasks: items,
        stopRunning: false,
      }),
      add: (count) => happened.push(`add ${count}`),
      done: () => happened.push('done'),
      givenUp: () => happened.push('given up'),
      gone: () => happened.push('gone'),
    })
  const asked = () => world.sentOf('change-tasks').map(({ to, message }) => [to, message.tasks] as const)
  const last = (to: string): MessageOf<'change-tasks'> => {
    const message = world.sentOf('change-tasks').findLast((each) => each.to === to)?.message
    if (message === undefined) throw new Error(`${to} was not asked`)
    return message
  }
  /** That node did what it was asked last, but for some. */
  const answer = (from: string, elsewhere: readonly TaskId[] = [], retryAfterMs = 0) => {
    const { request, tasks } = last(from)
    router.answered(from, request, tasks.length - elsewhere.length, elsewhere, retryAfterMs)
  }
  const answerHere: Answered<TaskId, number> = (...args) => answerLocally(...args)
  return { world, ownership, router, happened, local, begin, asked, last, answer, answerHere }
}

describe('a job', () => {
  test('is done when the owner of every item has answered', () => {
    const { begin, asked, local, happened, answer } = setUp()
    begin(TASKS)
    expect([local, asked()]).toEqual([
      [[ZERO]],
      [
        ['b', [ONE, TWO]],
        ['c', [THREE]],
      ],
    ])
    answer('b')
    expect(happened).toEqual(['add 1', 'add 2'])
    answer('c')
    expect(happened).toEqual(['add 1', 'add 2', 'add 1', 'done'])
  })

  test('of nothing is done at once', () => {
    const { begin, happened } = setUp()
    begin([])
    expect(happened).toEqual(['done'])
  })

  test('takes only the word of the node that was asked, once', () => {
    const { router, begin, happened, last, answer } = setUp()
    begin([ONE])
    const { request } = last('b')
    router.answered('c', request, 1, [])
    router.answered('b', request + 7, 1, [])
    expect(happened).toEqual([])
    answer('b')
    router.answered('b', request, 1, [])
    expect(happened).toEqual(['add 1', 'done'])
  })

  test('brings what is not served there to who serves it then', () => {
    const { world, ownership, begin, asked, happened, answer } = setUp()
    begin([ONE, TWO])
    ownership.learn([{ from: 2, to: 2, epoch: 2, node: 'c' }])
    answer('b', [TWO])
    expect(happened).toEqual(['add 1'])
    world.advance(250)
    expect(asked().at(-1)).toEqual(['c', [TWO]])
    answer('c')
    expect(happened).toEqual(['add 1', 'add 1', 'done'])
  })

  test('tries again at growing pauses what nobody serves, and asks for a connection to an owner without one', () => {
    const { world, begin, asked, happened } = setUp()
    world.unconnected.add('b')
    begin([ONE])
    const tries: number[] = []
    for (let before = world.wanted.length; world.nowMs < 16_000; world.advance(1)) {
      if (world.wanted.length > before) tries.push(world.nowMs - 1_000)
      before = world.wanted.length
    }
    expect(asked()).toEqual([])
    expect(tries.slice(0, 6)).toEqual([250, 750, 1_750, 3_750, 7_750, 11_750])
    world.unconnected.delete('b')
    world.advance(4_000)
    expect(asked()).toEqual([['b', [ONE]]])
    expect(happened).toEqual([])
  })

  test('is given up after a minute, and takes no answer then', () => {
    const { world, begin, happened, answer } = setUp()
    begin([ONE, THREE])
    answer('c')
    world.advance(59_999)
    expect(happened).toEqual(['add 1'])
    world.advance(1)
    answer('b')
    expect(happened).toEqual(['add 1', 'given up'])
    world.advance(120_000)
    expect(happened).toHaveLength(2)
  })

  test('is given up at its own time, also where another began before it, or after a pause without any', () => {
    const { world, begin, happened, answer } = setUp()
    begin([ONE])
    world.advance(20_000)
    begin([THREE])
    world.advance(59_999)
    expect(happened).toEqual(['given up'])
    world.advance(1)
    begin([ONE])
    answer('b')
    world.advance(200_000)
    begin([ONE])
    world.advance(60_000)
    expect(happened).toEqual(['given up', 'given up', 'add 1', 'done', 'given up'])
  })

  test('leaves no timer of its own behind when it is done', () => {
    const { world, begin, happened, answer } = setUp()
    for (let time = 0; time < 100; time++) {
      begin([ONE])
      answer('b')
      world.advance(1)
    }
    expect(happened.filter((each) => each === 'done')).toHaveLength(100)
    let timers = 0
    for (let next = world.timers.nextMs; next !== undefined; next = world.timers.nextMs, timers++)
      world.advance(next - world.nowMs)
    expect([timers, happened.length]).toEqual([1, 200])
  })

  test('whose batch is deleted ends at once, and nobody is asked any more', () => {
    const { world, router, begin, asked, happened, answer } = setUp()
    world.unconnected.add('c')
    begin([ONE, THREE])
    router.gone('ff'.repeat(8))
    expect(happened).toEqual([])
    router.gone(BATCH)
    answer('b')
    world.unconnected.delete('c')
    world.advance(120_000)
    expect([happened, asked()]).toEqual([['gone'], [['b', [ONE]]]])
  })

  test('that this node does itself may be answered later, and brings the rest elsewhere', () => {
    const { world, ownership, begin, asked, happened, answer, answerHere } = setUp()
    begin([ZERO], { isSync: false })
    ownership.learn([{ from: 0, to: 0, epoch: 2, node: 'c' }])
    answerHere(0, [ZERO])
    world.advance(250)
    expect(asked()).toEqual([['c', [ZERO]]])
    answer('c')
    expect(happened).toEqual(['add 0', 'add 1', 'done'])
  })
})

describe('an owner is asked again', () => {
  test('when its connection broke before it answered', () => {
    const { world, router, begin, asked, happened, answer } = setUp()
    begin([ONE, THREE])
    router.disconnected('b')
    answer('b')
    expect(happened).toEqual([])
    world.advance(250)
    expect(asked().map(([to]) => to)).toEqual(['b', 'c', 'b'])
  })

  test('where a third node is between and it does not answer within ten seconds', () => {
    const { world, begin, asked, happened, answer } = setUp()
    world.relayed.add('b')
    begin([ONE])
    world.advance(9_999)
    expect(asked()).toHaveLength(1)
    world.advance(1)
    expect(asked()).toHaveLength(2)
    answer('b')
    world.advance(30_000)
    expect([asked().length, happened]).toEqual([2, ['add 1', 'done']])
  })

  test('not where it is connected, however long it takes', () => {
    const { world, begin, asked } = setUp()
    begin([ONE])
    world.advance(50_000)
    expect(asked()).toHaveLength(1)
  })

  test('when it said to, where it is busy, but within ten seconds', () => {
    const { world, begin, asked, answer } = setUp()
    begin([ONE, TWO])
    answer('b', [ONE, TWO], 3_000)
    world.advance(2_999)
    expect(asked()).toHaveLength(1)
    world.advance(1)
    expect(asked()).toHaveLength(2)
    answer('b', [ONE, TWO], 1_000_000)
    world.advance(10_000)
    expect(asked()).toHaveLength(3)
  })
})

test('what one owner is asked goes in messages of so many bytes and items at most', () => {
  const many = Array.from({ length: 9 }, (_, at) => taskIn(1, at))
  const { begin, asked, happened, router, world } = setUp()
  begin(many, { bytes: 1024 * 1024 })
  expect(asked().map(([, tasks]) => tasks.length)).toEqual([2, 2, 2, 2, 1])
  for (const { message } of world.sentOf('change-tasks'))
    router.answered('b', message.request, message.tasks.length, [])
  expect(happened.at(-1)).toBe('done')
  const other = setUp()
  other.begin(many, { itemsMax: 4 })
  expect(other.asked().map(([, tasks]) => tasks.length)).toEqual([4, 4, 1])
})
