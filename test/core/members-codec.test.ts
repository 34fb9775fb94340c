/** Entries of the member list as bytes: what is written is read back, and nothing over a limit is written or read. */
import { encode } from 'cborg'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CodecError } from '../../src/codec/codec-error.ts'
import { decodeMember, decodeMembers, encodeMember, encodeMembers, MEMBER_LIMITS } from '../../src/codec/members.ts'
import { type MemberEntry, STANDINGS } from '../../src/core/member-entry.ts'

/** Text of at most so many bytes, of any characters. */
const text = (bytesMax: number, minLength = 0) =>
  fc.string({ unit: 'binary', minLength, maxLength: Math.floor(bytesMax / 4) })

const entry: fc.Arbitrary<MemberEntry> = fc.record({
  id: text(MEMBER_LIMITS.idBytesMax, 1),
  name: text(MEMBER_LIMITS.nameBytesMax),
  incarnation: fc.maxSafeNat().map((value) => value % 2 ** 48),
  standing: fc.constantFrom(...STANDINGS),
  addresses: fc.array(text(MEMBER_LIMITS.addressBytesMax), { maxLength: MEMBER_LIMITS.addressesMax }),
})
const sample: MemberEntry = { id: 'n', name: 'gpu', incarnation: 3, standing: 'away', addresses: ['/ip4/10.0.0.1'] }
/** The items of the sample, which the cases below spoil. */
const ITEMS: readonly unknown[] = [1, 'n', 'gpu', 3, 1, ['/ip4/10.0.0.1']]

describe('the bytes of members', () => {
  test('are those of the entries, one or many', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 5 }), (entries) => {
        expect(decodeMembers(encodeMembers(entries))).toEqual(entries)
        for (const each of entries) expect(decodeMember(encodeMember(each))).toEqual(each)
      }),
    )
  })

  test('are the deterministic CBOR of the library', () => {
    expect(encodeMember(sample)).toEqual(encode([...ITEMS]))
    expect(encodeMembers([sample, sample])).toEqual(encode([[...ITEMS], [...ITEMS]]))
  })

  test('may have items that a later version appended', () => {
    const later = [...ITEMS, 'more', { and: ['more'] }]
    expect(decodeMember(encode(later))).toEqual(sample)
    expect(decodeMembers(encode([later, [...ITEMS]]))).toEqual([sample, sample])
  })

  test('are members or a CodecError, whatever is changed or cut off', () => {
    const bytes = encodeMembers([sample, { ...sample, id: 'é', standing: 'joined' }])
    const read = (changed: Uint8Array) => {
      try {
        return decodeMembers(changed)
      } catch (error) {
        expect(error).toBeInstanceOf(CodecError)
        return []
      }
    }
    for (let length = 0; length < bytes.length; length++) expect(read(bytes.subarray(0, length))).toEqual([])
    for (let at = 0; at < bytes.length; at++)
      for (let value = 0; value < 256; value++) {
        const entries = read(bytes.with(at, value))
        expect(decodeMembers(encodeMembers(entries))).toEqual(entries)
      }
  })

  test.each([
    ['no array', 'text'],
    ['an array of other things', ['text']],
    ['an entry of another format', [[2, ...ITEMS.slice(1)]]],
    ['an entry that lacks its addresses', [ITEMS.slice(0, 5)]],
    ['an entry without an id', [ITEMS.with(1, '')]],
    ['an id over its limit', [ITEMS.with(1, 'x'.repeat(129))]],
    ['a name over its limit', [ITEMS.with(2, 'x'.repeat(65))]],
    ['an incarnation that nobody could go above', [ITEMS.with(3, 2 ** 48 + 1)]],
    ['a negative incarnation', [ITEMS.with(3, -1)]],
    ['an unknown standing', [ITEMS.with(4, 4)]],
    ['seventeen addresses', [ITEMS.with(5, Array(17).fill('x'))]],
    ['an address over its limit', [ITEMS.with(5, ['x'.repeat(257)])]],
    ['an address that is no text', [ITEMS.with(5, [7])]],
    ['more entries than the limit', Array(1_001).fill([...ITEMS])],
  ])('are refused for %s', (_, value) => {
    expect(() => decodeMembers(encode(value))).toThrow(CodecError)
  })

  test('are refused where bytes follow them', () => {
    expect(() => decodeMembers(Uint8Array.of(...encodeMembers([sample]), 0))).toThrow(CodecError)
    expect(() => decodeMember(Uint8Array.of(...encodeMember(sample), 0))).toThrow(CodecError)
  })

  test.each<[string, MemberEntry]>([
    ['without an id', { ...sample, id: '' }],
    ['whose id is over its limit', { ...sample, id: 'x'.repeat(129) }],
    ['whose name is over its limit', { ...sample, name: 'é'.repeat(33) }],
    ['whose name is not well-formed', { ...sample, name: '\ud800' }],
    ['whose incarnation nobody could go above', { ...sample, incarnation: MEMBER_LIMITS.incarnationMax + 1 }],
    ['of seventeen addresses', { ...sample, addresses: Array(17).fill('x') }],
    ['whose address is over its limit', { ...sample, addresses: ['x'.repeat(257)] }],
  ])('are never made of an entry %s', (_, spoilt) => {
    expect(() => encodeMember(spoilt)).toThrow(CodecError)
    expect(() => encodeMembers([sample, spoilt])).toThrow(CodecError)
  })

  test('have room for the highest incarnation', () => {
    const highest = { ...sample, incarnation: MEMBER_LIMITS.incarnationMax }
    expect(decodeMember(encodeMember(highest))).toEqual(highest)
  })

  test('are never made of more entries than the limit', () => {
    const { entriesMax, listEntriesMax } = MEMBER_LIMITS
    expect(decodeMembers(encodeMembers(Array(entriesMax).fill(sample)))).toHaveLength(entriesMax)
    expect(() => decodeMembers(encodeMembers(Array(entriesMax + 1).fill(sample)))).toThrow(CodecError)
    expect(() => encodeMembers(Array(listEntriesMax).fill(sample))).not.toThrow()
    expect(() => encodeMembers(Array(listEntriesMax + 1).fill(sample))).toThrow(CodecError)
  })
})
