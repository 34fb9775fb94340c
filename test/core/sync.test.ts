/** How two nodes come to have the same facts. */
import { describe, expect, test } from 'vitest'
import type { SlotDigest } from '../../src/core/messages.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { CoreBench, seededFact, stored, taskIn } from '../support/core-bench.ts'

const HASH = 'ab'.repeat(8)
const XOR = 'aa'.repeat(16)
const factIn = (slot: number, at = 0) => stored(seededFact(taskIn(slot, at), at))
const shortOf = (slot: number, at = 0) => factIn(slot, at).hash.slice(0, 16)

/** Node `a`, which serves nothing and has facts of these slots on its disk. */
function setUp(slots: readonly number[] = []) {
  const bench = new CoreBench(['a', 'b', 'c', 'd'], { owns: false })
  bench.store(slots.map((slot) => factIn(slot).fact))
  const { sync } = bench.parts
  const { world } = bench
  const ended: [boolean, number[]][] = []
  const done = (whole: boolean, equal: SlotSet) => ended.push([whole, [...equal]])
  const compare = (these: readonly number[]) => {
    sync.compare('b', SlotSet.of(these), done)
    bench.settle()
  }
  const digests = (theirs: readonly SlotDigest[]) => {
    const request = world.sentOf('digests-wanted').at(-1)?.message.request ?? 0
    sync.digests({ type: 'digests', request, membersHash: HASH, digests: theirs, ballots: [] })
    bench.settle()
  }
  const mine = (): readonly SlotDigest[] => bench.disk.facts.readDigests([{ from: 0, to: 16_383 }])
  const wanted = () => world.sentOf('slot-wanted').map(({ message }) => message)
  /** The peer answers what it was asked of a slot. */
  const answer = (slot: number, facts: readonly Uint8Array[], lacking: readonly string[] = [], isDone = true) => {
    const request = wanted().find((each) => each.slot === slot)?.request ?? 0
    sync.slot({ type: 'slot', request, facts, lacking, done: isDone })
    bench.settle()
  }
  return { bench, world, sync, ended, done, compare, digests, mine, wanted, answer }
}

describe('a comparison', () => {
  test('of equal slots ends with them, without a fact on the way', () => {
    const { compare, digests, mine, ended, wanted } = setUp([1, 2])
    compare([1, 2, 3])
    digests(mine())
    expect([ended, wanted()]).toEqual([[[true, [1, 2, 3]]], []])
  })

  test('brings each what it lacks: what is exchanged is a union', () => {
    const { bench, world, compare, digests, answer, ended, wanted } = setUp([1])
    compare([1])
    digests([{ slot: 1, count: 1, xor: XOR }])
    expect(wanted()).toMatchObject([{ slot: 1, have: [shortOf(1)] }])
    answer(1, [factIn(1, 7).bytes], [shortOf(1)])
    expect(ended).toEqual([[true, []]])
    expect(bench.state(taskIn(1))?.seeded).toBeDefined()
    expect(bench.state(taskIn(1, 7))?.seeded).toBeDefined()
    expect(world.sentOf('slot')).toEqual([
      { to: 'b', message: { type: 'slot', request: 0, facts: [factIn(1).bytes], lacking: [], done: true } },
    ])
  })

  test('keeps what only this node has', () => {
    const { bench, compare, digests, answer } = setUp([1])
    compare([1])
    digests([])
    answer(1, [])
    expect(bench.state(taskIn(1))?.seeded).toBeDefined()
  })

  test('sends nothing unasked to a node that is not on the list of the slot', () => {
    const { world, compare, digests, answer, ended, wanted } = setUp([1, 2])
    world.order = () => ['a', 'c', 'd', 'b']
    compare([1, 2])
    digests([{ slot: 2, count: 1, xor: XOR }])
    expect(wanted().map(({ slot }) => slot)).toEqual([2])
    answer(2, [], [shortOf(2)])
    expect([world.sentOf('slot'), ended]).toEqual([[], [[true, []]]])
  })

  test('leaves out slots that were not asked about, whatever the peer says', () => {
    const { compare, digests, ended, wanted } = setUp([1])
    compare([1])
    digests([{ slot: 5, count: 1, xor: XOR }])
    expect(wanted().map(({ slot }) => slot)).toEqual([1])
    expect(ended).toEqual([])
  })

  test('has eight slots under way at most, and goes on with the next as each is done', () => {
    const many = Array.from({ length: 20 }, (_, slot) => slot)
    const { compare, digests, answer, ended, wanted } = setUp(many)
    compare(many)
    digests(many.map((slot) => ({ slot, count: 1, xor: XOR })))
    expect(wanted()).toHaveLength(8)
    answer(0, [], [], false)
    expect(wanted()).toHaveLength(8)
    answer(0, [])
    expect(wanted()).toHaveLength(9)
    for (const slot of many) answer(slot, [])
    expect(wanted()).toHaveLength(20)
    expect(ended).toEqual([[true, []]])
  })

  test.each([
    ['while digests are read', 0],
    ['while the digests of the peer are awaited', 1],
    ['while slots are awaited', 2],
  ])('ends with whole: false where the connection breaks %s', (_, step) => {
    const { bench, sync, done, digests, answer, ended, wanted } = setUp([1])
    sync.compare('b', SlotSet.of([1, 2]), done)
    if (step > 0) bench.settle()
    if (step > 1) digests([{ slot: 1, count: 1, xor: XOR }])
    sync.disconnected('c')
    expect(ended).toEqual([])
    sync.disconnected('b')
    expect(ended).toEqual([[false, step > 1 ? [2] : []]])
    bench.settle()
    if (wanted().length > 0) answer(1, [])
    expect([ended.length, sync.idle]).toEqual([1, true])
  })

  test('may be begun with digests that are known, and not with a node that is not connected', () => {
    const { bench, world, sync, done, ended, wanted } = setUp([1])
    sync.compareWith('b', SlotSet.of([1, 3]), [{ slot: 1, count: 2, xor: XOR }], done)
    bench.settle()
    expect(wanted().map(({ slot }) => slot)).toEqual([1])
    world.unconnected.add('c')
    sync.compareWith('c', SlotSet.of([1]), [], done)
    expect(ended).toEqual([[false, []]])
  })
})

