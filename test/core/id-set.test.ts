import fc from 'fast-check'
import { expect, test } from 'vitest'
import { IdSet } from '../../src/core/id-set.ts'
import { slotOf } from '../../src/core/ids.ts'

const id = fc.stringMatching(/^[0-9a-f]{32}$/)

test('an IdSet says of each id whether it is new, as a Set of strings does, and how many are in each slot', () => {
  const few = fc.array(fc.oneof(id, fc.constantFrom('0'.repeat(32), `${'0'.repeat(31)}1`, 'f'.repeat(32))), {
    maxLength: 300,
  })
  fc.assert(
    fc.property(few, (ids) => {
      const set = new IdSet()
      const reference = new Set<string>()
      for (const each of ids) {
        expect(set.add(each)).toBe(!reference.has(each))
        reference.add(each)
      }
      const slots = [...set.bySlot()].flatMap((count, slot) => Array.from({ length: count }, () => slot))
      expect(slots).toEqual([...reference].map(slotOf).sort((a, b) => a - b))
    }),
  )
})

test('an IdSet keeps what it has while it grows, also where all ids share their last word', () => {
  const set = new IdSet()
  const ids = Array.from(
    { length: 5_000 },
    (_, at) => at.toString(16).padStart(24, '0') + (at % 2 ? '00000007' : 'ffffffff'),
  )
  for (const each of ids) expect(set.add(each)).toBe(true)
  for (const each of ids) expect(set.add(each)).toBe(false)
})
