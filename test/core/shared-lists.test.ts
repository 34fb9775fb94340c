import { expect, test } from 'vitest'
import { encodeMessage } from '../../src/codec/messages.ts'
import { BatchBook } from '../../src/core/batch-book.ts'
import { BatchLists } from '../../src/core/batch-lists.ts'
import { newBatch } from '../../src/core/batches.ts'
import type { MemberEntry } from '../../src/core/membership.ts'
import { MeshPeers } from '../../src/core/mesh-peers.ts'
import { SharedLists } from '../../src/core/shared-lists.ts'
import { sha256 } from '../support/core-disk.ts'
import { nodeIds } from '../support/liveness-node.ts'
import { partWorld } from '../support/part-world.ts'

const entryOf = (id: string): MemberEntry => ({ id, name: id, incarnation: 1, standing: 'joined', addresses: [] })
const fields = {
  profile: 'x'.repeat(100),
  priority: 0,
  maxAttempts: 3,
  timeoutMs: null,
  paused: false,
  cancelled: false,
  born: 1,
}
const recordOf = (at: number) => newBatch(at.toString(16).padStart(16, '0'), `batch ${at}`, fields, 'n000')

/** The lists of n000 in a mesh of so many, which is connected to all others. */
function setUp(members: number) {
  const peers = new MeshPeers(sha256)
  const part = partWorld({ peers })
  part.world.nodeId = 'n000'
  const ids = nodeIds(members)
  const stored = { name: '', incarnation: 0, addresses: [], members: ids.map(entryOf), outbox: [] }
  peers.start('n000', stored, 0)
  for (const id of ids.slice(1)) {
    peers.liveness.connected(id, 0)
    peers.greeted(id)
  }
  peers.tick(0)
  peers.tick(1_000)
  const batches = new BatchLists(part.world, new BatchBook())
  return { lists: new SharedLists(part.world, peers, batches), part, ids }
}

test('news of a batch goes to everyone in a small mesh, from where it was made alone', () => {
  const { lists, part } = setUp(20)
  lists.tellBatches([recordOf(1)])
  expect(new Set(part.sent.map(({ to }) => to)).size).toBe(19)
  part.sent.length = 0
  lists.batches('n001', { type: 'batches', records: [recordOf(2)], answer: false })
  expect(part.sent).toEqual([])
})

test('in a large mesh it goes to the neighbours and some others, who tell it on while it is news to them', () => {
  const { lists, part } = setUp(100)
  const message = { type: 'batches', records: [recordOf(1)], answer: false } as const
  lists.batches('n001', message)
  expect(part.sent).toHaveLength(15)
  expect(new Set(part.sent.map(({ to }) => to)).size).toBe(15)
  lists.batches('n002', message)
  expect(part.sent).toHaveLength(15)
})

test('news of a member is told once it is synced', () => {
  const { lists, part } = setUp(100)
  lists.members('n001', { type: 'members', entries: [entryOf('newcomer')], answer: false })
  expect(part.sent).toEqual([])
  part.world.commits.take()
  part.world.commits.persisted(1)
  expect(part.sent).toHaveLength(15)
  expect(part.sent.every(({ message }) => message.type === 'members' && message.entries.length === 1)).toBe(true)
})

test('lists that differ go in messages that can be encoded, the last of which asks for the answer', () => {
  const { lists, part } = setUp(3)
  const records = Array.from({ length: 2_500 }, (_, at) => recordOf(at))
  for (let at = 0; at < records.length; at += 1_000)
    lists.batches('n001', { type: 'batches', records: records.slice(at, at + 1_000), answer: false })
  lists.exchange('n002', { ...lists.hashes, batchesHash: '00'.repeat(8) })
  const messages = part.sent.map(({ message }) => message)
  expect(messages.length).toBeGreaterThan(2)
  expect(messages.map((message) => message.type === 'batches' && message.answer)).toEqual(
    messages.map((_, at) => at === messages.length - 1),
  )
  for (const message of messages) encodeMessage(message)
  part.sent.length = 0
  lists.compare('n002', { ...lists.hashes, batchesHash: '00'.repeat(8) })
  expect(part.sent, 'once a second at most').toEqual([])
})
