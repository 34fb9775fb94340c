/** Attempts from their claim to their end, as their owner sees them. */
import { describe, expect, test } from 'vitest'
import type { EndedFact, Outcome } from '../../src/core/facts.ts'
import type { MessageOf } from '../../src/core/messages.ts'
import { CoreBench, recordOf, stored, taskIn } from '../support/core-bench.ts'
import { rowOf } from '../support/part-world.ts'

const [ONE, TWO, THREE] = [taskIn(1), taskIn(2), taskIn(3)]
const BOOT = '0c'.repeat(8)

/** Node `a` owns everything and performs nothing itself unless it has `places`; `b` and `c` ask it for work. */
function setUp(tasks: readonly string[] = [ONE], places = 0) {
  const bench = new CoreBench(['a', 'b', 'c'])
  const { world, parts } = bench
  parts.places.set('draw', { places, timeoutMs: 60_000 })
  bench.seed(tasks)
  let seq = 0
  const claim = (holder: string, free = 1, change: Partial<MessageOf<'claim'>> = {}) => {
    const wants = [{ profile: 'draw', free }]
    return parts.claims.grantTo(holder, {
      type: 'claim',
      seq: ++seq,
      boot: BOOT,
      wants,
      idle: true,
      kind: 'work',
      ...change,
    })
  }
  const granted = () =>
    world.sentOf('granted').flatMap(({ to, message }) => message.grants.map((each) => [to, each.task]))
  const tokenOf = (task: string, at = 0) => bench.task(task).state.attempts[at]?.token ?? ''
  const end = (task: string, outcome: Outcome, at = 0) => {
    const token = tokenOf(task, at)
    const lease = parts.claims.leases.get(token)
    const fact: EndedFact = {
      kind: 'ended',
      batch: bench.batch.id,
      task,
      token,
      outcome,
      durationMs: 5,
      ...(outcome === 'completed' && { result: { files: [] } }),
      ...(outcome === 'failed' && { error: { class: 'failed', message: 'it broke' } }),
    }
    if (lease === undefined) throw new Error('no lease')
    parts.claims.ended(lease, fact)
    bench.settle()
  }
  return { bench, world, claim, granted, tokenOf, end, ...parts }
}

describe('nothing is granted', () => {
  test.each<[string, (claims: ReturnType<typeof setUp>['claims']) => void]>([
    ['while the node stops', (claims) => (claims.grantsTo = 'nobody')],
    ['while it cannot write', (claims) => (claims.storing = false)],
    ['before its takeover is synced', (claims) => (claims.serving = false)],
  ])('%s', (_, change) => {
    const { bench, claims, claim, world } = setUp([ONE, TWO], 2)
    change(claims)
    expect(claim('b')).toBe(0)
    bench.grant()
    bench.settle()
    expect([world.sentOf('granted'), world.effectsOf('execute'), bench.task(ONE).state.attempts]).toEqual([[], [], []])
  })

  test('of slots that another node serves', () => {
    const { bench, claim } = setUp([ONE, TWO])
    bench.yield('b', [{ from: 1, to: 1 }])
    expect(claim('b', 5)).toBe(1)
    bench.settle()
    expect([bench.state(ONE)?.standing, bench.state(TWO)?.standing]).toEqual(['waiting', 'claimed'])
  })

  test('that nobody asked for', () => {
    const { claim, bench, granted } = setUp([ONE, TWO, THREE])
    expect(claim('b', 2)).toBe(2)
    expect(claim('c', 5, { wants: [{ profile: 'sing', free: 5 }] })).toBe(0)
    bench.settle()
    expect(granted()).toHaveLength(2)
  })
})

