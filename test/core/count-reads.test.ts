/** How slots are counted anew, read by read. */
import { expect, test } from 'vitest'
import { CountReads } from '../../src/core/count-reads.ts'
import { SLOT_COUNT } from '../../src/core/ids.ts'

test('reads grow while they bring little, and begin anew where they bring much', () => {
  const reads = new CountReads()
  const sizes = [10, 10, 50_000, 10].map((facts) => {
    reads.next(SLOT_COUNT, false)
    const { slots } = reads
    reads.came(facts)
    return slots
  })
  expect(sizes).toEqual([256, 512, 1_024, 256])
  for (let read = 0; read < 20; read++) reads.came(0)
  expect(reads.slots).toBe(SLOT_COUNT)
  reads.begin()
  expect(reads.slots).toBe(256)
})

test('every second read brings tasks where these are wanted, and the size is that of counting reads alone', () => {
  const reads = new CountReads()
  const order = Array.from({ length: 4 }, () => {
    const counts = reads.next(9, true)
    reads.came(50_000)
    return counts
  })
  expect(order).toEqual([true, false, true, false])
  expect([reads.next(9, false), reads.next(9, false), reads.next(0, false)]).toEqual([true, true, false])
  reads.came(0)
  expect(reads.slots).toBe(256)
})
