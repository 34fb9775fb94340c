/** How long an owner waits for those who hold its attempts. */
import { describe, expect, test } from 'vitest'
import type { LossReason } from '../../src/core/facts.ts'
import { Leases } from '../../src/core/leases.ts'
import { OpenTask } from '../../src/core/open-task.ts'
import { seededFact, stored, taskIn } from '../support/core-bench.ts'
import { PartWorld } from '../support/part-world.ts'

const SETTLED_MS = 5_000

/** Node `a` grants, `b` holds. */
function setUp() {
  const world = new PartWorld(['a', 'b', 'c'])
  const lost: [string, LossReason, number][] = []
  const leases: Leases = new Leases(world, (lease, why) => {
    leases.end(lease)
    lost.push([lease.token, why, world.nowMs])
  })
  const task = new OpenTask([stored(seededFact(taskIn(0)))])
  world.nowMs = 0
  const add = (token: string, holder = 'b', boot = 'boot') => leases.add(token, task, holder, boot)
  const list = (tokens: readonly string[], holder = 'b') => leases.listed(holder, new Set(tokens), SETTLED_MS)
  return { world, leases, task, lost, add, list }
}

describe('a lease of another node', () => {
  test('is lost 25 s after the last list that names it', () => {
    const { world, lost, add, list } = setUp()
    add('t')
    world.advance(20_000)
    list(['t'])
    world.advance(24_999)
    expect(lost).toEqual([])
    world.advance(1)
    expect(lost).toEqual([['t', 'never-renewed', 45_000]])
  })

  test('is lost where a list leaves it out, unless it was granted just before', () => {
    const { world, lost, add, list } = setUp()
    add('old')
    world.advance(SETTLED_MS)
    list([])
    expect(lost).toEqual([])
    world.advance(1)
    add('young')
    list([])
    expect(lost).toEqual([['old', 'never-renewed', 5_001]])
  })

  test('is renewed by the list of its own holder alone', () => {
    const { world, lost, add, list } = setUp()
    add('t')
    world.advance(20_000)
    list(['t'], 'c')
    world.advance(5_000)
    expect(lost).toHaveLength(1)
  })

  test.each<[string, LossReason, (world: PartWorld) => void]>([
    ['dead by evidence', 'holder-dead', (world) => world.gone.add('b')],
    ['dead by silence', 'never-renewed', (world) => world.silent.add('b')],
    ['there under another boot', 'holder-restarted', (world) => world.boots.set('b', 'another')],
  ])('is lost at once when its holder is %s', (_, why, change) => {
    const { world, leases, lost, add } = setUp()
    add('t')
    add('u', 'c')
    change(world)
    leases.changed('c')
    expect(lost).toEqual([])
    leases.changed('b')
    expect(lost).toEqual([['t', why, 0]])
  })

  test('stands while its holder is up and its boot is the same, or not known', () => {
    const { world, leases, lost, add } = setUp()
    add('t')
    leases.changed('b')
    world.boots.set('b', 'boot')
    leases.changed('b')
    expect(lost).toEqual([])
  })

  test('stands while its holder is forgotten, and goes on where that is a member again', () => {
    const { world, leases, lost, add, list } = setUp()
    add('t')
    world.members = ['a', 'c']
    leases.changed('b')
    expect(lost).toEqual([])
    world.members = ['a', 'b', 'c']
    world.advance(20_000)
    list(['t'])
    world.advance(24_999)
    expect(lost).toEqual([])
  })

  test('is lost 25 s after the last list where its holder was forgotten for good', () => {
    const { world, leases, lost, add } = setUp()
    add('t')
    world.members = ['a', 'c']
    leases.changed('b')
    world.advance(25_000)
    expect(lost).toEqual([['t', 'never-renewed', 25_000]])
  })

  test('is not renewed because its holder was heard', () => {
    const { world, leases, lost, add } = setUp()
    add('t')
    for (let time = 0; time < 25; time++) {
      world.advance(1_000)
      world.lastHeardMs.set('b', world.nowMs)
      leases.changed('b')
    }
    expect(lost).toHaveLength(1)
  })
})

describe('an attempt that has started', () => {
  test.each(['a', 'b'])('is given up at one and a half times its timeout where %s holds it', (holder) => {
    const { world, leases, lost, add, list } = setUp()
    const lease = add('t', holder)
    world.advance(3_000)
    leases.started(lease, 40_000)
    for (let time = 0; time < 5; time++) {
      world.advance(10_000)
      list(['t'], holder)
    }
    world.advance(9_999)
    expect(lost).toEqual([])
    world.advance(1)
    expect(lost).toEqual([['t', 'deadline-passed', 63_000]])
  })

  test('of this node itself needs no lists, and has no deadline before it has started', () => {
    const { world, leases, lost, add } = setUp()
    add('t', 'a')
    world.advance(10_000_000)
    leases.changed('a')
    expect(lost).toEqual([])
  })
})

test('one timer serves all, set to the earliest time at which something may be due', () => {
  const { world, leases, add } = setUp()
  let timers = 0
  const { add: real } = world.timers
  world.timers.add = (atMs, due) => {
    timers++
    real.call(world.timers, atMs, due)
  }
  const tokens = Array.from({ length: 1_000 }, (_, at) => `t${at}`)
  for (const token of tokens) add(token)
  expect(timers).toBe(1)
  for (const token of tokens) leases.end(leases.get(token) as never)
  world.advance(25_000)
  expect(world.timers.nextMs).toBeUndefined()
  leases.started(add('late'), 4_000)
  expect(world.timers.nextMs).toBe(25_000 + 6_000)
})

test('a lease ends once, and its task knows how many there are', () => {
  const { leases, task, add } = setUp()
  const [first, second] = [add('t'), add('u', 'c')]
  expect([task.leases, leases.holders, leases.holdersVersion]).toEqual([2, ['b', 'c'], 2])
  expect([leases.end(first), leases.end(first)]).toEqual([true, false])
  expect([task.leases, leases.holders, leases.holdersVersion]).toEqual([1, ['c'], 3])
  expect([leases.get('t'), leases.get('u'), [...leases.all()], leases.of('b')]).toEqual([
    undefined,
    second,
    [second],
    [],
  ])
})
