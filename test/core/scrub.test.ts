/** With whom an owner compares its slots in a large mesh. */
import { expect, test } from 'vitest'
import { BatchBook } from '../../src/core/batch-book.ts'
import { CopiedSlots } from '../../src/core/copied-slots.ts'
import { Copies, type CopiesParts } from '../../src/core/copies.ts'
import { Ownership } from '../../src/core/ownership.ts'
import { Reads } from '../../src/core/reads.ts'
import { Scrub } from '../../src/core/scrub.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { Sync } from '../../src/core/sync.ts'
import { partPeers, partWorld } from '../support/part-world.ts'

test('an owner asks for a connection to who is on a list of its slots and not connected', () => {
  const wanted: string[] = []
  const change = { isConnected: () => false, want: (id: string) => void wanted.push(id) }
  const { world, advance } = partWorld({ peers: partPeers('self', ['far'], change) })
  const ownership = new Ownership(world)
  const copies = new Copies(world, { book: new BatchBook(), ownership } as CopiesParts)
  const sync = new Sync(world, new Reads(world), copies, ownership)
  const scrub = new Scrub(world, ownership, sync, new CopiedSlots())
  ownership.claim([{ from: 0, to: 9 }], 1)
  ownership.serve(SlotSet.ofRuns([{ from: 0, to: 9 }]), 1)
  scrub.compareAll()
  advance(15_000)
  expect(wanted).toEqual(['far'])
})
