/** Facts as bytes against the library that wrote the first of them, and what becomes of bytes that are no longer whole. */
import { encode } from 'cborg'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CodecError } from '../../src/codec/codec-error.ts'
import { decodeFact, encodeFact, KIND_CODES } from '../../src/codec/facts.ts'
import type { Artifact, EndedFact, Fact, Json, Params, Result } from '../../src/core/facts.ts'
import { wireFact } from '../support/arbitraries.ts'
import { artifact, completed, failed, ONE_OF_EACH, seeded, spoilt, withParams } from '../support/sample-facts.ts'

/** Text of any characters, short and long, often with byte order marks; at most `unitsMax` and two of these. */
const text = (unitsMax: number): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.constantFrom('', '', '\ufeff', '\ufeff\ufeff'),
      fc.oneof(fc.string({ unit: 'binary', maxLength: unitsMax }), fc.string({ maxLength: unitsMax })),
    )
    .map(([marks, rest]) => marks + rest)

const number = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  fc.integer({ min: -1_000, max: 1_000 }).map((exponent) => 2 ** exponent),
)
const json = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'json' },
    fc.constantFrom(null, true, false),
    text(40),
    number,
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(text(9), tie('json'), { maxKeys: 4 }),
  ),
})).json
const params: fc.Arbitrary<Params> = fc.dictionary(fc.oneof(text(9), fc.constant('__proto__')), json, { maxKeys: 5 })

/** A fact of any kind whose texts and parameters are as odd as they may be. */
const anyFact: fc.Arbitrary<Fact> = fc.tuple(wireFact, text(300), text(30), params).map(([fact, long, short, some]) => {
  if (fact.kind === 'seeded') return { ...fact, prompt: long, profile: short, params: some }
  if (fact.kind === 'claimed') return { ...fact, holder: short }
  return fact.kind === 'ended' ? withTexts(fact, long, short) : fact
})

function withTexts(fact: EndedFact, long: string, short: string): EndedFact {
  const files = fact.result?.files.map((file) => ({ ...file, mime: short, name: long }))
  return {
    ...fact,
    ...(fact.error && { error: { ...fact.error, message: long } }),
    ...(files && { result: { text: long, files } }),
  }
}

/** The bytes of a fact as the library writes them: those of every fact before this project had a writer of its own. */
function byLibrary(fact: Fact): Uint8Array {
  return encode([1, KIND_CODES[fact.kind], hex(fact.batch), hex(fact.task), ...bodyOf(fact)])
}

function bodyOf(fact: Fact): unknown[] {
  switch (fact.kind) {
    case 'seeded':
      return [fact.index, fact.prompt, fact.params, fact.profile]
    case 'claimed':
      return [hex(fact.token), fact.holder, hex(fact.holderBoot), fact.round]
    case 'ended': {
      const error = fact.error === undefined ? null : [fact.error.class, fact.error.message]
      return [hex(fact.token), fact.outcome, fact.durationMs, error, resultOf(fact.result)]
    }
    case 'lost':
      return [hex(fact.token), fact.why]
    case 'chosen':
      return [hex(fact.token)]
    case 'voided':
      return [hex(fact.token), fact.round]
    case 'closed':
      return [fact.round, fact.why]
    case 'retried':
    case 'cancelled':
      return [fact.round]
  }
}

function resultOf(result: Result | undefined): unknown {
  const fileOf = ({ sha256, bytes, mime, name }: Artifact) => [hex(sha256), bytes, mime, name]
  return result === undefined ? null : [result.text ?? null, result.files.map(fileOf)]
}

function hex(digits: string): Uint8Array {
  return new Uint8Array(Buffer.from(digits, 'hex'))
}

/** Undefined where the bytes are refused with a CodecError; anything else that is thrown fails the test. */
function decodeOrRefuse(bytes: Uint8Array): Fact | undefined {
  try {
    return decodeFact(bytes)
  } catch (error) {
    if (error instanceof CodecError) return undefined
    throw error
  }
}

/** Whether the bytes are refused, or are a fact that can be written and read again. */
function isRefusedOrSound(bytes: Uint8Array): boolean {
  const fact = decodeOrRefuse(bytes)
  if (fact === undefined) return true
  const again = encodeFact(fact)
  return Buffer.compare(encodeFact(decodeFact(again)), again) === 0
}

/** Hundreds of thousands of errors are caught here, and with their stacks they would take a minute. */
const { stackTraceLimit } = Error
beforeAll(() => {
  Error.stackTraceLimit = 1
})
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit
})

