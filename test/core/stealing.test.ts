/** How free places find the work of other owners, and owners the free places. */
import { describe, expect, test } from 'vitest'
import type { Grant, MessageOf } from '../../src/core/messages.ts'
import { CoreBench, taskIn } from '../support/core-bench.ts'
import { rowOf } from '../support/part-world.ts'
import { GRANT } from '../support/sample-messages.ts'

const BOOT = '0c'.repeat(8)

/** Node `a`, which owns nothing, has two places and looks for work. */
function claimer(members: readonly string[] = ['a', 'b', 'c']) {
  const bench = new CoreBench(members, { owns: false })
  const { stealing, rows, places, idle } = bench.parts
  let seq = 0
  const says = (node: string, change: Parameters<typeof rowOf>[2]) =>
    rows.heard(rowOf(node, ++seq, change), undefined, bench.world.nowMs)
  const claims = () => bench.world.sentOf('claim')
  /** The last claim is answered. */
  const answer = (change: Partial<MessageOf<'granted'>> = {}) => {
    const last = claims().at(-1)
    if (last === undefined) throw new Error('nobody was asked')
    const seqOf = last.message.seq
    return stealing.granted(last.to, { type: 'granted', seq: seqOf, grants: [], parked: false, ...change })
  }
  const take = (token: string): void => void places.take({ ...GRANT, profile: 'draw', token }, 'b')
  return { bench, world: bench.world, stealing, places, idle, says, claims, answer, take }
}

/** Node `a`, which owns everything and performs nothing, has so many tasks. */
function owner(tasks = 0) {
  const bench = new CoreBench(['a', 'b', 'c'])
  bench.parts.places.set('draw', { places: 0, timeoutMs: 1_000 })
  if (tasks > 0) bench.seed(Array.from({ length: tasks }, (_, at) => taskIn(at, at)))
  const { stealing } = bench.parts
  let seq = 0
  const claim = (from: string, free = 1, change: Partial<MessageOf<'claim'>> = {}) => {
    const wants = [{ profile: 'draw', free }]
    stealing.claimed(from, { type: 'claim', seq: ++seq, boot: BOOT, wants, idle: true, kind: 'work', ...change })
    bench.settle()
  }
  const granted = () =>
    bench.world.sentOf('granted').map(({ to, message }) => [to, message.grants.length, message.parked] as const)
  return { bench, world: bench.world, stealing, claim, granted }
}

