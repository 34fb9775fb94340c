/** The keys of the store: their order and their exact form, which stored data depends on. */
import { describe, expect, test } from 'vitest'
import {
  FACT_KEY_BYTES_MAX,
  journalKey,
  readHex,
  readJournalKey,
  readU32,
  slotRows,
  taskRows,
  writeFactKey,
  writeHex,
  writeU32,
} from '../../../src/adapters/level/keys.ts'
import type { StoredFact } from '../../../src/core/facts.ts'
import { everyKind } from '../../contract/fact-store-samples.ts'

const TASK = 'fedcba98765432100123456789abcdef'

function keyOf(stored: StoredFact): string {
  const key = new Uint8Array(FACT_KEY_BYTES_MAX)
  return readHex(key, 0, writeFactKey(key, 0, stored))
}

describe('The key of a fact', () => {
  test('is letter, slot, batch, task, kind, token or round, and the start of its hash', () => {
    const keys = everyKind(TASK).map((stored) => ({
      kind: stored.fact.kind,
      hash: stored.hash.slice(0, 16),
      key: keyOf(stored),
    }))
    const head = `66${'3fb7'}${'00112233445566ff'}${TASK}`
    const token = '00000001000000000002' + '0123456789abcdef'
    const tails = new Map([
      ['seeded', '01'],
      ['claimed', `02${token}`],
      ['lost', `04${token}`],
      ['chosen', `05${token}`],
      ['closed', '0600000000'],
      ['retried', '0700000000'],
      ['voided', `08${token}`],
      ['cancelled', '0900000002'],
    ])
    for (const { kind, hash, key } of keys.filter((each) => each.kind !== 'ended')) {
      expect(key).toBe(`${head}${tails.get(kind)}${hash}`)
    }
    expect(keys.filter((each) => each.kind === 'ended').map((each) => each.key.slice(0, 56))).toEqual([
      `${head}03`,
      `${head}03`,
    ])
  })

  test('lies in the range of its slot and of its task, and of no other', () => {
    for (const stored of everyKind('f'.repeat(32))) {
      const key = keyOf(stored)
      const { batch, task } = stored.fact
      const isIn = (range: { gte: Uint8Array; lt: Uint8Array }) =>
        readHex(range.gte, 0, range.gte.length) <= key && key < readHex(range.lt, 0, range.lt.length)
      expect(isIn(slotRows(batch, 16_383))).toBe(true)
      expect(isIn(taskRows(batch, 16_383, task))).toBe(true)
      expect(isIn(slotRows(batch, 16_382))).toBe(false)
      expect(isIn(slotRows('0011223344556700', 16_383))).toBe(false)
      expect(isIn(taskRows(batch, 16_383, `${'f'.repeat(31)}e`))).toBe(false)
    }
  })
})

describe('Hex digits and numbers in keys', () => {
  test.each(['0g', 'AB', '0', '', 'é0', '0\u{1f411}'])('refuse %j', (text) => {
    expect(() => writeHex(new Uint8Array(4), 0, text, 2)).toThrow(TypeError)
  })

  test.each([0, 1, 255, 65_536, 2 ** 31, 2 ** 32 - 1])('keep %d', (value) => {
    const bytes = new Uint8Array(6)
    expect(writeU32(bytes, 1, value)).toBe(5)
    expect(readU32(bytes, 1)).toBe(value)
  })

  test('keep journal numbers and their order up to 48 bits', () => {
    const numbers = [0, 1, 255, 256, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 5, 2 ** 48 - 1]
    const keys = numbers.map(journalKey)
    expect(keys.map(readJournalKey)).toEqual(numbers)
    expect([...keys].sort(Buffer.compare)).toEqual(keys)
  })
})
