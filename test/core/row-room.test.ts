/** Load rows that are too long are cut to what matters most. */
import { describe, expect, test } from 'vitest'
import { encodeLoadRow } from '../../src/codec/load-rows.ts'
import { MESSAGE_LIMITS } from '../../src/codec/message-limits.ts'
import type { LoadBatch, LoadRow } from '../../src/core/messages.ts'
import { withinRoom } from '../../src/core/row-room.ts'
import { CoreMesh } from '../support/core-mesh.ts'
import { rowOf } from '../support/part-world.ts'

const [PROFILE] = rowOf('a', 1, {}).profiles

function profiles(count: number, change: Partial<LoadRow['profiles'][number]>): LoadRow['profiles'] {
  return Array.from(
    { length: count },
    (_, at) => ({ ...PROFILE, ...change, profile: `profile ${at} of many` }) as never,
  )
}

function batches(count: number): LoadBatch[] {
  const many = Number.MAX_SAFE_INTEGER
  const counts = { total: many, scheduled: many, running: many, retrying: many, completed: many, failed: many }
  return Array.from({ length: count }, (_, at) => ({
    batch: at.toString(16).padStart(16, '0'),
    ...counts,
    cancelled: many,
    extra: many,
  }))
}

describe('a load row', () => {
  test('stays as it is where it fits', () => {
    const row = rowOf('a', 1, { claimable: 5 })
    expect(withinRoom(row)).toBe(row)
  })

  test('keeps the profiles that its node performs, then those with work, when it has too many', () => {
    const row = { ...rowOf('a', 1, {}), batches: batches(30) }
    const own = { ...PROFILE, profile: 'zoom', places: 1 } as LoadRow['profiles'][number]
    const working = { ...PROFILE, profile: 'yodel', places: 0, claimable: 3 } as LoadRow['profiles'][number]
    const long = { ...row, profiles: [...profiles(200, { places: 0 }), working, own] }
    const cut = withinRoom(long)
    const names = cut.profiles.map(({ profile }) => profile)
    expect(names).toEqual(expect.arrayContaining(['yodel', 'zoom']))
    expect(names).toEqual(names.toSorted())
    expect(cut.batches.length + cut.batchesLeftOut).toBe(30)
    expect(encodeLoadRow({ ...cut, seq: 1 }).length).toBeLessThanOrEqual(MESSAGE_LIMITS.loadRowBytesMax)
  })

  test('can be said by a node with batches of many profiles', () => {
    const mesh = new CoreMesh(['a', 'b'])
    const [a, b] = mesh.nodes as [(typeof mesh.nodes)[0], (typeof mesh.nodes)[0]]
    for (let at = 0; at < 150; at++) {
      const spec = { name: `batch ${at}`, profile: `nobody performs ${at}` }
      const value = mesh.answer(a, { type: 'create-batch', spec })
      if (value.type === 'batch') mesh.seed(a, value.batch.id, 3)
    }
    mesh.advance(10_000)
    b.core.view()
    mesh.advance(2_000)
    expect(b.core.view().whole).toBe(true)
  })
})
