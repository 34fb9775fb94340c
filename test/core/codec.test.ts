/** Facts as bytes: they come back as they were, and no bytes whatever do more harm than a CodecError. */
import { isDeepStrictEqual } from 'node:util'
import { encode } from 'cborg'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CodecError } from '../../src/codec/codec-error.ts'
import { decodeFact, encodeFact } from '../../src/codec/facts.ts'
import { makeFact, readFact } from '../../src/core/fact-record.ts'
import type { Fact, SeededFact } from '../../src/core/facts.ts'
import { params, sha256, wireFact } from '../support/arbitraries.ts'
import {
  about,
  completed,
  failed,
  fieldsOf,
  ONE_OF_EACH,
  seeded,
  spoilt,
  token,
  withParams,
  withPrompt,
} from '../support/sample-facts.ts'

/** Decodes; anything thrown but a CodecError fails the test. */
function decodeOrRefuse(bytes: Uint8Array): Fact | undefined {
  try {
    return decodeFact(bytes)
  } catch (error) {
    if (error instanceof CodecError) return undefined
    throw error
  }
}

/** Whether JSON can carry the value: no bytes, no big integer, no `undefined`, no NaN, no symbol. */
function isJson(value: unknown): boolean {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (Array.isArray(value)) return value.every(isJson)
  return typeof value === 'object' && !ArrayBuffer.isView(value) && Object.values(value).every(isJson)
}

describe('a fact of any kind', () => {
  test.each(ONE_OF_EACH.map((fact) => [fact.kind, fact] as const))('comes back from its bytes: %s', (_, fact) => {
    expect(decodeFact(encodeFact(fact))).toStrictEqual(fact)
  })

  test('keeps its bytes when others are written after it', () => {
    const bytes = encodeFact(seeded)
    const before = [...bytes]
    for (let each = 0; each < 2_000; each++) encodeFact(completed)
    expect([...bytes]).toEqual(before)
  })

  test('has equal bytes each time, also after a trip through bytes', () => {
    fc.assert(
      fc.property(wireFact, (fact) => {
        const bytes = encodeFact(fact)
        expect(encodeFact(structuredClone(fact))).toEqual(bytes)
        expect(encodeFact(decodeFact(bytes))).toEqual(bytes)
      }),
      { numRuns: 1_000 },
    )
  })

  test('has the same bytes in whatever order its parameters were given', () => {
    fc.assert(
      fc.property(params, (some) => {
        const reversed = Object.fromEntries(Object.entries(some).toReversed())
        expect(encodeFact(withParams(reversed))).toEqual(encodeFact(withParams(some)))
      }),
    )
  })

  test('has bytes of its own', () => {
    fc.assert(
      fc.property(wireFact, wireFact, (a, b) => {
        fc.pre(!isDeepStrictEqual(a, b))
        expect(encodeFact(a)).not.toEqual(encodeFact(b))
      }),
    )
  })

  test('keeps the bytes and the hash that it was born with when it is read', () => {
    for (const fact of ONE_OF_EACH) {
      const made = makeFact(fact, sha256)
      expect(made.hash).toBe(sha256(made.bytes))
      expect(readFact(made.bytes, sha256)).toStrictEqual(made)
    }
  })
})

