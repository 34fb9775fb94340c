/** The peers of a node, and which of them it has to do with. */
import { describe, expect, test } from 'vitest'
import type { LivenessWorld } from '../../src/core/liveness-world.ts'
import type { LivenessAction, Peer } from '../../src/core/peer.ts'
import { PeerTable } from '../../src/core/peer-table.ts'
import { Redialling } from '../../src/core/redialling.ts'
import { ringOf } from '../../src/core/ring.ts'
import { sha256 } from '../support/arbitraries.ts'
import { nodeIds } from '../support/liveness-node.ts'

/** The table of n000 in a mesh of so many. */
function setUp(count: number) {
  const ids = nodeIds(count)
  const did: LivenessAction[] = []
  const ring = ringOf(ids, sha256)
  const out = (action: LivenessAction) => void did.push(action)
  const world: LivenessWorld = { self: 'n000', out, peers: new Map(), ring, nowMs: 5_000, stretch: 1 }
  const table = new PeerTable(world, new Redialling(world))
  const take = (some: readonly string[], incarnation = 1) =>
    table.takeMembers(
      some.map((id) => ({ id, incarnation })),
      ringOf(some, sha256),
    )
  take(ids)
  table.findNeighbours()
  const peer = (id: string) => {
    const known = world.peers.get(id)
    if (known === undefined) throw new Error(`${id} is no peer`)
    return known as Peer
  }
  return { ids, ring, world, table, take, peer, did }
}

describe('a peer', () => {
  test('is every other member, ascending; those that are none any more are told', () => {
    const { world, take } = setUp(4)
    expect([...world.peers.keys()]).toEqual(['n001', 'n002', 'n003'])
    expect(take(['n003', 'n000', 'n005', 'n001'])).toEqual(['n002'])
    expect([...world.peers.keys()]).toEqual(['n001', 'n003', 'n005'])
  })

  test('that becomes a member while it is connected is taken for connected', () => {
    const { table, take, peer } = setUp(2)
    table.connections.add('n009')
    take(['n000', 'n001', 'n009'])
    expect([peer('n009').line.connected, peer('n001').line.connected]).toEqual([true, false])
  })

  test('is alive again under a higher incarnation where others said that it was dead, and never under a lower one', () => {
    const { table, peer } = setUp(3)
    const [one] = [peer('n001')]
    table.become(one, 'dead', 'silence', true)
    table.raise(one, 1)
    expect(one.state).toBe('dead')
    table.raise(one, 7)
    table.raise(one, 3)
    expect([one.state, one.incarnation]).toEqual(['alive', 7])
  })

  test('tells of another boot, and of whether it stores, once each', () => {
    const { table, peer, did } = setUp(3)
    table.greeted(peer('n001'), 'aa', 1)
    table.greeted(peer('n001'), 'aa', 1)
    table.greeted(peer('n001'), 'bb', 1)
    for (const storing of [true, false, false]) table.setStoring(peer('n001'), storing)
    expect(did).toEqual([
      { type: 'rebooted', id: 'n001', boot: 'bb' },
      { type: 'storing', id: 'n001', storing: false },
    ])
  })
})

describe('a peer that said that it does not store', () => {
  test('does again once that was not repeated for 90 s', () => {
    const { table, peer, world, did } = setUp(3)
    const one = peer('n001')
    table.setStoring(one, false)
    world.nowMs += 30_000
    table.setStoring(one, false)
    expect(table.reviewStoring(one)).toBe(world.nowMs + 90_000)
    world.nowMs += 89_999
    table.reviewStoring(one)
    expect(one.storing).toBe(false)
    world.nowMs += 1
    expect(table.reviewStoring(one)).toBe(Number.POSITIVE_INFINITY)
    expect(did.map((action) => action.type === 'storing' && action.storing)).toEqual([false, true])
  })

  test('does again once it started anew', () => {
    const { table, peer } = setUp(3)
    table.setStoring(peer('n001'), false)
    table.raise(peer('n001'), 1)
    expect(peer('n001').storing).toBe(false)
    table.raise(peer('n001'), 2)
    expect(peer('n001').storing).toBe(true)
  })
})

describe('in a large mesh', () => {
  /** One that n000 neither watches nor beats. */
  const farOf = ({ ring, ids }: ReturnType<typeof setUp>) => ring.successors('n000', ids.length)[35] ?? ''

  test('a peer is judged from when it is watched or named, and no more when that ends', () => {
    const set = setUp(70)
    const { table, peer, world, ring } = set
    const far = farOf(set)
    expect(peer(far).judgedSinceMs).toBeUndefined()
    expect(peer(ring.successors('n000', 70).at(-1) ?? '').judgedSinceMs).toBe(5_000)
    world.nowMs = 9_000
    expect(table.takeExtras(new Set([far]))).toEqual([peer(far)])
    expect([peer(far).judgedSinceMs, table.takeExtras(new Set([far]))]).toEqual([9_000, []])
    table.takeExtras(new Set())
    expect(peer(far).judgedSinceMs).toBeUndefined()
  })

  test('connections are wanted to neighbours and those named, in one of sixty to all', () => {
    const set = setUp(70)
    const { table, peer, ring } = set
    const far = farOf(set)
    expect([table.isLarge, table.isWanted(peer(far))]).toEqual([true, false])
    expect(table.isWanted(peer(ring.successors('n000', 70)[0] ?? ''))).toBe(true)
    table.takeExtras(new Set([far]))
    expect(table.isWanted(peer(far))).toBe(true)
    const small = setUp(60)
    expect(small.table.isLarge).toBe(false)
    for (const each of small.world.peers.values()) expect(small.table.isWanted(each)).toBe(true)
  })
})

test('neighbours are to be found anew when members or the dead changed', () => {
  const { table, take, ids, peer } = setUp(12)
  expect(table.isStale).toBe(false)
  table.become(peer('n003'), 'suspect', 'silence')
  expect(table.isStale).toBe(false)
  table.become(peer('n003'), 'dead', 'silence')
  expect(table.isStale).toBe(true)
  table.findNeighbours()
  expect(table.isStale).toBe(false)
  take(ids)
  expect(table.isStale).toBe(true)
})
