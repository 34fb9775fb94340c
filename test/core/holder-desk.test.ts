/** What a holder says to owners. */
import { describe, expect, test } from 'vitest'
import { slotOf } from '../../src/core/ids.ts'
import type { Grant } from '../../src/core/messages.ts'
import { TaskNamer } from '../../src/core/task-identity.ts'
import { sha256 } from '../simulation/fact-pool.ts'
import { BATCH, CoreBench, recordOf, seededFact, taskIn } from '../support/core-bench.ts'
import { CoreMesh } from '../support/core-mesh.ts'

const RUN = { from: 1, to: 16_383 }

function grantIn(slot: number): Grant {
  return {
    ...seededFact(taskIn(slot), slot),
    token: `${slot}`.padStart(36, '0'),
    attempt: 1,
    failures: 0,
    alone: false,
    timeoutMs: null,
  }
}

/** Node `a` with a hundred places; `b` owns every slot but the first, which `a` serves. */
function setUp() {
  const bench = new CoreBench(['a', 'b', 'c'])
  bench.yield('b', [RUN])
  bench.settle()
  const { world, parts } = bench
  parts.places.set('draw', { places: 100, timeoutMs: 1_000_000 })
  world.sent.length = 0
  const lists = () => world.sentOf('held').map(({ to, message }) => [to, message.tokens.map(({ token }) => token)])
  const end = (slot: number) => {
    const result = { files: [] }
    parts.holding.executionEnded(grantIn(slot).token, { outcome: 'completed', durationMs: 5, result })
    bench.settle()
  }
  return { bench, world, ...parts, lists, end }
}

describe('owners hear what is held of theirs', () => {
  test('every ten seconds while there is something', () => {
    const { world, holderDesk, lists } = setUp()
    world.advance(30_000)
    expect(lists()).toEqual([])
    holderDesk.accept('b', [grantIn(1), grantIn(2)])
    world.advance(9_999)
    expect(lists()).toEqual([])
    world.advance(10_001)
    const tokens = [grantIn(1).token, grantIn(2).token]
    expect(lists()).toEqual([
      ['b', tokens],
      ['b', tokens],
    ])
  })

  test('as soon as they have taken the slot over from this node, which had granted it to itself', () => {
    const { bench, places, lists } = setUp()
    places.take(grantIn(0), 'a')
    bench.yield('c', [{ from: 2, to: 2 }], 3)
    expect(lists()).toEqual([])
    bench.yield('b', [{ from: 0, to: 0 }], 3)
    expect(lists()).toEqual([['b', [grantIn(0).token]]])
    bench.world.advance(10_000)
    expect(lists()).toHaveLength(2)
  })

  test('with the next lists where the new owner was not known to be up yet', () => {
    const { bench, world, places, lists } = setUp()
    places.take(grantIn(0), 'a')
    for (const peer of ['b', 'c']) world.silent.add(peer)
    bench.yield('b', [{ from: 0, to: 0 }], 3)
    expect(lists()).toEqual([])
    world.silent.clear()
    world.advance(10_000)
    expect(lists()).toEqual([['b', [grantIn(0).token]]])
  })

  test('when they are connected anew, and then only they', () => {
    const { bench, holderDesk, lists } = setUp()
    holderDesk.accept('b', [grantIn(1), grantIn(2)])
    bench.yield('c', [{ from: 2, to: 2 }], 3)
    holderDesk.tell('c')
    expect(lists()).toEqual([['c', [grantIn(2).token]]])
    holderDesk.tell()
    expect(lists().slice(1)).toEqual([
      ['b', [grantIn(1).token]],
      ['c', [grantIn(2).token]],
    ])
  })

  test('with what has ended and is not settled', () => {
    const { world, holderDesk, reports, lists, end } = setUp()
    holderDesk.accept('b', [grantIn(1)])
    end(1)
    world.advance(10_000)
    expect(lists()).toEqual([['b', [grantIn(1).token]]])
    reports.settled([grantIn(1).token])
    world.advance(60_000)
    expect(lists()).toHaveLength(1)
  })

  test('with whether it has started, in parts of which the last is said to be', () => {
    const { world, places, holderDesk } = setUp()
    places.set('draw', { places: 30_000, timeoutMs: 1_000_000 })
    const grants = Array.from({ length: 20_001 }, (_, at) => ({
      ...grantIn(1),
      task: taskIn(1, at),
      token: `${at}`.padStart(36, '0'),
    }))
    holderDesk.accept('b', grants)
    holderDesk.tell('b')
    expect(world.sentOf('held').map(({ message }) => [message.part, message.last, message.tokens.length])).toEqual([
      [0, false, 20_000],
      [1, true, 1],
    ])
    expect(world.sentOf('held')[0]?.message.tokens[0]).toMatchObject({ batch: BATCH, started: true })
  })
})

