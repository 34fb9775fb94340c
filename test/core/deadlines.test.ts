/** When executions of this node are asked to end. */
import { expect, test } from 'vitest'
import { Deadlines } from '../../src/core/deadlines.ts'
import { type Held, Places } from '../../src/core/places.ts'
import { PartWorld } from '../support/part-world.ts'
import { GRANT } from '../support/sample-messages.ts'

function setUp() {
  const world = new PartWorld(['a'])
  world.nowMs = 0
  const places = new Places({ ...world.nodeSettings, profiles: { draw: { places: 1_000, timeoutMs: 1 } } })
  const timeoutsMs = new Map<string, number>()
  const late: [string, number][] = []
  const deadlines = new Deadlines(world, places, {
    timeoutMs: ({ token }) => timeoutsMs.get(token) ?? 1_000,
    onTimeout: (held) => {
      held.killed = true
      late.push([held.token, world.nowMs])
    },
  })
  const start = (token: string, timeoutMs = 1_000): Held => {
    timeoutsMs.set(token, timeoutMs)
    const held = places.take({ ...GRANT, profile: 'draw', token }, 'a')
    held.startedMs = world.nowMs
    deadlines.watch(held)
    return held
  }
  return { world, places, timeoutsMs, late, start }
}

test('an execution is asked to end at its timeout, once', () => {
  const { world, late, start } = setUp()
  start('long', 3_000)
  world.advance(500)
  start('short', 1_000)
  world.advance(10_000)
  expect(late).toEqual([
    ['short', 1_500],
    ['long', 3_000],
  ])
})

test('one that has ended, or was never started, is not asked', () => {
  const { world, places, late, start } = setUp()
  places.release(start('ended'))
  start('reserved').startedMs = undefined
  world.advance(10_000)
  expect(late).toEqual([])
})

test('one timer serves all', () => {
  const { world, start } = setUp()
  let timers = 0
  const { add } = world.timers
  world.timers.add = (atMs, due) => {
    timers++
    add.call(world.timers, atMs, due)
  }
  for (let at = 0; at < 500; at++) start(`t${at}`)
  expect(timers).toBe(1)
})

test('the timeout is looked up anew when the deadline comes', () => {
  const { world, timeoutsMs, late, start } = setUp()
  start('t', 1_000)
  timeoutsMs.set('t', 2_500)
  world.advance(1_000)
  expect(late).toEqual([])
  world.advance(1_500)
  expect(late).toEqual([['t', 2_500]])
})
