/** What every FactStore must do, whatever database is under it. */
import { describe, expect, test } from 'vitest'
import { tombstoneOf } from '../../src/core/batches.ts'
import { slotOf } from '../../src/core/ids.ts'
import { type Home, useBench } from './fact-store-home.ts'
import {
  BATCH,
  batchRecord,
  bySlot,
  everyKind,
  fact,
  hashesOf,
  NODE,
  OTHER_BATCH,
  seeding,
  tally,
  taskOf,
  writes,
} from './fact-store-samples.ts'

export function testFactStore(name: string, makeHome: () => Promise<Home>): void {
  describe(`A fact store on ${name}`, () => {
    const bench = useBench(makeHome)

    test('opens empty, as if it had ended cleanly', async () => {
      const state = await bench().store.open()
      expect(state).toEqual({ incarnation: 1, clean: true, batches: [], tallies: [], promises: [] })
      expect(bench().store.damaged).toBe(0)
    })

    test('gives back every kind of fact, byte for byte', async () => {
      await bench().store.open()
      const task = taskOf(7)
      const facts = everyKind(task)
      await bench().store.commit([writes({ facts })])
      const read = await bench().store.readTask(BATCH, task)
      expect(hashesOf(read)).toEqual(hashesOf(facts))
      for (const stored of facts) {
        const same = read.find((each) => each.hash === stored.hash)
        expect(same?.fact).toEqual(stored.fact)
        expect(Buffer.compare(same?.bytes ?? Buffer.alloc(0), stored.bytes)).toBe(0)
      }
      expect(hashesOf(await bench().store.readSlots(BATCH, [slotOf(task)]))).toEqual(hashesOf(facts))
      expect(bench().store.damaged).toBe(0)
    })

    test('changes nothing when the same facts are written twice', async () => {
      await bench().store.open()
      const facts = everyKind(taskOf(7))
      await bench().store.commit([writes({ facts }), writes({ facts })])
      await bench().store.commit([writes({ facts })])
      expect(hashesOf(await bench().store.readTask(BATCH, taskOf(7)))).toEqual(hashesOf(facts))
    })

    test('keeps two variants of one statement beside each other', async () => {
      await bench().store.open()
      const about = { kind: 'closed', batch: BATCH, task: taskOf(1), round: 0 } as const
      const variants = [fact({ ...about, why: 'poison' }), fact({ ...about, why: 'bad-input' })]
      for (const variant of variants) await bench().store.commit([writes({ facts: [variant] })])
      expect(hashesOf(await bench().store.readTask(BATCH, taskOf(1)))).toEqual(hashesOf(variants))
    })

    test('keeps batches, slots and tasks apart, and groups a slot by task', async () => {
      await bench().store.open()
      const near = ['ffff', 'fffe', 'fffb'].flatMap((head) => [`${head}${'f'.repeat(28)}`, `${head}${'0'.repeat(28)}`])
      const facts = [BATCH, OTHER_BATCH].flatMap((batch) =>
        near.flatMap((task) => [0, 1].map((round) => fact({ kind: 'retried', batch, task, round }))),
      )
      await bench().store.commit([writes({ facts })])
      const last = await bench().store.readSlots(OTHER_BATCH, [16_383])
      expect(last).toHaveLength(8)
      expect(last.map((stored) => stored.fact.task)).toEqual([...last.map((stored) => stored.fact.task)].sort())
      expect(last.every((stored) => stored.fact.batch === OTHER_BATCH)).toBe(true)
      expect(await bench().store.readSlots(BATCH, [16_382])).toHaveLength(4)
      expect(await bench().store.readTask(BATCH, `ffff${'f'.repeat(28)}`)).toHaveLength(2)
      expect(await bench().store.readSlots(BATCH, [0])).toEqual([])
    })

    test('keeps batches and promises, the last of each', async () => {
      await bench().store.open()
      const first = batchRecord(BATCH, 'first')
      const changed = { ...first, fields: { ...first.fields, paused: { value: true, counter: 2, node: NODE } } }
      const promises = [{ from: 0, to: 16_383, epoch: 4, node: NODE }]
      await bench().store.commit([
        writes({ batches: [first], promises: [] }),
        writes({ batches: [batchRecord(OTHER_BATCH, 'second')] }),
      ])
      await bench().store.commit([writes({ batches: [changed], promises })])
      await bench().crash()
      const state = await bench().store.open()
      expect(state.batches).toEqual([changed, batchRecord(OTHER_BATCH, 'second')])
      expect(state.promises).toEqual(promises)
    })

    test('clears a batch of everything but its record, leaves others as they are, and may be asked again', async () => {
      await bench().store.open()
      const numbers = Array.from({ length: 9_000 }, (_, number) => number)
      const records = [batchRecord(BATCH, 'first'), batchRecord(OTHER_BATCH, 'second')]
      const tallies = [tally(0, 4), tally(9_000, 7), tally(0, 3, OTHER_BATCH)]
      const others = seeding([0, 1, 2], OTHER_BATCH)
      await bench().store.commit([seeding(numbers), others, writes({ batches: records, tallies })])
      expect(await bench().store.readIndex(BATCH, 0, 10)).toHaveLength(10)
      await bench().store.clear([BATCH])
      await bench().store.clear([BATCH, 'aaaaaaaaaaaaaaaa'])
      const isLeftAsItWas = async () => {
        const slots = Array.from({ length: 16_384 }, (_, slot) => slot)
        expect(await bench().store.readSlots(BATCH, slots)).toEqual([])
        expect(await bench().store.readTask(BATCH, taskOf(1))).toEqual([])
        expect(await bench().store.readIndex(BATCH, 0, 10)).toEqual([])
        expect(hashesOf(await bench().store.readSlots(OTHER_BATCH, slots))).toEqual(hashesOf(others.facts))
        expect(await bench().store.readIndex(OTHER_BATCH, 0, 10)).toHaveLength(3)
      }
      await isLeftAsItWas()
      await bench().crash()
      const state = await bench().store.open()
      expect(state).toMatchObject({ batches: records, tallies: [tally(0, 3, OTHER_BATCH)] })
      await isLeftAsItWas()
      expect(bench().store.damaged).toBe(0)
    })

    test('clears what an interrupted clearing left', async () => {
      await bench().store.open()
      await bench().store.commit([seeding(Array.from({ length: 9_000 }, (_, number) => number))])
      const clearing = bench()
        .store.clear([BATCH])
        .catch(() => undefined)
      await bench().store.commit([seeding([0], OTHER_BATCH)])
      await bench().crash()
      await clearing
      await bench().store.open()
      await bench().store.clear([BATCH])
      const slots = Array.from({ length: 16_384 }, (_, slot) => slot)
      expect(await bench().store.readSlots(BATCH, slots)).toEqual([])
      expect(await bench().store.readSlots(OTHER_BATCH, slots)).toHaveLength(1)
    })

    test('keeps the tombstone of a batch', async () => {
      await bench().store.open()
      const tombstone = tombstoneOf(batchRecord(BATCH, 'first'))
      await bench().store.commit([writes({ batches: [batchRecord(BATCH, 'first')] })])
      await bench().store.commit([writes({ batches: [tombstone] })])
      await bench().crash()
      expect((await bench().store.open()).batches).toEqual([tombstone])
    })

    test('counts its openings, and says whether it was closed', async () => {
      await bench().store.open()
      await bench().crash()
      expect(await bench().store.open()).toMatchObject({ incarnation: 2, clean: false })
      await bench().next()
      expect(await bench().store.open()).toMatchObject({ incarnation: 3, clean: true })
    })

    test('gives back the latest tallies after a clean end and after a crash', async () => {
      await bench().store.open()
      await bench().store.commit([
        writes({ tallies: [tally(0, 1), tally(16_383, 5, OTHER_BATCH)] }),
        writes({ tallies: [tally(0, 2)] }),
      ])
      await bench().store.commit([writes({ tallies: [tally(1_500, 2 ** 40)] })])
      const expected = bySlot([tally(0, 2), tally(1_500, 2 ** 40), tally(16_383, 5, OTHER_BATCH)])
      await bench().crash()
      expect(bySlot((await bench().store.open()).tallies)).toEqual(expected)
      await bench().next()
      expect(bySlot((await bench().store.open()).tallies)).toEqual(expected)
    })

    test('keeps the tally journal short, and loses no tally by it', async () => {
      await bench().store.open()
      for (let number = 1; number <= 450; number++) {
        await bench().store.commit([writes({ tallies: [tally(number % 7, number), tally(number * 36, number)] })])
      }
      await bench().crash()
      const journal = (await bench().copy()).filter((row) => row.key[0] === 'j'.charCodeAt(0))
      expect(journal.length).toBeGreaterThan(0)
      expect(journal.length).toBeLessThanOrEqual(200)
      const { tallies } = await bench().store.open()
      expect(tallies).toHaveLength(450 + 7)
      expect(
        bySlot(tallies)
          .slice(0, 7)
          .map((each) => each.total),
      ).toEqual([448, 449, 450, 444, 445, 446, 447])
    })

    test('pages through a batch in the order of its file, whatever commits its tasks came in', async () => {
      await bench().store.open()
      const numbers = Array.from({ length: 3_000 }, (_, at) => at)
      for (let step = 0; step < 7; step++)
        await bench().store.commit([seeding(numbers.filter((number) => number % 7 === step))])
      await bench().store.commit([seeding(numbers.slice(100, 300).reverse())])
      const read: number[] = []
      for (let page = await bench().store.readIndex(BATCH, 0, 250); page.length > 0; ) {
        expect(page.every((entry) => entry.task === taskOf(entry.index))).toBe(true)
        read.push(...page.map((entry) => entry.index))
        page = await bench().store.readIndex(BATCH, (page.at(-1)?.index ?? 0) + 1, 250)
      }
      expect(read).toEqual(numbers)
    })

    test('lists tasks that share an index by their ids, and those of a segment over the limit', async () => {
      await bench().store.open()
      const entries = Array.from({ length: 9_000 }, (_, at) => ({ index: at >> 1, task: taskOf(at) }))
      await bench().store.commit([writes({ indexes: [{ batch: BATCH, entries }] })])
      const page = await bench().store.readIndex(BATCH, 2_040, 30)
      const expected = entries.slice(4_080, 4_110).sort((a, b) => a.index - b.index || (a.task < b.task ? -1 : 1))
      expect(page).toEqual(expected)
      expect(await bench().store.readIndex(BATCH, 4_500, 30)).toEqual([])
      expect(await bench().store.readIndex(OTHER_BATCH, 0, 30)).toEqual([])
    })

    test('shows entries that are committed after the first page was read', async () => {
      await bench().store.open()
      await bench().store.commit([seeding([0, 1, 5])])
      expect(await bench().store.readIndex(BATCH, 0, 10)).toHaveLength(3)
      await bench().store.commit([seeding([2, 3])])
      expect((await bench().store.readIndex(BATCH, 0, 10)).map((entry) => entry.index)).toEqual([0, 1, 2, 3, 5])
    })

    test('gives each task id once, in chunks', async () => {
      await bench().store.open()
      const numbers = Array.from({ length: 10_000 }, (_, at) => at)
      for (let step = 0; step < 3; step++)
        await bench().store.commit([seeding(numbers.filter((number) => number % 3 <= step))])
      const ids: string[] = []
      let chunks = 0
      for await (const chunk of bench().store.readTaskIds(BATCH)) {
        ids.push(...chunk)
        chunks++
      }
      expect(chunks).toBeGreaterThan(1)
      expect(ids.sort()).toEqual(numbers.map(taskOf).sort())
    })

    test('refuses work before it is opened and after it is closed', async () => {
      const refused = { code: 'MESH_STORAGE' }
      await expect(bench().store.readTask(BATCH, taskOf(1))).rejects.toMatchObject(refused)
      await bench().store.open()
      await bench().store.close()
      await bench().store.close()
      await expect(bench().store.commit([seeding([1])])).rejects.toMatchObject(refused)
      await expect(bench().store.readSlots(BATCH, [1])).rejects.toMatchObject(refused)
      await expect(bench().store.readIndex(BATCH, 0, 1)).rejects.toMatchObject(refused)
    })

    test('performs commits that were asked for at once in their order', async () => {
      await bench().store.open()
      const totals = Array.from({ length: 30 }, (_, at) => at + 1)
      await Promise.all(totals.map((total) => bench().store.commit([writes({ tallies: [tally(3, total)] })])))
      await bench().crash()
      expect((await bench().store.open()).tallies).toEqual([tally(3, 30)])
    })
  })
}
