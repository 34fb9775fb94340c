/** Whom a takeover waits for, and for how long. */
import { describe, expect, test } from 'vitest'
import { BatchBook } from '../../src/core/batch-book.ts'
import { Copies, type CopiesParts } from '../../src/core/copies.ts'
import type { MessageOf, SlotDigest } from '../../src/core/messages.ts'
import { Ownership } from '../../src/core/ownership.ts'
import { Reads } from '../../src/core/reads.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { Sync } from '../../src/core/sync.ts'
import { Takeover } from '../../src/core/takeover.ts'
import { partPeers, partWorld } from '../support/part-world.ts'

const SLOTS = [{ from: 0, to: 9 }]
const DIGEST: SlotDigest = { slot: 3, count: 1, xor: '11'.repeat(16) }

/** A node that takes ten slots over, and one other; its own disk is empty and answers at once. */
function taking() {
  const part = partWorld({ peers: partPeers('self', ['other'], { slotsFirst: () => SlotSet.ofRuns(SLOTS) }) })
  const { world, effects, sent } = part
  const ownership = new Ownership(world)
  const reads = new Reads(world)
  const copies = new Copies(world, { book: new BatchBook(), ownership } as CopiesParts)
  const sync = new Sync(world, reads, copies, ownership)
  const takeover = new Takeover(world, ownership, sync, reads)
  const settle = () => {
    const write = world.commits.take()
    if (write?.type === 'persist') world.commits.persisted(write.ticket)
    for (let effect = effects.shift(); effect !== undefined; effect = effects.shift()) {
      if (effect.type === 'read-digests') reads.digestsRead(effect.load, [])
      if (effect.type === 'read-slot') reads.slotRead(effect.load, [])
    }
  }
  const said = <T extends 'digests-wanted' | 'promise' | 'slot-wanted'>(type: T): MessageOf<T> => {
    settle()
    const message = sent.findLast((each) => each.message.type === type)?.message
    if (message === undefined) throw new Error(`nobody was asked for ${type}`)
    return message as MessageOf<T>
  }
  takeover.start()
  takeover.look()
  const { request } = said('digests-wanted')
  sync.digests({ type: 'digests', request, digests: [], ballots: [], membersHash: '' })
  const promise = said('promise')
  return { ...part, ownership, sync, takeover, said, promise }
}

describe('a node that takes slots over', () => {
  test('serves them without the word of one that promises nothing for five seconds', () => {
    const { ownership, advance } = taking()
    advance(4_999)
    expect(ownership.count).toBe(0)
    advance(1)
    expect(ownership.count).toBe(10)
  })

  test('waits for the last difference of one that has promised, however long that takes within a minute', () => {
    const { ownership, sync, takeover, promise, said, advance } = taking()
    const answer = { slots: SLOTS, refused: [], digests: [DIGEST] }
    takeover.promised('other', { type: 'promised', request: promise.request, ...answer })
    const { request } = said('slot-wanted')
    advance(50_000)
    expect(ownership.count).toBe(0)
    sync.slot({ type: 'slot', request, facts: [], lacking: [], done: true })
    expect(ownership.count).toBe(10)
  })

  test('goes on after a minute without one that never ends', () => {
    const { ownership, takeover, promise, said, advance } = taking()
    const answer = { slots: SLOTS, refused: [], digests: [DIGEST] }
    takeover.promised('other', { type: 'promised', request: promise.request, ...answer })
    said('slot-wanted')
    advance(60_000)
    expect(ownership.count).toBe(10)
  })
})
