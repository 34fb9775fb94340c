/** Whom a node with free places asks, by what others say of themselves. */
import { expect, test } from 'vitest'
import { Elsewhere } from '../../src/core/elsewhere.ts'
import { LoadRows } from '../../src/core/load-rows.ts'
import { PartWorld, rowOf } from '../support/part-world.ts'

const DRAW = [{ profile: 'draw' }]

function elsewhere() {
  const world = new PartWorld(['a', 'b', 'c'])
  const rows = new LoadRows()
  const say = (node: string, seq: number, change: Parameters<typeof rowOf>[2]) =>
    rows.heard(rowOf(node, seq, change), undefined, world.nowMs)
  return { world, say, elsewhere: new Elsewhere(world, rows) }
}

test('the owner with the longest remaining time is asked', () => {
  const { say, elsewhere: others } = elsewhere()
  say('b', 1, { claimable: 10, medianMs: 1_000 })
  say('c', 1, { claimable: 10, medianMs: 4_000 })
  expect(others.ownerWith('work', DRAW)).toBe('c')
})

test('an owner that is silent, or has nothing for the places, is not asked', () => {
  const { world, say, elsewhere: others } = elsewhere()
  say('b', 1, { claimable: 10 })
  expect(others.ownerWith('work', [{ profile: 'write' }])).toBeUndefined()
  world.silent.add('b')
  expect(others.ownerWith('work', DRAW)).toBeUndefined()
})

test('an owner that gave nothing counts as empty until its next row, or its word', () => {
  const { say, elsewhere: others } = elsewhere()
  say('b', 1, { claimable: 10 })
  others.refused('b', ['work'])
  expect(others.has('work', DRAW)).toBe(false)
  others.told('b', ['draw'])
  expect(others.has('work', DRAW)).toBe(true)
  others.refused('b', ['work'])
  say('b', 2, { claimable: 10 })
  expect(others.has('work', DRAW)).toBe(true)
})

test('an owner that gave nothing of one kind may have another', () => {
  const { say, elsewhere: others } = elsewhere()
  say('b', 1, { claimable: 10, contested: 5 })
  others.refused('b', ['work'])
  expect([others.ownerWith('work', DRAW), others.ownerWith('contested', DRAW)]).toEqual([undefined, 'b'])
  others.refused('b', ['contested'])
  expect([others.ownerWith('work', DRAW), others.ownerWith('contested', DRAW)]).toEqual([undefined, undefined])
})

test('each kind of work is told apart', () => {
  const { say, elsewhere: others } = elsewhere()
  say('b', 1, { contested: 1 })
  say('c', 1, { late: 1 })
  expect(others.has('work', DRAW)).toBe(false)
  expect(others.has('orphaned', DRAW)).toBe(false)
  expect(others.ownerWith('contested', DRAW)).toBe('b')
  expect(others.ownerWith('late', DRAW)).toBe('c')
})

test('an owner that says that it has work is asked though its row says nothing, until it gave something, or 3 s later', () => {
  const { world, say, elsewhere: others } = elsewhere()
  expect(others.isEmpty).toBe(true)
  others.told('b', ['draw'])
  expect([others.isEmpty, others.ownerWith('work', DRAW)]).toEqual([false, 'b'])
  expect(others.ownerWith('work', [{ profile: 'write' }])).toBeUndefined()
  expect(others.ownerWith('late', DRAW)).toBeUndefined()
  say('c', 1, { claimable: 1 })
  expect(others.ownerWith('work', DRAW)).toBe('c')
  say('c', 2, { claimable: 0 })
  others.settled('b')
  expect(others.ownerWith('work', DRAW)).toBeUndefined()
  others.told('b', ['draw'])
  others.refused('b', ['work'])
  expect(others.ownerWith('work', DRAW)).toBeUndefined()
  others.told('b', ['draw'])
  world.advance(3_000)
  expect([others.ownerWith('work', DRAW), others.isEmpty]).toEqual([undefined, true])
})
