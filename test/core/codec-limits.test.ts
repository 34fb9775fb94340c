/** The limits of facts: what is over one is refused when it is read, and never written in the first place. */
import { encode } from 'cborg'
import { describe, expect, test } from 'vitest'
import { CodecError } from '../../src/codec/codec-error.ts'
import { decodeFact, encodeFact } from '../../src/codec/facts.ts'
import type { Fact, SeededFact } from '../../src/core/facts.ts'
import { MESH_SETTINGS } from '../../src/core/settings.ts'
import {
  artifact,
  completed,
  failed,
  fieldsOf,
  seeded,
  spoilt,
  withParams,
  withPrompt,
} from '../support/sample-facts.ts'

describe('the limits of MESH_SETTINGS', () => {
  const { promptBytesMax, paramsBytesMax, resultTextBytesMax, errorMessageMax, artifactsMax, factBytesMax } =
    MESH_SETTINGS
  const withError = (message: string): Fact => ({ ...failed, error: { class: 'failed', message } })
  const withText = (text: string): Fact => ({ ...completed, result: { text, files: [] } })
  const withFiles = (count: number): Fact => ({ ...completed, result: { files: Array(count).fill(artifact) } })
  const paramsOf = (bytes: number): Fact =>
    withParams({ a: 'x'.repeat(bytes - encode({ a: 'x'.repeat(1_000) }).length + 1_000) })
  // [what, the longest that passes, one too long, the latter as a peer may send it]
  const LIMITS: readonly (readonly [string, Fact, Fact, Uint8Array])[] = [
    [
      'a prompt of promptBytesMax bytes',
      withPrompt('x'.repeat(promptBytesMax)),
      withPrompt('x'.repeat(promptBytesMax + 1)),
      spoilt(seeded, 'a cat', 'x'.repeat(promptBytesMax + 1)),
    ],
    [
      'a prompt of promptBytesMax bytes in characters of three bytes',
      withPrompt('€'.repeat(Math.floor(promptBytesMax / 3))),
      withPrompt('€'.repeat(Math.floor(promptBytesMax / 3) + 1)),
      spoilt(seeded, 'a cat', '€'.repeat(Math.floor(promptBytesMax / 3) + 1)),
    ],
    [
      'parameters of paramsBytesMax bytes as CBOR',
      paramsOf(paramsBytesMax),
      paramsOf(paramsBytesMax + 1),
      spoilt(seeded, {}, (paramsOf(paramsBytesMax + 1) as SeededFact).params),
    ],
    [
      'a text result of resultTextBytesMax bytes',
      withText('x'.repeat(resultTextBytesMax)),
      withText('x'.repeat(resultTextBytesMax + 1)),
      spoilt(completed, 'done', 'x'.repeat(resultTextBytesMax + 1)),
    ],
    [
      'an error message of errorMessageMax characters',
      withError('x'.repeat(errorMessageMax)),
      withError('x'.repeat(errorMessageMax + 1)),
      spoilt(failed, 'no', 'x'.repeat(errorMessageMax + 1)),
    ],
    [
      'an error message of errorMessageMax characters of three bytes',
      withError('€'.repeat(errorMessageMax)),
      withError('€'.repeat(errorMessageMax + 1)),
      spoilt(failed, 'no', '€'.repeat(errorMessageMax + 1)),
    ],
    [
      'a result of artifactsMax files',
      withFiles(artifactsMax),
      withFiles(artifactsMax + 1),
      spoilt(completed, ['done', []], [null, Array(artifactsMax + 1).fill([new Uint8Array(32), 9, 'image/png', 'a'])]),
    ],
  ]

  test.each(LIMITS)('let %s pass', (_, longest) => {
    expect(decodeFact(encodeFact(longest))).toEqual(longest)
  })

  test.each(LIMITS)('refuse from a peer one more than %s', (_, __, ___, bytes) => {
    expect(() => decodeFact(bytes)).toThrow(CodecError)
  })

  test.each(LIMITS)('refuse to write one more than %s', (_, __, tooLong) => {
    expect(() => encodeFact(tooLong)).toThrow(CodecError)
  })

  test('refuse a fact of more than factBytesMax bytes before they look into it', () => {
    const filler = new Uint8Array(
      factBytesMax - encode([...fieldsOf(seeded), new Uint8Array(factBytesMax / 2)]).length + factBytesMax / 2,
    )
    const longest = encode([...fieldsOf(seeded), filler])
    expect(longest).toHaveLength(factBytesMax)
    expect(decodeFact(longest)).toEqual(seeded)
    expect(() => decodeFact(encode([...fieldsOf(seeded), new Uint8Array(filler.length + 1)]))).toThrow(CodecError)
  })

  test('leave room for the largest honest fact of each kind', () => {
    const both = {
      ...seeded,
      prompt: 'x'.repeat(promptBytesMax),
      params: (paramsOf(paramsBytesMax) as SeededFact).params,
    }
    expect(encodeFact(both).length).toBeLessThan(factBytesMax)
    const name = 'n'.repeat(255)
    const files = Array.from({ length: artifactsMax }, () => ({ ...artifact, name }))
    const full: Fact = {
      ...completed,
      error: { class: 'failed', message: '€'.repeat(errorMessageMax) },
      result: { text: 'x'.repeat(resultTextBytesMax), files },
    }
    expect(encodeFact(full).length).toBeLessThan(factBytesMax)
  })
})

describe('a fact that could not be read back', () => {
  test.each([
    ['an id that is no hex', { ...seeded, task: 'not hex' }],
    ['an id of another length', { ...seeded, batch: 'aabb' }],
    ['a negative number', { ...seeded, index: -1 }],
    ['a fraction of a millisecond', { ...failed, durationMs: 1.5 }],
    ['a prompt with half of a surrogate pair', withPrompt('a \ud83d cat')],
    ['a parameter with half of a surrogate pair', withParams({ a: ['\udc00'] })],
    ['parameters with NaN', withParams({ a: Number.NaN })],
    ['parameters nested without end', withParams({ a: deeply(20_000) })],
  ])('is not written: %s', (_, fact) => {
    expect(() => encodeFact(fact as Fact)).toThrow(CodecError)
  })
})

test('parameters nested too deep for a reader that recurses are refused from a peer, and reasonable ones pass', () => {
  const tooDeep = spoilt(withParams({ a: 1 }), { a: 1 }, { a: deeply(2_000) })
  expect(() => decodeFact(tooDeep)).toThrow(CodecError)
  expect(decodeFact(encodeFact(withParams({ a: deeply(30) })))).toEqual(withParams({ a: deeply(30) }))
})

function deeply(levels: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < levels; level++) value = [value]
  return value
}
