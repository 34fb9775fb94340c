/** What an owner takes from holders. */
import { describe, expect, test } from 'vitest'
import type { EndedFact, Fact } from '../../src/core/facts.ts'
import type { TaskId, Token } from '../../src/core/ids.ts'
import type { MessageOf } from '../../src/core/messages.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { BATCH, CoreBench, recordOf, stored, taskIn } from '../support/core-bench.ts'

const [ONE, TWO] = [taskIn(1), taskIn(2)]
const BOOT = '0c'.repeat(8)

/** Node `a` owns everything; `b` performs both tasks. */
function setUp() {
  const bench = new CoreBench(['a', 'b', 'c'])
  const { world, parts } = bench
  parts.places.set('draw', { places: 0, timeoutMs: 1_000 })
  bench.seed([ONE, TWO])
  parts.claims.grantTo('b', {
    type: 'claim',
    seq: 1,
    boot: BOOT,
    wants: [{ profile: 'draw', free: 2 }],
    idle: true,
    kind: 'work',
  })
  bench.settle()
  world.sent.length = 0
  const tokenOf = (task: TaskId) => bench.state(task)?.attempts[0]?.token ?? ''
  const done = (task: TaskId, token: Token = tokenOf(task)): EndedFact => {
    const about = { batch: BATCH, task, token }
    return { kind: 'ended', ...about, outcome: 'completed', durationMs: 5, result: { files: [] } }
  }
  const ended = (...facts: Fact[]) =>
    parts.ownerDesk.ended('b', { type: 'ended', facts: facts.map((each) => stored(each).bytes) })
  const settled = () => world.sentOf('settled').flatMap(({ to, message }) => message.tokens.map((token) => [to, token]))
  const held = (tasks: readonly TaskId[], change: Partial<MessageOf<'held'>> = {}, from = 'b') =>
    parts.ownerDesk.held(from, {
      type: 'held',
      boot: BOOT,
      part: 0,
      last: true,
      tokens: tasks.map((task) => ({ token: tokenOf(task), task, batch: BATCH, started: true })),
      ...change,
    })
  return { bench, world, ...parts, tokenOf, done, ended, settled, held }
}

describe('an end', () => {
  test('is settled only when it is committed: synced here and stored elsewhere', () => {
    const { bench, tokenOf, done, ended, settled } = setUp()
    ended(done(ONE))
    bench.endStep()
    bench.sync()
    expect([bench.state(ONE)?.standing, settled()]).toEqual(['completed', []])
    bench.acknowledge('c')
    bench.endStep()
    expect(settled()).toEqual([['b', tokenOf(ONE)]])
  })

  test('is not settled where its slot went to another node and came back before it was committed', () => {
    const { bench, tokenOf, done, ended, settled } = setUp()
    const token = tokenOf(ONE)
    ended(done(ONE))
    bench.endStep()
    bench.yield('c', [{ from: 1, to: 1 }])
    bench.own(SlotSet.all(), 3)
    bench.settle()
    expect(settled()).toEqual([])
    ended(done(ONE, token))
    bench.settle()
    expect(settled()).toEqual([['b', token]])
  })

  test('is not settled where no other node had it yet when its slot went to another node', () => {
    const { bench, tokenOf, done, ended, settled } = setUp()
    const token = tokenOf(ONE)
    ended(done(ONE))
    bench.endStep()
    bench.sync()
    bench.yield('c', [{ from: 1, to: 1 }])
    bench.own(SlotSet.all(), 3)
    ended(done(ONE, token))
    ended(done(ONE, token))
    bench.endStep()
    bench.sync()
    expect(settled()).toEqual([])
    bench.settle()
    expect(settled()).toEqual([['b', token]])
  })

  test('that comes twice is settled twice and counts once', () => {
    const { bench, done, ended, settled } = setUp()
    const end = done(ONE)
    for (let time = 0; time < 2; time++) {
      ended(end)
      bench.settle()
    }
    expect(settled()).toHaveLength(2)
    expect(bench.batch.counts).toMatchObject({ total: 2, completed: 1, extra: 0 })
  })

  test('of an attempt that nobody leases joins its task', () => {
    const { bench, world, done, ended, settled, claims } = setUp()
    const end = done(ONE)
    world.silent.add('b')
    claims.leases.changed('b')
    bench.settle()
    expect(bench.state(ONE)?.standing).toBe('waiting')
    ended(end)
    bench.settle()
    expect([bench.state(ONE)?.standing, settled().length]).toEqual(['completed', 1])
  })

  test('of a deleted batch is settled at once, whoever owns its slot', () => {
    const { bench, done, ended, settled } = setUp()
    const [one, two] = [done(ONE), done(TWO)]
    bench.yield('c', [{ from: 2, to: 2 }])
    bench.book.bury({ ...recordOf(), deleted: true })
    ended(one, two)
    expect(settled()).toEqual([
      ['b', one.token],
      ['b', two.token],
    ])
  })

  test('is not settled where the slot went to another node before it was committed', () => {
    const { bench, done, ended, settled } = setUp()
    ended(done(ONE))
    bench.yield('c', [{ from: 1, to: 1 }])
    bench.settle()
    expect(settled()).toEqual([])
  })

  test('of a batch that is not known is left to be said again', () => {
    const { bench, done, ended, settled } = setUp()
    ended({ ...done(ONE), batch: 'ff'.repeat(8) })
    bench.settle()
    expect(settled()).toEqual([])
  })

  test('that is no end, or no fact at all, is dropped', () => {
    const { bench, world, ownerDesk, ended, settled } = setUp()
    ended({ kind: 'cancelled', batch: BATCH, task: ONE, round: 0 })
    ownerDesk.ended('b', { type: 'ended', facts: [new Uint8Array([9, 9])] })
    bench.settle()
    expect([bench.state(ONE)?.standing, settled(), world.bad]).toEqual(['claimed', [], 1])
  })
})

