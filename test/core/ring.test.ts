/** The ring: equal members give equal lists, as a slow and obvious reference says, and few slots move. */
import { hash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeRingPoints } from '../../src/codec/ring-points.ts'
import { type NodeId, type Sha256, SLOT_COUNT } from '../../src/core/ids.ts'
import { ringOf } from '../../src/core/ring.ts'

const SLOTS = Array.from({ length: SLOT_COUNT }, (_, slot) => slot)
/** A function of its own has a cache of its own: nothing here is answered from the tables of another test. */
const freshSha256 = (): Sha256 => (bytes) => hash('sha256', bytes, 'hex')
const sha256 = freshSha256()

const members = (count: number, from = 0): NodeId[] => Array.from({ length: count }, (_, at) => `node-${from + at}`)
const nodeIds = (minLength: number, maxLength: number) =>
  fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }), { minLength, maxLength })
const slots = fc.uniqueArray(fc.integer({ min: 0, max: SLOT_COUNT - 1 }), { minLength: 1, maxLength: 40 })
const FEW = { numRuns: 60 }

/** All members clockwise from a slot, by sorting the distances of all points. */
function referenceOrder(ids: readonly NodeId[], slot: number, digest: Sha256 = sha256): NodeId[] {
  const points = ids.flatMap((id) =>
    Array.from({ length: 128 }, (_, point) => {
      const identity = Buffer.concat([Buffer.from(id, 'utf8'), Buffer.from([0, 0, 0, point])])
      const at = Number.parseInt(digest(identity).slice(0, 8), 16)
      return { id, distance: (at - slot * 2 ** 18 + 2 ** 32) % 2 ** 32 }
    }),
  )
  points.sort((a, b) => a.distance - b.distance || (a.id < b.id ? -1 : 1))
  return [...new Set(points.map(({ id }) => id))]
}

describe('a ring', () => {
  test('lists the first three different members clockwise, as the reference does', () => {
    fc.assert(
      fc.property(nodeIds(1, 8), slots, (ids, asked) => {
        const ring = ringOf(ids, freshSha256())
        for (const slot of asked) {
          const order = referenceOrder(ids, slot)
          expect([...ring.order(slot)]).toEqual(order)
          expect(ring.list(slot)).toEqual(order.slice(0, 3))
        }
      }),
      FEW,
    )
  })

  test('puts equal points in the order of node ids, and a point at a slot into that slot', () => {
    const coarse: Sha256 = (bytes) => `${((bytes[0] ?? 0) % 4).toString(16)}${'0'.repeat(63)}`
    const ids = ['d', 'a', 'h', 'b', 'e', 'i']
    const ring = ringOf(ids, coarse)
    for (const slot of [0, 1, 1_023, 1_024, 1_025, 3_071, 3_072, 3_073, SLOT_COUNT - 1])
      expect([...ring.order(slot)]).toEqual(referenceOrder(ids, slot, coarse))
    expect(ring.circle).toEqual(['d', 'h', 'a', 'e', 'i', 'b'])
  })

  test('is the same for the same members in any order (I10)', () => {
    const shuffled = nodeIds(1, 12).chain((ids) =>
      fc.tuple(fc.constant(ids), fc.shuffledSubarray(ids, { minLength: ids.length })),
    )
    fc.assert(
      fc.property(shuffled, ([ids, others]) => {
        const one = ringOf(ids, freshSha256())
        const other = ringOf([...others, ...others.slice(0, 1)], freshSha256())
        expect(other.members).toEqual(one.members)
        expect(other.circle).toEqual(one.circle)
        expect(SLOTS.map((slot) => other.list(slot))).toEqual(SLOTS.map((slot) => one.list(slot)))
      }),
      { numRuns: 15 },
    )
  })

  test('has on each list as many different members as there are, up to three', () => {
    for (const count of [0, 1, 2, 3, 4, 10]) {
      const ring = ringOf(members(count), sha256)
      for (const slot of SLOTS) expect(new Set(ring.list(slot)).size).toBe(Math.min(3, count))
      expect(ring.list(0)).toHaveLength(Math.min(3, count))
      expect([...ring.order(0)]).toHaveLength(count)
    }
  })

  test('is shared by those who ask for the same members', () => {
    expect(ringOf(['a', 'b'], sha256)).toBe(ringOf(['b', 'a'], sha256))
    expect(ringOf(['a', 'b'], sha256)).not.toBe(ringOf(['a', 'b'], freshSha256()))
  })

  test('answers the same after its cache was emptied by other rings', () => {
    const digest = freshSha256()
    const before = ringOf(members(5), digest)
    for (let from = 0; from < 40; from++) ringOf(members(3, from), digest)
    const after = ringOf(members(5), digest)
    expect(after).not.toBe(before)
    expect(SLOTS.map((slot) => after.list(slot))).toEqual(SLOTS.map((slot) => before.list(slot)))
  })

  test('hashes the id in UTF-8 and the number of the point in four bytes', () => {
    expect(encodeRingPoints('né', 300).map((bytes) => Buffer.from(bytes).toString('hex'))[257]).toBe('6ec3a900000101')
  })
})