describe('a claim', () => {
  test('is granted only when its fact is synced here and stored elsewhere', () => {
    const { bench, claim, granted } = setUp()
    claim('b')
    bench.endStep()
    bench.sync()
    expect([bench.state(ONE)?.standing, granted()]).toEqual(['claimed', []])
    bench.acknowledge('c')
    bench.endStep()
    expect(granted()).toEqual([['b', ONE]])
  })

  test('of this node takes its place at once and is started when it is committed, without a message', () => {
    const { bench, world, places } = setUp([ONE, TWO, THREE], 2)
    world.sent.length = 0
    bench.grant()
    expect(places.profiles.get('draw')?.free(world.nowMs)).toBe(0)
    bench.endStep()
    bench.sync()
    expect(world.effectsOf('execute')).toEqual([])
    bench.settle()
    expect(world.effectsOf('execute').map(({ task }) => task)).toEqual([ONE, TWO])
    expect(new Set(world.sent.map(({ message }) => message.type))).toEqual(new Set(['facts']))
  })

  test.each(['here', 'at another node'])('on a task that is cancelled by then is not started %s', (where) => {
    const { bench, world, claim, claims, granted, requests } = setUp([ONE], where === 'here' ? 1 : 0)
    if (where === 'here') bench.grant()
    else claim('b')
    requests.changeAsked('c', {
      type: 'change-tasks',
      request: 1,
      batch: bench.batch.id,
      change: 'cancel',
      tasks: [ONE],
      stopRunning: false,
    })
    bench.settle()
    expect([granted(), world.effectsOf('execute')]).toEqual([[], []])
    expect(bench.state(ONE)).toMatchObject({ standing: 'cancelled', attempts: [{ end: 'cancelled' }] })
    expect([...claims.leases.all()]).toEqual([])
    expect([bench.batch.scheduled, bench.batch.running]).toEqual([0, 0])
  })

  test('on a batch that is cancelled by then is not started', () => {
    const { bench, claim, granted } = setUp()
    claim('b')
    bench.put(recordOf({ cancelled: true }))
    bench.settle()
    expect(granted()).toEqual([])
    expect(bench.state(ONE)?.attempts).toMatchObject([{ end: 'cancelled' }])
  })

  test.each(['here', 'at another node'])(
    'under a ballot that is not the highest any more is not started %s',
    (where) => {
      const { bench, world, claim, granted, places, reports, tokenOf } = setUp([ONE], where === 'here' ? 1 : 0)
      if (where === 'here') bench.grant()
      else claim('b')
      const token = tokenOf(ONE)
      bench.yield('c', [{ from: 1, to: 1 }])
      bench.settle()
      expect([granted(), world.effectsOf('execute')]).toEqual([[], []])
      expect(places.held.size).toBe(0)
      expect(reports.has(token)).toBe(where === 'here')
    },
  )

  test.each<[string, 'strict' | 'work']>([
    ['is given back in a strict mesh', 'strict'],
    ['is started in any other', 'work'],
  ])('of which nobody else is there to keep the fact by then %s', (_, partition) => {
    const { bench, world, claim, granted, contested, replication } = setUp()
    Object.assign(world.settings, { partition })
    claim('b')
    bench.endStep()
    for (const peer of ['b', 'c']) {
      world.silent.add(peer)
      replication.changed(peer)
    }
    contested.changed()
    bench.settle()
    const isStarted = partition === 'work'
    expect(granted()).toEqual(isStarted ? [['b', ONE]] : [])
    expect(bench.state(ONE)?.attempts).toMatchObject([{ end: isStarted ? 'open' : 'returned' }])
  })

  test('is given back where the node has begun to stop by then', () => {
    const { bench, claim, claims, granted } = setUp()
    claim('b')
    claims.grantsTo = 'nobody'
    bench.settle()
    expect(granted()).toEqual([])
    expect(bench.state(ONE)).toMatchObject({ standing: 'waiting', attempts: [{ end: 'returned' }] })
  })
})

describe('a node that leaves', () => {
  test('grants to others what waits, and nothing to itself', () => {
    const { bench, world, claim, claims, granted } = setUp([ONE, TWO], 2)
    claims.grantsTo = 'others'
    bench.grant()
    expect(claim('b')).toBe(1)
    bench.settle()
    expect(granted()).toEqual([['b', ONE]])
    expect(world.effectsOf('execute')).toEqual([])
  })

  test('gives back what it has claimed for itself and not begun, not what others have', () => {
    const { bench, world, claim, claims, granted, places } = setUp([ONE, TWO], 1)
    bench.grant()
    claim('b')
    claims.grantsTo = 'others'
    bench.settle()
    expect([world.effectsOf('execute'), places.held.size]).toEqual([[], 0])
    expect(bench.state(ONE)?.attempts).toMatchObject([{ end: 'returned' }])
    expect(granted()).toEqual([['b', TWO]])
  })
})

describe('a start', () => {
  test('counts once, and only in the words of the holder', () => {
    const { bench, claim, claims, tokenOf } = setUp()
    claim('b')
    bench.settle()
    expect([bench.batch.scheduled, bench.batch.running]).toEqual([1, 0])
    claims.started('c', tokenOf(ONE), 1_000)
    expect(bench.batch.running).toBe(0)
    claims.started('b', tokenOf(ONE), 1_000)
    claims.started('b', tokenOf(ONE), 9_000)
    expect([bench.batch.scheduled, bench.batch.running]).toEqual([0, 1])
    expect(claims.leases.get(tokenOf(ONE))?.timeoutMs).toBe(1_000)
  })
})