describe('any fact', () => {
  test('comes back from its bytes', () => {
    fc.assert(
      fc.property(anyFact, (fact) => {
        expect(decodeFact(encodeFact(fact))).toEqual(fact)
      }),
      { numRuns: 3_000 },
    )
  })

  test('has the bytes that the library writes, and comes back from these', () => {
    fc.assert(
      fc.property(anyFact, (fact) => {
        const bytes = byLibrary(fact)
        expect(Buffer.compare(encodeFact(fact), bytes)).toBe(0)
        expect(decodeFact(bytes)).toEqual(fact)
      }),
      { numRuns: 3_000 },
    )
  })

  test('is read where a later program appended to its parts', () => {
    const withFile = { ...completed, result: { text: 'done', files: [artifact] } }
    const file = [new Uint8Array(32).fill(0xab), 9, 'image/png', 'a.png']
    const later = (fact: Fact, part: unknown, appended: unknown) => decodeFact(spoilt(fact, part, appended))
    expect(later(failed, ['failed', 'no'], ['failed', 'no', { more: 1 }])).toEqual(failed)
    expect(later(completed, ['done', []], ['done', [], null, 'x'])).toEqual(completed)
    expect(later(withFile, file, [...file, [1]])).toEqual(withFile)
  })

  test('comes back from a part of a longer Buffer', () => {
    for (const fact of ONE_OF_EACH) {
      const bytes = encodeFact(fact)
      const around = Buffer.concat([Uint8Array.of(1, 2, 3), bytes, Uint8Array.of(4)])
      expect(decodeFact(around.subarray(3, 3 + bytes.length))).toEqual(fact)
    }
  })
})

describe('bytes that are not whole', () => {
  test('are refused wherever any fact is cut short', () => {
    fc.assert(
      fc.property(anyFact, fc.nat(), (fact, at) => {
        const bytes = encodeFact(fact)
        expect(decodeOrRefuse(bytes.subarray(0, at % bytes.length))).toBeUndefined()
      }),
      { numRuns: 2_000 },
    )
  })

  test('are refused, or are a sound fact, where any byte of any fact is changed', () => {
    fc.assert(
      fc.property(anyFact, fc.nat(), fc.nat(255), (fact, at, value) => {
        const bytes = encodeFact(fact)
        const changed = bytes.with(at % bytes.length, value)
        expect(isRefusedOrSound(changed), JSON.stringify([...changed])).toBe(true)
      }),
      { numRuns: 5_000, endOnFailure: true },
    )
  })

  test.each(ONE_OF_EACH.map((fact) => [fact.kind, fact] as const))(
    'are refused, or are a sound fact, whatever byte is changed to whatever: %s',
    (_, fact) => {
      const bytes = encodeFact(fact)
      for (let at = 0; at < bytes.length; at++) {
        const before = bytes[at] as number
        for (let value = 0; value < 256; value++) {
          bytes[at] = value
          if (!isRefusedOrSound(bytes)) throw new Error(`byte ${at} as ${value} gives an unsound fact`)
        }
        bytes[at] = before
      }
    },
  )

  const file: Fact = { ...completed, result: { files: [{ ...artifact, mime: 'mi-me', name: 'fi-le' }] } }
  const claimed: Fact = { ...(ONE_OF_EACH[1] as Fact & { kind: 'claimed' }), holder: 'no-de' }
  test.each<[string, Fact, string]>([
    ['prompt', seeded, 'a cat'],
    ['long prompt', { ...seeded, prompt: `${'x'.repeat(300)}a cat` }, 'a cat'],
    ['profile', seeded, 'sketch'],
    ['name of a parameter', withParams({ style: 1 }), 'style'],
    ['value of a parameter', withParams({ a: [{ b: 'style' }] }), 'style'],
    ['holder', claimed, 'no-de'],
    ['error message', { ...failed, error: { class: 'failed', message: 'no no' } }, 'no no'],
    ['text of a result', completed, 'done'],
    ['type of a file', file, 'mi-me'],
    ['name of a file', file, 'fi-le'],
  ])('are refused where a %s is not UTF-8', (_, fact, words) => {
    const bytes = Buffer.from(encodeFact(fact))
    const at = bytes.indexOf(words)
    expect(at).toBeGreaterThan(0)
    for (const wrong of [0x80, 0xc0, 0xff]) {
      expect(() => decodeFact(bytes.with(at + 1, wrong)), wrong.toString(16)).toThrow(CodecError)
    }
    const half = Uint8Array.of(...bytes.subarray(0, at), 0xed, 0xa0, 0x80, ...bytes.subarray(at + 3))
    expect(() => decodeFact(half), 'half a surrogate pair').toThrow(CodecError)
  })

  test.each([
    ['a whole number as a float', withParams({ a: 2 ** 40 }), encode(2 ** 40), float32(2 ** 40)],
    ['a float that is longer than it need be', withParams({ a: 0.5 }), encode(0.5), float32(0.5)],
    ['negative zero', withParams({ a: 0.5 }), encode(0.5), Uint8Array.of(0xf9, 0x80, 0)],
    [
      'an index in more bytes than it needs',
      { ...seeded, index: 5 },
      Uint8Array.of(5, 0x65),
      Uint8Array.of(0x18, 5, 0x65),
    ],
  ])('are refused for %s: it would not have these bytes when it is written again', (_, fact, item, other) => {
    const bytes = Buffer.from(encodeFact(fact))
    const at = bytes.indexOf(item)
    expect(at).toBeGreaterThan(0)
    const changed = Buffer.concat([bytes.subarray(0, at), other, bytes.subarray(at + item.length)])
    expect(() => decodeFact(changed)).toThrow(CodecError)
  })
})

function float32(value: number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(5))
  bytes.setUint8(0, 0xfa)
  bytes.setFloat32(1, value)
  return new Uint8Array(bytes.buffer)
}
