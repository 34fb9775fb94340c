/** Parameters in messages: they come back as the user gave them, and nothing that JSON cannot carry comes in. */
import { encode } from 'cborg'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteReader } from '../../src/codec/byte-reader.ts'
import { CodecError } from '../../src/codec/codec-error.ts'
import { encodeParams } from '../../src/codec/facts.ts'
import { readParams } from '../../src/codec/json-reader.ts'
import type { Params } from '../../src/core/facts.ts'
import { params } from '../support/arbitraries.ts'

function read(bytes: Uint8Array): Params {
  const reader = new ByteReader(bytes)
  const given = readParams(reader)
  reader.end()
  return given
}

describe('parameters', () => {
  test('come back from their bytes, whatever they are', () => {
    fc.assert(
      fc.property(params, (given) => {
        expect(read(encodeParams(given))).toEqual(given)
      }),
      { numRuns: 2_000 },
    )
  })

  test.each([
    ['none', {}],
    [
      'numbers of every size',
      { n: [0, -1, 0.1, 0.5, 1e-300, 1e300, 2 ** 31, -(2 ** 33), 2 ** 53 - 1, 2 ** 53, 2 ** 64] },
    ],
    ['a byte order mark', { '\ufeffa': '\ufeffb' }],
    ['maps and lists in each other', { a: [{ b: [[], {}, [null, true, false]] }] }],
  ])('come back: %s', (_, given) => {
    expect(read(encodeParams(given))).toEqual(given)
  })

  test('named `__proto__` or `constructor` are plain values and reach no prototype', () => {
    const hostile = JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": {"x": 1}}}')
    const back = read(encodeParams(hostile))
    expect(JSON.stringify(back)).toContain('"__proto__":{"polluted":true}')
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype)
    expect(Object.keys(back).toSorted()).toEqual(['__proto__', 'constructor'])
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  test.each([
    ['a list', encode([])],
    ['null', encode(null)],
    ['a parameter given twice', Uint8Array.of(0xa2, 0x61, 0x61, 0x01, 0x61, 0x61, 0x02)],
    ['`__proto__` given twice', encodeTwice('__proto__')],
    ['a name that is no text', Uint8Array.of(0xa1, 0x01, 0x01)],
    ['bytes', encode({ a: [Uint8Array.of(1)] })],
    ['undefined', encode({ a: [undefined] })],
    ['not a number', encode({ a: [Number.NaN] })],
    ['infinity', encode({ a: Number.POSITIVE_INFINITY })],
    ['an integer beyond 2^53', encode({ a: 2n ** 60n })],
    ['an integer below -2^53', encode({ a: -(2n ** 60n) })],
    ['a tag', Uint8Array.of(0xa1, 0x61, 0x61, 0xc1, 0x01)],
    ['a simple value', Uint8Array.of(0xa1, 0x61, 0x61, 0xe0)],
    ['a simple value of two bytes', Uint8Array.of(0xa1, 0x61, 0x61, 0xf8, 0xff)],
    ['a stray end mark', Uint8Array.of(0xa1, 0x61, 0x61, 0xff)],
    ['a name that is not UTF-8', Uint8Array.of(0xa1, 0x61, 0xff, 0x01)],
    ['text that is not UTF-8', Uint8Array.of(0xa1, 0x61, 0x61, 0x61, 0xff)],
  ])('that are or hold %s are refused', (_, bytes) => {
    expect(() => read(bytes)).toThrow(CodecError)
  })

  test('that nest 60,000 deep are refused', () => {
    const nested = new Uint8Array(60_000).fill(0x81)
    nested[59_999] = 0
    expect(() => read(Buffer.concat([Uint8Array.of(0xa1, 0x61, 0x61), nested]))).toThrow(/nest/)
  })
})

function encodeTwice(name: string): Uint8Array {
  const entry = Buffer.concat([encode(name), Uint8Array.of(1)])
  return Buffer.concat([Uint8Array.of(0xa2), entry, entry])
}
