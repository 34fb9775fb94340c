/** Which slots an owner compares with whom, and when. */
import { describe, expect, test } from 'vitest'
import { SLOT_COUNT } from '../../src/core/ids.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { CoreBench } from '../support/core-bench.ts'

const HASH = 'ab'.repeat(8)
const XOR = 'aa'.repeat(16)
const WINDOW = SLOT_COUNT / 16

/** Node `a`, which serves every slot and has no facts. */
function setUp(members: readonly string[] = ['a', 'b', 'c']) {
  const bench = new CoreBench(members)
  const { world, parts } = bench
  bench.settle()
  world.sent.length = 0
  const asked = () =>
    world.sentOf('digests-wanted').map(({ to, message }) => [to, SlotSet.ofRuns(message.slots)] as const)
  /** A peer answers what it was asked last: it has other facts of some slots. */
  const answer = (peer: string, other: readonly number[] = []) => {
    const request = world.sentOf('digests-wanted').findLast(({ to }) => to === peer)?.message.request ?? 0
    const digests = other.map((slot) => ({ slot, count: 1, xor: XOR }))
    parts.sync.digests({ type: 'digests', request, membersHash: HASH, digests, ballots: [] })
    bench.settle()
    for (const { to, message } of world.sentOf('slot-wanted')) {
      if (to !== peer) continue
      parts.sync.slot({ type: 'slot', request: message.request, facts: [], lacking: [], done: true })
    }
    bench.settle()
  }
  const pass = (durationMs: number) => {
    world.advance(durationMs)
    bench.settle()
  }
  const compare = (peer: string) => {
    parts.scrub.compare(peer)
    bench.settle()
  }
  return { bench, world, ...parts, asked, answer, pass, compare }
}

describe('a node that comes, or stores again', () => {
  test('has all served slots compared, also those on whose list it is not', () => {
    const { world, compare, asked } = setUp()
    world.order = () => ['a', 'c', 'd', 'b']
    compare('b')
    expect(asked().map(([to, slots]) => [to, slots.size])).toEqual([['b', SLOT_COUNT]])
  })

  test('is compared with once at a time, and once more where it was asked for meanwhile', () => {
    const { compare, asked, answer } = setUp()
    compare('b')
    compare('b')
    compare('b')
    compare('c')
    expect(asked().map(([to]) => to)).toEqual(['b', 'c'])
    answer('b')
    expect(asked().map(([to]) => to)).toEqual(['b', 'c', 'b'])
    answer('b')
    expect(asked()).toHaveLength(3)
  })

  test('is not compared with where it is not connected, or nothing is served', () => {
    const { world, ownership, compare, asked } = setUp()
    world.unconnected.add('b')
    compare('b')
    ownership.yieldAll()
    compare('c')
    expect(asked()).toEqual([])
  })
})

describe('slots that differed', () => {
  test('are compared again after one second and after four more, and then no more', () => {
    const { world, compare, asked, answer, pass } = setUp()
    compare('b')
    const times: number[] = []
    for (let time = 0; time < 14; time++) {
      const before = asked().length
      if (time > 0) pass(1_000)
      if (time > 0 && asked().length === before) continue
      times.push(time)
      answer('b', [5, 7])
    }
    expect(times).toEqual([0, 1, 5])
    expect(asked().map(([, slots]) => slots.size)).toEqual([SLOT_COUNT, 2, 2])
    expect(world.sentOf('slot-wanted').map(({ message }) => message.slot)).toEqual([5, 7, 5, 7, 5, 7])
  })

  test('are known as copied once a comparison shows them equal', () => {
    const { copied, compare, answer, pass } = setUp()
    compare('b')
    answer('b', [5])
    expect([copied.has(4), copied.has(5)]).toEqual([true, false])
    pass(1_000)
    answer('b')
    expect(copied.has(5)).toBe(true)
  })

  test('are left out where they are not served any more, and so is what was equal', () => {
    const { bench, copied, compare, asked, answer, pass } = setUp()
    compare('b')
    bench.yield('c', [{ from: 4, to: 5 }])
    answer('b', [5, 6])
    expect([copied.has(3), copied.has(4)]).toEqual([true, false])
    pass(1_000)
    expect([...(asked().at(-1)?.[1] ?? [])]).toEqual([6])
  })

  test('are not compared again with a node whose connection broke', () => {
    const { world, sync, compare, asked, answer, pass } = setUp()
    compare('b')
    answer('b', [5])
    world.unconnected.add('b')
    sync.disconnected('b')
    pass(4_000)
    expect(asked()).toHaveLength(1)
  })
})

