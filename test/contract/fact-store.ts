/** What every FactStore must do, whatever database is under it. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { slotOf } from '../../src/core/ids.ts'
import type { Database } from '../../src/adapters/level/database.ts'
import type { FactStore } from '../../src/node/ports.ts'
import {
  BATCH,
  batchRecord,
  bySlot,
  everyKind,
  fact,
  hashesOf,
  NODE,
  OTHER_BATCH,
  seeded,
  seeding,
  tally,
  taskOf,
  writes,
} from './fact-store-samples.ts'

/** A place where stores can be opened one after another. */
export interface StoreHome {
  makeStore(): FactStore
  /** Ends the use of the place as a crash does: nothing more is written. */
  crash(): Promise<void>
  /** The rows themselves, while no store is open. */
  openRows(): Promise<Database>
  remove(): Promise<void>
}

export function testFactStore(name: string, makeHome: () => Promise<StoreHome>): void {
  describe(`A fact store on ${name}`, () => {
    let home: StoreHome
    let store: FactStore

    beforeEach(async () => {
      home = await makeHome()
      store = home.makeStore()
    })
    afterEach(async () => {
      await store.close()
      await home.remove()
    })

    /** Ends the open store, changes rows whose key begins with that letter, and leaves a store to be opened. */
    async function damage(letter: string, change: (rows: Rows) => void): Promise<void> {
      await store.close()
      await editRows(await home.openRows(), letter, change)
      store = home.makeStore()
    }

    async function crash(): Promise<void> {
      await home.crash()
      store = home.makeStore()
    }

    test('opens empty, as if it had ended cleanly', async () => {
      const state = await store.open()
      expect(state).toEqual({ incarnation: 1, clean: true, batches: [], tallies: [], promises: [] })
      expect(store.damaged).toBe(0)
    })

    test('gives back every kind of fact, byte for byte', async () => {
      await store.open()
      const task = taskOf(7)
      const facts = everyKind(task)
      await store.commit([writes({ facts })])
      const read = await store.readTask(BATCH, task)
      expect(hashesOf(read)).toEqual(hashesOf(facts))
      for (const stored of facts) {
        const same = read.find((each) => each.hash === stored.hash)
        expect(same?.fact).toEqual(stored.fact)
        expect(Buffer.compare(same?.bytes ?? Buffer.alloc(0), stored.bytes)).toBe(0)
      }
      expect(hashesOf(await store.readSlot(BATCH, slotOf(task)))).toEqual(hashesOf(facts))
      expect(store.damaged).toBe(0)
    })

    test('changes nothing when the same facts are written twice', async () => {
      await store.open()
      const facts = everyKind(taskOf(7))
      await store.commit([writes({ facts }), writes({ facts })])
      await store.commit([writes({ facts })])
      expect(hashesOf(await store.readTask(BATCH, taskOf(7)))).toEqual(hashesOf(facts))
    })

    test('keeps two variants of one statement beside each other', async () => {
      await store.open()
      const about = { kind: 'closed', batch: BATCH, task: taskOf(1), round: 0 } as const
      const variants = [fact({ ...about, why: 'poison' }), fact({ ...about, why: 'bad-input' })]
      for (const variant of variants) await store.commit([writes({ facts: [variant] })])
      expect(hashesOf(await store.readTask(BATCH, taskOf(1)))).toEqual(hashesOf(variants))
    })

    test('keeps batches, slots and tasks apart, and groups a slot by task', async () => {
      await store.open()
      const near = ['ffff', 'fffe', 'fffb'].flatMap((head) => [`${head}${'f'.repeat(28)}`, `${head}${'0'.repeat(28)}`])
      const facts = [BATCH, OTHER_BATCH].flatMap((batch) =>
        near.flatMap((task) => [0, 1].map((round) => fact({ kind: 'retried', batch, task, round }))),
      )
      await store.commit([writes({ facts })])
      const last = await store.readSlot(OTHER_BATCH, 16_383)
      expect(last).toHaveLength(8)
      expect(last.map((stored) => stored.fact.task)).toEqual([...last.map((stored) => stored.fact.task)].sort())
      expect(last.every((stored) => stored.fact.batch === OTHER_BATCH)).toBe(true)
      expect(await store.readSlot(BATCH, 16_382)).toHaveLength(4)
      expect(await store.readTask(BATCH, `ffff${'f'.repeat(28)}`)).toHaveLength(2)
      expect(await store.readSlot(BATCH, 0)).toEqual([])
    })

    test('keeps batches and promises, the last of each', async () => {
      await store.open()
      const first = batchRecord(BATCH, 'first')
      const changed = { ...first, fields: { ...first.fields, paused: { value: true, counter: 2, node: NODE } } }
      const promises = [{ from: 0, to: 16_383, epoch: 4, node: NODE }]
      await store.commit([writes({ batches: [first], promises: [] }), writes({ batches: [batchRecord(OTHER_BATCH, 'second')] })])
      await store.commit([writes({ batches: [changed], promises })])
      await crash()
      const state = await store.open()
      expect(state.batches).toEqual([changed, batchRecord(OTHER_BATCH, 'second')])
      expect(state.promises).toEqual(promises)
    })

    test('counts its openings, and says whether it was closed', async () => {
      await store.open()
      await crash()
      expect(await store.open()).toMatchObject({ incarnation: 2, clean: false })
      await store.close()
      store = home.makeStore()
      expect(await store.open()).toMatchObject({ incarnation: 3, clean: true })
    })

    test('gives back the latest tallies after a clean end and after a crash', async () => {
      await store.open()
      await store.commit([writes({ tallies: [tally(0, 1), tally(16_383, 5, OTHER_BATCH)] }), writes({ tallies: [tally(0, 2)] })])
      await store.commit([writes({ tallies: [tally(1_500, 2 ** 40)] })])
      const expected = bySlot([tally(0, 2), tally(1_500, 2 ** 40), tally(16_383, 5, OTHER_BATCH)])
      await crash()
      expect(bySlot((await store.open()).tallies)).toEqual(expected)
      await store.close()
      store = home.makeStore()
      expect(bySlot((await store.open()).tallies)).toEqual(expected)
    })

    test('keeps the tally journal short, and loses no tally by it', async () => {
      await store.open()
      for (let number = 1; number <= 450; number++) {
        await store.commit([writes({ tallies: [tally(number % 7, number), tally(number * 36, number)] })])
      }
      await home.crash()
      const rows = await home.openRows()
      const journal = await rows.keys({ gte: Buffer.from('j'), lt: Buffer.from('k'), limit: 1_000 }).all()
      await rows.close()
      expect(journal.length).toBeGreaterThan(0)
      expect(journal.length).toBeLessThanOrEqual(200)
      store = home.makeStore()
      const { tallies } = await store.open()
      expect(tallies).toHaveLength(450 + 7)
      expect(bySlot(tallies).slice(0, 7).map((each) => each.total)).toEqual([448, 449, 450, 444, 445, 446, 447])
    })

    test('pages through a batch in the order of its file, whatever commits its tasks came in', async () => {
      await store.open()
      const numbers = Array.from({ length: 3_000 }, (_, at) => at)
      for (let step = 0; step < 7; step++) await store.commit([seeding(numbers.filter((number) => number % 7 === step))])
      await store.commit([seeding(numbers.slice(100, 300).reverse())])
      const read: number[] = []
      for (let page = await store.readIndex(BATCH, 0, 250); page.length > 0; ) {
        expect(page.every((entry) => entry.task === taskOf(entry.index))).toBe(true)
        read.push(...page.map((entry) => entry.index))
        page = await store.readIndex(BATCH, (page.at(-1)?.index ?? 0) + 1, 250)
      }
      expect(read).toEqual(numbers)
    })

    test('lists tasks that share an index by their ids, and those of a segment over the limit', async () => {
      await store.open()
      const entries = Array.from({ length: 9_000 }, (_, at) => ({ index: at >> 1, task: taskOf(at) }))
      await store.commit([writes({ indexes: [{ batch: BATCH, entries }] })])
      const page = await store.readIndex(BATCH, 2_040, 30)
      const expected = entries.slice(4_080, 4_110).sort((a, b) => a.index - b.index || (a.task < b.task ? -1 : 1))
      expect(page).toEqual(expected)
      expect(await store.readIndex(BATCH, 4_500, 30)).toEqual([])
      expect(await store.readIndex(OTHER_BATCH, 0, 30)).toEqual([])
    })

    test('shows entries that are committed after the first page was read', async () => {
      await store.open()
      await store.commit([seeding([0, 1, 5])])
      expect(await store.readIndex(BATCH, 0, 10)).toHaveLength(3)
      await store.commit([seeding([2, 3])])
      expect((await store.readIndex(BATCH, 0, 10)).map((entry) => entry.index)).toEqual([0, 1, 2, 3, 5])
    })

    test('gives each task id once, in chunks', async () => {
      await store.open()
      const numbers = Array.from({ length: 10_000 }, (_, at) => at)
      for (let step = 0; step < 3; step++) await store.commit([seeding(numbers.filter((number) => number % 3 <= step))])
      const ids: string[] = []
      let chunks = 0
      for await (const chunk of store.readTaskIds(BATCH)) {
        ids.push(...chunk)
        chunks++
      }
      expect(chunks).toBeGreaterThan(1)
      expect(ids.sort()).toEqual(numbers.map(taskOf).sort())
    })

    test('leaves out facts that are damaged or under a wrong key, and counts each once', async () => {
      await store.open()
      await store.commit([seeding([1, 2, 3, 4])])
      await damage('f', (rows) => {
        const [first, second] = rows.all
        flip(rows, first, 20)
        // A row that says what another row should say.
        rows.put(wrongKeyOf(second), second.value)
      })
      await store.open()
      const read = []
      for (let round = 0; round < 2; round++) {
        for (let number = 1; number <= 4; number++) read.push(await store.readTask(BATCH, taskOf(number)))
      }
      expect(read.flat()).toHaveLength(6)
      expect(store.damaged).toBe(1)
      for (const slot of [16_383]) expect(await store.readSlot(BATCH, slot)).toEqual([])
      expect(store.damaged).toBe(2)
    })

    test('gives no tallies where the journal, a chunk or the base row is damaged or a row is missing', async () => {
      await store.open()
      for (let number = 1; number <= 3; number++) await store.commit([writes({ tallies: [tally(number, number)] })])
      await store.close()
      const whole = await copyRows(await home.openRows())
      store = home.makeStore()
      await store.open()
      for (let number = 4; number <= 6; number++) await store.commit([writes({ tallies: [tally(number, number)] })])
      await home.crash()
      const unclean = await copyRows(await home.openRows())
      const cases = [
        { rows: whole, letter: 'c', change: (rows: Rows) => flip(rows, rows.all[0], 3) },
        { rows: whole, letter: 'c', change: (rows: Rows) => rows.del(rows.all[0].key) },
        { rows: whole, letter: 't', change: (rows: Rows) => flip(rows, rows.all[0], 3) },
        { rows: unclean, letter: 'j', change: (rows: Rows) => flip(rows, rows.all[1], 9) },
        { rows: unclean, letter: 'j', change: (rows: Rows) => rows.del(rows.all[0].key) },
        { rows: unclean, letter: 'j', change: (rows: Rows) => rows.del(rows.all[1].key) },
      ]
      for (const { rows, letter, change } of cases) {
        await replaceRows(await home.openRows(), rows)
        await editRows(await home.openRows(), letter, change)
        store = home.makeStore()
        expect((await store.open()).tallies).toBeUndefined()
        expect(store.damaged).toBe(1)
        await store.close()
      }
    })

    test('goes on giving no tallies until every slot with facts was counted anew', async () => {
      await store.open()
      await store.commit([seeding([1, 2]), writes({ tallies: [1, 2].map((number) => tally(slotOf(taskOf(number)), 1)) })])
      await damage('c', (rows) => flip(rows, rows.all[0], 3))
      expect((await store.open()).tallies).toBeUndefined()
      await store.commit([writes({ tallies: [tally(slotOf(taskOf(1)), 1)] })])
      await crash()
      expect((await store.open()).tallies).toBeUndefined()
      await store.commit([writes({ tallies: [tally(slotOf(taskOf(2)), 1)] })])
      await crash()
      expect((await store.open()).tallies).toHaveLength(2)
      await crash()
      expect((await store.open()).tallies).toHaveLength(2)
    })

    test('builds a damaged index anew from the facts', async () => {
      await store.open()
      for (const from of [0, 100, 200]) await store.commit([seeding(Array.from({ length: 100 }, (_, at) => from + at))])
      await store.commit([seeding([1, 2], OTHER_BATCH)])
      await damage('i', (rows) => flip(rows, rows.all[1], 50))
      await store.open()
      const pages = await Promise.all([store.readIndex(BATCH, 0, 1_000), store.readIndex(BATCH, 150, 1)])
      expect(pages[0].map((entry) => entry.index)).toEqual(Array.from({ length: 300 }, (_, at) => at))
      expect(pages[1]).toEqual([{ index: 150, task: taskOf(150) }])
      expect(await store.readIndex(OTHER_BATCH, 0, 10)).toHaveLength(2)
      expect(store.damaged).toBe(1)
      await store.close()
      store = home.makeStore()
      await store.open()
      expect(await store.readIndex(BATCH, 0, 1_000)).toHaveLength(300)
      expect(store.damaged).toBe(0)
    })

    test('leaves out damaged batches and promises, and counts them', async () => {
      await store.open()
      const batches = [batchRecord(BATCH, 'first'), batchRecord(OTHER_BATCH, 'second')]
      await store.commit([writes({ batches, promises: [{ from: 0, to: 1, epoch: 1, node: NODE }] })])
      await damage('b', (rows) => flip(rows, rows.all[0], 12))
      await editRows(await home.openRows(), 'p', (rows) => flip(rows, rows.all[0], 2))
      expect(await store.open()).toMatchObject({ batches: [batches[1]], promises: [] })
      expect(store.damaged).toBe(2)
    })

    test('refuses a store of unknown or lost format, and leaves it as it is', async () => {
      await store.open()
      await store.commit([seeding([1])])
      await store.close()
      const whole = await copyRows(await home.openRows())
      const changes: ((rows: Rows) => void)[] = [
        (rows) => rows.put(rows.all[0].key, FORMAT_99),
        (rows) => flip(rows, rows.all[0], 1),
        (rows) => rows.del(rows.all[0].key),
      ]
      for (const change of changes) {
        await editRows(await home.openRows(), 'm', change)
        const changed = await copyRows(await home.openRows())
        store = home.makeStore()
        await expect(store.open()).rejects.toMatchObject({ code: 'MESH_FORMAT' })
        expect(await copyRows(await home.openRows())).toEqual(changed)
        await replaceRows(await home.openRows(), whole)
      }
      store = home.makeStore()
      await store.open()
      expect(await store.readTask(BATCH, taskOf(1))).toHaveLength(1)
    })

    test('refuses work before it is opened and after it is closed', async () => {
      const refused = { code: 'MESH_STORAGE' }
      await expect(store.readTask(BATCH, taskOf(1))).rejects.toMatchObject(refused)
      await store.open()
      await store.close()
      await store.close()
      await expect(store.commit([seeding([1])])).rejects.toMatchObject(refused)
      await expect(store.readSlot(BATCH, 1)).rejects.toMatchObject(refused)
      await expect(store.readIndex(BATCH, 0, 1)).rejects.toMatchObject(refused)
    })

    test('writes nothing of a commit that holds a malformed fact, and goes on', async () => {
      await store.open()
      const bad = { ...seeded(2), hash: 'not a hash at all' }
      await expect(store.commit([seeding([1]), writes({ facts: [bad] })])).rejects.toThrow(TypeError)
      expect(await store.readTask(BATCH, taskOf(1))).toEqual([])
      await store.commit([seeding([3])])
      expect(await store.readTask(BATCH, taskOf(3))).toHaveLength(1)
    })

    test('performs commits that were asked for at once in their order', async () => {
      await store.open()
      const totals = Array.from({ length: 30 }, (_, at) => at + 1)
      await Promise.all(totals.map((total) => store.commit([writes({ tallies: [tally(3, total)] })])))
      await crash()
      expect((await store.open()).tallies).toEqual([tally(3, 30)])
    })
  })
}

interface Row {
  readonly key: Uint8Array
  readonly value: Uint8Array
}
interface Rows {
  readonly all: readonly [Row, Row, ...Row[]]
  put(key: Uint8Array, value: Uint8Array): void
  del(key: Uint8Array): void
}