describe('text and parameters', () => {
  test.each([
    ['quotes', `"double" and 'single' and \`back\``],
    ['what a shell would run', '$(rm -rf /); `id` | cat > x && y'],
    ['newlines', 'one\r\ntwo\n\nthree'],
    ['emoji and combining marks', 'a 👩‍🚀 e\u0301 नमस्ते'],
    ['a byte order mark and more', '\ufeffa cat'],
    ['a byte order mark and much more', `\ufeff${'a cat '.repeat(50)}`],
    ['nothing', ''],
  ])('a prompt of %s comes back unchanged', (_, prompt) => {
    expect(decodeFact(encodeFact(withPrompt(prompt)))).toStrictEqual(withPrompt(prompt))
  })

  test('numbers come back as they were, however large or small', () => {
    const numbers = [0, -1, 0.1, 1e-300, 1e300, 2 ** 31, -(2 ** 33), 2 ** 53 - 1, 2 ** 53, 2 ** 63, 2 ** 64, -(2 ** 64)]
    expect(decodeFact(encodeFact(withParams({ numbers })))).toStrictEqual(withParams({ numbers }))
  })

  test('a byte order mark in names and values of parameters comes back', () => {
    const marked = withParams({ '\ufeffstyle': '\ufeffoil', style: ['\ufeff', { '\ufeff': '\ufeff\ufeff' }] })
    expect(decodeFact(encodeFact(marked))).toStrictEqual(marked)
  })

  test('parameters named `__proto__` or `constructor` are plain values and reach no prototype', () => {
    const hostile = withParams(JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": {"x": 1}}}'))
    const back = decodeFact(encodeFact(hostile)) as SeededFact
    expect(JSON.stringify(back.params)).toContain('"__proto__":{"polluted":true}')
    expect(Object.getPrototypeOf(back.params)).toBe(Object.prototype)
    expect(Object.keys(back.params).toSorted()).toEqual(['__proto__', 'constructor'])
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
    expect(({} as { x?: number }).x).toBeUndefined()
  })

  test('a parameter given twice is refused: which one counts must not depend on the reader', () => {
    const twice = Uint8Array.of(0xa2, 0x61, 0x61, 0x01, 0x61, 0x61, 0x02)
    const once = Uint8Array.of(0xa1, 0x61, 0x61, 0x01)
    const bytes = Buffer.from(encodeFact(withParams({ a: 1 })))
    const at = bytes.indexOf(once)
    expect(at).toBeGreaterThan(0)
    const spliced = Buffer.concat([bytes.subarray(0, at), twice, bytes.subarray(at + once.length)])
    expect(() => decodeFact(spliced)).toThrow(CodecError)
  })

  test.each([
    ['bytes', Uint8Array.of(1, 2)],
    ['undefined', undefined],
    ['not a number', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['an integer beyond 2^53', 2n ** 60n],
  ])('a parameter that JSON cannot carry is refused from a peer: %s', (_, value) => {
    const bytes = spoilt(withParams({ deep: ['here'] }), { deep: ['here'] }, { deep: [value] })
    expect(() => decodeFact(bytes)).toThrow(CodecError)
  })
})

describe('bytes from nobody knows where', () => {
  test('of random content are refused with a CodecError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(decodeOrRefuse(bytes)).toBeUndefined()
      }),
      { numRuns: 3_000 },
    )
  })

  test('that were a fact before some were changed are read as a fact or refused, and never hold what JSON cannot', () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(wireFact, edits, (fact, changes) => {
        const bytes = encodeFact(fact)
        for (const [at, value] of changes) bytes[at % bytes.length] = value
        const read = decodeOrRefuse(bytes)
        expect(isJson(read ?? null), JSON.stringify([...bytes])).toBe(true)
      }),
      // Shrinking would take a minute, and the bytes that it ends with are printed anyhow.
      { numRuns: 6_000, endOnFailure: true },
    )
  })

  test('that are a fact cut short are refused at every length', () => {
    for (const fact of ONE_OF_EACH) {
      const bytes = encodeFact(fact)
      for (let length = 0; length < bytes.length; length++) {
        expect(() => decodeFact(bytes.subarray(0, length)), `${fact.kind} cut to ${length}`).toThrow(CodecError)
      }
    }
  })

  test('that go on after the fact are refused', () => {
    const bytes = encodeFact(seeded)
    expect(() => decodeFact(Uint8Array.of(...bytes, 0))).toThrow(CodecError)
  })

  test('that nest 200,000 deep, or claim a length that they do not have, are refused', () => {
    expect(() => decodeFact(new Uint8Array(200_000).fill(0x81))).toThrow(CodecError)
    expect(() => decodeFact(Uint8Array.of(0x9b, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff))).toThrow(CodecError)
    expect(() => decodeFact(Uint8Array.of(0x5a, 0xff, 0xff, 0xff, 0xff, 1))).toThrow(CodecError)
  })

  test('that hold a stray end mark inside the parameters are refused', () => {
    const bytes = Buffer.from(encodeFact(withParams({ a: null })))
    const at = bytes.indexOf(Uint8Array.of(0xa1, 0x61, 0x61, 0xf6))
    expect(at).toBeGreaterThan(0)
    bytes[at + 3] = 0xff
    expect(() => decodeFact(bytes)).toThrow(CodecError)
  })

  test('that lack their last field are refused', () => {
    for (const fact of ONE_OF_EACH) {
      expect(() => decodeFact(encode(fieldsOf(fact).slice(0, -1))), fact.kind).toThrow(CodecError)
    }
  })

  test.each([
    ['a word that no outcome is', spoilt(failed, 'failed', 'exploded')],
    ['a negative index', spoilt(seeded, 7, -7)],
    ['a fractional index', spoilt(seeded, 7, 7.5)],
    ['an index beyond 2^53', spoilt(seeded, 7, 2n ** 60n)],
    ['a prompt that is bytes', spoilt(seeded, 'a cat', Uint8Array.of(1))],
    ['parameters that are a list', spoilt(seeded, {}, [])],
    ['parameters that are null', spoilt(seeded, {}, null)],
    ['a result that is text', spoilt(completed, ['done', []], 'done')],
    ['an error that is a map', spoilt(failed, ['failed', 'no'], { class: 'failed' })],
  ])('that name %s are refused', (_, bytes) => {
    expect(() => decodeFact(bytes)).toThrow(CodecError)
  })

  test('that name a token of another length are refused', () => {
    const chosen: Fact = { kind: 'chosen', ...about, token }
    expect(() => decodeFact(encode([...fieldsOf(chosen).slice(0, -1), new Uint8Array(17)]))).toThrow(CodecError)
    expect(() => decodeFact(encode([...fieldsOf(chosen).slice(0, -1), new Uint8Array(19)]))).toThrow(CodecError)
    expect(decodeFact(encode([...fieldsOf(chosen).slice(0, -1), new Uint8Array(18)]))).toMatchObject({
      token: '00'.repeat(18),
    })
  })
})

describe('versions', () => {
  test('fields that a later program appends to a fact are ignored', () => {
    for (const fact of ONE_OF_EACH) {
      const later = encode([...fieldsOf(fact), 'new', { more: [1, 2] }, null])
      expect(decodeFact(later), fact.kind).toEqual(fact)
    }
  })

  test('a fact of a later program keeps its own bytes and hash when it is read here', () => {
    const later = encode([...fieldsOf(seeded), 'new'])
    expect(readFact(later, sha256)).toEqual({ fact: seeded, bytes: later, hash: sha256(later) })
  })

  test('an unknown version or kind is refused by a message that names it', () => {
    const [, kind, ...rest] = fieldsOf(seeded)
    expect(() => decodeFact(encode([250, kind, ...rest]))).toThrow(/250/)
    expect(() => decodeFact(encode([250, kind, ...rest]))).toThrow(CodecError)
    const [version] = fieldsOf(seeded)
    expect(() => decodeFact(encode([version, 251, ...rest]))).toThrow(/251/)
    expect(() => decodeFact(encode([version, 251, ...rest]))).toThrow(CodecError)
  })
})
