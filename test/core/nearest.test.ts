/** Tests of "did you mean". */
import { describe, expect, test } from 'vitest'
import { nearest } from '../../src/core/nearest.ts'

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
