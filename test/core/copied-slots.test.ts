/** Which slots another node is known to keep whole. */
import { expect, test } from 'vitest'
import { CopiedSlots } from '../../src/core/copied-slots.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { CoreBench, taskIn } from '../support/core-bench.ts'

const has = (copied: CopiedSlots, slots: readonly number[]) => slots.map((slot) => copied.has(slot))

test('a slot is copied once a comparison showed a peer to have it, and until that peer is lost', () => {
  const copied = new CopiedSlots()
  copied.confirmed('b', SlotSet.of([1, 2]))
  copied.confirmed('b', SlotSet.of([2, 3]))
  copied.confirmed('c', SlotSet.of([3, 4]))
  expect(has(copied, [0, 1, 2, 3, 4])).toEqual([false, true, true, true, true])
  copied.lost('b')
  expect(has(copied, [1, 2, 3, 4])).toEqual([false, false, true, true])
})

test('a slot that is served no more, or has a fact without a second copy, is not, whoever had it', () => {
  const copied = new CopiedSlots()
  for (const peer of ['b', 'c']) copied.confirmed(peer, SlotSet.of([1, 2]))
  copied.drop(SlotSet.of([2, 9]))
  expect(has(copied, [1, 2])).toEqual([true, false])
})

test('what was given is not kept: a later change of it changes nothing', () => {
  const copied = new CopiedSlots()
  const slots = SlotSet.of([1])
  copied.confirmed('b', slots)
  slots.add(2)
  expect(copied.has(2)).toBe(false)
})

test('what is stated of a copied slot is committed with a second copy, or ends that', () => {
  const bench = new CoreBench(['a', 'b'])
  const { copied } = bench.parts
  copied.confirmed('b', SlotSet.of([1, 2]))
  bench.seed([taskIn(1)])
  expect(has(copied, [1, 2])).toEqual([true, true])
  bench.world.full.add('b')
  bench.seed([taskIn(1, 7)])
  expect(has(copied, [1, 2])).toEqual([false, true])
})

test('slots that go to another node end it', () => {
  const bench = new CoreBench(['a', 'b'])
  bench.parts.copied.confirmed('b', SlotSet.of([1, 2]))
  bench.yield('b', [{ from: 2, to: 2 }])
  expect(has(bench.parts.copied, [1, 2])).toEqual([true, false])
})
