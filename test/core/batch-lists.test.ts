/** The records of all batches, which come to be alike everywhere. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BatchBook } from '../../src/core/batch-book.ts'
import { BatchLists } from '../../src/core/batch-lists.ts'
import { type BatchRecord, changeBatch, newBatch, tombstoneOf } from '../../src/core/batches.ts'
import { hex } from '../../src/core/ids.ts'
import { recordOf } from '../support/core-bench.ts'
import { PartWorld } from '../support/part-world.ts'

const valuesOf = (record: BatchRecord) =>
  Object.fromEntries(Object.entries(record.fields).map(([name, { value }]) => [name, value])) as never
/** The batch of a name and generation, as its id would tell. */
const batchOf = (name: string, generation = 0): BatchRecord =>
  newBatch(hex(1_000 * name.charCodeAt(0) + generation, 16), name, valuesOf(recordOf()), 'a', generation)

function setUp() {
  const world = new PartWorld(['a', 'b'])
  const book = new BatchBook()
  const lists = new BatchLists(world, book)
  const deleted: string[] = []
  const known: string[] = []
  lists.onDeleted = (tombstone) => {
    deleted.push(tombstone.id)
    book.bury(tombstone)
  }
  lists.onNew = ({ id }) => known.push(id)
  const records = () => book.records.sort((a, b) => (a.id < b.id ? -1 : 1))
  return { world, book, lists, deleted, known, records }
}

const record = fc
  .record({
    name: fc.constantFrom('x', 'y'),
    generation: fc.nat(2),
    priority: fc.nat(2),
    node: fc.constantFrom('a', 'b'),
    isDeleted: fc.boolean(),
    isChanged: fc.boolean(),
  })
  .map(({ name, generation, priority, node, isDeleted, isChanged }) => {
    const first = batchOf(name, generation)
    if (isDeleted) return tombstoneOf(first)
    return isChanged ? changeBatch(first, { priority }, node) : first
  })

describe('records', () => {
  test('are the same however often and in which order they were learnt, and so is their hash', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 12 }), (all) => {
        const [one, other] = [setUp(), setUp()]
        one.lists.learn(all)
        for (const each of [...all.toReversed(), ...all]) other.lists.learn([each])
        expect(other.lists.hash).toBe(one.lists.hash)
        const lives = (set: typeof one) => set.records().filter(({ deleted }) => !deleted)
        expect(lives(other)).toEqual(lives(one))
        const names = lives(one).map(({ name }) => name)
        expect(new Set(names).size).toBe(names.length)
      }),
    )
  })

  test('that are the same have the same hash, and others another', () => {
    const [one, other] = [setUp(), setUp()]
    expect(other.lists.hash).toBe(one.lists.hash)
    one.lists.learn([batchOf('x')])
    expect(other.lists.hash).not.toBe(one.lists.hash)
    other.lists.learn([batchOf('x')])
    expect(other.lists.hash).toBe(one.lists.hash)
    one.lists.learn([changeBatch(batchOf('x'), { paused: true }, 'a')])
    expect(other.lists.hash).not.toBe(one.lists.hash)
    one.lists.learn([tombstoneOf(batchOf('x'))])
    other.lists.learn([tombstoneOf(batchOf('x'))])
    expect(other.lists.hash).toBe(one.lists.hash)
  })

  test('that are news are written, given, and told of where the batch was not known', () => {
    const { world, lists, known } = setUp()
    const [x, paused] = [batchOf('x'), changeBatch(batchOf('x'), { paused: true }, 'b')]
    expect(lists.learn([x])).toEqual([x])
    expect(world.commits.take()).toMatchObject({ batches: [x] })
    expect(lists.learn([x])).toEqual([])
    expect(world.commits.take()).toBeUndefined()
    expect(lists.learn([paused, x])).toEqual([paused])
    expect(known).toEqual([x.id])
  })
})

describe('a batch of a generation', () => {
  test('has those before it of its name buried, whoever hears of it alone', () => {
    const { world, book, lists, deleted } = setUp()
    const [first, second] = [batchOf('x'), batchOf('x', 1)]
    lists.learn([first, batchOf('y')])
    expect(lists.learn([second])).toEqual([second, tombstoneOf(first)])
    expect([book.byName('x')?.id, book.isDeleted(first.id), deleted]).toEqual([second.id, true, [first.id]])
    expect(book.byName('y')).toBeDefined()
    expect(world.commits.take()).toMatchObject({
      batches: [{}, {}, { id: second.id }, { id: first.id, deleted: true }],
    })
  })

  test('that is below the highest known one comes as a tombstone, whatever it says', () => {
    const { book, lists, known } = setUp()
    const [first, second] = [batchOf('x'), batchOf('x', 1)]
    lists.learn([second])
    expect(lists.learn([first])).toEqual([tombstoneOf(first)])
    expect([book.get(first.id), book.byName('x')?.id, known]).toEqual([undefined, second.id, [second.id]])
  })

  test('that is deleted does not come back', () => {
    const { book, lists } = setUp()
    lists.learn([tombstoneOf(batchOf('x'))])
    expect(lists.learn([changeBatch(batchOf('x'), { priority: 9 }, 'b')])).toEqual([])
    expect(book.get(batchOf('x').id)).toBeUndefined()
  })
})

describe('a list that goes to a peer', () => {
  test('ascends, has tombstones too, and goes in parts of which the last asks for the answer', () => {
    const { world, lists } = setUp()
    const all = Array.from({ length: 1_201 }, (_, at) => ({
      ...recordOf({}, hex(2_000 - at, 16)),
      name: `batch ${at}`,
    }))
    lists.learn([...all, tombstoneOf(batchOf('x'))])
    lists.sendTo('b', true)
    const parts = world.sentOf('batches').map(({ message }) => message)
    expect(parts.map(({ records, answer }) => [records.length, answer])).toEqual([
      [500, false],
      [500, false],
      [202, true],
    ])
    const ids = parts.flatMap(({ records }) => records.map(({ id }) => id))
    expect(ids).toEqual(ids.toSorted())
    expect(parts.flatMap(({ records }) => records).filter(({ deleted }) => deleted)).toHaveLength(1)
  })

  test('is one message where there is nothing, which may ask all the same', () => {
    const { world, lists } = setUp()
    lists.sendTo('b', true)
    expect(world.sent).toEqual([{ to: 'b', message: { type: 'batches', records: [], answer: true, request: 0 } }])
  })
})
