/** Batches as an owner knows them. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BatchBook } from '../../src/core/batch-book.ts'
import { OpenTask } from '../../src/core/open-task.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { emptyTally } from '../../src/core/tally.ts'
import { BATCH, recordOf, seededFact, stored, taskIn } from '../support/core-bench.ts'

const tally = (slot: number, total: number, completed = 0) => ({ ...emptyTally(BATCH, slot), total, completed })
const change = (total: number, completed = 0) => ({ total, completed, failed: 0, cancelled: 0, extra: 0 })

function setUp() {
  const book = new BatchBook()
  return { book, batch: book.put(recordOf()) }
}

describe('the counts of a batch', () => {
  test('are the sums of what was counted of its slots, and less by those that are dropped', () => {
    const slot = fc.nat(9)
    const moves = fc.array(
      fc.oneof(
        fc.record({ kind: fc.constant('count' as const), slot, total: fc.nat(5) }),
        fc.record({ kind: fc.constant('drop' as const), slot }),
      ),
      { maxLength: 40 },
    )
    fc.assert(
      fc.property(moves, (all) => {
        const { batch } = setUp()
        const reference = new Map<number, number>()
        for (const move of all) {
          if (move.kind === 'drop') {
            batch.drop(SlotSet.of([move.slot]))
            reference.delete(move.slot)
          } else {
            batch.count(batch.slot(move.slot), change(move.total))
            reference.set(move.slot, (reference.get(move.slot) ?? 0) + move.total)
          }
          expect(batch.counts.total).toBe([...reference.values()].reduce((sum, each) => sum + each, 0))
        }
      }),
    )
  })

  test('do not take what was under way when its slot was dropped, also where that is served anew', () => {
    const { batch } = setUp()
    const slot = batch.slot(1)
    batch.drop(SlotSet.of([1]))
    batch.count(slot, change(5))
    batch.slot(1)
    batch.count(slot, change(5))
    expect(batch.counts.total).toBe(0)
  })

  test('are behind a tally by the writes that are under way', () => {
    const { batch } = setUp()
    const slot = batch.slot(1)
    slot.tally = tally(1, 3)
    expect([batch.counts.total, slot.counted.total]).toEqual([0, 0])
    batch.count(slot, change(3))
    expect([batch.counts.total, slot.counted.total]).toEqual([3, 3])
  })
})

describe('a slot', () => {
  test('that is restored stands in unloaded exactly where it has open tasks', () => {
    const { batch } = setUp()
    batch.restore(tally(1, 3, 3))
    batch.restore(tally(2, 3, 1))
    expect([...batch.unloaded]).toEqual([2])
    expect([batch.slot(1).complete, batch.slot(2).complete]).toEqual([true, false])
    expect(batch.counts).toEqual(change(6, 4))
  })

  test('to be counted anew is not complete, and need not be read where it is known to be empty', () => {
    const { batch } = setUp()
    batch.slot(1)
    batch.countAnew(SlotSet.of([1, 2, 3]))
    expect([batch.slot(1).complete, batch.slot(2).complete]).toEqual([false, false])
    batch.slots.delete(2)
    batch.areEmpty(SlotSet.of([1, 2, 4]))
    expect([...batch.uncounted]).toEqual([1, 3])
  })

  test('takes memory once it has a task or is read, and no longer than that where it was empty', () => {
    const { batch } = setUp()
    batch.countAnew(SlotSet.all())
    expect(batch.slots.size).toBe(0)
    for (const number of [1, 2]) batch.slot(number).complete = true
    batch.slot(2).version++
    batch.dropEmpty(1)
    batch.dropEmpty(2)
    expect([...batch.slots.keys()]).toEqual([2])
  })

  test('with an open task that is only on disk is unloaded', () => {
    const { book, batch } = setUp()
    expect(book.live()).toEqual([])
    book.unload(batch, 7)
    expect([batch.slot(7).complete, batch.slot(7).grewWhileLoading, ...batch.unloaded]).toEqual([false, true, 7])
    expect(book.live()).toEqual([batch])
  })
})

describe('the next unloaded slots', () => {
  test('go round in ascending order, as many as have that many tasks', () => {
    const { batch } = setUp()
    for (const slot of [1, 5, 9, 16_000]) batch.restore(tally(slot, 10))
    expect(batch.nextUnloaded(15)).toEqual([1, 5])
    expect(batch.nextUnloaded(25)).toEqual([1, 9, 16_000])
    expect(batch.nextUnloaded(1)).toEqual([5])
    expect(batch.nextUnloaded(1_000)).toEqual([1, 5, 9, 16_000])
  })

  test('are only those that are wanted', () => {
    const { batch } = setUp()
    for (const slot of [1, 2, 3]) batch.restore(tally(slot, 1))
    expect(batch.nextUnloaded(10, (slot) => slot !== 2)).toEqual([1, 3])
    expect(batch.nextUnloaded(10, () => false)).toEqual([])
    expect(setUp().batch.nextUnloaded(10)).toEqual([])
  })
})

describe('of a deleted batch', () => {
  test('only the tombstone is known, also to who still holds it', () => {
    const { book, batch } = setUp()
    const tombstone = { ...recordOf(), deleted: true }
    book.bury(tombstone)
    expect([book.get(BATCH), book.byName(tombstone.name), book.batches.size]).toEqual([undefined, undefined, 0])
    expect([book.isDeleted(BATCH), book.recordOf(BATCH), book.tombstones]).toEqual([true, tombstone, [tombstone]])
    expect([batch.record, book.records, book.live()]).toEqual([tombstone, [tombstone], []])
  })

  test('the highest generation of its name stays known', () => {
    const { book } = setUp()
    const { name } = recordOf()
    book.bury({ ...recordOf(), deleted: true, generation: 4 })
    book.put({ ...recordOf({}, '00000000000000ff'), name, generation: 2 })
    expect([book.generationOf(name), book.generationOf('other')]).toEqual([4, undefined])
  })
})

test('batches stand in the order of grants: priority, then age, then id', () => {
  const book = new BatchBook()
  const ids = [
    book.put(recordOf({ born: 2 }, 'c'.repeat(16))),
    book.put(recordOf({ born: 1 }, 'd'.repeat(16))),
    book.put(recordOf({ born: 2 }, 'b'.repeat(16))),
    book.put(recordOf({ born: 9, priority: 1 }, 'e'.repeat(16))),
  ].map(({ id }) => id)
  expect(book.inOrder().map(({ id }) => id)).toEqual([ids[3], ids[1], ids[2], ids[0]])
})

test('tasks in memory are counted with about what they take, each once', () => {
  const { book } = setUp()
  const [one, two] = [taskIn(1), taskIn(2)].map((id) => new OpenTask([stored(seededFact(id))])) as [OpenTask, OpenTask]
  for (const task of [one, two, one]) book.remember(task)
  expect([book.tasks.size, book.bytes]).toEqual([2, one.bytes + two.bytes])
  for (const task of [one, one]) book.forget(task)
  expect([book.tasks.size, book.bytes]).toEqual([1, two.bytes])
})
