/** How facts reach other nodes before they count as committed. */
import { describe, expect, test } from 'vitest'
import { makeFact } from '../../src/core/fact-record.ts'
import type { StoredFact } from '../../src/core/facts.ts'
import { slotOf } from '../../src/core/ids.ts'
import { Ownership } from '../../src/core/ownership.ts'
import { Replication } from '../../src/core/replication.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { seededFact, stored, taskIn } from '../support/core-bench.ts'
import { PartWorld } from '../support/part-world.ts'

const FREE = Number.POSITIVE_INFINITY
const factIn = (slot: number, prompt = 'a cat'): StoredFact => stored({ ...seededFact(taskIn(slot)), prompt })
const LONG = 'x'.repeat(60_000)

/** Node `a`, which serves every slot. */
function setUp(members: readonly string[] = ['a', 'b', 'c', 'd']) {
  const world = new PartWorld(members)
  const ownership = new Ownership(world)
  ownership.claim(SlotSet.all().runs(), 1)
  ownership.serve(SlotSet.all(), 1)
  const replication = new Replication(world, ownership)
  const single: number[][] = []
  replication.singles.onSingle = (facts) => single.push(facts.map(({ fact }) => slotOf(fact.task)))
  const sentTo = (peer: string) => world.sentOf('facts').flatMap(({ to, message }) => (to === peer ? [message] : []))
  const ack = (peer: string, seq: number, refused: Parameters<Ownership['learn']>[0] = [], unread = 0) =>
    replication.stored(peer, { type: 'facts-stored', seq, refused, unread })
  return { world, ownership, replication, single, sentTo, ack }
}

describe('a ticket is pending', () => {
  test('until one other node on the list of each of its slots has stored its facts', () => {
    const { world, replication, sentTo, ack } = setUp()
    world.order = (slot) => (slot === 0 ? ['a', 'b', 'c', 'd'] : ['a', 'd', 'c', 'b'])
    replication.take(1, [factIn(0), factIn(1)])
    expect(replication.pendingFrom).toBe(1)
    expect([sentTo('b').length, sentTo('c').length, sentTo('d').length]).toEqual([1, 2, 1])
    ack('b', sentTo('b')[0]?.seq ?? 0)
    expect(replication.pendingFrom).toBe(1)
    ack('d', sentTo('d')[0]?.seq ?? 0)
    expect(replication.pendingFrom).toBe(FREE)
    expect(replication.copiesOf(1)).toBe(2)
  })

  test('while an earlier one is, and no longer than its own frames', () => {
    const { replication, sentTo, ack } = setUp()
    replication.take(1, [factIn(0)])
    replication.take(2, [factIn(1)])
    ack('b', sentTo('b')[1]?.seq ?? 0)
    expect(replication.pendingFrom).toBe(1)
    ack('c', sentTo('c')[0]?.seq ?? 0)
    expect(replication.pendingFrom).toBe(FREE)
  })

  test('until a stand-in has stored them, where no other node of the list stores', () => {
    const { world, replication, sentTo, ack } = setUp()
    world.silent.add('b')
    world.full.add('c')
    replication.take(1, [factIn(0)])
    expect(sentTo('d')).toHaveLength(1)
    expect(replication.pendingFrom).toBe(1)
    ack('d', sentTo('d')[0]?.seq ?? 0)
    expect(replication.pendingFrom).toBe(FREE)
  })

  test('until another node has stored them, where the one that was to store them is lost before it did', () => {
    const { world, replication, sentTo, ack } = setUp(['a', 'b', 'd'])
    world.order = () => ['a', 'b', 'd']
    world.full.add('d')
    replication.take(1, [factIn(0)])
    world.full.delete('d')
    world.silent.add('b')
    replication.changed('b')
    expect(replication.pendingFrom).toBe(1)
    expect(sentTo('d')[0]?.facts).toEqual([factIn(0).bytes])
    ack('d', sentTo('d')[0]?.seq ?? 0)
    expect(replication.pendingFrom).toBe(FREE)
  })

  test('for nothing that a node stores twice, or that was never sent to it', () => {
    const { replication, sentTo, ack } = setUp()
    replication.take(1, [factIn(0)])
    ack('b', 999)
    ack('d', sentTo('b')[0]?.seq ?? 0)
    expect(replication.pendingFrom).toBe(1)
    ack('b', sentTo('b')[0]?.seq ?? 0)
    ack('b', sentTo('b')[0]?.seq ?? 0)
    expect(replication.pendingFrom).toBe(FREE)
  })
})

