/** Sets of slots, against sets of numbers. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SLOT_COUNT } from '../../src/core/ids.ts'
import { runsOfFew, SlotSet } from '../../src/core/slot-set.ts'

/** Slots where a word begins or ends, and the ends of the ring, come often. */
const slot = fc.oneof(
  fc.nat(SLOT_COUNT - 1),
  fc.nat(40),
  fc.constantFrom(0, 31, 32, 63, 64, SLOT_COUNT - 32, SLOT_COUNT - 1),
)
const run = fc.tuple(slot, slot).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }))
const slots = fc.oneof(
  fc.array(slot, { maxLength: 60 }).map((each) => new Set(each)),
  fc.array(run, { maxLength: 3 }).map((runs) => new Set(runs.flatMap(({ from, to }) => range(from, to)))),
)

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at)
}

const ascending = (set: ReadonlySet<number>) => [...set].sort((a, b) => a - b)

function expectSame(set: SlotSet, reference: ReadonlySet<number>): void {
  expect([...set]).toEqual(ascending(reference))
  expect(set.size).toBe(reference.size)
}

describe('a set of slots', () => {
  test('is gone through in ascending order, and has what was added and not taken out', () => {
    const move = fc.record({ kind: fc.constantFrom('add', 'delete', 'run', 'clear', 'next'), run })
    fc.assert(
      fc.property(fc.array(move, { maxLength: 30 }), (moves) => {
        const set = new SlotSet()
        const reference = new Set<number>()
        for (const { kind, run: each } of moves) {
          if (kind === 'add') {
            expect(set.add(each.from)).toBe(!reference.has(each.from))
            reference.add(each.from)
          } else if (kind === 'delete') expect(set.delete(each.from)).toBe(reference.delete(each.from))
          else if (kind === 'run') {
            set.addRun(each.from, each.to)
            for (const one of range(each.from, each.to)) reference.add(one)
          } else if (kind === 'next') {
            const next = ascending(reference).find((one) => one >= each.from && one <= each.to)
            expect(set.next(each.from, each.to)).toBe(next ?? -1)
          } else if (each.from % 5 === 0) {
            set.clear()
            reference.clear()
          }
          expect(set.has(each.to)).toBe(reference.has(each.to))
        }
        expectSame(set, reference)
      }),
      { numRuns: 60 },
    )
  })

  test('has runs that ascend, are apart, and make it again', () => {
    fc.assert(
      fc.property(slots, (reference) => {
        const set = SlotSet.of(reference)
        const runs = set.runs()
        for (const [at, { from, to }] of runs.entries()) {
          expect(from).toBeLessThanOrEqual(to)
          if (at > 0) expect(from).toBeGreaterThan((runs[at - 1]?.to ?? 0) + 1)
        }
        expectSame(SlotSet.ofRuns(runs), reference)
      }),
      { numRuns: 60 },
    )
  })

  test('is joined with others and taken apart as plain sets are', () => {
    fc.assert(
      fc.property(slots, slots, (left, right) => {
        const [a, b] = [SlotSet.of(left), SlotSet.of(right)]
        expectSame(a.and(b), new Set([...left].filter((each) => right.has(each))))
        expectSame(a.without(b), new Set([...left].filter((each) => !right.has(each))))
        const [all, rest] = [a.copy(), a.copy()]
        all.addAll(b)
        rest.deleteAll(b)
        expectSame(all, new Set([...left, ...right]))
        expectSame(rest, new Set([...left].filter((each) => !right.has(each))))
        expectSame(a, left)
        expectSame(b, right)
      }),
      { numRuns: 60 },
    )
  })

  test('and its copy do not change each other', () => {
    const set = SlotSet.of([1, 2])
    const copy = set.copy()
    set.delete(1)
    copy.add(9)
    expect([[...set], [...copy]]).toEqual([[2], [1, 2, 9]])
  })

  test('that is empty has nothing, and may be the other in everything', () => {
    const [none, all] = [new SlotSet(), SlotSet.all()]
    expect([none.size, none.has(0), none.delete(5), [...none], none.runs(), none.next(0)]).toEqual([
      0,
      false,
      false,
      [],
      [],
      -1,
    ])
    expect([all.and(none).size, all.without(none).size, none.without(all).size]).toEqual([0, SLOT_COUNT, 0])
    expect(all.runs()).toEqual([{ from: 0, to: SLOT_COUNT - 1 }])
  })

  test('that is not changed while it is gone through is gone through once', () => {
    const set = SlotSet.of([3, 40])
    const seen: number[] = []
    for (const one of set) for (const other of set) seen.push(one * 100 + other)
    expect(seen).toEqual([303, 340, 4_003, 4_040])
  })
})

test('a few slots in any order, some of them twice, have the runs of their set', () => {
  fc.assert(
    fc.property(fc.array(slot, { maxLength: 40 }), (few) => {
      expect(runsOfFew(few)).toEqual(SlotSet.of(few).runs())
    }),
  )
})

test('the next slot beyond the ring, or before the first, is none', () => {
  const set = SlotSet.of([0, 31, 32, SLOT_COUNT - 1])
  expect([set.next(SLOT_COUNT), set.next(0, -1), set.next(33, SLOT_COUNT - 2)]).toEqual([-1, -1, -1])
  expect([set.next(0), set.next(1), set.next(33)]).toEqual([0, 31, SLOT_COUNT - 1])
})
