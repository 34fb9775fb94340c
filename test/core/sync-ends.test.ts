/** Comparisons end, whatever becomes of the peer. */
import { describe, expect, test } from 'vitest'
import { BatchBook } from '../../src/core/batch-book.ts'
import { Copies, type CopiesParts } from '../../src/core/copies.ts'
import { Ownership } from '../../src/core/ownership.ts'
import { Reads } from '../../src/core/reads.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { Sync } from '../../src/core/sync.ts'
import { PartWorld } from '../support/part-world.ts'

/** A comparison of ten slots with a peer that has been asked for its digests. */
function comparing() {
  const world = new PartWorld(['other', 'self'], 'self')
  const { effects } = world
  const advance = (durationMs: number) => world.advance(durationMs)
  const ownership = new Ownership(world)
  const reads = new Reads(world)
  const copies = new Copies(world, { book: new BatchBook(), ownership } as CopiesParts)
  const sync = new Sync(world, reads, copies, ownership)
  const ends: { readonly whole: boolean; readonly equal: number }[] = []
  sync.compare('other', SlotSet.ofRuns([{ from: 0, to: 9 }]), (whole, equal) => ends.push({ whole, equal: equal.size }))
  const read = () => {
    for (const effect of effects.splice(0)) {
      if (effect.type === 'read-digests') reads.digestsRead(effect.load, [])
      if (effect.type === 'read-slot') reads.slotRead(effect.load, [])
    }
  }
  read()
  return { advance, sync, ends, read }
}

const DIFFERENT = { request: 1, digests: [{ slot: 3, count: 1, xor: '11'.repeat(16) }], ballots: [], membersHash: '' }

describe('a comparison with a peer that says nothing', () => {
  test('ends two minutes after it was begun, and what comes later is not of it', () => {
    const { sync, ends, advance } = comparing()
    advance(119_999)
    expect(ends).toEqual([])
    advance(1)
    expect(ends).toEqual([{ whole: false, equal: 0 }])
    sync.digests({ type: 'digests', ...DIFFERENT })
    expect(ends).toHaveLength(1)
    expect(sync.idle).toBe(true)
  })

  test('ends two minutes after its last word, with the slots that were equal', () => {
    const { sync, ends, advance, read } = comparing()
    advance(100_000)
    sync.digests({ type: 'digests', ...DIFFERENT })
    read()
    advance(119_999)
    expect(ends).toEqual([])
    advance(1)
    expect(ends).toEqual([{ whole: false, equal: 9 }])
  })
})

test('a comparison that ends in time ends once', () => {
  const { sync, ends, advance } = comparing()
  sync.digests({ type: 'digests', request: 1, digests: [], ballots: [], membersHash: '' })
  advance(300_000)
  expect(ends).toEqual([{ whole: true, equal: 10 }])
})