describe('a frame', () => {
  test('has a ballot of each of its slots, and the facts as the bytes they were born as', () => {
    const { replication, sentTo } = setUp()
    replication.take(1, [factIn(3), factIn(4), factIn(9)])
    expect(sentTo('b')).toMatchObject([
      {
        ballots: [
          { from: 3, to: 4, epoch: 1, node: 'a' },
          { from: 9, to: 9, epoch: 1, node: 'a' },
        ],
        facts: [3, 4, 9].map((slot) => factIn(slot).bytes),
      },
    ])
  })

  test('has about two megabytes of facts at most', () => {
    const { replication, sentTo } = setUp()
    const facts = Array.from({ length: 100 }, (_, slot) => factIn(slot, LONG))
    replication.take(1, facts)
    const frames = sentTo('b')
    expect(frames.flatMap((frame) => frame.facts)).toEqual(facts.map(({ bytes }) => bytes))
    for (const frame of frames)
      expect(frame.facts.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(2 * 1024 * 1024)
  })

  test('goes again in its order when the connection is made anew, but for what was acknowledged', () => {
    const { world, replication, sentTo, ack } = setUp()
    for (const ticket of [1, 2, 3]) replication.take(ticket, [factIn(ticket)])
    const seqs = sentTo('b').map(({ seq }) => seq)
    ack('b', seqs[1] ?? 0)
    world.sent.length = 0
    replication.connected('b')
    expect(sentTo('b').map(({ seq }) => seq)).toEqual([seqs[0], seqs[2]])
  })

  test('waits for a connection, which is asked for, and goes every 5 s where it goes through a third node', () => {
    const { world, replication, sentTo } = setUp()
    world.unconnected.add('b')
    world.heardMs = () => 0
    replication.take(1, [factIn(0)])
    expect([sentTo('b').length, world.wanted]).toEqual([0, ['b']])
    world.relayed.add('b')
    world.advance(5_000)
    expect(sentTo('b')).toHaveLength(1)
    world.advance(10_000)
    expect(sentTo('b')).toHaveLength(3)
    world.relayed.delete('b')
    world.unconnected.delete('b')
    replication.connected('b')
    world.advance(30_000)
    expect(sentTo('b')).toHaveLength(4)
  })

  test('waits while too much is under way to its peer, and goes when that is acknowledged', () => {
    const { replication, sentTo, ack } = setUp()
    for (let ticket = 1; ticket <= 6; ticket++)
      replication.take(
        ticket,
        Array.from({ length: 34 }, (_, slot) => factIn(slot, LONG)),
      )
    const sent = sentTo('b').length
    expect(sent).toBeLessThan(6)
    ack('b', sentTo('b')[0]?.seq ?? 0)
    expect(sentTo('b').length).toBeGreaterThan(sent)
  })
})

describe('where no other node stores', () => {
  test('facts are committed with this copy alone, and it is known of which tickets', () => {
    const { world, replication, single } = setUp(['a', 'b'])
    world.silent.add('b')
    replication.take(4, [factIn(7)])
    world.silent.delete('b')
    replication.take(5, [factIn(8)])
    expect(replication.pendingFrom).toBe(5)
    expect(single).toEqual([[7]])
    expect([replication.copiesOf(4), replication.copiesOf(5)]).toEqual([1, 2])
  })

  test('one slot of a ticket makes it known of the whole ticket', () => {
    const { world, replication, sentTo, ack, single } = setUp()
    world.order = (slot) => (slot === 0 ? ['a'] : ['a', 'b'])
    replication.take(1, [factIn(0), factIn(1)])
    ack('b', sentTo('b')[0]?.seq ?? 0)
    expect([replication.pendingFrom, replication.copiesOf(1), single]).toEqual([FREE, 1, [[0]]])
  })

  test('a lone member has every ticket alone', () => {
    const { replication } = setUp(['a'])
    replication.take(1, [factIn(0)])
    expect([replication.pendingFrom, replication.copiesOf(1)]).toEqual([FREE, 1])
  })

  test('what waits for the last other node that stores is committed when that is lost', () => {
    const { world, replication, single } = setUp(['a', 'b'])
    replication.take(1, [factIn(2)])
    world.full.add('b')
    replication.changed('b')
    expect([replication.pendingFrom, replication.copiesOf(1), single]).toEqual([FREE, 1, [[2]]])
  })
})

describe('a slot that a peer refuses', () => {
  test('is not served any more, and its facts need no copies', () => {
    const { replication, ownership, sentTo, ack } = setUp()
    replication.take(1, [factIn(0), factIn(1)])
    ack('b', sentTo('b')[0]?.seq ?? 0, [{ from: 0, to: 0, epoch: 2, node: 'c' }])
    expect([ownership.serves(0), ownership.serves(1)]).toEqual([false, true])
    expect(replication.pendingFrom).toBe(FREE)
  })

  test('has no facts in frames that go again', () => {
    const { world, replication, ownership, sentTo } = setUp()
    replication.take(1, [factIn(0), factIn(1)])
    ownership.learn([{ from: 0, to: 0, epoch: 2, node: 'c' }])
    world.sent.length = 0
    replication.connected('b')
    expect(sentTo('b')).toMatchObject([
      { ballots: [{ from: 1, to: 1, epoch: 1, node: 'a' }], facts: [factIn(1).bytes] },
    ])
  })
})

const MIB = 1024 * 1024

test('what a slow peer has not acknowledged is bounded where a quicker one has it, and nothing that is awaited is left out', () => {
  const world = new PartWorld(['self', 'quick', 'slow'])
  const { sent } = world
  const ownership = new Ownership(world)
  ownership.claim([{ from: 0, to: 16_383 }], 1)
  ownership.serve(SlotSet.all(), 1)
  const replication = new Replication(world, ownership)
  const prompt = 'a'.repeat(65_000)
  const state = (ticket: number) => {
    const task = ticket.toString(16).padStart(32, '0')
    const about = { batch: '00'.repeat(8), task, index: ticket, params: {}, profile: 'draw' }
    const facts: StoredFact[] = [makeFact({ kind: 'seeded', prompt, ...about }, world.sha256)]
    replication.take(ticket, facts)
  }
  const acknowledge = (peer: string) => {
    for (const { to, message } of sent.splice(0))
      if (to === peer && message.type === 'facts')
        replication.stored(peer, { type: 'facts-stored', seq: message.seq, refused: [], unread: 0 })
  }
  for (let ticket = 1; ticket <= 1_000; ticket++) {
    state(ticket)
    acknowledge('quick')
  }
  state(1_001)
  expect(replication.pendingFrom).toBe(1_001)
  let bytes = 0
  for (let left = true; left; ) {
    left = false
    replication.connected('slow')
    for (const { to, message } of sent.splice(0)) {
      if (to !== 'slow' || message.type !== 'facts') continue
      left = true
      bytes += message.facts.reduce((sum, fact) => sum + fact.length, 0)
      replication.stored('slow', { type: 'facts-stored', seq: message.seq, refused: [], unread: 0 })
    }
  }
  expect(bytes).toBeLessThanOrEqual(41 * MIB)
  expect(replication.pendingFrom).toBe(Number.POSITIVE_INFINITY)
})

test('a frame that nobody can read whole is committed with one copy, and what one of two has with two', () => {
  const { replication, single, sentTo, ack } = setUp(['a', 'b', 'c'])
  replication.take(1, [factIn(1)])
  replication.take(2, [factIn(2)])
  const seqs = (peer: string) => sentTo(peer).map(({ seq }) => seq) as [number, number]
  for (const seq of seqs('b')) ack('b', seq, [], 1)
  expect(replication.pendingFrom).toBe(1)
  ack('c', seqs('c')[0], [], 1)
  expect(replication.pendingFrom).toBe(2)
  ack('c', seqs('c')[1])
  expect(replication.pendingFrom).toBe(FREE)
  expect([1, 2].map((ticket) => replication.copiesOf(ticket))).toEqual([1, 2])
  expect(single).toEqual([[1]])
})

describe('a peer that is heard and acknowledges nothing for ten seconds', () => {
  test('is passed over where another stores, until it acknowledges', () => {
    const { world, replication, sentTo, ack } = setUp()
    world.heardMs = () => world.nowMs
    const ackAll = (peer: string) => {
      for (const { seq } of sentTo(peer)) ack(peer, seq)
    }
    replication.take(1, [factIn(0)])
    world.advance(9_999)
    expect([replication.pendingFrom, sentTo('d').length]).toEqual([1, 0])
    world.advance(1)
    expect([replication.pendingFrom, sentTo('d').length]).toEqual([1, 1])
    ackAll('d')
    expect([replication.pendingFrom, replication.copiesOf(1)]).toEqual([FREE, 2])
    replication.take(2, [factIn(0)])
    expect([sentTo('b').length, sentTo('d').length]).toEqual([3, 2])
    ackAll('b')
    replication.take(3, [factIn(0)])
    expect([sentTo('b').length, sentTo('d').length]).toEqual([4, 2])
  })

  test('is waited for where no other node stores: nothing is committed without a copy', () => {
    const { world, replication } = setUp(['a', 'b'])
    world.heardMs = () => world.nowMs
    replication.take(1, [factIn(0)])
    world.advance(60_000)
    expect([replication.pendingFrom, replication.isAwaited]).toEqual([1, true])
  })

  test('is no longer awaited once it is silent', () => {
    const { world, replication } = setUp()
    world.heardMs = () => 0
    replication.take(1, [factIn(0)])
    world.advance(60_000)
    expect([replication.pendingFrom, replication.isAwaited]).toEqual([1, false])
  })
})
