/** The highest known ballot of each slot, against a plain map. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Ballots } from '../../src/core/ballots.ts'
import { EPOCH_MAX, SLOT_COUNT } from '../../src/core/ids.ts'
import type { BallotRun } from '../../src/core/messages.ts'

const SLOTS = 12
const run = fc
  .record({
    from: fc.nat(SLOTS - 1),
    more: fc.nat(5),
    epoch: fc.nat(4),
    node: fc.constantFrom('a', 'b', 'ab', 'Z', 'c'),
  })
  .map(({ from, more, epoch, node }): BallotRun => ({ from, to: Math.min(from + more, SLOTS - 1), epoch, node }))

/** (epoch, node) in order: 1 is higher. */
const isHigher = (a: readonly [number, string], b: readonly [number, string]) =>
  a[0] > b[0] || (a[0] === b[0] && a[1] > b[1])

test('a ballot never goes down, and of two equal epochs the greater node id is the higher one', () => {
  fc.assert(
    fc.property(fc.array(run, { maxLength: 40 }), (runs) => {
      const ballots = new Ballots()
      const reference: (readonly [number, string])[] = Array.from({ length: SLOTS }, () => [0, ''] as const)
      for (const each of runs) {
        const raised: number[] = []
        const expected: number[] = []
        for (let slot = each.from; slot <= each.to; slot++) {
          const known = reference[slot] ?? [0, '']
          const offered = [each.epoch, each.node] as const
          expect(ballots.admits(slot, each.epoch, each.node)).toBe(!isHigher(known, offered))
          if (isHigher(offered, known)) {
            reference[slot] = offered
            expected.push(slot)
          }
        }
        ballots.raise(each, (slot) => raised.push(slot))
        expect(raised).toEqual(expected)
        for (const [slot, [epoch, node]] of reference.entries())
          expect([ballots.epochOf(slot), ballots.nodeOf(slot)]).toEqual([epoch, node])
      }
    }),
  )
})

test('ballots are the same in whatever order they were learnt, and again after a restart from their runs', () => {
  fc.assert(
    fc.property(fc.array(run, { maxLength: 30 }), (runs) => {
      const [one, other, restarted] = [new Ballots(), new Ballots(), new Ballots()]
      for (const each of runs) one.raise(each)
      for (const each of runs.toReversed()) other.raise(each)
      expect(other.runs()).toEqual(one.runs())
      for (const each of one.runs()) restarted.raise(each)
      expect(restarted.runs()).toEqual(one.runs())
    }),
  )
})

describe('runs of ballots', () => {
  test('ascend, are apart, and are as long as one ballot reaches', () => {
    const ballots = new Ballots()
    ballots.raise({ from: 0, to: SLOT_COUNT - 1, epoch: 1, node: 'a' })
    ballots.raise({ from: 5, to: 5, epoch: 1, node: 'b' })
    ballots.raise({ from: 6, to: 9, epoch: 2, node: 'a' })
    expect(ballots.runs()).toEqual([
      { from: 0, to: 4, epoch: 1, node: 'a' },
      { from: 5, to: 5, epoch: 1, node: 'b' },
      { from: 6, to: 9, epoch: 2, node: 'a' },
      { from: 10, to: SLOT_COUNT - 1, epoch: 1, node: 'a' },
    ])
  })

  test('leave out slots that nobody has a ballot of, and those that were not asked for', () => {
    const ballots = new Ballots()
    ballots.raise({ from: 3, to: 8, epoch: 1, node: 'a' })
    const asked = [
      { from: 0, to: 4 },
      { from: 6, to: 6 },
    ]
    expect(ballots.runsOf(asked)).toEqual([
      { from: 3, to: 4, epoch: 1, node: 'a' },
      { from: 6, to: 6, epoch: 1, node: 'a' },
    ])
  })
})

test('the highest epoch is that of the asked slots alone', () => {
  const ballots = new Ballots()
  ballots.raise({ from: 3, to: 3, epoch: 7, node: 'a' })
  ballots.raise({ from: 4, to: 4, epoch: 9, node: 'a' })
  expect(ballots.epochMax([{ from: 0, to: 3 }])).toBe(7)
  expect(ballots.epochMax([{ from: 5, to: 9 }])).toBe(0)
})

test('they are dirty from a change until they are asked for', () => {
  const ballots = new Ballots()
  ballots.raise({ from: 0, to: 0, epoch: 0, node: '' })
  expect(ballots.dirty).toBe(false)
  ballots.raise({ from: 0, to: 0, epoch: 1, node: 'b' })
  expect(ballots.dirty).toBe(true)
  ballots.runs()
  ballots.raise({ from: 0, to: 0, epoch: 1, node: 'a' })
  expect(ballots.dirty).toBe(false)
})

test('an epoch above the highest one is no ballot, so that the next one always has room', () => {
  const ballots = new Ballots()
  ballots.raise({ from: 0, to: 1, epoch: 2 ** 32 - 1, node: 'broken' })
  ballots.raise({ from: 1, to: 1, epoch: EPOCH_MAX + 1, node: 'broken' })
  expect(ballots.runs()).toEqual([])
  ballots.raise({ from: 0, to: 0, epoch: EPOCH_MAX, node: 'last' })
  expect(ballots.runs()).toEqual([{ from: 0, to: 0, epoch: EPOCH_MAX, node: 'last' }])
})

test('the slots that a node has won are those of which it has the highest ballot', () => {
  const ballots = new Ballots()
  ballots.raise({ from: 2, to: 6, epoch: 3, node: 'b' })
  ballots.raise({ from: 4, to: 4, epoch: 4, node: 'c' })
  ballots.raise({ from: 9, to: 9, epoch: 1, node: 'b' })
  expect([...ballots.wonBy('b')]).toEqual([2, 3, 5, 6, 9])
  expect([ballots.wonBy('c').size, ballots.wonBy('nobody').size]).toEqual([1, 0])
})
