/** The wish of an owner that executions end. */
import { describe, expect, test } from 'vitest'
import type { Token } from '../../src/core/ids.ts'
import { BATCH, CoreBench, recordOf, seededFact, stored, taskIn } from '../support/core-bench.ts'

const OTHER = '0000000000000002'

/** Attempts of `a`, the owner, on three nodes. */
function setUp() {
  const bench = new CoreBench(['a', 'b', 'c'])
  const { claims, copies } = bench.parts
  bench.put(recordOf({}, OTHER))
  const asked: [string, readonly Token[], string][] = []
  claims.kills.onKill = (holder, tokens, outcome) => asked.push([holder, tokens, outcome])
  let seq = 0
  const run = (holder: string, batch = BATCH, task = taskIn(++seq, seq)): Token => {
    const known = bench.book.get(batch)
    if (known === undefined) throw new Error('no batch')
    const token = `${++seq}`.padStart(36, '0')
    const claim = { kind: 'claimed', batch, task, token, holder, round: 0 } as const
    const holderBoot = holder === 'a' ? bench.world.boot : '0c'.repeat(8)
    if (holder === 'a')
      bench.parts.places.take(
        { ...seededFact(task, seq, batch), token, attempt: 1, failures: 0, timeoutMs: null, alone: false },
        'a',
      )
    const facts = [stored(seededFact(task, seq, batch)), stored({ ...claim, holderBoot })]
    copies.join(known, new Map([[task, facts]]), () => undefined)
    bench.settle()
    return token
  }
  return { bench, kills: claims.kills, leases: claims.leases, asked, run }
}

describe('a batch', () => {
  test('has the holders of its attempts asked once each, and no others', () => {
    const { bench, kills, asked, run } = setUp()
    const [one, two, three] = [run('b'), run('c'), run('b')]
    run('c', OTHER)
    const held = bench.parts.places.held.get(run('a'))
    kills.batch(bench.batch, 'cancelled')
    expect(asked).toEqual([
      ['b', [one, three], 'cancelled'],
      ['c', [two], 'cancelled'],
    ])
    expect(held?.killed).toBe(true)
  })
})

describe('an attempt', () => {
  test('of a task is over only when its holder says so', () => {
    const { bench, kills, leases, asked, run } = setUp()
    const token = run('b')
    const task = leases.get(token)?.task
    if (task === undefined) throw new Error('no lease')
    kills.task(task, 'returned')
    bench.settle()
    expect(asked).toEqual([['b', [token], 'returned']])
    expect([leases.get(token)?.token, task.state.standing]).toEqual([token, 'claimed'])
  })

  test('that has no lease any more is not asked to end', () => {
    const { kills, leases, asked, run } = setUp()
    const lease = leases.get(run('b'))
    if (lease === undefined) throw new Error('no lease')
    leases.end(lease)
    kills.task(lease.task, 'returned')
    kills.listed([{ token: lease.token }])
    expect(asked).toEqual([])
  })
})

test('a wish that was lost on the way is said again when the holder lists an attempt of a task that has its result', () => {
  const { bench, kills, leases, asked, run } = setUp()
  const task = taskIn(9, 9)
  const [slow, other] = [run('b', BATCH, task), run('c')]
  const known = leases.get(slow)?.task
  const done = {
    kind: 'ended',
    batch: BATCH,
    task,
    token: '9'.repeat(36),
    outcome: 'completed',
    durationMs: 1,
  } as const
  known?.add(stored({ ...done, result: { files: [] } }))
  expect(known?.state.standing).toBe('completed')
  kills.listed([{ token: slow }, { token: other }, { token: 'unknown' }])
  expect(asked).toEqual([['b', [slow], 'cancelled']])
  kills.listed([{ token: slow }])
  expect(asked).toHaveLength(2)
  bench.settle()
})
