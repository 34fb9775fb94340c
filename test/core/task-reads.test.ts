/** Tasks that somebody names, as they are at the moment at which they are handed over. */
import { describe, expect, test } from 'vitest'
import { BatchBook } from '../../src/core/batch-book.ts'
import type { StoredFact } from '../../src/core/facts.ts'
import type { TaskId } from '../../src/core/ids.ts'
import { OpenTask } from '../../src/core/open-task.ts'
import { TaskReads } from '../../src/core/task-reads.ts'
import { recordOf, seededFact, stored, taskIn } from '../support/core-bench.ts'
import { PartWorld } from '../support/part-world.ts'

const [ONE, TWO, NEAR] = [taskIn(1), taskIn(2), taskIn(1, 7)]

function setUp() {
  const world = new PartWorld(['a'])
  const book = new BatchBook()
  const batch = book.put(recordOf())
  const reads = new TaskReads(world, book)
  const given: OpenTask[] = []
  let done = 0
  const take = (tasks: readonly TaskId[], then: (task: OpenTask) => void = () => undefined) =>
    reads.take(
      {
        batch,
        take: (task) => {
          given.push(task)
          then(task)
        },
        done: () => done++,
      },
      tasks,
    )
  const loads = () => world.effectsOf('load-tasks')
  /** Answers the last read with tasks of which there are facts. */
  const loaded = (tasks: readonly TaskId[]) => {
    const facts = new Map<TaskId, StoredFact[]>(tasks.map((task) => [task, [stored(seededFact(task))]]))
    return reads.loaded(loads().at(-1)?.load ?? 0, facts)
  }
  const ids = () => given.map(({ id }) => id)
  const inMemory = (task: TaskId) => {
    const open = new OpenTask([stored(seededFact(task))])
    book.remember(open)
    return open
  }
  return { book, batch, reads, given, ids, take, loads, loaded, inMemory, done: () => done }
}

describe('a task is handed over', () => {
  test('from memory at once, else as it was read, each once, and then done', () => {
    const { take, loads, loaded, inMemory, given, ids, done, reads } = setUp()
    const known = inMemory(TWO)
    take([ONE, TWO])
    expect([given, done()]).toEqual([[known], 0])
    expect(loads()).toMatchObject([{ tasks: [ONE] }])
    loaded([ONE])
    expect([ids(), done(), reads.idle]).toEqual([[TWO, ONE], 1, true])
  })

  test('once, however often it is named', () => {
    const { take, loads, loaded, inMemory, ids } = setUp()
    inMemory(TWO)
    take([ONE, TWO, ONE, TWO])
    expect(loads()).toMatchObject([{ tasks: [ONE] }])
    loaded([ONE])
    expect(ids()).toEqual([TWO, ONE])
  })

  test('not at all where there is no fact of it', () => {
    const { take, loaded, ids, done } = setUp()
    take([ONE, TWO])
    loaded([TWO])
    expect([ids(), done()]).toEqual([[TWO], 1])
  })

  test('by no read where all are in memory, or none is named', () => {
    const { take, loads, inMemory, done } = setUp()
    inMemory(ONE)
    take([ONE])
    take([])
    expect([loads(), done()]).toEqual([[], 2])
  })

  test('from memory where it came there while it was read', () => {
    const { take, loaded, inMemory, given, done } = setUp()
    take([ONE])
    const known = inMemory(ONE)
    loaded([ONE])
    expect([given, done()]).toEqual([[known], 1])
  })

  test('from another read where its slot changed while it was read', () => {
    const { batch, take, loads, loaded, ids, done } = setUp()
    take([ONE, TWO])
    batch.slot(1).version++
    loaded([ONE, TWO])
    expect([ids(), done()]).toEqual([[TWO], 0])
    expect(loads().at(-1)).toMatchObject({ tasks: [ONE] })
    loaded([ONE])
    expect([ids(), done()]).toEqual([[TWO, ONE], 1])
  })

  test('by one read also where the first that is taken changes the slot of the second', () => {
    const { batch, take, loads, loaded, ids } = setUp()
    take([ONE, NEAR], () => batch.slot(1).version++)
    loaded([ONE, NEAR])
    expect([ids(), loads().length]).toEqual([[ONE, NEAR], 1])
  })
})

test('what was read is not kept: the same task is read again', () => {
  const { take, loads, loaded } = setUp()
  take([ONE])
  loaded([ONE])
  take([ONE])
  expect(loads()).toHaveLength(2)
})

test('what could not be read is asked for again', () => {
  const { reads, take, loads, loaded, ids, done } = setUp()
  take([ONE])
  reads.failed(loads()[0]?.load ?? 0)
  expect([loads().length, done()]).toEqual([2, 0])
  expect(reads.loaded(loads()[0]?.load ?? 0, new Map())).toBe(false)
  expect(loaded([ONE])).toBe(true)
  expect([ids(), done()]).toEqual([[ONE], 1])
})

test('of a batch that was deleted, before or meanwhile, no task is handed over', () => {
  const { book, take, loaded, given, loads, done } = setUp()
  take([ONE])
  book.bury({ ...recordOf(), deleted: true })
  loaded([ONE])
  take([TWO])
  expect([given, done(), loads().length]).toEqual([[], 2, 1])
})
