import { expect, test } from 'vitest'
import { SLOT_COUNT } from '../../src/core/ids.ts'
import { runsOfFew, SlotSet } from '../../src/core/slot-set.ts'

/** Slots at the edges of words and of the set among others. */
const SLOTS = [0, 1, 31, 32, 63, 100, 101, 102, 4_095, SLOT_COUNT - 1]

test('the next slot is looked for within limits', () => {
  const set = SlotSet.of(SLOTS)
  expect(set.next(0)).toBe(0)
  expect(set.next(2)).toBe(31)
  expect(set.next(64, 100)).toBe(100)
  expect(set.next(64, 99)).toBe(-1)
  expect(set.next(0, -1)).toBe(-1)
  expect(set.next(SLOT_COUNT)).toBe(-1)
  expect(new SlotSet().next(0)).toBe(-1)
})

test('all slots of another set are added and deleted at once', () => {
  const set = SlotSet.of([1, 2, 100])
  set.addAll(SlotSet.of(SLOTS))
  expect([...set]).toEqual([...new Set([2, ...SLOTS])].sort((a, b) => a - b))
  expect(set.size).toBe(SLOTS.length + 1)
  set.deleteAll(SlotSet.of([0, 2, 7, 100]))
  expect([...set]).toEqual(SLOTS.filter((slot) => slot !== 0 && slot !== 100))
  expect(set.size).toBe(SLOTS.length - 2)
  set.addAll(new SlotSet())
  set.deleteAll(new SlotSet())
  expect(set.size).toBe(SLOTS.length - 2)
})

test('what two sets have in common and what one has alone are new sets', () => {
  const [left, right] = [SlotSet.of(SLOTS), SlotSet.of([1, 2, 100, SLOT_COUNT - 1])]
  expect([...left.and(right)]).toEqual([1, 100, SLOT_COUNT - 1])
  expect([...right.without(left)]).toEqual([2])
  expect(left.and(new SlotSet()).size).toBe(0)
  expect([...left.without(new SlotSet())]).toEqual(SLOTS)
  expect([left.size, right.size]).toEqual([SLOTS.length, 4])
})

test('a few slots give the same runs as a set of them, in whatever order and however often they come', () => {
  const slots = [...SLOTS, ...SLOTS].reverse()
  expect(runsOfFew(slots)).toEqual(SlotSet.of(slots).runs())
  expect(runsOfFew([])).toEqual([])
})
