/** Messages as bytes: they come back as they were, and no bytes whatever do more harm than a CodecError. */
import { decode, encode } from 'cborg'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CodecError } from '../../src/codec/codec-error.ts'
import { decodeMessage, encodeMessage, UnknownMessageError } from '../../src/codec/messages.ts'
import type { Message } from '../../src/core/messages.ts'
import { anyMessage, MESSAGE_TYPES, messageOf } from '../support/message-arbitraries.ts'

const BYTE_ORDER_MARK = Buffer.from('\ufeff')

/** Decodes; anything thrown but a CodecError fails the test. */
function decodeOrRefuse(bytes: Uint8Array): Message | undefined {
  try {
    return decodeMessage(bytes)
  } catch (error) {
    if (error instanceof CodecError) return undefined
    throw error
  }
}

/** Whether the bytes are refused, or are a message that can be written and read again. */
function isRefusedOrSound(bytes: Uint8Array): boolean {
  const message = decodeOrRefuse(bytes)
  if (message === undefined) return true
  const again = encodeMessage(message)
  return Buffer.compare(encodeMessage(decodeMessage(again)), again) === 0
}

/** A sequence of numbers in [0, 1) that looks random and is the same each time (mulberry32). */
function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Hundreds of thousands of errors are caught here, and with their stacks they would take a minute. */
const { stackTraceLimit } = Error
beforeAll(() => {
  Error.stackTraceLimit = 1
})
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit
})

describe.each(MESSAGE_TYPES)('a message %s', (type) => {
  test('comes back from its bytes, whatever its values, with equal bytes each time', () => {
    fc.assert(
      fc.property(messageOf(type), (message) => {
        const bytes = encodeMessage(message)
        const back = decodeMessage(bytes)
        expect(back).toEqual(message)
        expect(Buffer.compare(encodeMessage(back), bytes)).toBe(0)
      }),
      { numRuns: 300 },
    )
  })

  test('has the bytes that the library gives the same values', () => {
    fc.assert(
      fc.property(messageOf(type), (message) => {
        const bytes = Buffer.from(encodeMessage(message))
        // The library drops a byte order mark when it reads text.
        fc.pre(!bytes.includes(BYTE_ORDER_MARK))
        expect(Buffer.compare(encode(decode(bytes)), bytes)).toBe(0)
      }),
    )
  })

  test('is refused at every length that it is cut to', () => {
    for (const message of fc.sample(messageOf(type), { numRuns: 10, seed: 1 })) {
      const bytes = encodeMessage(message)
      for (let length = 0; length < bytes.length; length++) {
        expect(() => decodeMessage(bytes.subarray(0, length)), `cut to ${length}`).toThrow(CodecError)
      }
    }
  })

  test('is refused or read as a sound message when any byte of it is changed', () => {
    const random = dice(7)
    for (const message of fc.sample(messageOf(type), { numRuns: 10, seed: 2 })) {
      const bytes = encodeMessage(message)
      // Every byte of a short message, some 500 of a long one.
      for (let at = 0; at < bytes.length; at += 1 + Math.floor(bytes.length / 500)) {
        const before = bytes[at] as number
        for (let draw = 0; draw < 2; draw++) {
          bytes[at] = before ^ (1 + Math.floor(random() * 255))
          expect(isRefusedOrSound(bytes), JSON.stringify([...bytes])).toBe(true)
        }
        bytes[at] = before
      }
    }
  })

  test('is read by its fields when a later program appends more, and refused when those are cut short', () => {
    fc.assert(
      fc.property(messageOf(type), (message) => {
        const bytes = encodeMessage(message)
        const more = [{ new: [1, -2, 0.5] }, null, Uint8Array.of(1), 'x'.repeat(300), 2 ** 40].map((each) =>
          encode(each),
        )
        // An array of less than 19 items has its length in its first byte.
        const later = Buffer.concat([Uint8Array.of((bytes[0] as number) + more.length), bytes.subarray(1), ...more])
        expect(decodeMessage(later)).toEqual(message)
        expect(() => decodeMessage(later.subarray(0, -1))).toThrow(CodecError)
      }),
    )
  })

  test('is refused when it lacks its last field, or does not count it, or when bytes follow it', () => {
    for (const message of fc.sample(messageOf(type), { numRuns: 20, seed: 3 })) {
      const bytes = encodeMessage(message)
      const fields = decode(bytes) as unknown[]
      expect(() => decodeMessage(encode(fields.slice(0, -1)))).toThrow(CodecError)
      const short = Uint8Array.of((bytes[0] as number) - 1, ...bytes.subarray(1))
      expect(() => decodeMessage(short), 'a length that leaves the last field out').toThrow(CodecError)
      expect(() => decodeMessage(Uint8Array.of(...bytes, 0))).toThrow(CodecError)
    }
  })
})

