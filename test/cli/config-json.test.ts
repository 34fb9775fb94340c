/** Tests of the JSON reader: what it accepts is what JSON.parse accepts, and errors have their place. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JsonSyntaxError, parseJson } from '../../src/cli/config/json.ts'

function errorOf(text: string): string {
  try {
    parseJson(text)
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error.message
    throw error
  }
  throw new Error(`${text} was accepted`)
}

describe('the place of an error', () => {
  test.each([
    ['{\n  "a": 1,\n  b: 2\n}', '"b" is not expected at line 3, column 3'],
    ['{\n  "a": 1,\n}', '"}" is not expected after a comma at line 3, column 1'],
    ['[1, 2,]', '"]" is not expected after a comma at line 1, column 7'],
    ['{"a" 1}', '"1" is not expected at line 1, column 6'],
    ['{"a": tru}', '"t" is not expected at line 1, column 7'],
    ['{"a": 1 "b": 2}', '"\\"" is not expected at line 1, column 9'],
    ['{"a": "b\n"}', '"\\n" is not expected at line 1, column 9'],
    ['{"a": "\\x"}', '"\\\\" is not expected at line 1, column 8'],
    ["{'a': 1}", '"\'" is not expected at line 1, column 2'],
    ['{} {}', '"{" is not expected at line 1, column 4'],
    ['// note\n{}', '"/" is not expected at line 1, column 1'],
    ['{"a": 01}', '"1" is not expected at line 1, column 8'],
    ['{"a": [1', 'it ends too early, at line 1, column 9'],
    ['', 'it ends too early, at line 1, column 1'],
    ['{"a": "b', 'it ends too early, at line 1, column 9'],
  ])('of %j is found', (text, expected) => {
    expect(errorOf(text)).toBe(`not valid JSON: ${expected}`)
  })

  test('is exactly where right JSON stops being right', () => {
    fc.assert(
      fc.property(fc.array(fc.json(), { minLength: 1 }), (items) => {
        const right = `[${items.join(',\r\n')}`
        const lines = right.split('\n')
        const place = `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`
        expect(errorOf(`${right}!]`)).toBe(`not valid JSON: "!" is not expected at ${place}`)
        expect(errorOf(right)).toBe(`not valid JSON: it ends too early, at ${place}`)
      }),
      { numRuns: 200 },
    )
  })
})

test('any JSON is read as JSON.parse reads it, also after a byte order mark', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      fc.pre(!text.includes('__proto__'))
      expect(parseJson(`\uFEFF${text}`)).toEqual(JSON.parse(text))
    }),
    { numRuns: 200 },
  )
})