test('about slots that it does not serve it says who does, and nothing else', () => {
  const { bench, world, done, ended, settled, held, claims } = setUp()
  const [one, other] = [done(ONE), done(TWO)]
  bench.yield('c', [{ from: 1, to: 1 }])
  bench.settle()
  world.sent.length = 0
  ended(one)
  held([ONE], { tokens: [{ token: one.token, task: ONE, batch: BATCH, started: true }] })
  bench.settle()
  expect([settled(), claims.leases.get(one.token)]).toEqual([[], undefined])
  expect(world.sent).toEqual([
    { to: 'b', message: { type: 'not-owner', ballots: [{ from: 1, to: 1, epoch: 2, node: 'c' }] } },
  ])
  expect(claims.leases.get(other.token)).toBeDefined()
})

describe('a list of what is held', () => {
  test('renews the leases that it names and ends those that it leaves out', () => {
    const { bench, world, held, claims, tokenOf } = setUp()
    const [one, two] = [tokenOf(ONE), tokenOf(TWO)]
    world.advance(6_000)
    held([ONE])
    bench.settle()
    expect([claims.leases.get(one)?.renewedMs, claims.leases.get(two)]).toEqual([world.nowMs, undefined])
    expect(bench.state(TWO)?.attempts[0]).toMatchObject({ end: 'lost', why: 'never-renewed' })
  })

  test('counts once its last part has come, and not at all where one is missing', () => {
    const { world, held, claims, tokenOf } = setUp()
    world.advance(6_000)
    held([ONE], { part: 0, last: false })
    expect(claims.leases.get(tokenOf(TWO))).toBeDefined()
    held([TWO], { part: 1, last: true })
    expect([claims.leases.get(tokenOf(ONE))?.renewedMs, claims.leases.get(tokenOf(TWO))?.renewedMs]).toEqual([
      world.nowMs,
      world.nowMs,
    ])
    held([ONE], { part: 0, last: false })
    held([], { part: 2, last: true })
    held([], { part: 1, last: true })
    expect(claims.leases.get(tokenOf(TWO))).toBeDefined()
  })

  test('of each holder is its own', () => {
    const { world, held, claims, tokenOf } = setUp()
    world.advance(6_000)
    held([ONE], { part: 0, last: false })
    held([TWO], { part: 1, last: true }, 'c')
    held([], { part: 0, last: true }, 'c')
    expect(claims.leases.get(tokenOf(ONE))).toBeDefined()
  })

  test('has attempts taken on that this owner did not know to be open', () => {
    const bench = new CoreBench(['a', 'b', 'c'])
    const { claims, ownerDesk } = bench.parts
    bench.seed([ONE])
    const token = '1'.repeat(36)
    const claim: Fact = { kind: 'claimed', batch: BATCH, task: ONE, token, holder: 'b', holderBoot: BOOT, round: 0 }
    bench.book.forget(bench.task(ONE))
    bench.store([claim])
    const tokens = [{ token, task: ONE, batch: BATCH, started: true }]
    ownerDesk.held('b', { type: 'held', boot: BOOT, part: 0, last: true, tokens })
    bench.settle()
    expect(claims.leases.get(token)).toMatchObject({ holder: 'b' })
  })

  test('is answered with the wish that what no task needs ends', () => {
    const { bench, world, done, ended, held } = setUp()
    ended(done(ONE))
    bench.settle()
    world.sent.length = 0
    const token = '7'.repeat(36)
    held([], { tokens: [{ token, task: ONE, batch: BATCH, started: true }] })
    bench.settle()
    expect(world.sentOf('kill')).toEqual([
      { to: 'b', message: { type: 'kill', tokens: [token], outcome: 'cancelled' } },
    ])
  })
})

test('a start counts in the words of the holder', () => {
  const { bench, ownerDesk, tokenOf } = setUp()
  ownerDesk.started('c', { type: 'started', starts: [{ token: tokenOf(ONE), timeoutMs: 5 }] })
  expect(bench.batch.running).toBe(0)
  ownerDesk.started('b', { type: 'started', starts: [{ token: tokenOf(ONE), timeoutMs: 5 }] })
  expect(bench.batch.running).toBe(1)
})
