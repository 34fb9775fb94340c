import { expect, test } from 'vitest'
import { encodeMessage } from '../../src/codec/messages.ts'
import { BatchBook } from '../../src/core/batch-book.ts'
import { BatchLists } from '../../src/core/batch-lists.ts'
import { newBatch } from '../../src/core/batches.ts'
import type { MemberEntry } from '../../src/core/membership.ts'
import { MeshPeers } from '../../src/core/mesh-peers.ts'
import { ringOf } from '../../src/core/ring.ts'
import { SharedLists } from '../../src/core/shared-lists.ts'
import { BATCH_FIELDS } from '../support/batch-fields.ts'
import { sha256 } from '../support/core-disk.ts'
import { nodeIds } from '../support/liveness-node.ts'
import { PartWorld } from '../support/part-world.ts'

const entryOf = (id: string): MemberEntry => ({ id, name: id, incarnation: 1, standing: 'joined', addresses: [] })
const fields = { ...BATCH_FIELDS, profile: 'x'.repeat(100) }
const recordOf = (at: number) => newBatch(at.toString(16).padStart(16, '0'), `batch ${at}`, fields, 'n000')

/** The lists of n000 in a mesh of so many, which is connected to all others. */
function setUp(members: number) {
  const peers = new MeshPeers(sha256)
  const world = new PartWorld([], 'n000', peers)
  const ids = nodeIds(members)
  const stored = { name: '', incarnation: 0, addresses: [], members: ids.map(entryOf), outbox: [] }
  peers.start('n000', stored, 0)
  for (const id of ids.slice(1)) {
    peers.liveness.connected(id, 0)
    peers.greeted(id)
  }
  peers.tick(0)
  peers.tick(1_000)
  const batches = new BatchLists(world, new BatchBook())
  return { lists: new SharedLists(world, peers, batches), batches, world, ids }
}

test('news of a batch that comes from a node is passed on by nobody in a small mesh: its author tells everyone', () => {
  const { lists, world } = setUp(20)
  lists.passOnBatches([recordOf(2)])
  expect(world.sent).toEqual([])
})

test('in a large mesh it goes to the neighbours and some others', () => {
  const { lists, world } = setUp(100)
  lists.passOnBatches([recordOf(1)])
  expect(world.sent).toHaveLength(15)
  expect(new Set(world.sent.map(({ to }) => to)).size).toBe(15)
  lists.passOnBatches([])
  expect(world.sent, 'what is no news is not passed on').toHaveLength(15)
})

test('news of a member goes to everyone in a small mesh, in a large one to some', () => {
  const [small, large] = [setUp(20), setUp(100)]
  small.lists.tellMembers([entryOf('newcomer')])
  large.lists.tellMembers([entryOf('newcomer')])
  expect(small.world.sent).toHaveLength(19)
  expect(large.world.sent).toHaveLength(15)
  expect(large.world.sent.every(({ message }) => message.type === 'members' && message.entries.length === 1)).toBe(true)
})

test('news of members that follows within a tenth of a second is told together', () => {
  const { lists, world } = setUp(3)
  const told = () => world.sent.map(({ message }) => message.type === 'members' && message.entries.map(({ id }) => id))
  lists.tellMembers([entryOf('a')])
  lists.tellMembers([entryOf('b')])
  lists.tellMembers([{ ...entryOf('c'), incarnation: 1 }])
  lists.tellMembers([{ ...entryOf('c'), incarnation: 2 }])
  expect(told()).toEqual([['a'], ['a']])
  world.advance(100)
  expect(told().slice(2)).toEqual([
    ['b', 'c'],
    ['b', 'c'],
  ])
  expect(world.sent.at(-1)?.message).toMatchObject({ entries: [{ incarnation: 1 }, { incarnation: 2 }] })
  world.advance(1_000)
  expect(told()).toHaveLength(4)
  lists.tellMembers([entryOf('d')])
  expect(told().slice(4)).toEqual([['d'], ['d']])
})

test('in a large mesh a hello of a member that is no neighbour has no member list compared', () => {
  const [small, large] = [setUp(20), setUp(100)]
  const other = '00'.repeat(8)
  const sizeOf = ({ lists, world }: typeof small, peer: string, differs: object) => {
    world.sent.length = 0
    lists.meet(peer, { ...lists.hashes, ...differs })
    return world.sent.length
  }
  const ring = ringOf(large.ids, sha256)
  const [near = ''] = ring.successors('n000', 1)
  const far = ring.successors('n000', 99)[50] ?? ''
  const differs = { membersHash: other }
  expect(sizeOf(small, 'n010', differs)).toBe(1)
  expect(sizeOf(large, near, differs)).toBe(1)
  expect(sizeOf(large, far, differs)).toBe(0)
  expect(sizeOf(large, far, { batchesHash: other })).toBe(1)
  expect(sizeOf(large, 'stranger', differs)).toBe(1)
})

test('lists that differ go in messages that can be encoded, the last of which asks for the answer', () => {
  const { lists, world, batches } = setUp(3)
  batches.learn(Array.from({ length: 2_500 }, (_, at) => recordOf(at)))
  lists.exchange('n002', { ...lists.hashes, batchesHash: '00'.repeat(8) })
  const messages = world.sent.map(({ message }) => message)
  expect(messages.length).toBeGreaterThan(2)
  expect(messages.map((message) => message.type === 'batches' && message.answer)).toEqual(
    messages.map((_, at) => at === messages.length - 1),
  )
  for (const message of messages) encodeMessage(message)
  world.sent.length = 0
  lists.compare('n002', { ...lists.hashes, batchesHash: '00'.repeat(8) })
  expect(world.sent, 'once a second at most').toEqual([])
})

test('a list of more entries than a message takes goes in several, of which the last asks for the answer', () => {
  const { lists, world } = setUp(3)
  const entries = Array.from({ length: 2_500 }, (_, at) => entryOf(`left-${at}`))
  lists.sendMembers('n001', entries, true)
  const sizes = world.sent.map(({ message }) => message.type === 'members' && [message.entries.length, message.answer])
  expect(sizes).toEqual([
    [1_000, false],
    [1_000, false],
    [500, true],
  ])
  for (const { message } of world.sent) encodeMessage(message)
})
