/** What a FactStore does with slots that other nodes keep. */
import { beforeEach, describe, expect, test } from 'vitest'
import { slotOf } from '../../src/core/ids.ts'
import { type Home, useBench } from './fact-store-home.ts'
import {
  BATCH,
  batchRecord,
  digestOf,
  fact,
  hashesOf,
  OTHER_BATCH,
  seeded,
  seeding,
  tally,
  taskOf,
  writes,
} from './fact-store-samples.ts'

export function testDroppedSlots(name: string, makeHome: () => Promise<Home>): void {
  describe(`Slots that are dropped from a fact store on ${name}`, () => {
    const bench = useBench(makeHome)
    const numbers = Array.from({ length: 200 }, (_, number) => number)
    const slot = slotOf(taskOf(7))
    const its = numbers.filter((number) => slotOf(taskOf(number)) === slot)
    const dropped = [...its.map((number) => seeded(number)), ...its.map((number) => seeded(number, OTHER_BATCH))]
    const rest = numbers.filter((number) => !its.includes(number))

    beforeEach(async () => {
      await bench().store.open()
      const tallies = [tally(slot, 1), tally(slot + 1, 3), tally(slot, 1, OTHER_BATCH)]
      const batches = [batchRecord(BATCH, 'first'), batchRecord(OTHER_BATCH, 'second')]
      await bench().store.commit([seeding(numbers), seeding(its, OTHER_BATCH), writes({ tallies, batches })])
      expect(await bench().store.readIndex(BATCH, 0, 300)).toHaveLength(200)
    })

    const isGone = async () => {
      expect(await bench().store.readSlots(BATCH, [slot])).toEqual([])
      expect(await bench().store.readTask(OTHER_BATCH, taskOf(7))).toEqual([])
      expect((await bench().store.readIndex(BATCH, 0, 300)).map(({ index }) => index)).toEqual(rest)
      expect(await bench().store.readIndex(OTHER_BATCH, 0, 300)).toEqual([])
      const others = await bench().store.readSlots(
        BATCH,
        [...new Set(rest.map((number) => slotOf(taskOf(number))))].sort((a, b) => a - b),
      )
      expect(others).toHaveLength(rest.length)
    }

    const isGoneBut3 = async () => {
      expect(await bench().store.readTask(BATCH, taskOf(7))).toEqual([])
      const left = (await bench().store.readIndex(BATCH, 0, 300)).map(({ index }) => index)
      expect(left).toEqual(rest.filter((number) => number !== 3))
    }

    test('lose everything of every batch, and nothing else is lost', async () => {
      await bench().store.dropSlots([digestOf(slot, dropped)])
      await isGone()
      await bench().crash()
      const { tallies } = await bench().store.open()
      expect(tallies).toEqual([tally(slot + 1, 3)])
      await isGone()
      expect(bench().store.damaged).toBe(0)
    })

    test('stay as they are where a fact was written since, even while others are dropped', async () => {
      const added = fact({ kind: 'cancelled', batch: BATCH, task: taskOf(7), round: 0 })
      const writing = bench().store.commit([writes({ facts: [added] })])
      await bench().store.dropSlots([digestOf(slot, dropped), digestOf(slotOf(taskOf(3)), [seeded(3)])])
      await writing
      expect(hashesOf(await bench().store.readTask(BATCH, taskOf(7)))).toEqual(hashesOf([seeded(7), added]))
      expect(await bench().store.readTask(BATCH, taskOf(3))).toEqual([])
      await bench().store.dropSlots([digestOf(slot, [...dropped, added])])
      await isGoneBut3()
    })

    test('keep what is written after they were asked to go', async () => {
      const added = fact({ kind: 'cancelled', batch: BATCH, task: taskOf(7), round: 0 })
      const dropping = bench().store.dropSlots([digestOf(slot, dropped)])
      await bench().store.commit([writes({ facts: [added] })])
      await dropping
      expect(hashesOf(await bench().store.readTask(BATCH, taskOf(7)))).toEqual(hashesOf([added]))
    })

    test('are gone or whole after a crash, and no index names a task that is gone', async () => {
      const slots = [...new Set(rest.map((number) => slotOf(taskOf(number))))]
      const digests = slots.map((each) =>
        digestOf(
          each,
          rest.filter((number) => slotOf(taskOf(number)) === each).map((number) => seeded(number)),
        ),
      )
      const dropping = bench()
        .store.dropSlots(digests)
        .catch(() => undefined)
      await bench().store.commit([writes({ tallies: [tally(slot, 2)] })])
      await bench().crash()
      await dropping
      await bench().store.open()
      const left: number[] = []
      for (const number of numbers)
        if ((await bench().store.readTask(BATCH, taskOf(number))).length > 0) left.push(number)
      expect((await bench().store.readIndex(BATCH, 0, 300)).map(({ index }) => index)).toEqual(left)
    })
  })
}
