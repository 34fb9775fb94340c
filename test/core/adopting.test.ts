/** Attempts that this node did not grant itself: it goes on with them, or they are lost. */
import { describe, expect, test } from 'vitest'
import { slotOf, type Token } from '../../src/core/ids.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { BATCH, CoreBench, seededFact, stored, taskIn } from '../support/core-bench.ts'

const TASK = taskIn(5)
const TOKEN: Token = `00000001${'0'.repeat(12)}${'ee'.repeat(8)}`
const BOOT = '0c'.repeat(8)

/** Node `a`, which finds a claim of that holder. */
function setUp(holder: string, holderBoot = BOOT, prepare: (bench: CoreBench) => void = () => undefined) {
  const bench = new CoreBench(['a', 'b', 'c'])
  prepare(bench)
  const claim = { kind: 'claimed', batch: BATCH, task: TASK, token: TOKEN, holder, holderBoot, round: 0 } as const
  bench.parts.copies.join(bench.batch, new Map([[TASK, [stored(seededFact(TASK)), stored(claim)]]]), () => undefined)
  bench.settle()
  const attempt = () => bench.state(TASK)?.attempts[0]
  return { bench, leases: bench.parts.claims.leases, attempt }
}

const held = (bench: CoreBench, startedMs: number | undefined = 0) => {
  const about = { ...seededFact(TASK), token: TOKEN, attempt: 1, failures: 0, timeoutMs: null, alone: false }
  bench.parts.places.take(about, 'b').startedMs = startedMs
}

describe('an attempt of another node', () => {
  test('gets a lease where that runs as it did', () => {
    const { bench, leases, attempt } = setUp('b', BOOT, ({ world }) => world.boots.set('b', BOOT))
    expect(attempt()).toMatchObject({ end: 'open' })
    expect(leases.get(TOKEN)).toMatchObject({ holder: 'b', boot: BOOT, startedMs: undefined })
    expect([bench.batch.scheduled, bench.task(TASK).phase]).toEqual([1, 'claimed'])
  })

  test('gets one where its boot is not known', () => {
    expect(setUp('b').leases.get(TOKEN)).toBeDefined()
  })

  test.each([
    ['another boot', 'holder-restarted', ({ world }: CoreBench) => void world.boots.set('b', 'ff'.repeat(8))],
    ['no process any more', 'holder-dead', ({ world }: CoreBench) => void world.gone.add('b')],
    ['nothing to say', 'never-renewed', ({ world }: CoreBench) => void world.silent.add('b')],
  ])('is lost now where that has %s', (_, why, prepare) => {
    const { bench, leases, attempt } = setUp('b', BOOT, prepare)
    expect(attempt()).toMatchObject({ end: 'lost', why: why })
    expect(leases.get(TOKEN)).toBeUndefined()
    expect(bench.task(TASK).phase).toBe('ready')
  })
})

describe('an attempt of this node', () => {
  test('is taken on as it runs, with its timeout, where it is held for an earlier owner', () => {
    const { bench, leases } = setUp('a', '0b'.repeat(8), (each) => held(each))
    expect(leases.get(TOKEN)).toMatchObject({ startedMs: bench.world.nowMs, timeoutMs: 60_000 })
    expect([bench.batch.scheduled, bench.batch.running]).toEqual([0, 1])
  })

  test('is taken on where its end waits to be acknowledged', () => {
    const { leases } = setUp('a', '0b'.repeat(8), ({ parts }) => {
      parts.claims.isReported = (token) => token === TOKEN
    })
    expect(leases.get(TOKEN)).toBeDefined()
  })

  test('of an earlier boot is lost, and that is blamed on its task', () => {
    const { attempt, leases } = setUp('a', 'ff'.repeat(8), (each) => held(each))
    expect(attempt()).toMatchObject({ end: 'lost', why: 'holder-restarted' })
    expect(leases.get(TOKEN)).toBeUndefined()
  })

  test('of this boot that it does not hold any more is lost', () => {
    expect(setUp('a', '0b'.repeat(8)).attempt()).toMatchObject({ end: 'lost' })
  })
})

test('an attempt is taken on once, and one that has ended not at all', () => {
  const { bench, leases } = setUp('b')
  const lease = leases.get(TOKEN)
  bench.parts.claims.adoptOpen(bench.task(TASK))
  expect([leases.get(TOKEN), bench.batch.scheduled]).toEqual([lease, 1])
  const ended = { kind: 'ended', batch: BATCH, task: TASK, token: TOKEN, outcome: 'returned', durationMs: 0 } as const
  if (lease !== undefined) bench.parts.claims.ended(lease, ended)
  bench.parts.claims.adoptOpen(bench.task(TASK))
  expect([leases.get(TOKEN), bench.batch.scheduled]).toEqual([undefined, 0])
})

test('a new owner finds what an earlier one granted when it reads the slot', () => {
  const bench = new CoreBench(['a', 'b', 'c'], { owns: false })
  const claim = {
    kind: 'claimed',
    batch: BATCH,
    task: TASK,
    token: TOKEN,
    holder: 'b',
    holderBoot: BOOT,
    round: 0,
  } as const
  bench.store([seededFact(TASK), claim])
  bench.own(SlotSet.of([slotOf(TASK)]))
  bench.parts.takeover.onServe(SlotSet.of([slotOf(TASK)]))
  bench.settle()
  bench.parts.loading.refill()
  bench.settle()
  bench.parts.loading.refill()
  bench.settle()
  expect(bench.parts.claims.leases.get(TOKEN)).toMatchObject({ holder: 'b' })
  expect(bench.batch.counts.total).toBe(1)
})
