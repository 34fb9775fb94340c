/** Reading CBOR item by item: what is deterministic comes back, everything else is refused with a CodecError. */
import { encode } from 'cborg'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteReader } from '../../src/codec/byte-reader.ts'
import { ByteWriter } from '../../src/codec/byte-writer.ts'
import { CodecError } from '../../src/codec/codec-error.ts'

const of = (...bytes: number[]): ByteReader => new ByteReader(Uint8Array.of(...bytes))
const reading = (value: unknown): ByteReader => new ByteReader(encode(value))
const LONG = 'x'.repeat(200)

describe('whole numbers', () => {
  const edges = [0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1]

  test.each(edges)('of %d come back, of either sign, as the library writes them', (value) => {
    expect(reading(value).uint()).toBe(value)
    expect(reading(value).int()).toBe(value)
    if (value === 0) return
    expect(reading(-value).int()).toBe(-value)
    expect(Buffer.compare(new ByteWriter().begin().int(-value).take(), encode(-value))).toBe(0)
  })

  test('come back, whatever they are', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const bytes = new ByteWriter().begin().int(value).take()
        expect(Buffer.compare(bytes, encode(value))).toBe(0)
        expect(new ByteReader(bytes).int()).toBe(value)
      }),
    )
  })

  test('beyond 2^53 - 1 are refused, and so are those above the limit that is named', () => {
    expect(() => of(0x1b, 0, 0x20, 0, 0, 0, 0, 0, 0).uint()).toThrow(CodecError)
    expect(() => of(0x3b, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff).int()).toThrow(CodecError)
    expect(reading(9).uint(9)).toBe(9)
    expect(() => reading(10).uint(9)).toThrow(CodecError)
  })

  test('that are no whole numbers are never written', () => {
    for (const value of [0.5, -0.5, Number.NaN, Number.NEGATIVE_INFINITY, -(2 ** 53)]) {
      expect(() => new ByteWriter().begin().int(value)).toThrow(CodecError)
    }
  })
})

describe('heads', () => {
  test.each([
    ['a number of 23 in two bytes', [0x18, 23]],
    ['a number of 255 in three bytes', [0x19, 0, 255]],
    ['a number of 65,535 in five bytes', [0x1a, 0, 0, 255, 255]],
    ['a number of 2^32 - 1 in nine bytes', [0x1b, 0, 0, 0, 0, 255, 255, 255, 255]],
    ['a reserved length', [0x1c]],
    ['a number without an end', [0x1f]],
    ['a number cut short', [0x1a, 1, 0, 0]],
    ['nothing', []],
  ])('of %s are refused', (_, bytes) => {
    expect(() => of(...bytes).uint()).toThrow(CodecError)
  })

  test('of an item of another kind are refused', () => {
    expect(() => reading('7').uint()).toThrow(CodecError)
    expect(() => reading(null).int()).toThrow(CodecError)
    expect(() => reading(1).bool()).toThrow(CodecError)
    expect(() => reading(7).text(10)).toThrow(CodecError)
    expect(() => reading('ab').bytes(10)).toThrow(CodecError)
    expect(() => reading('ab').hex(2)).toThrow(CodecError)
    expect(() => reading({}).array(10)).toThrow(CodecError)
    expect(() => reading([]).map()).toThrow(CodecError)
  })

  test('of lists and strings without an end are refused', () => {
    expect(() => of(0x9f, 0xff).array(10)).toThrow(CodecError)
    expect(() => of(0x7f, 0xff).text(10)).toThrow(CodecError)
    expect(() => of(0x5f, 0xff).bytes(10)).toThrow(CodecError)
    expect(() => of(0xbf, 0xff).skip()).toThrow(CodecError)
  })

  test('of more items or bytes than are left are refused before any is read', () => {
    expect(() => of(0x83, 1, 2).array(10)).toThrow(/ends too soon/)
    expect(() => of(0xa3, 1, 2).map()).toThrow(/ends too soon/)
    expect(() => of(0x43, 1, 2).bytes(10)).toThrow(/ends too soon/)
    expect(() => of(0x63, 0x61, 0x61).text(10)).toThrow(/ends too soon/)
    expect(() => of(0x43, 1, 2).skip()).toThrow(/ends too soon/)
  })

  test('of more items or bytes than are allowed are refused', () => {
    expect(reading([1, 2]).array(2)).toBe(2)
    expect(() => reading([1, 2]).array(1)).toThrow(/at most/)
    expect(reading('ab').text(2)).toBe('ab')
    expect(() => reading('ab').text(1)).toThrow(/at most/)
    expect(reading(Uint8Array.of(1, 2)).bytes(2)).toEqual(Uint8Array.of(1, 2))
    expect(() => reading(Uint8Array.of(1, 2)).bytes(1)).toThrow(/at most/)
  })
})

