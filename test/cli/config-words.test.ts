/** Tests of durations and of "did you mean". */
import { describe, expect, test } from 'vitest'
import { parseDuration } from '../../src/cli/duration.ts'
import { nearest } from '../../src/cli/nearest.ts'

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

  test.each(['', 's', '-1', '1w', '5m30s', 'auto', '1e3', 'Infinity', '99999d', '1,5h', '9'.repeat(400)])(
    '%j is refused',
    (text) => {
      expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: 'MESH_BAD_REQUEST' }))
    },
  )
})

describe('the nearest word', () => {
  const words = ['places', 'profile', 'profiles', 'data', 'name']
  test.each([
    ['plcaes', 'places'],
    ['Profile', 'profile'],
    ['profils', 'profile'],
    ['dta', 'data'],
    ['nmae', 'name'],
    ['xyz', undefined],
    ['', undefined],
  ])('to %j is %j', (word, expected) => {
    expect(nearest(word, words)).toBe(expected)
  })

  test('a swap of two letters is nearer than two replaced ones', () => {
    expect(nearest('abcdef', ['axydef', 'abdcef'])).toBe('abdcef')
  })

  test('a short word is not offered where nothing of it is right', () => {
    expect(nearest('xy', ['a', 'bc'])).toBeUndefined()
  })
})
