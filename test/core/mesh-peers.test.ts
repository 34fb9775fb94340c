/** The other members, as one node knows them. */
import { describe, expect, test } from 'vitest'
import { MeshPeers } from '../../src/core/mesh-peers.ts'
import { sha256 } from '../support/core-disk.ts'

const entry = (id: string, incarnation = 1, standing: 'joined' | 'left' = 'joined') => {
  return { id, name: id, incarnation, standing, addresses: [] }
}

/** Node `a`, which knows `b` and `c` from its store. */
function setUp() {
  const peers = new MeshPeers(sha256)
  const stored = { name: 'A', incarnation: 4, addresses: ['here'], members: [entry('b'), entry('c')], outbox: [] }
  const own = peers.start('a', stored, 1_000)
  peers.tick(1_000)
  const greet = (id: string, nowMs: number, boot = `${id}${id}`.repeat(8)) => {
    peers.liveness.connected(id, nowMs)
    peers.greeted(id)
    peers.liveness.greeted(id, boot, 1, nowMs)
  }
  return { peers, own, greet }
}

test('a start writes the own entry into the list that the store kept', () => {
  const { peers, own } = setUp()
  expect(own).toMatchObject({ id: 'a', name: 'A', addresses: ['here'], standing: 'joined', incarnation: 4 })
  expect(peers.members).toEqual(['a', 'b', 'c'])
  expect([peers.isMember('a'), peers.isMember('c'), peers.isMember('d')]).toEqual([true, true, false])
  expect(() => new MeshPeers(sha256).list).toThrow(TypeError)
  expect(new MeshPeers(sha256).members).toEqual([])
})

describe('a member counts as connected', () => {
  test('only once its hello was accepted, and until its connection is gone', () => {
    const { peers, greet } = setUp()
    peers.liveness.connected('b', 1_000)
    expect([peers.isConnected('b'), peers.isReachable('b'), peers.connected]).toEqual([false, false, []])
    greet('c', 1_000)
    greet('b', 1_000)
    expect([peers.isConnected('b'), peers.connected]).toEqual([true, ['b', 'c']])
    expect([peers.disconnected('b'), peers.disconnected('b')]).toEqual([true, false])
    expect([peers.isConnected('b'), peers.connected]).toEqual([false, ['c']])
  })
})

describe('a member is relied upon', () => {
  test('from the start on, until it is known to be dead', () => {
    const { peers } = setUp()
    expect([peers.isUp('b'), peers.isStoring('b'), peers.isGone('b')]).toEqual([true, true, false])
    for (let nowMs = 2_000; nowMs < 30_000 && peers.isUp('b'); nowMs += 1_000) peers.tick(nowMs)
    expect([peers.isUp('b'), peers.isStoring('b'), peers.isGone('b')]).toEqual([false, false, false])
  })

  test('counts as heard at the start, and with each of its words, also through another', () => {
    const { peers, greet } = setUp()
    expect(peers.heardMs('b')).toBe(1_000)
    greet('b', 2_000)
    peers.liveness.heard('b', 3_000)
    expect([peers.heardMs('b'), peers.bootOf('b'), peers.bootOf('c')]).toEqual([3_000, 'bb'.repeat(8), undefined])
    expect(peers.relayed('b', 'bb'.repeat(8), 1, 5_000)).toBe(true)
    expect(peers.heardMs('b')).toBe(5_000)
  })

  test('not for storing where it says that it cannot', () => {
    const { peers, greet } = setUp()
    greet('b', 1_000)
    peers.liveness.storingOf('b', false, 1_500)
    expect([peers.isUp('b'), peers.isStoring('b'), peers.isStoring('c')]).toEqual([true, false, true])
  })
})

test('a member that left is one no more, and its slots are others', () => {
  const { peers } = setUp()
  peers.list.merge([entry('c', 2, 'left')])
  expect(peers.changed(2_000)).toEqual(['c'])
  expect([peers.members, peers.isMember('c')]).toEqual([['a', 'b'], false])
  for (const slot of [0, 5_000, 16_383]) {
    expect([...peers.listOf(slot)].sort()).toEqual(['a', 'b'])
    expect([...peers.order(slot)].sort()).toEqual(['a', 'b'])
  }
  const first = peers.slotsFirst('a', () => true).size + peers.slotsFirst('b', () => true).size
  expect(first).toBe(16_384)
  expect(peers.changed(2_000)).toEqual([])
})