describe('the windows', () => {
  test('come every 15 s, and all of four minutes together are all slots, each once', () => {
    const { compare, asked, answer, pass } = setUp(['a', 'b'])
    compare('b')
    answer('b')
    const seen = new SlotSet()
    for (let time = 0; time < 16; time++) {
      pass(15_000)
      const [to, slots] = asked().at(-1) ?? []
      expect([to, slots?.size]).toEqual(['b', WINDOW])
      for (const slot of slots ?? []) expect(seen.add(slot)).toBe(true)
      answer('b')
    }
    expect([seen.size, asked().length]).toEqual([SLOT_COUNT, 17])
    pass(15_000)
    expect([...(asked().at(-1)?.[1] ?? [])][0]).toBe(0)
  })

  test('are compared with those on the lists of their slots, not while another comparison is under way', () => {
    const { world, compare, asked, answer, pass } = setUp(['a', 'b', 'c', 'd', 'e'])
    world.order = (slot) => (slot % 2 === 0 ? ['a', 'b', 'c'] : ['a', 'c', 'd'])
    compare('b')
    pass(15_000)
    expect(asked().map(([to, slots]) => [to, slots.size])).toEqual([
      ['b', SLOT_COUNT],
      ['c', WINDOW],
      ['d', WINDOW / 2],
    ])
    for (const peer of ['b', 'c', 'd']) answer(peer)
    pass(15_000)
    expect(asked().at(3)?.[0]).toBe('b')
  })

  test('go on in one rhythm, however many nodes come', () => {
    const { compare, asked, answer, pass } = setUp(['a', 'b'])
    for (let time = 0; time < 5; time++) {
      compare('b')
      answer('b')
    }
    const before = asked().length
    pass(15_000)
    expect(asked()).toHaveLength(before + 1)
  })
})

test('a node that serves more compares with everyone', () => {
  const { bench, world, scrub, asked } = setUp(['a', 'b', 'c', 'd'])
  world.unconnected.add('d')
  scrub.compareAll()
  bench.settle()
  expect(asked().map(([to]) => to)).toEqual(['b', 'c'])
})

test('an owner asks for a connection to who is on a list of its slots and not connected', () => {
  const { world, scrub, pass, asked } = setUp(['a', 'b', 'c', 'd'])
  world.order = () => ['a', 'b', 'c']
  for (const id of ['b', 'd']) world.unconnected.add(id)
  scrub.compareAll()
  pass(15_000)
  expect(world.wanted).toEqual(['b'])
  expect(new Set(asked().map(([to]) => to))).toEqual(new Set(['c']))
})

describe('a comparison of all slots', () => {
  test('is told of where it ended well, and begun anew after 5 s where it did not', () => {
    const { scrub, sync, compare, asked, answer, pass } = setUp()
    const told: string[] = []
    scrub.onCompared = (peer) => told.push(peer)
    compare('b')
    sync.disconnected('b')
    expect([told, asked().length]).toEqual([[], 1])
    pass(5_000)
    expect(asked()).toHaveLength(2)
    answer('b')
    expect(told).toEqual(['b'])
  })

  test('is needless where nothing is served', () => {
    const { scrub, ownership, compare } = setUp()
    const told: string[] = []
    scrub.onCompared = (peer) => told.push(peer)
    ownership.yieldAll()
    compare('b')
    expect(told).toEqual(['b'])
  })
})

test('slots of which a peer brought facts are compared with all on their lists a second later', () => {
  const { scrub, asked, pass } = setUp()
  scrub.brought(SlotSet.of([3]))
  scrub.brought(SlotSet.of([7]))
  pass(999)
  expect(asked()).toEqual([])
  pass(1)
  expect(asked().map(([to, slots]) => [to, [...slots]])).toEqual([
    ['b', [3, 7]],
    ['c', [3, 7]],
  ])
})
