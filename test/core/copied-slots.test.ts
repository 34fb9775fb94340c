/** Which slots another node is known to keep whole. */
import { expect, test } from 'vitest'
import { CopiedSlots } from '../../src/core/copied-slots.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { CoreBench, taskIn } from '../support/core-bench.ts'

const has = (copied: CopiedSlots, slots: readonly number[]) => slots.map((slot) => copied.has(slot))

/** A comparison that begins and ends at once. */
function compared(copied: CopiedSlots, peer: string, slots: SlotSet): void {
  copied.begin(peer)
  copied.confirmed(peer, slots)
}

test('a slot is copied once a comparison showed a peer to have it, and until that peer is lost', () => {
  const copied = new CopiedSlots()
  compared(copied, 'b', SlotSet.of([1, 2]))
  compared(copied, 'b', SlotSet.of([2, 3]))
  compared(copied, 'c', SlotSet.of([3, 4]))
  expect(has(copied, [0, 1, 2, 3, 4])).toEqual([false, true, true, true, true])
  copied.lost('b')
  expect(has(copied, [1, 2, 3, 4])).toEqual([false, false, true, true])
})

test('a slot that is served no more, or has a fact without a second copy, is not, whoever had it', () => {
  const copied = new CopiedSlots()
  for (const peer of ['b', 'c']) compared(copied, peer, SlotSet.of([1, 2]))
  copied.drop(SlotSet.of([2, 9]))
  expect(has(copied, [1, 2])).toEqual([true, false])
})

test('what was stated without a second copy while a peer was being compared with is not copied there', () => {
  const copied = new CopiedSlots()
  copied.begin('b')
  copied.drop(SlotSet.of([2]))
  copied.confirmed('b', SlotSet.of([1, 2]))
  expect(has(copied, [1, 2])).toEqual([true, false])
})

test('a peer that was lost while it was being compared with has nothing', () => {
  const copied = new CopiedSlots()
  expect(copied.isIdle).toBe(true)
  copied.begin('b')
  expect(copied.isIdle).toBe(false)
  copied.lost('b')
  copied.confirmed('b', SlotSet.of([1]))
  expect([copied.has(1), copied.isIdle]).toEqual([false, true])
})

test('what was given is not kept: a later change of it changes nothing', () => {
  const copied = new CopiedSlots()
  const slots = SlotSet.of([1])
  compared(copied, 'b', slots)
  slots.add(2)
  expect(copied.has(2)).toBe(false)
})

test('what is stated of a copied slot is committed with a second copy, or ends that', () => {
  const bench = new CoreBench(['a', 'b'])
  const { copied } = bench.parts
  compared(copied, 'b', SlotSet.of([1, 2]))
  bench.seed([taskIn(1)])
  expect(has(copied, [1, 2])).toEqual([true, true])
  bench.world.full.add('b')
  bench.seed([taskIn(1, 7)])
  expect(has(copied, [1, 2])).toEqual([false, true])
})

test('slots that go to another node end it', () => {
  const bench = new CoreBench(['a', 'b'])
  compared(bench.parts.copied, 'b', SlotSet.of([1, 2]))
  bench.yield('b', [{ from: 2, to: 2 }])
  expect(has(bench.parts.copied, [1, 2])).toEqual([true, false])
})
