/** Facts, and the tallies that count them. */
import { describe, expect, test } from 'vitest'
import { BatchBook } from '../../src/core/batch-book.ts'
import type { Effect } from '../../src/core/effects.ts'
import type { Fact } from '../../src/core/facts.ts'
import { Ledger } from '../../src/core/ledger.ts'
import { OpenTask } from '../../src/core/open-task.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { emptyTally } from '../../src/core/tally.ts'
import { BATCH, recordOf, seededFact, stored, taskIn } from '../support/core-bench.ts'
import { PartWorld } from '../support/part-world.ts'

const TASK = taskIn(3)
const CANCELLED: Fact = { kind: 'cancelled', batch: BATCH, task: TASK, round: 0 }

/** One open task, counted and synced. */
function setUp() {
  const world = new PartWorld(['a'])
  const book = new BatchBook()
  const batch = book.put(recordOf())
  batch.restore({ ...emptyTally(BATCH, 3), total: 1 })
  const ledger = new Ledger(world, book)
  const task = new OpenTask([stored(seededFact(TASK))])
  let ticket = 0
  /** What the step wrote. */
  const written = () => {
    const effect = world.commits.take() as Extract<Effect, { type: 'persist' }> | undefined
    ticket = effect?.ticket ?? ticket
    return effect
  }
  const sync = () => {
    world.commits.persisted(ticket)
    world.commits.runReady()
  }
  return { world, book, batch, ledger, task, written, sync }
}

test('a task that comes from elsewhere has a slot counted anew whose tally the store kept, and no other', () => {
  const { batch, ledger, book, written } = setUp()
  const other = (seq: number) => new OpenTask([stored(seededFact(taskIn(3, seq), seq))])
  book.changed()
  ledger.adopt(batch, other(1), [])
  expect([...batch.uncounted]).toEqual([3])
  expect(written()?.tallies ?? []).toEqual([])
  batch.uncounted.clear()
  batch.slot(3).kept = false
  ledger.adopt(batch, other(2), [])
  expect(batch.uncounted.size).toBe(0)
  expect(written()).toMatchObject({ tallies: [{ slot: 3, total: 2 }] })
})

describe('a fact', () => {
  test('has its slot counted anew where others of its task had come before the prompt, and no number falls below zero', () => {
    const { book, batch, ledger, written, sync } = setUp()
    const token = '1'.repeat(36)
    const about = { batch: BATCH, task: TASK, token }
    const claimed: Fact = { kind: 'claimed', ...about, holder: 'a', holderBoot: '00'.repeat(8), round: 0 }
    const lost: Fact = { kind: 'lost', ...about, why: 'never-renewed' }
    // Its slot was counted when the prompt came, as if it were a new task.
    const task = new OpenTask([stored(seededFact(TASK)), stored(claimed), stored(lost)])
    book.changed()
    book.live()
    ledger.write(task, { kind: 'ended', ...about, outcome: 'completed', durationMs: 5, result: { files: [] } })
    expect(written()?.tallies).toEqual([])
    expect([...batch.uncounted]).toEqual([3])
    sync()
    expect(Math.min(...Object.values(batch.counts))).toBe(0)
  })

  test('and the tally that counts it are written in one step', () => {
    const { ledger, task, written } = setUp()
    ledger.write(task, CANCELLED)
    expect(written()).toMatchObject({ facts: [{ fact: CANCELLED }], tallies: [{ slot: 3, total: 1, cancelled: 1 }] })
    expect(task.state.standing).toBe('cancelled')
  })

  test('that counts nowhere is written alone', () => {
    const { batch, ledger, task, written } = setUp()
    const token = '1'.repeat(36)
    ledger.write(task, {
      kind: 'claimed',
      batch: BATCH,
      task: TASK,
      token,
      holder: 'a',
      holderBoot: '00'.repeat(8),
      round: 0,
    })
    expect(written()?.tallies).toEqual([])
    expect(batch.slot(3).version).toBe(1)
  })

  test('of a slot that is still to be counted is not counted now', () => {
    const { batch, ledger, task, written } = setUp()
    batch.countAnew(SlotSet.of([3]))
    ledger.write(task, CANCELLED)
    expect(written()).toMatchObject({ facts: [{}], tallies: [] })
  })

  test('is known to a read of its slot that is under way', () => {
    const { batch, ledger, task } = setUp()
    batch.slot(3).changedWhileLoading = new Set()
    ledger.write(task, CANCELLED)
    expect(batch.slot(3).changedWhileLoading).toEqual(new Set([TASK]))
  })
})

describe('what people are told', () => {
  test('changes only when the fact is synced', () => {
    const { world, batch, ledger, task, written, sync } = setUp()
    ledger.write(task, CANCELLED)
    written()
    world.commits.runReady()
    expect([batch.counts.cancelled, world.effects, batch.slot(3).tally.cancelled]).toEqual([0, [], 1])
    sync()
    expect(batch.counts).toMatchObject({ total: 1, cancelled: 1 })
    expect(world.effectsOf('notice')).toMatchObject([{ notice: { type: 'task-ended', standing: 'cancelled' } }])
  })

  test('of new tasks too', () => {
    const { batch, ledger, written, sync } = setUp()
    batch.countAnew(SlotSet.of([5]))
    ledger.seed(batch, [stored(seededFact(taskIn(4))), stored(seededFact(taskIn(5)))])
    expect(written()?.facts).toHaveLength(2)
    expect(batch.counts.total).toBe(1)
    sync()
    expect(batch.counts.total).toBe(2)
  })

  test('of a task that others stated, once its prompt is there', () => {
    const { batch, ledger, written, sync } = setUp()
    const without = { ...CANCELLED, task: taskIn(6) }
    ledger.adopt(batch, new OpenTask([stored(without)]), [stored(without)])
    const facts = [stored(seededFact(taskIn(4))), stored({ ...CANCELLED, task: taskIn(4) })]
    ledger.adopt(batch, new OpenTask(facts), facts)
    expect(written()).toMatchObject({ facts: [{}, {}, {}], tallies: [{ slot: 4, total: 1, cancelled: 1 }] })
    sync()
    expect(batch.counts).toMatchObject({ total: 2, cancelled: 1 })
  })

  test('is put right where a tally was wrong', () => {
    const { batch, ledger, written, sync } = setUp()
    ledger.correct(batch, batch.slot(3), { ...emptyTally(BATCH, 3), total: 4, failed: 2 })
    expect(written()).toMatchObject({ facts: [], tallies: [{ slot: 3, total: 4, failed: 2 }] })
    sync()
    expect(batch.counts).toMatchObject({ total: 4, failed: 2 })
  })
})

test('a task of a batch that is not known is an error of this program', () => {
  const { book, ledger, task } = setUp()
  book.bury({ ...recordOf(), deleted: true })
  expect(() => ledger.batchOf(task)).toThrow(TypeError)
})
