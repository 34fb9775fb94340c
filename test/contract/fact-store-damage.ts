/** What every FactStore must do with rows that are damaged, missing or of another format. */
import { describe, expect, test } from 'vitest'
import { META_KEY } from '../../src/adapters/level/keys.ts'
import { seal } from '../../src/adapters/level/rows.ts'
import { encodeValue } from '../../src/codec/cbor.ts'
import { slotOf } from '../../src/core/ids.ts'
import { type Edit, type Home, useBench } from './fact-store-home.ts'
import { BATCH, batchRecord, NODE, OTHER_BATCH, seeded, seeding, tally, taskOf, writes } from './fact-store-samples.ts'

export function testDamagedFactStore(name: string, makeHome: () => Promise<Home>): void {
  describe(`A damaged fact store on ${name}`, () => {
    const bench = useBench(makeHome)

    test('leaves out facts whose bytes have changed, and counts each once', async () => {
      await bench().store.open()
      await bench().store.commit([seeding([1, 2, 3, 4])])
      await bench().next()
      await bench().edit('f', ({ rows, flip }) => {
        flip(rows[0], 20)
        flip(rows[2], 3)
      })
      await bench().store.open()
      for (let round = 0; round < 2; round++) {
        const read = await Promise.all([1, 2, 3, 4].map((number) => bench().store.readTask(BATCH, taskOf(number))))
        expect(read.flat()).toHaveLength(2)
      }
      expect(bench().store.damaged).toBe(2)
    })

    test('leaves out a whole fact that stands under the key of another', async () => {
      await bench().store.open()
      await bench().store.commit([seeding([1, 2])])
      await bench().next()
      await bench().edit('f', ({ rows, put }) => put(rows[0].key, rows[1]?.value ?? Uint8Array.of()))
      await bench().store.open()
      const read = await Promise.all([1, 2].map((number) => bench().store.readTask(BATCH, taskOf(number))))
      expect(read.flat()).toHaveLength(1)
      expect(bench().store.damaged).toBe(1)
    })

    test.each<[string, string, 'clean' | 'crashed', (edit: Edit) => void]>([
      ['a chunk of the checkpoint is damaged', 'c', 'clean', ({ rows, flip }) => flip(rows[0], 3)],
      ['a chunk of the checkpoint is missing', 'c', 'clean', ({ rows, remove }) => remove(rows[0])],
      ['the base row is damaged', 't', 'clean', ({ rows, flip }) => flip(rows[0], 3)],
      ['a journal row is damaged', 'j', 'crashed', ({ rows, flip }) => flip(rows[1], 9)],
      ['the first journal row is missing', 'j', 'crashed', ({ rows, remove }) => remove(rows[0])],
      ['a journal row in the middle is missing', 'j', 'crashed', ({ rows, remove }) => remove(rows[1])],
    ])('gives no tallies where %s', async (_what, letter, end, change) => {
      await bench().store.open()
      await bench().store.commit([writes({ tallies: [tally(0, 1), tally(16_383, 2)] })])
      await bench().next()
      await bench().store.open()
      for (let number = 1; number <= 3; number++) {
        await bench().store.commit([writes({ tallies: [tally(number, number)] })])
      }
      if (end === 'clean') await bench().next()
      else await bench().crash()
      await bench().edit(letter, change)
      expect((await bench().store.open()).tallies).toBeUndefined()
      expect(bench().store.damaged).toBe(1)
    })

    test('goes on giving no tallies until every slot with facts was counted anew', async () => {
      const counted = (number: number) => writes({ tallies: [tally(slotOf(taskOf(number)), 1)] })
      await bench().store.open()
      await bench().store.commit([seeding([1, 2]), counted(1), counted(2)])
      await bench().next()
      await bench().edit('c', ({ rows, flip }) => flip(rows[0], 3))
      expect((await bench().store.open()).tallies).toBeUndefined()
      await bench().store.commit([counted(1)])
      await bench().crash()
      expect((await bench().store.open()).tallies).toBeUndefined()
      // What was counted before is forgotten: its slot may have changed while nobody counted it.
      await bench().store.commit([counted(2)])
      await bench().crash()
      expect((await bench().store.open()).tallies).toBeUndefined()
      await bench().store.commit([counted(1), counted(2)])
      await bench().next()
      expect((await bench().store.open()).tallies).toHaveLength(2)
      await bench().crash()
      expect((await bench().store.open()).tallies).toHaveLength(2)
    })

    test('builds a damaged index anew from the facts', async () => {
      await bench().store.open()
      for (const from of [0, 100, 200]) {
        await bench().store.commit([seeding(Array.from({ length: 100 }, (_, at) => from + at))])
      }
      await bench().store.commit([seeding([1, 2], OTHER_BATCH)])
      await bench().next()
      await bench().edit('i', ({ rows, flip }) => flip(rows[1], 50))
      await bench().store.open()
      const read = (from: number, limit: number) => bench().store.readIndex(BATCH, from, limit)
      const [all, one] = await Promise.all([read(0, 1_000), read(150, 1)])
      expect(all.map((entry) => entry.index)).toEqual(Array.from({ length: 300 }, (_, at) => at))
      expect(one).toEqual([{ index: 150, task: taskOf(150) }])
      expect(await bench().store.readIndex(OTHER_BATCH, 0, 10)).toHaveLength(2)
      expect(bench().store.damaged).toBe(1)
      await bench().crash()
      await bench().store.open()
      expect(await read(0, 1_000)).toHaveLength(300)
      expect(bench().store.damaged).toBe(0)
    })

    test('names a task whose prompt is damaged until its index is doubted, and then no more', async () => {
      const ids = async (doubted?: boolean) => {
        const read: string[] = []
        for await (const chunk of bench().store.readTaskIds(BATCH, doubted)) read.push(...chunk)
        return read.sort()
      }
      const numbers = [1, 2, 3]
      await bench().store.open()
      await bench().store.commit([seeding(numbers)])
      await bench().next()
      await bench().edit('f', ({ rows, flip }) => flip(rows[0], 20))
      await bench().store.open()
      expect(await ids()).toEqual(numbers.map(taskOf).sort())
      const there = (await Promise.all(numbers.map((number) => bench().store.readTask(BATCH, taskOf(number))))).flat()
      const whole = there.map(({ fact }) => fact.task).sort()
      expect(whole).toHaveLength(2)
      expect([await ids(true), await ids()]).toEqual([whole, whole])
      await bench().next()
      await bench().store.open()
      expect(await ids()).toEqual(whole)
    })

    test('keeps entries that are committed while an index is built anew', async () => {
      await bench().store.open()
      await bench().store.commit([seeding([0, 1])])
      await bench().next()
      await bench().edit('i', ({ rows, flip }) => flip(rows[0], 2))
      await bench().store.open()
      const reading = bench().store.readIndex(BATCH, 0, 10)
      await bench().store.commit([seeding([2])])
      await reading
      expect((await bench().store.readIndex(BATCH, 0, 10)).map((entry) => entry.index)).toEqual([0, 1, 2])
    })

    test('leaves out damaged batches and promises, and counts them', async () => {
      const batches = [batchRecord(BATCH, 'first'), batchRecord(OTHER_BATCH, 'second')]
      await bench().store.open()
      await bench().store.commit([writes({ batches, promises: [{ from: 0, to: 1, epoch: 1, node: NODE }] })])
      await bench().next()
      await bench().edit('b', ({ rows, flip }) => flip(rows[0], 12))
      await bench().edit('p', ({ rows, flip }) => flip(rows[0], 2))
      expect(await bench().store.open()).toMatchObject({ batches: [batches[1]], promises: [] })
      expect(bench().store.damaged).toBe(2)
    })

    test.each<[string, (edit: Edit) => void]>([
      ['is of a later version', ({ put }) => put(META_KEY, seal(META_KEY, encodeValue([99, 'who knows'])))],
      ['is damaged', ({ rows, flip }) => flip(rows[0], 1)],
      ['is missing', ({ rows, remove }) => remove(rows[0])],
    ])('is refused and left as it is where the format row %s', async (_what, change) => {
      await bench().store.open()
      await bench().store.commit([seeding([1])])
      await bench().next()
      const whole = await bench().copy()
      await bench().edit('m', change)
      const changed = await bench().copy()
      await expect(bench().store.open()).rejects.toMatchObject({ code: 'MESH_FORMAT' })
      expect(await bench().copy()).toEqual(changed)
      await bench().restore(whole)
      await bench().next()
      await bench().store.open()
      expect(await bench().store.readTask(BATCH, taskOf(1))).toHaveLength(1)
    })

    test('writes nothing of a commit that holds a malformed fact, and goes on', async () => {
      await bench().store.open()
      const bad = { ...seeded(2), hash: 'not a hash at all' }
      await expect(bench().store.commit([seeding([1]), writes({ facts: [bad] })])).rejects.toThrow(TypeError)
      expect(await bench().store.readTask(BATCH, taskOf(1))).toEqual([])
      await bench().store.commit([seeding([3])])
      expect(await bench().store.readTask(BATCH, taskOf(3))).toHaveLength(1)
    })
  })
}
