/** How tasks come from the store into memory. */
import { describe, expect, test } from 'vitest'
import type { Fact } from '../../src/core/facts.ts'
import type { TaskId } from '../../src/core/ids.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { emptyTally } from '../../src/core/tally.ts'
import { BATCH, CoreBench, recordOf, seededFact, stored, taskIn } from '../support/core-bench.ts'
import { rowOf } from '../support/part-world.ts'
import { GRANT } from '../support/sample-messages.ts'

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
    const held = ['1', '2'].map((token) => bench.parts.places.take({ ...GRANT, profile: 'draw', token }, 'a'))
    loading.refill()
    loading.refill()
    expect(loads()).toEqual([[1, 2]])
    answer()
    expect([...bench.book.tasks.keys()].sort()).toEqual([ONE, TWO])
    loading.refill()
    expect([loads().length, batch.unloaded.has(3)]).toEqual([1, true])
    for (const each of held) bench.parts.places.release(each)
    bench.grant()
    loading.refill()
    expect(loads()).toEqual([[1, 2], [3]])
  })

  test('for tasks that are counted while others wait to be', () => {
    const { bench, batch, loading, loads, answer } = setUp([ONE], {})
    batch.countAnew(SlotSet.all())
    bench.book.changed()
    for (let read = 0; read < 3; read++) {
      loading.refill()
      answer()
      bench.settle()
    }
    expect(loads().map(({ length }) => length)).toEqual([256, 1, 512])
    expect(loads()[1]).toEqual([1])
    expect(bench.book.tasks.has(ONE)).toBe(true)
  })

  test('for a claim that waits while others are to be counted, though something is ready', () => {
    const { bench, batch, loading, loads, answer } = setUp([ONE, TWO], {})
    batch.countAnew(SlotSet.all())
    bench.book.changed()
    loading.isAwaited = () => true
    loading.refill()
    answer()
    loading.remember(bench.disk.readSlots(BATCH, [1]))
    for (let read = 0; read < 2; read++) {
      loading.refill()
      answer()
    }
    expect(loads().map(({ length }) => length)).toEqual([256, 2, 512])
    expect(bench.book.tasks.has(TWO)).toBe(true)
  })

  test('of no batch that is paused, nor while the node stops or does not serve yet', () => {
    const { bench, loads, refill } = setUp([ONE])
    bench.parts.claims.serving = false
    refill()
    bench.parts.claims.serving = true
    bench.parts.claims.grantsTo = 'nobody'
    refill()
    bench.parts.claims.grantsTo = 'all'
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

describe('where no ready task is for a place that is free', () => {
  /** Node `a` with one place reads task by task; the first two have one attempt left, which is not that node's. */
  function barredOn(holder: 'a' | 'b', openTasksMax: number) {
    const bench = new CoreBench(['a', 'b'])
    const { world, parts, batch } = bench
    Object.assign(world.nodeSettings, { pageTasks: 1, openTasksMax })
    parts.places.set('draw', { places: 1, timeoutMs: 60_000 })
    parts.rows.heard(rowOf('b', 1, { places: 1 }), undefined, world.nowMs)
    for (const [index, task] of [ONE, TWO, taskIn(3)].entries()) {
      bench.store([seededFact(task, index), ...(index < 2 ? failures(task, holder) : [])])
      batch.restore({ ...emptyTally(BATCH, index + 1), total: 1 })
    }
    bench.book.changed()
    /** All that is in memory may be granted; then places are filled, and tasks read. */
    const step = () => {
      world.advance(120_000)
      bench.grant()
      parts.loading.refill()
      bench.settle()
    }
    return { bench, step, parts, loads: () => world.effectsOf('load').map(({ slots }) => slots) }
  }

  function failures(task: TaskId, holder: string): Fact[] {
    return ['01', '02'].flatMap((token) => {
      const about = { batch: BATCH, task, token: token.repeat(18) }
      return [
        { kind: 'claimed', ...about, holder, holderBoot: 'ee'.repeat(8), round: 0 },
        { kind: 'ended', ...about, outcome: 'failed', durationMs: 5, error: { class: 'failed', message: 'no' } },
      ]
    })
  }

  test('more are read, until one is', () => {
    const { bench, step, loads, parts } = barredOn('a', 10)
    for (let count = 0; count < 5; count++) step()
    expect(loads()).toEqual([[1], [2], [3]])
    expect([...parts.places.held.values()].map(({ grant }) => grant.task)).toEqual([taskIn(3)])
    expect(bench.task(ONE).phase).toBe('ready')
  })

  test('no more are read than may be ready', () => {
    const { step, loads } = barredOn('a', 1)
    for (let count = 0; count < 5; count++) step()
    expect(loads()).toEqual([[1]])
  })

  test('of another node that has asked, more are read', () => {
    const { bench, step, loads, parts } = barredOn('b', 10)
    parts.places.take({ ...GRANT, profile: 'draw', token: '1' }, 'a')
    step()
    step()
    expect(loads()).toEqual([[1]])
    const wants = [{ profile: 'draw', free: 1 }]
    const claim = { type: 'claim', boot: '0c'.repeat(8), wants, idle: true, kind: 'work' } as const
    for (let seq = 1; seq < 4; seq++) {
      step()
      parts.stealing.claimed('b', { ...claim, seq })
      parts.loading.refill()
      bench.settle()
    }
    expect(loads()).toEqual([[1], [2], [3]])
  })
})

describe('a task in memory', () => {
  test('is never replaced by what was read', () => {
    const { bench, loading } = setUp([ONE])
    const task = loading.remember([stored(seededFact(ONE))])
    expect(loading.remember([stored({ ...seededFact(ONE), prompt: 'another' })])).toBe(task)
    expect(bench.task(ONE)).toBe(task)
  })

  test('rests no longer than since its slot is served where its last attempt had failed before', () => {
    const { bench, world, answer, loading } = setUp([ONE, TWO])
    const phase = (task: TaskId) => bench.book.tasks.get(task)?.phase
    for (const task of [ONE, TWO]) {
      const about = { batch: BATCH, task, token: task.padStart(36, '0') }
      bench.store([
        { kind: 'claimed', ...about, holder: 'b', holderBoot: '0b'.repeat(8), round: 0 },
        { kind: 'ended', ...about, outcome: 'failed', durationMs: 5, error: { class: 'failed', message: 'no' } },
      ])
    }
    world.nowMs += world.settings.backoffMs / 4
    const late = bench.batch.slot(2)
    loading.refill()
    late.changedMs = world.nowMs += world.settings.backoffMs
    answer()
    expect([phase(ONE), phase(TWO)]).toEqual(['ready', 'resting'])
    expect(bench.book.tasks.get(TWO)?.restsUntilMs).toBeGreaterThan(late.changedMs)
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

  test('a batch is counted only once its tallies are synced', () => {
    const { bench, batch, loading, answer } = setUp([ONE, TWO], {})
    batch.countAnew(SlotSet.ofRuns([{ from: 1, to: 2 }]))
    bench.book.changed()
    loading.refill()
    answer()
    expect([batch.uncounted.size, batch.counts.total, batch.isCounted]).toEqual([0, 0, false])
    bench.settle()
    expect([batch.counts.total, batch.isCounted]).toEqual([2, true])
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
