/** What an owner keeps for peers that are slow. */
import { expect, test } from 'vitest'
import { makeFact } from '../../src/core/fact-record.ts'
import type { StoredFact } from '../../src/core/facts.ts'
import { Ownership } from '../../src/core/ownership.ts'
import { Replication } from '../../src/core/replication.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { partPeers, partWorld } from '../support/part-world.ts'

const MIB = 1024 * 1024

test('what a slow peer has not acknowledged is bounded where a quicker one has it, and nothing that is awaited is left out', () => {
  const { world, sent } = partWorld({ peers: partPeers('self', ['quick', 'slow']) })
  const ownership = new Ownership(world)
  ownership.claim([{ from: 0, to: 16_383 }], 1)
  ownership.serve(SlotSet.all(), 1)
  const replication = new Replication(world, ownership)
  const prompt = 'a'.repeat(65_000)
  const state = (ticket: number) => {
    const task = ticket.toString(16).padStart(32, '0')
    const about = { batch: '00'.repeat(8), task, index: ticket, params: {}, profile: 'draw' }
    const facts: StoredFact[] = [makeFact({ kind: 'seeded', prompt, ...about }, world.sha256)]
    replication.take(ticket, facts)
  }
  const acknowledge = (peer: string) => {
    for (const { to, message } of sent.splice(0))
      if (to === peer && message.type === 'facts')
        replication.stored(peer, { type: 'facts-stored', seq: message.seq, refused: [] })
  }
  for (let ticket = 1; ticket <= 1_000; ticket++) {
    state(ticket)
    acknowledge('quick')
  }
  state(1_001)
  expect(replication.pendingFrom).toBe(1_001)
  let bytes = 0
  for (let left = true; left; ) {
    left = false
    replication.connected('slow')
    for (const { to, message } of sent.splice(0)) {
      if (to !== 'slow' || message.type !== 'facts') continue
      left = true
      bytes += message.facts.reduce((sum, fact) => sum + fact.length, 0)
      replication.stored('slow', { type: 'facts-stored', seq: message.seq, refused: [] })
    }
  }
  expect(bytes).toBeLessThanOrEqual(41 * MIB)
  expect(replication.pendingFrom).toBe(Number.POSITIVE_INFINITY)
})
