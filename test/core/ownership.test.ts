/** Which slots a node serves, and whom it asks about others. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EPOCH_MAX, SLOT_COUNT } from '../../src/core/ids.ts'
import { Ownership } from '../../src/core/ownership.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { PartWorld } from '../support/part-world.ts'

function setUp(members: readonly string[] = ['a', 'b', 'c'], self = 'a') {
  const world = new PartWorld(members, self)
  const ownership = new Ownership(world)
  const yielded: number[][] = []
  ownership.onYield = (slots) => yielded.push([...slots])
  return { world, ownership, yielded }
}

describe('a slot is served', () => {
  test('only while the highest known ballot is the one that it was taken over with', () => {
    const { ownership } = setUp()
    ownership.claim([{ from: 0, to: 3 }], 5)
    ownership.learn([{ from: 2, to: 2, epoch: 5, node: 'b' }])
    ownership.learn([{ from: 3, to: 3, epoch: 6, node: 'a' }])
    const served = ownership.serve(SlotSet.of([0, 1, 2, 3, 4]), 5)
    expect([...served]).toEqual([0, 1])
    expect([...ownership.served()]).toEqual([0, 1])
    expect(ownership.count).toBe(2)
    expect([ownership.epochOf(0), ownership.epochOf(2)]).toEqual([5, 0])
  })

  test('no more from the moment on that a higher ballot is known, which is told once', () => {
    const { ownership, yielded } = setUp()
    ownership.claim([{ from: 0, to: 9 }], 2)
    ownership.serve(SlotSet.ofRuns([{ from: 0, to: 9 }]), 2)
    const { version } = ownership
    ownership.onYield = (slots) => {
      for (const slot of slots) expect(ownership.serves(slot)).toBe(false)
      yielded.push([...slots])
    }
    ownership.learn([
      { from: 0, to: 4, epoch: 2, node: 'Z' },
      { from: 1, to: 2, epoch: 3, node: 'Z' },
      { from: 8, to: 20, epoch: 2, node: 'b' },
    ])
    expect(yielded).toEqual([[1, 2, 8, 9]])
    expect([...ownership.served()]).toEqual([0, 3, 4, 5, 6, 7])
    expect(ownership.version).toBeGreaterThan(version)
    ownership.learn([{ from: 1, to: 2, epoch: 4, node: 'b' }])
    expect(yielded).toHaveLength(1)
  })

  test('no more where a ballot of its own is higher than the one that it is served under', () => {
    const { ownership, yielded } = setUp()
    ownership.claim([{ from: 7, to: 7 }], 1)
    ownership.serve(SlotSet.of([7]), 1)
    ownership.claim([{ from: 7, to: 7 }], 2)
    expect(ownership.serves(7)).toBe(false)
    expect(yielded).toEqual([[7]])
  })

  test('by nobody after it yielded everything, whoever has the ballots', () => {
    const { ownership, yielded } = setUp()
    ownership.yieldAll()
    expect(yielded).toEqual([])
    ownership.claim([{ from: 0, to: 1 }], 1)
    ownership.serve(SlotSet.of([0, 1]), 1)
    ownership.yieldAll()
    expect(yielded).toEqual([[0, 1]])
    expect(ownership.servedRuns()).toEqual([])
  })

  test('by one node at most of those that know the same ballots', () => {
    const ballot = fc.record({
      from: fc.nat(5),
      epoch: fc.integer({ min: 1, max: 3 }),
      node: fc.constantFrom('a', 'b'),
    })
    fc.assert(
      fc.property(fc.array(ballot, { maxLength: 30 }), (ballots) => {
        const nodes = ['a', 'b'].map((self) => setUp(['a', 'b'], self).ownership)
        const runs = ballots.map(({ from, ...more }) => ({ from, to: from, ...more }))
        for (const node of nodes) {
          for (const run of runs) {
            node.learn([run])
            node.serve(SlotSet.of([run.from]), run.epoch)
          }
        }
        for (let slot = 0; slot < 6; slot++) {
          const owners = nodes.filter((node) => node.serves(slot))
          expect(owners.length).toBeLessThanOrEqual(1)
        }
      }),
    )
  })
})

describe('who should own a slot', () => {
  test('is the first of its list that is up and storing, whatever the ballots say', () => {
    const { world, ownership } = setUp()
    ownership.learn([{ from: 0, to: 0, epoch: 9, node: 'c' }])
    expect(ownership.wantedOwner(0)).toBe('a')
    world.storing = false
    expect(ownership.wantedOwner(0)).toBe('b')
    world.full.add('b')
    expect(ownership.wantedOwner(0)).toBe('c')
    world.silent.add('c')
    expect(ownership.wantedOwner(0)).toBeUndefined()
  })

  test('makes the slots that this node wants', () => {
    const { world, ownership } = setUp(['a', 'b', 'c'], 'b')
    world.order = (slot) => (slot < 2 ? ['b', 'a', 'c'] : ['a', 'b', 'c'])
    expect([...ownership.wanted()]).toEqual([0, 1])
    world.silent.add('a')
    expect(ownership.wanted().size).toBe(SLOT_COUNT)
    world.storing = false
    expect(ownership.wanted().size).toBe(0)
  })
})

describe('who is asked about a slot', () => {
  test('is this node where it serves it, else the owner by ballot while that is up, else who should own it', () => {
    const { world, ownership } = setUp()
    expect(ownership.ownerOf(0)).toBe('a')
    ownership.learn([{ from: 0, to: 0, epoch: 1, node: 'c' }])
    expect(ownership.ownerOf(0)).toBe('c')
    world.silent.add('c')
    expect(ownership.ownerOf(0)).toBe('a')
    world.silent.delete('c')
    ownership.claim([{ from: 0, to: 0 }], 2)
    expect(ownership.serves(0)).toBe(false)
    ownership.serve(SlotSet.of([0]), 2)
    expect(ownership.ownerOf(0)).toBe('a')
  })
})

test('ballots that changed are written once', () => {
  const { world, ownership } = setUp()
  ownership.claim([{ from: 0, to: 0 }], 1)
  expect(world.commits.take()).toMatchObject({ promises: [{ from: 0, to: 0, epoch: 1, node: 'a' }] })
  ownership.persist()
  expect(world.commits.take()).toBeUndefined()
})

test('a slot with a ballot of the highest epoch is not wanted any more: nothing is above it', () => {
  const { ownership } = setUp(['a'])
  ownership.learn([{ from: 2, to: 3, epoch: EPOCH_MAX, node: 'b' }])
  expect(ownership.wanted().runs()).toEqual([
    { from: 0, to: 1 },
    { from: 4, to: SLOT_COUNT - 1 },
  ])
})

describe('two nodes that serve the same slots', () => {
  const both = [{ from: 0, to: 9, epoch: 1, node: 'b' }]

  test.each([
    ['the lower', 'a'],
    ['the higher', 'c'],
  ])('both end serving them where they are strangers: of %s ballot', (_what, self) => {
    const { ownership, yielded } = setUp([self], self)
    ownership.claim([{ from: 5, to: 20 }], 1)
    ownership.serve(SlotSet.ofRuns([{ from: 5, to: 20 }]), 1)
    ownership.meet(both)
    expect(yielded).toEqual([[5, 6, 7, 8, 9]])
    expect(ownership.count).toBe(11)
  })

  test('have the slots lapse for who has the higher ballot alone', () => {
    const lapsed = ['a', 'c'].map((self) => {
      const { ownership } = setUp([self], self)
      ownership.claim([{ from: 5, to: 20 }], 1)
      ownership.serve(SlotSet.ofRuns([{ from: 5, to: 20 }]), 1)
      ownership.meet(both)
      return [...ownership.lapsed()]
    })
    expect(lapsed).toEqual([[], [5, 6, 7, 8, 9]])
  })
})

test('a node that does not serve what it has the highest ballot of may not know it', () => {
  const { ownership } = setUp()
  ownership.learn([
    { from: 0, to: 9, epoch: 3, node: 'b' },
    { from: 10, to: 19, epoch: 4, node: 'c' },
    { from: 20, to: 29, epoch: 5, node: 'b' },
  ])
  const serving = [{ from: 0, to: 7, epoch: 3, node: 'b' }]
  expect(ownership.lapsedOf('b', serving)).toEqual([
    { from: 8, to: 9, epoch: 3, node: 'b' },
    { from: 20, to: 29, epoch: 5, node: 'b' },
  ])
  expect(ownership.lapsedOf('d', [])).toEqual([])
})