describe('a node with free places', () => {
  test('has one claim under way at a time, for what it can start at once', () => {
    const { stealing, says, claims, take } = claimer()
    says('b', { claimable: 10 })
    says('c', { claimable: 10 })
    take('1')
    stealing.look()
    stealing.look()
    expect(claims()).toHaveLength(1)
    expect(claims()[0]?.message).toMatchObject({ wants: [{ profile: 'draw', free: 1 }], idle: false, kind: 'work' })
  })

  test('asks again when it was answered', () => {
    const { world, stealing, says, claims, answer } = claimer()
    says('b', { claimable: 10 })
    stealing.look()
    const grants: Grant[] = [{ ...GRANT, profile: 'draw' }]
    expect(answer({ grants })).toEqual(grants)
    stealing.look()
    expect(claims().map(({ to, message }) => [to, message.seq])).toEqual([
      ['b', 1],
      ['b', 2],
    ])
    expect(world.timers.nextMs).toBeDefined()
  })

  test('asks an owner whose tasks of firm slots are not for it for those of contested ones', () => {
    const { stealing, says, claims, answer } = claimer()
    says('b', { claimable: 10, contested: 5 })
    stealing.look()
    answer({ parked: true })
    stealing.look()
    expect(claims().map(({ to, message }) => [to, message.kind])).toEqual([
      ['b', 'work'],
      ['b', 'contested'],
    ])
  })

  test('asks nobody while it is full, stops, or is alone', () => {
    const { bench, stealing, says, claims, take } = claimer()
    says('b', { claimable: 10 })
    take('1')
    take('2')
    stealing.look()
    const { bench: other, ...its } = claimer()
    its.says('b', { claimable: 10 })
    other.parts.claims.grantsTo = 'others'
    its.stealing.look()
    const alone = claimer(['a'])
    alone.says('b', { claimable: 10 })
    alone.stealing.look()
    expect([...claims(), ...its.claims(), ...alone.claims()]).toEqual([])
    expect(bench.world.sent).toEqual([])
  })

  test('gives a claim up that is not answered within two seconds, or whose owner is gone', () => {
    const { world, stealing, says, claims } = claimer()
    says('b', { claimable: 10 })
    says('c', { claimable: 1 })
    stealing.look()
    world.advance(1_999)
    stealing.look()
    expect(claims()).toHaveLength(1)
    world.advance(1)
    stealing.look()
    expect(claims().map(({ to }) => to)).toEqual(['b', 'c'])
    world.silent.add('c')
    stealing.gone('c')
    says('b', { claimable: 10 })
    stealing.look()
    expect(claims().at(-1)?.to).toBe('b')
  })

  test('takes grants of a claim that it gave up, or that was parked', () => {
    const { world, stealing, says, answer } = claimer()
    says('b', { claimable: 10 })
    stealing.look()
    world.advance(2_000)
    expect(answer({ grants: [GRANT] })).toEqual([GRANT])
    expect(answer({ grants: [GRANT] })).toEqual([GRANT])
  })

  test('has an owner dialled first that is not connected, where not everyone is, and asks it then', () => {
    const { world, stealing, says, claims, take } = claimer()
    world.isLarge = true
    world.unconnected.add('b')
    says('b', { claimable: 10 })
    stealing.look()
    expect([world.wanted, claims()]).toEqual([['b'], []])
    world.unconnected.delete('b')
    take('1')
    stealing.connected('b')
    stealing.connected('b')
    expect(claims().map(({ to, message }) => [to, message.wants])).toEqual([['b', [{ profile: 'draw', free: 1 }]]])
  })
})

describe('an owner is asked', () => {
  test('only while its row says that it has work, and not again after it gave nothing', () => {
    const { stealing, says, claims, answer } = claimer()
    stealing.look()
    expect(claims()).toEqual([])
    says('b', { claimable: 1 })
    stealing.look()
    answer()
    stealing.look()
    expect(claims()).toHaveLength(1)
    says('b', { claimable: 2 })
    stealing.look()
    expect(claims()).toHaveLength(2)
  })

  test('not again while its word is that the claim is parked, until it tells of work', () => {
    const { stealing, says, claims, answer } = claimer()
    says('b', { claimable: 1 })
    stealing.look()
    answer({ parked: true })
    stealing.look()
    expect(claims()).toHaveLength(1)
    stealing.told('b', { type: 'work', profiles: ['draw'] })
    stealing.look()
    expect(claims()).toHaveLength(2)
  })

  test('once it tells of work, whatever its row says', () => {
    const { stealing, claims, answer } = claimer()
    stealing.look()
    expect(claims()).toEqual([])
    stealing.told('b', { type: 'work', profiles: ['draw'] })
    stealing.look()
    expect(claims().map(({ to }) => to)).toEqual(['b'])
    answer({ parked: true })
    stealing.look()
    expect(claims()).toHaveLength(1)
  })

  test('for firm work, then for contested, after long idleness for orphaned, and last for copies', () => {
    const { world, stealing, says, claims, answer } = claimer()
    says('b', { claimable: 1, contested: 1, orphaned: 1, late: 1 })
    stealing.look()
    says('b', { contested: 1, orphaned: 1, late: 1 })
    answer()
    says('b', { contested: 1, orphaned: 1, late: 1 })
    stealing.look()
    answer()
    says('b', { orphaned: 1, late: 1 })
    stealing.look()
    answer()
    world.advance(61_000)
    says('b', { orphaned: 1, late: 1 })
    stealing.look()
    expect(claims().map(({ message }) => message.kind)).toEqual(['work', 'contested', 'late', 'orphaned'])
  })
})