describe('any message', () => {
  test('has bytes that no other has', () => {
    fc.assert(
      fc.property(anyMessage, anyMessage, (a, b) => {
        const same = Buffer.compare(encodeMessage(a), encodeMessage(b)) === 0
        if (same) expect(a).toEqual(b)
        else expect(a).not.toEqual(b)
      }),
      { numRuns: 1_000 },
    )
  })

  test('keeps its bytes when others are written after it', () => {
    const bytes = encodeMessage({ type: 'probe', about: 'node-a' })
    const before = [...bytes]
    for (const message of fc.sample(anyMessage, { numRuns: 1_000, seed: 4 })) encodeMessage(message)
    expect([...bytes]).toEqual(before)
  })

  test('is written whole after one that could not be written', () => {
    const good: Message = { type: 'probe', about: 'node-a' }
    const before = encodeMessage(good)
    expect(() => encodeMessage({ type: 'probe', about: 'x'.repeat(1_000) })).toThrow(CodecError)
    expect(encodeMessage(good)).toEqual(before)
  })

  test('hands out its facts as the bytes they were given as, and as parts of its own', () => {
    const facts = [Uint8Array.of(1, 2, 3), Uint8Array.of(), new Uint8Array(70_000).fill(7)]
    const bytes = encodeMessage({ type: 'facts', seq: 1, ballots: [], facts })
    const back = decodeMessage(bytes)
    expect(back).toEqual({ type: 'facts', seq: 1, ballots: [], facts })
    if (back.type === 'facts') for (const fact of back.facts) expect(fact.buffer).toBe(bytes.buffer)
  })
})

describe('bytes from nobody knows where', () => {
  test('are refused with a CodecError, 100,000 random ones', () => {
    const random = dice(1)
    for (let run = 0; run < 100_000; run++) {
      const bytes = Uint8Array.from({ length: Math.floor(random() * 120) }, () => random() * 256)
      expect(decodeOrRefuse(bytes)).toBeUndefined()
    }
  })

  test('are refused or read as a sound message, 100,000 that begin as one', () => {
    const random = dice(2)
    const beginnings = fc.sample(anyMessage, { numRuns: 500, seed: 5 }).map((message) => encodeMessage(message))
    let read = 0
    for (let run = 0; run < 100_000; run++) {
      const beginning = beginnings[run % beginnings.length] as Uint8Array
      const kept = Math.min(beginning.length, 3 + Math.floor(random() * 40))
      const rest = Uint8Array.from({ length: Math.floor(random() * 60) }, () => random() * 256)
      const bytes = Buffer.concat([beginning.subarray(0, kept), rest])
      if (!isRefusedOrSound(bytes)) expect.fail(JSON.stringify([...bytes]))
      if (decodeOrRefuse(bytes) !== undefined) read++
    }
    expect(read).toBeGreaterThan(0)
  })

  test('that name an unknown type are refused by an error of its own that names it', () => {
    for (const code of [0, 15, 251, 2 ** 40]) {
      const bytes = encode([1, code, 'whatever'])
      expect(() => decodeMessage(bytes)).toThrow(UnknownMessageError)
      expect(() => decodeMessage(bytes)).toThrow(CodecError)
      expect(() => decodeMessage(bytes)).toThrow(String(code))
    }
  })

  test('that are of another format are refused by a message that names it, whatever their type', () => {
    const bytes = encode([250, 6, 'node-a'])
    expect(() => decodeMessage(bytes)).toThrow(/250/)
    expect(() => decodeMessage(bytes)).toThrow(CodecError)
    expect(() => decodeMessage(bytes)).not.toThrow(UnknownMessageError)
  })

  test('that nest 200,000 deep, or claim a length that they do not have, are refused', () => {
    const nested = new Uint8Array(200_000).fill(0x81)
    expect(() => decodeMessage(Buffer.concat([Uint8Array.of(0x84, 1, 6, 0x61, 0x61), nested]))).toThrow(CodecError)
    expect(() => decodeMessage(nested)).toThrow(CodecError)
    expect(() => decodeMessage(Uint8Array.of(0x9b, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff))).toThrow(CodecError)
    expect(() => decodeMessage(Uint8Array.of(0x83, 1, 0x18, 0x26, 0x9a, 0, 1, 0x86, 0xa0))).toThrow(CodecError)
    expect(() => decodeMessage(Uint8Array.of(0x83, 1, 0x18, 0x27, 0x5a, 0, 1, 0x86, 0xa0))).toThrow(CodecError)
  })

  test('that nest 200,000 deep behind the last field are read over', () => {
    const deep = new Uint8Array(200_001).fill(0x81)
    deep[200_000] = 0
    expect(decodeMessage(Buffer.concat([Uint8Array.of(0x84, 1, 6, 0x61, 0x61), deep]))).toEqual({
      type: 'probe',
      about: 'a',
    })
  })
})