describe('an owner hears of an attempt', () => {
  test('that it has started, and how long it may run', () => {
    const { world, holderDesk } = setUp()
    holderDesk.accept('b', [grantIn(1)])
    const starts = [{ token: grantIn(1).token, timeoutMs: 1_000_000 }]
    expect(world.sentOf('started')).toEqual([{ to: 'b', message: { type: 'started', starts } }])
  })

  test('how it ended, whoever owns its slot by then', () => {
    const { bench, world, holderDesk, end } = setUp()
    holderDesk.accept('b', [grantIn(1)])
    bench.yield('c', [RUN], 3)
    end(1)
    expect(world.sentOf('ended').map(({ to }) => to)).toEqual(['c'])
  })

  test('without a message where that is this node', () => {
    const { bench, world, claims, end } = setUp()
    bench.seed([taskIn(0)])
    world.sent.length = 0
    bench.grant()
    bench.settle()
    const [held] = [...bench.parts.places.held.values()]
    expect(claims.leases.get(held?.token ?? '')?.startedMs).toBeDefined()
    const result = { files: [] }
    bench.parts.holding.executionEnded(held?.token ?? '', { outcome: 'completed', durationMs: 5, result })
    bench.settle()
    expect(bench.state(taskIn(0))?.standing).toBe('completed')
    expect(world.sent.filter(({ message }) => message.type !== 'facts')).toEqual([])
    end(0)
  })

  test('although it is this node by now that did not grant it: it reports to itself and settles', () => {
    const { bench, holderDesk, reports, ownership, end } = setUp()
    bench.store([seededFact(taskIn(1), 1)])
    holderDesk.accept('b', [grantIn(1)])
    end(1)
    expect(reports.has(grantIn(1).token)).toBe(true)
    ownership.claim([{ from: 1, to: 1 }], 9)
    ownership.serve(bench.parts.ownership.served(), 1)
    bench.own(ownership.wanted(), 9)
    reports.sendAll()
    bench.settle()
    expect(reports.idle).toBe(true)
    expect(bench.state(taskIn(1))?.standing).toBe('completed')
  })
})

describe('of a deleted batch', () => {
  test('nothing is taken', () => {
    const { bench, world, holderDesk } = setUp()
    bench.book.bury({ ...recordOf(), deleted: true })
    holderDesk.accept('b', [grantIn(1)])
    bench.settle()
    expect([world.effectsOf('execute'), world.sent]).toEqual([[], []])
  })

  test('nothing is reported', () => {
    const { bench, world, holderDesk, reports, end } = setUp()
    holderDesk.accept('b', [grantIn(1)])
    bench.book.bury({ ...recordOf(), deleted: true })
    end(1)
    expect([reports.idle, world.sentOf('ended')]).toEqual([true, []])
  })
})

test('an owner that took slots over counts as running what others perform', () => {
  const mesh = new CoreMesh(['a', 'b', 'c'])
  const [a, b, c] = mesh.nodes as [(typeof mesh.nodes)[0], (typeof mesh.nodes)[0], (typeof mesh.nodes)[0]]
  const batch = mesh.batch(a, 'long').id
  const namer = new TaskNamer(sha256, batch, 'draw')
  const rows = Array.from({ length: 60 }, (_, at) => namer.next({ prompt: `prompt ${at}`, params: {} }))
  const its = rows.filter(({ task }) => c.core.serves(slotOf(task)))
  mesh.ask(a, { type: 'intake', batch, profile: 'draw', rows: its })
  mesh.advance(5_000)
  expect(a.running.size).toBe(2)
  mesh.restart(c)
  mesh.connectAll()
  mesh.advance(60_000)
  const view = a.core.view().batches.find(({ record }) => record.id === batch)
  expect(view).toMatchObject({ running: a.running.size + b.running.size + c.running.size, scheduled: 0 })
})
