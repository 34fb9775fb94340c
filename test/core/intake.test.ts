/** Which rows of a frame are new, and what of them is committed when it is answered. */
import { describe, expect, test } from 'vitest'
import type { Fact } from '../../src/core/facts.ts'
import type { TaskId } from '../../src/core/ids.ts'
import type { TakenRows } from '../../src/core/intake.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { BATCH, CoreBench, recordOf, seededFact, stored, taskIn } from '../support/core-bench.ts'
import { CoreWorld } from '../support/core-world.ts'

const [ONE, TWO, THREE] = [taskIn(1), taskIn(2), taskIn(3)]

function setUp(members: readonly string[] = ['a', 'b', 'c']) {
  const bench = new CoreBench(members)
  const { intake } = bench.parts
  const answers: (TakenRows | 'failed' | number)[] = []
  const frame = (tasks: readonly TaskId[], prompt = 'a cat') =>
    intake.frame({
      batch: bench.batch,
      profile: 'draw',
      rows: tasks.map((task, index) => ({ task, index, prompt, params: {} })),
      taken: (rows) => answers.push(rows),
      failed: () => answers.push('failed'),
      busy: (retryAfterMs) => answers.push(retryAfterMs),
    })
  const seed = (tasks: readonly TaskId[]) => {
    frame(tasks)
    bench.settle()
  }
  const facts = () => [...bench.disk.facts.all()].map(({ task }) => task).sort()
  return { bench, intake, answers, frame, seed, facts, world: bench.world }
}

describe('a task that the batch has already', () => {
  test('gets no second fact, in the same frame, another, or where it is on disk alone', () => {
    const { bench, answers, seed, facts } = setUp()
    bench.store([seededFact(ONE)], { indexes: [{ batch: BATCH, entries: [{ index: 0, task: ONE }] }] })
    seed([ONE, TWO, TWO])
    seed([TWO, THREE])
    expect(answers).toMatchObject([
      { new: 1, existing: 2, elsewhere: [] },
      { new: 1, existing: 1, elsewhere: [] },
    ])
    expect(facts()).toEqual([ONE, TWO, THREE])
  })

  test('is known where it came from another node meanwhile', () => {
    const { bench, answers, seed } = setUp()
    seed([ONE])
    bench.parts.copies.keep([stored(seededFact(TWO))])
    bench.settle()
    seed([TWO])
    expect(answers.at(-1)).toMatchObject({ new: 0, existing: 1 })
  })

  test('is compared with ids that are in memory only while the batch is seeded', () => {
    const { intake, seed, world } = setUp()
    seed([ONE])
    seed([TWO])
    expect(world.effectsOf('read-index')).toHaveLength(1)
    intake.ended(BATCH)
    seed([THREE])
    expect(world.effectsOf('read-index')).toHaveLength(2)
  })

  test('need not be looked for on disk where this node is alone with a batch without tasks', () => {
    const { seed, answers, world } = setUp(['a'])
    seed([ONE])
    expect([world.effectsOf('read-index'), answers]).toMatchObject([[], [{ new: 1, copies: 1 }]])
  })
})

