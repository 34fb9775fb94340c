/** How the end of an attempt comes to its owner. */
import { describe, expect, test } from 'vitest'
import type { EndedFact } from '../../src/core/facts.ts'
import { Ownership } from '../../src/core/ownership.ts'
import { Reports } from '../../src/core/reports.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { BATCH, stored, taskIn } from '../support/core-bench.ts'
import { PartWorld } from '../support/part-world.ts'

const ended = (slot: number, token = `${slot}`.padStart(36, '0'), batch = BATCH): EndedFact => {
  const about = { batch, task: taskIn(slot), token }
  return { kind: 'ended', ...about, outcome: 'completed', durationMs: 5, result: { files: [] } }
}

/** Node `a`; `b` owns all slots but the first, which nobody has and `a` should. */
function setUp() {
  const world = new PartWorld(['a', 'b', 'c'])
  const ownership = new Ownership(world)
  ownership.learn([{ from: 1, to: 16_383, epoch: 1, node: 'b' }])
  const reports = new Reports(world, ownership)
  const own: string[] = []
  reports.onOwn = ({ fact }) => own.push(fact.token)
  /** Syncs what was written; gives the effect. */
  const sync = () => {
    const effect = world.commits.take()
    if (effect?.type === 'persist') world.commits.persisted(effect.ticket)
    return effect
  }
  const sent = () => world.sentOf('ended').map(({ to, message }) => [to, message.facts] as const)
  return { world, ownership, reports, own, sync, sent }
}

describe('a report', () => {
  test('is synced before it is sent', () => {
    const { world, reports, sync, sent } = setUp()
    reports.add(ended(1))
    world.commits.runReady()
    reports.sendAll()
    world.advance(5_000)
    expect(sent()).toEqual([])
    expect(sync()).toMatchObject({ facts: [], mesh: { outbox: [{ fact: ended(1) }], outboxDone: [] } })
    expect(sent()).toEqual([['b', [stored(ended(1)).bytes]]])
  })

  test('is sent every five seconds, and when owners change, until it is settled', () => {
    const { world, reports, sync, sent } = setUp()
    reports.add(ended(1))
    sync()
    world.advance(10_000)
    expect(sent()).toHaveLength(3)
    reports.sendAll()
    expect(sent()).toHaveLength(4)
    reports.settled([ended(1).token])
    world.advance(60_000)
    reports.sendAll()
    expect([sent().length, reports.idle, reports.has(ended(1).token)]).toEqual([4, true, false])
  })

  test('is kept across a restart until it is settled, and is settled once', () => {
    const { world, reports, sync, sent } = setUp()
    reports.restore([stored(ended(1)), stored({ ...ended(2), kind: 'chosen' } as never)])
    expect(reports.open).toEqual([ended(1)])
    world.advance(5_000)
    expect(sent()).toHaveLength(1)
    reports.settled([ended(1).token, 'unknown'])
    reports.settled([ended(1).token])
    expect(sync()).toMatchObject({ mesh: { outbox: [], outboxDone: [ended(1).token] } })
    expect(sync()).toBeUndefined()
  })

  test('of a deleted batch is kept no longer, nor sent once it is synced', () => {
    const { reports, sync, sent } = setUp()
    reports.add(ended(3))
    reports.gone(BATCH)
    sync()
    expect(sent()).toEqual([])
    reports.add(ended(1))
    reports.add(ended(2, undefined, 'ff'.repeat(8)))
    sync()
    reports.gone(BATCH)
    expect(reports.open.map(({ batch }) => batch)).toEqual(['ff'.repeat(8)])
    expect(sync()).toMatchObject({ mesh: { outboxDone: [ended(1).token] } })
  })
})

describe('it goes to whoever owns the slot by then', () => {
  test('another node than the one that granted it', () => {
    const { world, ownership, reports, sync, sent } = setUp()
    reports.add(ended(1))
    reports.add(ended(2))
    ownership.learn([{ from: 2, to: 2, epoch: 2, node: 'c' }])
    sync()
    world.sent.length = 0
    reports.sendAll()
    expect(sent()).toEqual([
      ['b', [stored(ended(1)).bytes]],
      ['c', [stored(ended(2)).bytes]],
    ])
  })

  test('who should own it, where the owner is gone', () => {
    const { world, reports, sync, sent, own } = setUp()
    world.order = () => ['c', 'a', 'b']
    world.silent.add('b')
    reports.add(ended(1))
    sync()
    expect([sent().map(([to]) => to), own]).toEqual([['c'], []])
  })

  test('this node itself, which is told and sends nothing', () => {
    const { ownership, reports, sync, sent, own } = setUp()
    reports.add(ended(1))
    ownership.claim([{ from: 1, to: 1 }], 2)
    ownership.serve(SlotSet.of([1]), 2)
    sync()
    expect([sent(), own]).toEqual([[], [ended(1).token]])
  })

  test('nobody while this node is about to take the slot over', () => {
    const { reports, sync, sent, own } = setUp()
    reports.add(ended(0))
    sync()
    expect([sent(), own]).toEqual([[], []])
  })
})

test('many reports to one owner go in messages that have room for them', () => {
  const { reports, sync, sent } = setUp()
  const text = 'x'.repeat(60_000)
  for (let slot = 1; slot <= 40; slot++) reports.add({ ...ended(slot), result: { text, files: [] } })
  sync()
  reports.sendAll()
  const all = sent().slice(40)
  expect(all.length).toBeGreaterThan(1)
  expect(all.flatMap(([, facts]) => facts)).toHaveLength(40)
})
