/** What a node keeps for the owners of slots. */
import { describe, expect, test } from 'vitest'
import type { BallotRun } from '../../src/core/messages.ts'
import { CoreBench, seededFact, stored, taskIn } from '../support/core-bench.ts'

const factIn = (slot: number) => stored(seededFact(taskIn(slot), slot))

/** Node `a`, which serves nothing; `b` states. */
function setUp() {
  const bench = new CoreBench(['a', 'b', 'c'], { owns: false })
  const { world, parts } = bench
  let seq = 0
  const facts = (slots: readonly number[], ballots: readonly BallotRun[], from = 'b') =>
    parts.replica.facts(from, { type: 'facts', seq: ++seq, ballots, facts: slots.map((slot) => factIn(slot).bytes) })
  const acknowledged = () => world.sentOf('facts-stored')
  const has = (slot: number) => bench.state(taskIn(slot)) !== undefined
  return { bench, world, ...parts, facts, acknowledged, has }
}

const ballot = (from: number, to: number, epoch: number, node = 'b'): BallotRun => ({ from, to, epoch, node })

describe('a frame', () => {
  test('is acknowledged when it is synced, with the ballots that it came under', () => {
    const { bench, facts, acknowledged, has } = setUp()
    facts([1, 2], [ballot(1, 2, 3)])
    bench.endStep()
    expect(acknowledged()).toEqual([])
    bench.settle()
    expect(acknowledged()).toEqual([{ to: 'b', message: { type: 'facts-stored', seq: 1, refused: [], unread: 0 } }])
    expect([has(1), has(2), bench.disk.promises]).toEqual([true, true, [ballot(1, 2, 3)]])
  })

  test('that comes twice is acknowledged twice and changes nothing', () => {
    const { bench, facts, acknowledged } = setUp()
    facts([1], [ballot(1, 1, 3)])
    bench.settle()
    facts([1], [ballot(1, 1, 3)])
    bench.settle()
    expect(acknowledged().map(({ message }) => message.seq)).toEqual([1, 2])
    expect([...bench.disk.facts.all()]).toHaveLength(1)
  })

  test('of an owner with a higher ballot ends what this node serves', () => {
    const bench = new CoreBench(['a', 'b'])
    bench.parts.replica.facts('b', {
      type: 'facts',
      seq: 1,
      ballots: [ballot(1, 1, 2)],
      facts: [factIn(1).bytes],
    })
    bench.settle()
    expect([bench.parts.ownership.serves(1), bench.parts.ownership.serves(2)]).toEqual([false, true])
    expect(bench.batch.counts.total).toBe(0)
  })

  test('with bytes that are no fact, or one of a later version, is acknowledged with how many of them are not kept', () => {
    const { bench, world, replica, acknowledged, has } = setUp()
    const later = Uint8Array.from(factIn(2).bytes)
    later[2] = 23
    const bytes = [factIn(1).bytes, new Uint8Array([7]), later, factIn(3).bytes]
    replica.facts('b', { type: 'facts', seq: 1, ballots: [ballot(1, 3, 3)], facts: bytes })
    expect(acknowledged()).toEqual([])
    bench.settle()
    expect(acknowledged().map(({ message }) => message)).toMatchObject([{ seq: 1, refused: [], unread: 2 }])
    expect([world.bad, has(1), has(2), has(3)]).toEqual([2, true, false, true])
  })
})

describe('slots of which a higher ballot is known', () => {
  test('are refused: nothing of them is kept, and their owner is told', () => {
    const { bench, ownership, facts, acknowledged, has } = setUp()
    ownership.learn([ballot(2, 9, 5, 'c')])
    facts([1, 2, 3], [ballot(1, 3, 4)])
    bench.settle()
    expect([has(1), has(2), has(3)]).toEqual([true, false, false])
    expect(acknowledged()[0]?.message.refused).toEqual([ballot(2, 3, 5, 'c')])
    expect(ownership.ballots.nodeOf(2)).toBe('c')
  })

  test('are refused to an owner with the same epoch and a lower id, not to the one that has it', () => {
    const { bench, ownership, facts, has } = setUp()
    ownership.learn([ballot(1, 1, 4, 'c'), ballot(2, 2, 4, 'b')])
    facts([1, 2], [ballot(1, 2, 4)])
    bench.settle()
    expect([has(1), has(2)]).toEqual([false, true])
  })
})

test('facts of slots that no ballot of the sender names are not kept', () => {
  const { bench, ownership, facts, has } = setUp()
  facts([1, 2, 3], [ballot(1, 1, 3), ballot(2, 2, 3, 'c')])
  bench.settle()
  expect([has(1), has(2), has(3)]).toEqual([true, false, false])
  expect(ownership.ballots.epochOf(2)).toBe(0)
})
