/** Tests of durations. */
import { describe, expect, test } from 'vitest'
import { duration } from '../../src/cli/commands/shared.ts'
import { DURATION_MS_MAX, parseDuration } from '../../src/cli/duration.ts'

describe('a duration', () => {
  test.each([
    ['600', 600_000],
    ['0', 0],
    ['2s', 2_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['250ms', 250],
    ['2d', 172_800_000],
    [' 10 S ', 10_000],
  ])('%j is %i ms', (text, expectedMs) => {
    expect(parseDuration(text)).toBe(expectedMs)
  })

  test.each(['', 's', '-1', '1w', '5m30s', 'auto', '1e3', 'Infinity', '1,5h'])('%j is none', (text) => {
    expect(parseDuration(text)).toBeNaN()
  })

  test.each(['0', '10001d', '9'.repeat(400), 'soon', '-5'])('%j is refused where more than 0 is wanted', (text) => {
    const parse = duration(1, DURATION_MS_MAX, 'more than 0, 10000d at most')
    expect(() => parse(text)).toThrow(
      /^Expected seconds such as 600, or a number with its unit .*; more than 0, 10000d at most\.$/,
    )
    expect(parse('1ms')).toBe(1)
    expect(parse('10000d')).toBe(DURATION_MS_MAX)
  })
})