describe('an owner', () => {
  test('answers a claim with what it has', () => {
    const { claim, granted } = owner(3)
    claim('b', 2)
    expect(granted()).toEqual([['b', 2, false]])
  })

  test('parks a claim that it has nothing for, and serves it under its own number when work appears', () => {
    const { bench, world, stealing, claim, granted } = owner()
    world.boots.set('b', BOOT)
    claim('b', 2)
    expect(granted()).toEqual([['b', 0, true]])
    bench.seed([taskIn(1, 1), taskIn(2, 2), taskIn(3, 3)])
    stealing.look()
    bench.settle()
    expect(granted().at(-1)).toEqual(['b', 2, false])
    expect(world.sentOf('granted').map(({ message }) => message.seq)).toEqual([1, 1])
  })

  test('keeps a claim for five seconds, one of each node, and only of that boot', () => {
    const { bench, world, stealing, claim, granted } = owner()
    for (const [node, boot] of [
      ['b', BOOT],
      ['c', 'ff'.repeat(8)],
    ] as const) {
      world.boots.set(node, boot)
      claim(node)
    }
    bench.seed([taskIn(1, 1), taskIn(2, 2)])
    stealing.look()
    bench.settle()
    expect(granted().slice(2)).toEqual([['b', 1, false]])
    claim('b', 3)
    claim('b', 2)
    world.advance(5_000)
    bench.seed([taskIn(3, 3)])
    stealing.look()
    bench.settle()
    expect(granted().filter(([, count]) => count > 0)).toHaveLength(2)
  })

  test('forgets the claims of a node that is gone, and does not park one that offers nothing', () => {
    const { bench, stealing, claim, granted } = owner()
    claim('b')
    stealing.gone('b')
    claim('c', 0)
    bench.seed([taskIn(1, 1)])
    stealing.look()
    bench.settle()
    expect(granted()).toEqual([
      ['b', 0, true],
      ['c', 0, false],
    ])
  })

  test('keeps 64 claims at most', () => {
    const { claim, granted } = owner()
    for (let at = 0; at < 65; at++) claim(`n${at}`)
    expect(granted().filter(([, , parked]) => parked)).toHaveLength(64)
    claim('n0')
    expect(granted().at(-1)).toEqual(['n0', 0, true])
  })

  test('tells nodes with free places of its work, every half second at most', () => {
    const { bench, world, stealing } = owner(2)
    const { rows } = bench.parts
    rows.heard(rowOf('b', 1, { free: 1 }), undefined, world.nowMs)
    rows.heard(rowOf('c', 1, { free: 0 }), undefined, world.nowMs)
    for (const pauseMs of [0, 499, 1]) {
      world.advance(pauseMs)
      stealing.look()
    }
    expect(world.sentOf('work')).toEqual([
      { to: 'b', message: { type: 'work', profiles: ['draw'] } },
      { to: 'b', message: { type: 'work', profiles: ['draw'] } },
    ])
    world.unconnected.add('b')
    world.advance(500)
    stealing.look()
    expect(world.sentOf('work')).toHaveLength(2)
  })

  test('are no more than two for each task that waits, within half a second', () => {
    const { bench, world } = owner(3)
    world.members = ['a', ...Array.from({ length: 20 }, (_, at) => `n${at}`)]
    for (const node of world.members.slice(1)) bench.parts.rows.heard(rowOf(node, 1, { free: 1 }), undefined, 0)
    const told = () => world.sentOf('work').map(({ to }) => to)
    let draw = 0
    Object.defineProperty(world, 'draw', { value: () => draw })
    for (let at = 0; at < 3; at++) bench.parts.stealing.look()
    expect(told()).toHaveLength(6)
    const first = told()
    expect(new Set(first).size).toBe(6)
    draw = 0.5
    world.advance(500)
    bench.parts.stealing.look()
    expect(told().slice(6)).toHaveLength(6)
    expect(told().slice(6)).not.toContain(first[0])
    expect(world.timers.nextMs).toBe(world.nowMs + 500)
  })
})