describe('a task whose prompt was lost on disk', () => {
  const ENDED = [
    {
      kind: 'claimed',
      batch: BATCH,
      task: ONE,
      token: '1'.repeat(36),
      holder: 'a',
      holderBoot: '0'.repeat(16),
      round: 0,
    },
    { kind: 'ended', batch: BATCH, task: ONE, token: '1'.repeat(36), outcome: 'completed', durationMs: 1 },
  ] as const

  /** The index names two tasks, and the facts of one are lost; its slots are counted anew, as after a start. */
  function withLoss(left: readonly Fact[] = []) {
    const world = setUp()
    const { bench } = world
    const entries = [ONE, TWO].map((task, index) => ({ index, task }))
    bench.store([seededFact(TWO, 1), ...left], { indexes: [{ batch: BATCH, entries }] })
    bench.batch.countAnew(SlotSet.of([1, 2]))
    bench.book.changed()
    const count = () => {
      bench.parts.loading.refill()
      bench.settle()
    }
    return { ...world, count }
  }

  test('is new again where its slot is counted, and only then', () => {
    const { answers, count, seed, facts, bench } = withLoss()
    seed([ONE, TWO])
    expect(answers).toMatchObject([{ new: 0, existing: 2 }])
    count()
    seed([ONE, TWO])
    expect(answers.at(-1)).toMatchObject({ new: 1, existing: 1 })
    expect([facts(), bench.batch.counts.total]).toEqual([[ONE, TWO], 2])
    const other = withLoss()
    other.count()
    other.seed([ONE, TWO])
    expect(other.answers).toMatchObject([{ new: 1, existing: 1 }])
  })

  test('has its batch read anew once, and not at all where nothing is lost', () => {
    const { count, seed, world } = withLoss()
    count()
    for (let time = 0; time < 3; time++) seed([ONE, TWO, THREE])
    expect(world.effectsOf('read-index').map(({ doubted }) => doubted)).toEqual([false, true])
    const whole = withLoss([seededFact(ONE)])
    whole.count()
    for (let time = 0; time < 3; time++) whole.seed([ONE, TWO, THREE])
    expect(whole.world.effectsOf('read-index').map(({ doubted }) => doubted)).toEqual([false])
  })

  test('is not looked for in slots that another node serves', () => {
    const { bench, count, seed, world } = withLoss()
    count()
    bench.yield('b', [{ from: 1, to: 1 }])
    seed([TWO])
    expect(world.effectsOf('read-index')).toMatchObject([{ doubted: false }])
  })

  test('is new again where a read of its slot shows the loss while the batch is seeded', () => {
    const { bench, answers, seed } = withLoss()
    seed([ONE, TWO])
    bench.batch.indexDoubted = true
    seed([ONE, TWO])
    expect(answers).toMatchObject([{ new: 0 }, { new: 1, existing: 1 }])
  })

  test('keeps the result that it has, and is counted where nothing is granted either', () => {
    const { bench, count, seed, answers } = withLoss(ENDED)
    bench.put(recordOf({ paused: true }))
    count()
    seed([ONE])
    expect([answers.at(-1), bench.book.tasks.has(ONE)]).toMatchObject([{ new: 1 }, false])
    count()
    count()
    expect(bench.batch.counts).toMatchObject({ total: 2, completed: 1 })
    expect([bench.book.tasks.has(ONE), bench.disk.tally(BATCH, 1)?.completed]).toEqual([false, 1])
  })
})

describe('a frame is answered', () => {
  test('when its facts are committed, in one write with the tallies', () => {
    const { bench, answers, frame } = setUp()
    frame([ONE, TWO])
    bench.read()
    bench.endStep()
    const [writes] = bench.unsynced
    expect(writes).toMatchObject({ facts: [{}, {}], tallies: [{ slot: 1, total: 1 }, { slot: 2 }] })
    bench.sync()
    expect(answers).toEqual([])
    bench.acknowledge('b')
    bench.endStep()
    expect(answers).toEqual([{ new: 2, existing: 0, elsewhere: [], copies: 2 }])
    expect(bench.batch.counts.total).toBe(2)
  })

  test('with the rows of slots that this node does not serve', () => {
    const { bench, answers, seed, facts } = setUp()
    bench.yield('b', [{ from: 1, to: 1 }])
    seed([ONE, TWO])
    expect(answers).toMatchObject([{ new: 1, existing: 0, elsewhere: [{ task: ONE }] }])
    expect(facts()).toEqual([TWO])
  })

  test('with the rows of slots that it does not serve any more when they are committed, or serves anew', () => {
    const { bench, answers, frame } = setUp()
    frame([ONE, TWO, THREE])
    bench.read()
    bench.yield('b', [{ from: 1, to: 2 }])
    bench.own(SlotSet.of([2]), 3)
    bench.settle()
    expect(answers).toMatchObject([{ new: 1, existing: 0, elsewhere: [{ task: ONE }, { task: TWO }] }])
  })

  test('with one copy where no other node stores, or it is not known to have what was there', () => {
    const { bench, answers, seed, world } = setUp()
    for (const id of ['b', 'c']) world.full.add(id)
    seed([ONE])
    world.full.clear()
    seed([ONE, TWO])
    bench.parts.copied.begin('b')
    bench.parts.copied.confirmed('b', SlotSet.of([1]))
    seed([ONE])
    expect(answers.map((answer) => typeof answer === 'object' && answer.copies)).toEqual([1, 1, 2])
  })

  test('as failed where the ids cannot be read, or the batch is deleted; the next frame asks again', () => {
    const { intake, answers, frame, seed } = setUp()
    frame([ONE])
    intake.indexFailed(BATCH)
    frame([ONE])
    intake.gone(BATCH)
    expect(answers).toEqual(['failed', 'failed'])
    seed([ONE])
    expect(answers.at(-1)).toMatchObject({ new: 1 })
  })

  test('once: ids that come late, or twice, change nothing', () => {
    const { intake, answers, seed } = setUp()
    seed([ONE])
    intake.indexRead(BATCH, [TWO], true)
    intake.indexFailed(BATCH)
    seed([TWO])
    expect(answers).toMatchObject([{ new: 1 }, { new: 1 }])
  })
})

