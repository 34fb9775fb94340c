/** When a node has been idle for long enough to take up orphaned tasks. */
import { expect, test } from 'vitest'
import { BatchBook } from '../../src/core/batch-book.ts'
import { Contested } from '../../src/core/contested.ts'
import { Idle } from '../../src/core/idle.ts'
import { Ownership } from '../../src/core/ownership.ts'
import { Places } from '../../src/core/places.ts'
import { PartWorld } from '../support/part-world.ts'
import { GRANT } from '../support/sample-messages.ts'

const GRANTED = { ...GRANT, profile: 'draw' }

function idle() {
  const world = new PartWorld(['a', 'b', 'c'])
  const places = new Places(world.nodeSettings)
  return { world, places, idle: new Idle(world, places, new Contested(world, new BatchBook(), new Ownership(world))) }
}

test('a node is long idle a minute after it was asked first, and is woken for it', () => {
  const { world, idle: node } = idle()
  expect(node.isLong).toBe(false)
  expect(world.timers.nextMs).toBe(world.nowMs + 60_000)
  world.advance(60_000)
  expect(node.isLong).toBe(true)
})

test('work that it has, or had within a minute, makes it busy', () => {
  const { world, places, idle: node } = idle()
  const held = places.take(GRANTED, 'b')
  world.advance(1_000_000)
  expect(node.isLong).toBe(false)
  places.release(held)
  node.ended(held)
  world.advance(59_999)
  expect(node.isLong).toBe(false)
  world.advance(1)
  expect(node.isLong).toBe(true)
})

test('once it is at orphaned tasks it goes on', () => {
  const { world, places, idle: node } = idle()
  world.silent.add('b').add('c')
  expect(node.isLong).toBe(false)
  world.advance(60_000)
  const held = places.take(GRANTED, 'a')
  expect(node.isLong).toBe(true)
  places.release(held)
  node.ended(held)
  expect(node.isLong).toBe(true)
})