describe('text', () => {
  test.each([
    ['nothing', ''],
    ['a byte order mark', '\ufeff'],
    ['a byte order mark before long text', `\ufeff${LONG}`],
    ['characters of two, three and four bytes', 'é€😀'],
    ['the same behind long text', `${LONG}é€😀`],
    ['the lowest and highest characters', '\u0000\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff\u{10000}\u{10ffff}'],
  ])('of %s comes back unchanged', (_, text) => {
    expect(reading(text).text(1_000)).toBe(text)
  })

  test.each([
    ['a byte that begins nothing', [0xff]],
    ['a character cut short', [0xe2, 0x82]],
    ['a character longer than it need be', [0xc0, 0xaf]],
    ['half a surrogate pair', [0xed, 0xa0, 0x80]],
    ['a character beyond the last', [0xf4, 0x90, 0x80, 0x80]],
  ])('that holds %s is refused, short or long', (_, wrong) => {
    expect(() => of(0x60 + wrong.length, ...wrong).text(1_000)).toThrow(CodecError)
    const long = [...Buffer.from(LONG), ...wrong]
    expect(() => of(0x78, long.length, ...long).text(1_000)).toThrow(CodecError)
  })
})

describe('ids and bytes', () => {
  test('are hex of exactly the length that is expected', () => {
    expect(reading(Uint8Array.of(0, 0x0a, 0xff)).hex(3)).toBe('000aff')
    expect(() => reading(Uint8Array.of(1, 2)).hex(3)).toThrow(CodecError)
    expect(() => reading(Uint8Array.of(1, 2, 3, 4)).hex(3)).toThrow(CodecError)
  })

  test('are several in one string, as many as its length says', () => {
    expect(reading(Uint8Array.of(1, 2, 3, 4)).hexes(2, 2)).toEqual(['0102', '0304'])
    expect(reading(Uint8Array.of()).hexes(2, 2)).toEqual([])
    expect(() => reading(Uint8Array.of(1, 2, 3)).hexes(2, 2)).toThrow(CodecError)
    expect(() => reading(new Uint8Array(6)).hexes(2, 2)).toThrow(/at most/)
  })

  test('are plain bytes also where a Buffer is read', () => {
    const buffer = Buffer.from(encode(Uint8Array.of(1, 2)))
    const bytes = new ByteReader(buffer).bytes(2)
    expect(bytes.constructor).toBe(Uint8Array)
    expect(bytes.buffer).toBe(buffer.buffer)
    expect(new ByteReader(buffer).item().constructor).toBe(Uint8Array)
  })
})

describe('what is not known', () => {
  const anything = fc.anything({
    values: [
      fc.boolean(),
      fc.constant(null),
      fc.maxSafeInteger(),
      fc.double({ noNaN: true }),
      fc.string(),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.uint8Array(),
    ],
    maxDepth: 4,
  })

  test('is read over to its last byte, and given as it is', () => {
    fc.assert(
      fc.property(anything, (value) => {
        const bytes = encode(value)
        const reader = new ByteReader(Buffer.concat([bytes, encode('next')]))
        expect(reader.size()).toBe(bytes.length)
        expect(Buffer.compare(reader.item(), bytes)).toBe(0)
        expect(reader.text(10)).toBe('next')
        reader.end()
      }),
      { numRuns: 1_000 },
    )
  })

  test('is refused wherever it is cut short', () => {
    fc.assert(
      fc.property(anything, (value) => {
        const bytes = encode(value)
        for (let length = 0; length < bytes.length; length++) {
          expect(() => new ByteReader(bytes.subarray(0, length)).skip()).toThrow(CodecError)
        }
      }),
    )
  })

  test('may be tagged, simple or half a float', () => {
    for (const item of [[0xc1, 0x01], [0xd8, 0x20, 0x61, 0x61], [0xf7], [0xf8, 0xff], [0xf9, 0x3c, 0x00], [0xe0]]) {
      const reader = of(...item)
      reader.skip()
      reader.end()
    }
    expect(() => of(0xff).skip()).toThrow(CodecError)
    expect(() => of(0xc1).skip()).toThrow(CodecError)
    expect(() => of(0xf9, 0x3c).skip()).toThrow(CodecError)
  })

  test('is what an array has more than the known items', () => {
    const reader = reading([1, 2, [3], 'x'])
    const more = reader.open(2)
    expect([reader.uint(), reader.uint()]).toEqual([1, 2])
    reader.close(more)
    reader.end()
    expect(() => reading([1]).open(2)).toThrow(CodecError)
  })

  test('behind the last item is refused', () => {
    const reader = of(0x01, 0x02)
    reader.uint()
    expect(() => reader.end()).toThrow(CodecError)
  })
})