/** A task that `b` performs and that is late, so that `c` makes a copy. */
function withCopy() {
  const set = setUp()
  const { bench, world, claim, claims, rows, tokenOf } = set
  for (const node of ['b', 'c']) rows.heard(rowOf(node, 1, { medianMs: 1_000 }), undefined, world.nowMs)
  claim('b')
  bench.settle()
  claims.started('b', tokenOf(ONE), 60_000)
  world.advance(3_000)
  expect(claim('c', 1, { kind: 'late' })).toBe(1)
  bench.settle()
  return set
}

describe('a completion', () => {
  test('stays the one that counts: that is stated, and the other attempt is ended', () => {
    const { bench, world, end, tokenOf, claims } = withCopy()
    const [first, copy] = [tokenOf(ONE), tokenOf(ONE, 1)]
    end(ONE, 'completed', 1)
    expect(bench.state(ONE)).toMatchObject({ standing: 'completed', counts: copy })
    expect(bench.disk.readTasks(bench.batch.id, [ONE]).some(({ fact }) => fact.kind === 'chosen')).toBe(true)
    expect(world.sentOf('kill')).toEqual([
      { to: 'b', message: { type: 'kill', tokens: [first], outcome: 'cancelled' } },
    ])
    end(ONE, 'completed', 0)
    expect(bench.state(ONE)).toMatchObject({ standing: 'completed', counts: copy })
    expect([...claims.leases.all()]).toEqual([])
    expect(bench.book.tasks.has(ONE)).toBe(false)
    expect(bench.batch.counts).toMatchObject({ total: 1, completed: 1, extra: 1 })
  })

  test('of the only attempt is not stated to count', () => {
    const { bench, claim, end } = setUp()
    claim('b')
    bench.settle()
    end(ONE, 'completed')
    expect(
      bench.disk
        .readTasks(bench.batch.id, [ONE])
        .map(({ fact }) => fact.kind)
        .sort(),
    ).toEqual(['claimed', 'ended', 'seeded'])
  })

  test('of an attempt that was given up counts where the task has no other', () => {
    const { bench, world, claim, claims, copies, tokenOf } = setUp()
    claim('b')
    bench.settle()
    const token = tokenOf(ONE)
    world.advance(25_000)
    bench.settle()
    expect(bench.state(ONE)).toMatchObject({ standing: 'waiting', attempts: [{ end: 'lost' }] })
    const about = { batch: bench.batch.id, task: ONE, token }
    const done = stored({ kind: 'ended', ...about, outcome: 'completed', durationMs: 5, result: { files: [] } })
    copies.join(bench.batch, new Map([[ONE, [done]]]), () => undefined)
    bench.settle()
    expect(bench.state(ONE)).toMatchObject({ standing: 'completed', counts: token })
    expect([...claims.leases.all()]).toEqual([])
  })
})

test('a task has a second live attempt only as a copy of one that is late, and never a third', () => {
  const { bench, claim, world } = setUp()
  claim('b')
  bench.settle()
  expect(claim('c', 5)).toBe(0)
  expect(claim('c', 5, { kind: 'late' })).toBe(0)
  const late = withCopy()
  late.world.advance(10_000)
  late.claims.started('c', late.tokenOf(ONE, 1), 60_000)
  late.world.advance(10_000)
  expect(late.claim('a', 5, { kind: 'late' })).toBe(0)
  expect(late.bench.task(ONE).leases).toBe(2)
  expect(world.sentOf('kill')).toEqual([])
})

test('a failure has the task tried again, and the last of the copies that fail too', () => {
  const { bench, end } = withCopy()
  end(ONE, 'failed', 0)
  expect(bench.state(ONE)?.standing).toBe('claimed')
  expect(bench.task(ONE).phase).not.toBe('ready')
  end(ONE, 'failed', 1)
  expect(bench.state(ONE)?.standing).toBe('waiting')
  expect(bench.task(ONE).phase).toBe('resting')
})

test('a token says the epoch of its slot and is never given twice', () => {
  const { bench, claim, tokenOf } = setUp([ONE, TWO])
  claim('b', 2)
  bench.settle()
  expect(tokenOf(ONE).slice(0, 8)).toBe('00000001')
  expect(tokenOf(ONE)).not.toBe(tokenOf(TWO))
  expect(tokenOf(ONE).slice(20)).toBe(bench.world.boot)
})

test('a task that was seeded beside another keeps its place in memory only while something is to be done about it', () => {
  const { bench, claim, end } = setUp([ONE, TWO])
  claim('b')
  bench.settle()
  end(ONE, 'completed')
  expect([...bench.book.tasks.keys()]).toEqual([TWO])
  expect(bench.batch.counts).toMatchObject({ total: 2, completed: 1 })
})
