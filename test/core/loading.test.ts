/** How tasks come from the store into memory. */
import { describe, expect, test } from 'vitest'
import type { Fact } from '../../src/core/facts.ts'
import type { TaskId } from '../../src/core/ids.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { emptyTally } from '../../src/core/tally.ts'
import { BATCH, CoreBench, recordOf, seededFact, stored, taskIn } from '../support/core-bench.ts'

const [ONE, TWO, NEAR] = [taskIn(1), taskIn(2), taskIn(1, 7)]

/** Node `a` alone, with open tasks on its disk that are not in memory. */
function setUp(tasks: readonly TaskId[] = [], totals?: Readonly<Record<number, number>>) {
  const bench = new CoreBench()
  const { batch, world, parts } = bench
  bench.store(tasks.map((task, index) => seededFact(task, index)))
  const counts: Record<number, number> = {}
  for (const { slot } of bench.disk.facts.all()) counts[slot] = (counts[slot] ?? 0) + 1
  for (const [slot, total] of Object.entries(totals ?? counts))
    batch.restore({ ...emptyTally(BATCH, Number(slot)), total })
  bench.book.changed()
  const loads = () => world.effectsOf('load').map(({ slots }) => slots)
  const refill = () => {
    parts.loading.refill()
    bench.settle()
  }
  /** A read of slots is answered with what the disk has now. */
  const answer = (at = -1) => {
    const load = world.effectsOf('load').at(at)
    parts.loading.loaded(load?.load ?? 0, bench.disk.readSlots(BATCH, load?.slots ?? []))
  }
  const notices = () => world.effectsOf('notice').filter(({ notice }) => notice.type === 'slot-corrected')
  return { bench, world, batch, loading: parts.loading, loads, refill, answer, notices }
}

describe('slots are read', () => {
  test('one read a batch at a time, and no more than few tasks need', () => {
    const { bench, loading, loads, batch, world, answer } = setUp([ONE, TWO, taskIn(3)])
    Object.assign(world.nodeSettings, { pageTasks: 2 })
    loading.refill()
    loading.refill()
    expect(loads()).toEqual([[1, 2]])
    answer()
    expect([...bench.book.tasks.keys()].sort()).toEqual([ONE, TWO])
    loading.refill()
    expect([loads().length, batch.unloaded.has(3)]).toEqual([1, true])
    bench.grant()
    loading.refill()
    expect(loads()).toEqual([[1, 2], [3]])
  })

  test('of no batch that is paused, nor while the node stops or does not serve yet', () => {
    const { bench, loads, refill } = setUp([ONE])
    bench.parts.claims.serving = false
    refill()
    bench.parts.claims.serving = true
    bench.parts.claims.stopping = true
    refill()
    bench.parts.claims.stopping = false
    bench.put(recordOf({ paused: true }))
    refill()
    expect(loads()).toEqual([])
    bench.put(recordOf())
    refill()
    expect(loads()).toEqual([[1]])
  })

  test('again with the next need where a read failed', () => {
    const { world, loading, loads, batch } = setUp([ONE])
    loading.refill()
    loading.loadFailed(world.effectsOf('load')[0]?.load ?? 0)
    expect([batch.loading, loading.idle]).toEqual([false, true])
    loading.refill()
    expect(loads()).toHaveLength(2)
  })
})

describe('a task in memory', () => {
  test('is never replaced by what was read', () => {
    const { bench, loading } = setUp([ONE])
    const task = loading.remember([stored(seededFact(ONE))])
    expect(loading.remember([stored({ ...seededFact(ONE), prompt: 'another' })])).toBe(task)
    expect(bench.task(ONE)).toBe(task)
  })

  test('is complete with its slot when all open tasks of that are there', () => {
    const { bench, batch, refill } = setUp([ONE, NEAR])
    expect(batch.slot(1).complete).toBe(false)
    refill()
    expect([batch.slot(1).complete, batch.unloaded.has(1), bench.task(NEAR).phase]).toEqual([true, false, 'ready'])
  })

  test('is none of those that are over on disk', () => {
    const cancelled: Fact = { kind: 'cancelled', batch: BATCH, task: ONE, round: 0 }
    const { bench, refill } = setUp([ONE, NEAR], { 1: 2 })
    bench.store([cancelled])
    refill()
    expect([...bench.book.tasks.keys()]).toEqual([NEAR])
  })

  test('is kept where there is room, and left to a later read where there is none', () => {
    const { bench, batch, world, loading, refill } = setUp([ONE])
    refill()
    Object.assign(world.nodeSettings, { openTasksMax: 1 })
    expect(loading.keep(bench.task(ONE))).toBe(true)
    const other = loading.remember([stored(seededFact(TWO))])
    bench.book.forget(other)
    expect([loading.keep(other), batch.unloaded.has(2)]).toEqual([false, true])
  })
})