test('a look only compares: what differs stays as it is, and it is told what the peer said of its members', () => {
  const { bench, sync, digests, wanted } = setUp([1])
  const told: [boolean, number[], string][] = []
  sync.look('b', SlotSet.of([1, 2]), (whole, equal, membersHash) => told.push([whole, [...equal], membersHash]))
  bench.settle()
  digests([])
  expect([told, wanted(), sync.idle]).toEqual([[[true, [2], HASH]], [], true])
})

describe('a node that is asked', () => {
  test('says its digests with the ballots that it knows', () => {
    const { bench, world, sync, mine } = setUp([1])
    bench.yield('c', [{ from: 1, to: 1 }], 3)
    sync.digestsWanted('b', { type: 'digests-wanted', request: 4, slots: [{ from: 0, to: 5 }] })
    bench.settle()
    const ballots = [{ from: 1, to: 1, epoch: 3, node: 'c' }]
    expect(world.sentOf('digests')).toEqual([
      { to: 'b', message: { type: 'digests', request: 4, membersHash: HASH, digests: mine(), ballots } },
    ])
  })

  test('sends what the other lacks and names what it lacks itself', () => {
    const { bench, world, sync } = setUp([1])
    sync.slotWanted('b', { type: 'slot-wanted', request: 4, slot: 1, have: ['ff'.repeat(8)] })
    sync.slotWanted('b', { type: 'slot-wanted', request: 5, slot: 1, have: [shortOf(1)] })
    bench.settle()
    expect(world.sentOf('slot').map(({ message }) => message)).toEqual([
      { type: 'slot', request: 4, facts: [factIn(1).bytes], lacking: ['ff'.repeat(8)], done: true },
      { type: 'slot', request: 5, facts: [], lacking: [], done: true },
    ])
  })

  test('cuts a long answer into parts, of which the last is done and names what is lacking', () => {
    const { bench, world, sync } = setUp()
    const long = Array.from({ length: 40 }, (_, at) => ({
      ...seededFact(taskIn(1, at), at),
      prompt: 'x'.repeat(60_000),
    }))
    bench.store(long)
    sync.slotWanted('b', { type: 'slot-wanted', request: 4, slot: 1, have: ['ff'.repeat(8)] })
    bench.settle()
    const parts = world.sentOf('slot').map(({ message }) => message)
    expect(parts.length).toBeGreaterThan(1)
    expect(parts.flatMap(({ facts }) => facts)).toHaveLength(40)
    expect(parts.map(({ done, lacking }) => [done, lacking.length])).toEqual(
      parts.map((_, at) => (at === parts.length - 1 ? [true, 1] : [false, 0])),
    )
  })
})

test('ballots that come with digests are learnt, also where nobody waits for them', () => {
  const { bench, sync } = setUp()
  sync.digests({
    type: 'digests',
    request: 99,
    membersHash: HASH,
    digests: [],
    ballots: [{ from: 1, to: 1, epoch: 3, node: 'c' }],
  })
  expect(bench.parts.ownership.ballots.epochOf(1)).toBe(3)
})

test('bytes that are no fact are counted and left out, and the others are kept', () => {
  const { bench, world, sync } = setUp()
  const facts = [new Uint8Array([1, 2, 3]), factIn(1).bytes]
  sync.slot({ type: 'slot', request: 0, facts, lacking: [], done: true })
  bench.settle()
  expect(world.bad).toBe(1)
  expect(bench.state(taskIn(1))?.seeded).toBeDefined()
})
