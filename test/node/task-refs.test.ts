/** Names of tasks: an operator never hits another task than the one that is meant. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeFact } from '../../src/core/fact-record.ts'
import type { TaskId } from '../../src/core/ids.ts'
import { labelled, type RefSource, taskNamed, tasksOfIndex } from '../../src/node/task-refs.ts'
import { idsOf } from '../../src/node/task-selection.ts'
import { sha256 } from '../support/core-disk.ts'

const BATCH = '00'.repeat(8)

interface Entry {
  readonly index: number
  readonly task: TaskId
}

/** A batch with these tasks. */
function sourceOf(entries: readonly Entry[]): RefSource {
  const ascending = [...entries].sort((a, b) => a.index - b.index || (a.task < b.task ? -1 : 1))
  return {
    batch: BATCH,
    batchName: 'b',
    store: {
      readIndex: async (_batch, from, limit) => ascending.filter(({ index }) => index >= from).slice(0, limit),
      readTask: async (batch, task) =>
        ascending
          .filter((entry) => entry.task === task)
          .map(({ index }) =>
            makeFact({ kind: 'seeded', batch, task, index, prompt: 'p', params: {}, profile: 'draw' }, sha256),
          ),
    },
  }
}

/** Ids that begin alike: each digit is one of two, the last eight tell them all apart. */
function ids(count: number): TaskId[] {
  return Array.from(
    { length: count },
    (_, at) => `${'ab'.repeat(8)}${'0'.repeat(8)}${at.toString(16).padStart(8, '0')}`,
  )
}

const id = fc.stringMatching(/^[ab]{6}$/).map((head) => head.padEnd(32, 'c'))
const shared = fc
  .uniqueArray(fc.record({ index: fc.nat(3), task: id }), { minLength: 1, maxLength: 60, selector: ({ task }) => task })
  .map((entries) => entries.sort((a, b) => a.index - b.index || (a.task < b.task ? -1 : 1)))

describe('labels', () => {
  test('are the index alone, and 4 digits of the id for the tasks that share it', () => {
    const tasks = ['0a1b'.padEnd(32, '0'), '0c2d'.padEnd(32, '0'), 'ffff'.padEnd(32, '0')]
    const entries = [{ index: 6, task: 'aa'.padEnd(32, '0') }, ...tasks.map((task) => ({ index: 7, task }))]
    expect(labelled(entries).map(({ label }) => label)).toEqual(['6', '7', '7~0c2d', '7~ffff'])
  })

  test('have as many digits as tell the tasks of an index apart', () => {
    const labels = labelled(
      ['0a1b0', '0a1b1', '0a1b22', '0a1b23', 'b'].map((head) => ({ index: 7, task: head.padEnd(32, '0') })),
    )
    expect(labels.map(({ label }) => label)).toEqual(['7', '7~0a1b1', '7~0a1b22', '7~0a1b23', '7~b000'])
  })

  test('name each task and no other, however many share an index', async () => {
    await fc.assert(
      fc.asyncProperty(shared, async (entries) => {
        const source = sourceOf(entries)
        const labels = labelled(entries)
        expect(new Set(labels.map(({ label }) => label)).size).toBe(entries.length)
        for (const { label, task } of labels) expect((await taskNamed(source, label)).task).toBe(task)
      }),
    )
  })

  test('name thousands of tasks of one index', async () => {
    const tasks = ids(5_000)
    const source = sourceOf(tasks.map((task) => ({ index: 0, task })))
    const labels = await tasksOfIndex(source, 0)
    expect(new Set(labels.map(({ label }) => label)).size).toBe(5_000)
    expect(
      await idsOf(
        source,
        labels.slice(-3).map(({ label }) => label),
      ),
    ).toEqual(tasks.slice(-3))
  })
})

describe('a ref', () => {
  const [first = '', second = '', third = ''] = ids(3)
  const source = sourceOf([first, second, third].map((task) => ({ index: 7, task })))

  test('that means several tasks is refused with the names they go by', async () => {
    const refused = taskNamed(source, `7~${first.slice(0, 4)}`)
    await expect(refused).rejects.toMatchObject({ code: 'MESH_BAD_REQUEST' })
    await expect(refused).rejects.toThrow(`b/7~abab means 3 tasks: say which of b/7, b/7~${second}, b/7~${third}`)
    await expect(idsOf(source, ['7', `7~${second.slice(0, 31)}`])).rejects.toMatchObject({ code: 'MESH_BAD_REQUEST' })
  })

  test('that was a label is refused once another task has come to its index that begins alike', async () => {
    const tasks = ['0000', '0a1b0', '0a1b1'].map((head) => head.padEnd(32, '0'))
    const entries = tasks.map((task) => ({ index: 7, task }))
    expect((await taskNamed(sourceOf(entries.slice(0, 2)), '7~0a1b')).task).toBe(tasks[1])
    await expect(taskNamed(sourceOf(entries), '7~0a1b')).rejects.toThrow('b/7~0a1b0, b/7~0a1b1')
  })

  test('may have more digits than its label, all of them, or be the id', async () => {
    for (const ref of [`7~${third}`, third]) expect((await taskNamed(source, ref)).task).toBe(third)
    const plain = sourceOf([{ index: 3, task: third }])
    expect(await taskNamed(plain, `3~${third.slice(0, 9)}`)).toMatchObject({ task: third, label: '3' })
  })

  test.each(['8', '7~', '7~aba', '7~ffff', '7~ABAB', 'x', '', '0'.repeat(32), '12345678901'])(
    'that means nothing is unknown: %j',
    async (ref) => {
      await expect(taskNamed(source, ref)).rejects.toMatchObject({ code: 'MESH_TASK_UNKNOWN' })
    },
  )
})
