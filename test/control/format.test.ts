/** Words and units for people. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  formatBar,
  formatBytes,
  formatCount,
  formatPercent,
  formatPlural,
  formatRate,
  formatSeconds,
  formatTable,
  formatText,
} from '../../src/control/format.ts'

describe('people read', () => {
  test.each([
    [0, '0'],
    [999, '999'],
    [1_000, '1,000'],
    [612_408, '612,408'],
    [1_000_000, '1,000,000'],
  ])('the count %d as %s', (value, text) => expect(formatCount(value)).toBe(text))

  test.each([
    [612_408, 1_000_000, '61.2 %'],
    [0, 40, '0.0 %'],
    [999_999, 1_000_000, '99.9 %'],
    [40, 40, '100 %'],
    [0, 0, '100 %'],
  ])('%d of %d as %s', (part, total, text) => expect(formatPercent(part, total)).toBe(text))

  test.each([
    [0, '0.0 s'],
    [0.44, '0.4 s'],
    [9.94, '9.9 s'],
    [9.96, '10 s'],
    [59.4, '59 s'],
    [59.6, '1m'],
    [60, '1m'],
    [200, '3m 20s'],
    [3_600, '1h'],
    [8_040, '2h 14m'],
    [86_400, '1d'],
    [392_400, '4d 13h'],
    [1e8, '1,157d 9h'],
  ])('%d seconds as %s', (seconds, text) => expect(formatSeconds(seconds)).toBe(text))

  test.each([
    [0, '0.00/s'],
    [0.98, '0.98/s'],
    [12.34, '12.3/s'],
    [1_234, '1,234/s'],
    [0.05, '3.00/min'],
    [0.01, '36.0/h'],
  ])('%d a second as %s', (rate, text) => expect(formatRate(rate)).toBe(text))

  test.each([
    [0, '0B'],
    [512, '512B'],
    [1_000, '1.0K'],
    [1_500_000, '1.4M'],
    [227_633_266_688, '212G'],
    [1e15, '909T'],
  ])('%d bytes as %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))

  test('a bar that is full only when all is done', () => {
    expect(formatBar(612, 1_000, 10)).toBe('[######----]')
    expect(formatBar(999_999, 1_000_000, 10)).toBe('[#########-]')
    expect(formatBar(1, 1, 10)).toBe('[##########]')
    expect(formatBar(0, 0, 3)).toBe('[###]')
  })

  test('one prompt, and several prompts', () => {
    expect([formatPlural(1, 'prompt'), formatPlural(1_632, 'prompt'), formatPlural(0, 'match', 'matches')]).toEqual([
      '1 prompt',
      '1,632 prompts',
      '0 matches',
    ])
  })

  test('tables with columns aligned and no spaces at line ends', () => {
    const table = formatTable(
      [{ title: 'NAME' }, { title: 'N', align: 'right' }, { title: '' }],
      [
        ['fox', '7', ''],
        ['möwe 🦊', '1,000', 'odd'],
      ],
    )
    expect(table).toEqual(['NAME        N', 'fox         7', 'möwe 🦊  1,000  odd'])
  })
})

describe('text from elsewhere', () => {
  test('cannot move the cursor, ring the bell or turn the line around', () => {
    expect(formatText('a\u001b[2Jb\u0007\r\nc\u202ed\u2028e\u009bf')).toBe('a [2Jb c d e f')
  })

  test('is cut between characters', () => {
    expect(formatText('🦊🦊🦊🦊', 3)).toBe('🦊🦊…')
    expect(formatText('🦊🦊🦊', 3)).toBe('🦊🦊🦊')
  })

  test('is always one line without control characters, no longer than allowed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 50 }), (text, max) => {
        const shown = formatText(text, max)
        expect(Array.from(shown).length).toBeLessThanOrEqual(max)
        expect(shown).not.toMatch(/\p{Cc}|\u2028|\u2029|\u202e/u)
      }),
    )
  })
})
