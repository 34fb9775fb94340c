/** A node that is alone begins with what its store kept: tallies, and tasks of batches whose record was damaged. */
import { describe, expect, test } from 'vitest'
import { BatchBook } from '../../src/core/batch-book.ts'
import { newBatch } from '../../src/core/batches.ts'
import { SLOT_COUNT } from '../../src/core/ids.ts'
import { KeptTallies } from '../../src/core/kept-tallies.ts'
import { emptyTally, type SlotTally } from '../../src/core/tally.ts'
import { BATCH_FIELDS } from '../support/batch-fields.ts'
import type { Disk } from '../support/core-disk.ts'
import { CoreWorld } from '../support/core-world.ts'

const KNOWN = '00000000000000aa'
const UNKNOWN = '00000000000000bb'
const PROMPTS = ['a cat', 'a dog', 'a bird']

function tallyOf(batch: string): SlotTally {
  return { ...emptyTally(batch, 7), total: 3, completed: 1 }
}

const BOTH = [tallyOf(KNOWN), tallyOf(UNKNOWN)]

/** A node that knows one of two batches. */
function begun(tallies: readonly SlotTally[] | undefined, wasAlone = true) {
  const book = new BatchBook()
  const known = book.put(newBatch(KNOWN, 'known', BATCH_FIELDS, 'node'))
  const kept = new KeptTallies(book)
  kept.start(tallies, wasAlone)
  const comes = (id: string) => {
    const batch = book.put(newBatch(id, `batch ${id}`, BATCH_FIELDS, 'node'))
    return { isStored: kept.noteNew(batch), isDoubted: batch.indexDoubted }
  }
  return { book, known, comes }
}

describe('tallies', () => {
  test('are taken over of the batches that are known', () => {
    const { book, known } = begun(BOTH)
    expect(known.counts).toMatchObject({ total: 3, completed: 1 })
    expect([known.uncounted.size, known.indexDoubted]).toEqual([0, false])
    expect([...book.batches.keys()]).toEqual([KNOWN])
  })

  test('tell which batches have tasks whose records were damaged', () => {
    const { comes } = begun(BOTH)
    expect(comes(UNKNOWN)).toEqual({ isStored: true, isDoubted: true })
    expect(comes('00000000000000cc')).toEqual({ isStored: false, isDoubted: false })
  })

  test('that were damaged leave every slot to be counted anew, the index in doubt, and any batch may have tasks', () => {
    const { known, comes } = begun(undefined)
    expect(known.counts.total).toBe(0)
    expect([known.uncounted.size, known.indexDoubted]).toEqual([SLOT_COUNT, true])
    expect(comes(UNKNOWN)).toEqual({ isStored: true, isDoubted: true })
  })

  test('are old or missing where another node was known once: every slot is counted anew', () => {
    const { known, comes } = begun(BOTH, false)
    expect(known.counts.total).toBe(0)
    expect([known.uncounted.size, known.indexDoubted]).toEqual([SLOT_COUNT, false])
    expect(comes(UNKNOWN).isStored).toBe(true)
  })
})

describe('a batch whose record was damaged', () => {
  /** One of three tasks has completed, another failed once. */
  function damaged(): Disk {
    const world = new CoreWorld()
    world.seed(world.batch('b'), PROMPTS)
    world.endNext()
    world.fail()
    world.disk.batches.clear()
    return world.disk
  }

  test.each(['kept', 'damaged'] as const)('is whole again once it is made again: tallies %s', (tallies) => {
    const world = new CoreWorld({ disk: damaged(), tallies })
    expect(world.executed).toEqual([])
    const batch = world.batch('b')
    const request = world.seed(batch, PROMPTS)
    expect(world.reply(request)).toMatchObject({ value: { new: 0, existing: 3 } })
    expect(world.counts()).toMatchObject({ total: 3, completed: 1, open: 2 })
    while (world.counts().open > 0) {
      if (world.running.size > 0) world.endNext()
      else world.advance(61_000)
    }
    expect(world.executed.map(({ prompt }) => prompt)).not.toContain('a cat')
    expect(world.counts()).toMatchObject({ total: 3, completed: 3 })
    world.checkInvariants()
  })

  test('takes a row anew whose facts were damaged with it', () => {
    const disk = damaged()
    const lost = disk.states().find(({ seeded }) => seeded?.prompt === 'a bird')?.task ?? ''
    disk.facts.delete(lost)
    const world = new CoreWorld({ disk, rebuildsIndex: true })
    const request = world.seed(world.batch('b'), PROMPTS)
    expect(world.reply(request)).toMatchObject({ value: { new: 1, existing: 2 } })
    expect(world.counts()).toMatchObject({ total: 3, completed: 1 })
    world.checkInvariants()
  })
})