describe('new tasks', () => {
  test('stay in memory and may be granted once they are committed', () => {
    const { bench, frame } = setUp()
    frame([ONE])
    bench.read()
    expect(bench.task(ONE).phase).toBe('seeding')
    bench.settle()
    expect(bench.task(ONE).phase).toBe('ready')
  })

  test('beyond what memory keeps are left to be read', () => {
    const { bench, seed } = setUp()
    Object.assign(bench.world.nodeSettings, { openTasksMax: 2 })
    seed([ONE, TWO, THREE])
    expect([...bench.book.tasks.keys()]).toEqual([ONE, TWO])
    expect([bench.batch.unloaded.has(3), bench.batch.slot(3).complete, bench.batch.counts.total]).toEqual([
      true,
      false,
      3,
    ])
    Object.assign(bench.world.nodeSettings, { openTasksMax: 100, openTasksBytesMax: bench.book.bytes })
    seed([taskIn(5)])
    expect(bench.book.tasks.size).toBe(2)
  })
})

describe('while too much waits to be committed', () => {
  test('further frames are refused as busy, and taken again after that', () => {
    const { bench, answers, frame } = setUp()
    const many = (slot: number) => Array.from({ length: 10_000 }, (_, at) => taskIn(slot, at))
    frame(many(1))
    frame(many(2))
    frame([THREE])
    expect(answers).toEqual([1_000])
    bench.settle()
    frame([THREE])
    bench.settle()
    expect(answers.at(-1)).toMatchObject({ new: 1 })
  })

  test('the bytes count too, and a frame is never refused where nothing waits', () => {
    const { answers, frame } = setUp()
    const text = 'x'.repeat(60_000)
    frame(
      Array.from({ length: 300 }, (_, at) => taskIn(1, at)),
      text,
    )
    expect(answers).toEqual([])
    frame([TWO], text)
    expect(answers).toEqual([1_000])
  })
})

test('the ids of a batch are let go of some time after its last frame, and a row is known again all the same', () => {
  const first = new CoreWorld({ nodeSettings: { profiles: {} } })
  const batch = first.batch('b')
  first.seed(batch, ['a cat'])
  const world = new CoreWorld({ disk: first.disk, nodeSettings: { profiles: {} }, persistAtOnce: false })
  world.settle()
  const seeded = (...prompts: string[]) => {
    const request = world.seed(batch, prompts)
    const reads = world.reads.size
    world.settle()
    return { reads, reply: world.reply(request) }
  }
  expect(seeded('a cat')).toMatchObject({ reads: 1, reply: { value: { new: 0, existing: 1 } } })
  world.advance(119_000)
  expect(seeded('a cat', 'a dog')).toMatchObject({ reads: 0, reply: { value: { new: 1, existing: 1 } } })
  world.advance(119_000)
  expect(seeded('a dog')).toMatchObject({ reads: 0 })
  world.advance(121_000)
  expect(seeded('a cat', 'a dog', 'a fox')).toMatchObject({ reads: 1, reply: { value: { new: 1, existing: 2 } } })
})
