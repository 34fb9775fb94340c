/** Writing CBOR item by item: the bytes are the library's, and what could not be read back is refused. */
import { encode } from 'cborg'
import { describe, expect, test } from 'vitest'
import { ByteWriter } from '../../src/codec/byte-writer.ts'
import { CodecError } from '../../src/codec/codec-error.ts'

const begin = (): ByteWriter => new ByteWriter().begin()

describe('what is written', () => {
  test.each<[string, unknown, ByteWriter]>([
    ['true and false', [true, false], begin().array(2).bool(true).bool(false)],
    ['null', null, begin().null()],
    ['no bytes', Uint8Array.of(), begin().bytes(Uint8Array.of(), 0)],
    ['some bytes', Uint8Array.of(1, 2), begin().bytes(Uint8Array.of(1, 2), 2)],
    ['many bytes', new Uint8Array(70_000), begin().bytes(new Uint8Array(70_000), 70_000)],
    ['an id', Uint8Array.of(0, 0xaf), begin().hex('00af', 2)],
    ['text of every width', 'aé€😀', begin().text('aé€😀', 10)],
    ['a byte order mark', '\ufeff', begin().text('\ufeff', 3)],
  ])('of %s is what the library writes', (_, value, writer) => {
    expect(Buffer.compare(writer.take(), encode(value))).toBe(0)
  })

  test('stays as it is when more is written', () => {
    const writer = begin()
    const first = writer.bool(true).take()
    for (let each = 0; each < 70_000; each++) writer.begin().bool(false).take()
    expect([...first]).toEqual([0xf5])
  })
})

describe('what is over its limit is never written', () => {
  test('neither a number', () => {
    expect([...begin().uint(9, 9).take()]).toEqual([9])
    expect(() => begin().uint(10, 9)).toThrow(CodecError)
    expect(() => begin().uint(-1, 9)).toThrow(CodecError)
    expect(() => begin().uint(2 ** 53)).toThrow(CodecError)
  })

  test('nor bytes, nor text', () => {
    expect(() => begin().bytes(new Uint8Array(3), 2)).toThrow(CodecError)
    expect(() => begin().text('€', 2)).toThrow(CodecError)
    expect(() => begin().text('\ud800', 9)).toThrow(CodecError)
    expect(() => begin().hex('00af', 3)).toThrow(CodecError)
    expect(() => begin().hex('0G', 1)).toThrow(CodecError)
  })
})