describe('a change of members', () => {
  const join = fc.tuple(nodeIds(1, 9), fc.string({ minLength: 13, maxLength: 15 }))

  test('gives a joiner only places that it wins, and a leaver gives up only those it held', () => {
    fc.assert(
      fc.property(join, slots, ([ids, joiner], asked) => {
        const [without, having] = [ringOf(ids, sha256), ringOf([...ids, joiner], sha256)]
        for (const slot of asked) {
          const [before, after] = [without.list(slot), having.list(slot)]
          const others = after.filter((id) => id !== joiner)
          expect(others).toEqual(before.slice(0, others.length))
          expect([...having.order(slot)].filter((id) => id !== joiner)).toEqual([...without.order(slot)])
        }
      }),
      FEW,
    )
  })

  test('moves about one slot in n to the n-th member', () => {
    const shares = Array.from({ length: 20 }, (_, mesh) => {
      const ids = members(10, 100 * mesh)
      const [without, having] = [ringOf(ids.slice(1), sha256), ringOf(ids, sha256)]
      return SLOTS.filter((slot) => without.list(slot)[0] !== having.list(slot)[0]).length / SLOT_COUNT
    })
    expect(Math.max(...shares)).toBeLessThan(0.15)
    expect(Math.min(...shares)).toBeGreaterThan(0.05)
    expect(shares.reduce((sum, share) => sum + share) / shares.length).toBeCloseTo(0.1, 1)
  })
})

test('ten members have about equally many first places and places on lists', () => {
  for (let mesh = 0; mesh < 50; mesh++) {
    const ids = members(10, 100 * mesh)
    const ring = ringOf(ids, sha256)
    const firsts = ids.map((id) => SLOTS.filter((slot) => ring.list(slot)[0] === id).length)
    expect(Math.max(...firsts) / (SLOT_COUNT / 10)).toBeLessThan(1.4)
    expect(Math.min(...firsts) / (SLOT_COUNT / 10)).toBeGreaterThan(0.6)
  }
})

describe('the list while members are away', () => {
  const situation = nodeIds(1, 7).chain((ids) => fc.tuple(fc.constant(ids), fc.subarray(ids), slots))

  test('is as long as ever, in clockwise order, and has an away member only where nobody takes its place', () => {
    fc.assert(
      fc.property(situation, ([ids, gone, asked]) => {
        const ring = ringOf(ids, sha256)
        const away = new Set(gone)
        for (const slot of asked) {
          const order = referenceOrder(ids, slot)
          const list = ring.listOf(slot, away)
          const length = Math.min(3, ids.length)
          const present = order.filter((id) => !away.has(id)).slice(0, length)
          const fill = order.filter((id) => away.has(id)).slice(0, length - present.length)
          expect(list).toEqual(order.filter((id) => present.includes(id) || fill.includes(id)))
        }
      }),
      FEW,
    )
  })
})

describe('the circle of members', () => {
  test('goes by the lowest point of each, and successors go round it without the member itself', () => {
    fc.assert(
      fc.property(nodeIds(1, 8), fc.nat(10), (ids, count) => {
        const ring = ringOf(ids, sha256)
        expect(ring.circle).toEqual(referenceOrder(ids, 0))
        for (const [place, id] of ring.circle.entries()) {
          const round = [...ring.circle.slice(place + 1), ...ring.circle.slice(0, place)]
          expect(ring.successors(id, count)).toEqual(round.slice(0, count))
        }
        expect(ring.successors('nobody at all', count)).toEqual([])
      }),
      FEW,
    )
  })
})

test('the slots listing a member are those on whose list it is', () => {
  for (const count of [1, 2, 5]) {
    const ring = ringOf(members(count), sha256)
    for (const id of ring.members)
      expect(ring.slotsListing(id)).toEqual(SLOTS.filter((slot) => ring.list(slot).includes(id)))
    expect(ring.slotsListing('nobody')).toEqual([])
  }
})