describe('a task that changed while its slot was read', () => {
  test('is not taken from that read, and the slot is read again where it is not in memory', () => {
    const { bench, batch, loading, loads, answer } = setUp([ONE, NEAR])
    loading.refill()
    const slot = batch.slot(1)
    slot.version++
    slot.changedWhileLoading?.add(ONE)
    answer()
    expect([[...bench.book.tasks.keys()], slot.complete, batch.unloaded.has(1)]).toEqual([[NEAR], false, true])
    expect(loads()).toHaveLength(1)
  })

  test('has its slot read again where a new one went past memory', () => {
    const { bench, batch, loading, answer } = setUp([ONE])
    loading.refill()
    bench.book.unload(batch, 1)
    answer()
    expect([bench.book.tasks.has(ONE), batch.unloaded.has(1)]).toEqual([true, true])
  })
})

describe('a slot that is not served any more, or anew, when its read comes', () => {
  test('is not taken from that read', () => {
    const { bench, batch, loading, answer } = setUp([ONE, TWO])
    loading.refill()
    bench.yield('b', [{ from: 1, to: 1 }])
    answer()
    expect([...bench.book.tasks.keys()]).toEqual([TWO])
    const other = setUp([ONE])
    other.loading.refill()
    other.bench.yield('b', [{ from: 1, to: 1 }])
    other.bench.own(SlotSet.of([1]), 3)
    other.batch.slot(1)
    other.answer()
    expect([other.bench.book.tasks.size, batch.loading]).toEqual([0, false])
  })
})

describe('where the fold of a slot differs from its tally', () => {
  test('the fold wins and is reported', () => {
    const { bench, batch, refill, notices } = setUp([ONE], { 1: 3 })
    expect(batch.counts.total).toBe(3)
    refill()
    expect(notices()).toMatchObject([{ notice: { batch: BATCH, slot: 1 } }])
    expect([batch.counts.total, batch.indexDoubted, bench.disk.tally(BATCH, 1)?.total]).toEqual([1, true, 1])
  })

  test('nothing is said where something changed meanwhile', () => {
    const { batch, loading, answer, notices } = setUp([ONE], { 1: 3 })
    loading.refill()
    batch.slot(1).version++
    answer()
    expect([notices(), batch.slot(1).tally.total]).toEqual([[], 3])
  })

  test('nothing is said of slots that are counted anew, which are then known', () => {
    const { bench, batch, refill, notices } = setUp()
    bench.store([seededFact(ONE), seededFact(NEAR, 1)])
    batch.countAnew(SlotSet.of([1, 2]))
    bench.book.changed()
    refill()
    expect([notices(), batch.counts.total, batch.uncounted.size]).toEqual([[], 2, 0])
    expect([batch.slots.has(2), bench.disk.tally(BATCH, 1)?.total]).toEqual([false, 2])
    refill()
    expect(bench.book.tasks.size).toBe(2)
  })

  test('a slot that changed while it was counted is counted once more', () => {
    const { bench, batch, loading, refill, answer } = setUp()
    bench.store([seededFact(ONE)])
    batch.countAnew(SlotSet.of([1]))
    bench.book.changed()
    loading.refill()
    batch.slot(1).version++
    answer()
    expect([batch.uncounted.has(1), batch.counts.total]).toEqual([true, 0])
    refill()
    expect(batch.counts.total).toBe(1)
  })
})

test('what is left of a task whose prompt is lost is no task', () => {
  const { bench, batch, refill } = setUp([ONE], { 1: 2 })
  const about = { batch: BATCH, task: NEAR }
  bench.store([{ kind: 'claimed', ...about, token: '1'.repeat(36), holder: 'a', holderBoot: '00'.repeat(8), round: 0 }])
  refill()
  expect([[...bench.book.tasks.keys()], batch.counts.total]).toEqual([[ONE], 1])
  // Its prompt may come from another node: then all of its facts are read.
  expect([batch.slot(1).lacksPrompts, batch.unloaded.has(1)]).toEqual([true, false])
})

test('that a slot lacks prompts holds until a read shows otherwise during which nothing changed', () => {
  const { batch, loading, answer } = setUp([ONE])
  const read = (change: () => void) => {
    batch.unloaded.add(1)
    loading.refill()
    change()
    answer()
    return batch.slot(1).lacksPrompts
  }
  const slot = batch.slot(1)
  slot.lacksPrompts = true
  expect(read(() => slot.version++)).toBe(true)
  expect(read(() => undefined)).toBe(false)
})
