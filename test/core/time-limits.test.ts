/** How long attempts may run. */
import { describe, expect, test } from 'vitest'
import { NODE_SETTINGS } from '../../src/core/settings.ts'
import { Durations, limitsOf } from '../../src/core/time-limits.ts'

const FIRST = { attempt: 1, timeoutMs: null }
const SECOND = { attempt: 2, timeoutMs: null }
const AUTO = { places: 1, timeoutMs: 'auto' } as const

function durationsOf(...all: number[]): Durations {
  const durations = new Durations()
  for (const durationMs of all) durations.add(durationMs)
  return durations
}

const limit = (grant: typeof FIRST, durations: Durations) => limitsOf(grant, AUTO, durations, NODE_SETTINGS)

/** So many times the same. */
const times = (count: number, durationMs: number) => Array.from({ length: count }, () => durationMs)

describe('what is known of a profile', () => {
  test('follows the median of the last 64 completions', () => {
    const durations = durationsOf()
    expect(durations.medianMs).toBeUndefined()
    for (const durationMs of [30, 10, 20]) durations.add(durationMs)
    expect(durations.medianMs).toBe(20)
    for (const durationMs of times(64, 90)) durations.add(durationMs)
    expect(durations.medianMs).toBe(90)
  })

  test('is as long as all but the slowest took, once 64 have completed', () => {
    const durations = durationsOf(...times(62, 10), 17)
    expect(durations.usualMaxMs).toBeUndefined()
    durations.add(500)
    expect(durations.usualMaxMs).toBe(17)
  })
})

describe('the limit', () => {
  test("is the batch's word, else the profile's, and there is no brief one", () => {
    const fixed = { places: 1, timeoutMs: 1_000 }
    const durations = durationsOf(...times(64, 20_000))
    expect(limitsOf({ attempt: 1, timeoutMs: 7 }, AUTO, durations, NODE_SETTINGS)).toEqual({
      longMs: 7,
      briefMs: undefined,
    })
    expect(limitsOf(FIRST, fixed, durations, NODE_SETTINGS)).toEqual({ longMs: 1_000, briefMs: undefined })
  })

  test('is 15 minutes before anything has completed, then 15 medians and at least a minute', () => {
    expect(limit(FIRST, durationsOf()).longMs).toBe(900_000)
    expect(limit(FIRST, durationsOf(100)).longMs).toBe(60_000)
    expect(limit(FIRST, durationsOf(10_000))).toEqual({ longMs: 150_000, briefMs: undefined })
  })

  test('is brief for the first attempt of a task once 64 have completed, beside the long one', () => {
    const usual = times(63, 10_000)
    expect(limit(FIRST, durationsOf(...usual)).briefMs).toBeUndefined()
    expect(limit(FIRST, durationsOf(...usual, 11_000))).toEqual({ longMs: 150_000, briefMs: 20_000 })
    expect(limit(SECOND, durationsOf(...usual, 11_000))).toEqual({ longMs: 150_000, briefMs: undefined })
    expect(limit(FIRST, durationsOf(...times(64, 100)))).toEqual({ longMs: 60_000, briefMs: 10_000 })
  })

  test('of profiles whose tasks differ is as long as these take', () => {
    expect(limit(FIRST, durationsOf(...times(60, 5_000), ...times(4, 25_000))).briefMs).toBe(50_000)
    // What would be longer than the long limit is that.
    expect(limit(FIRST, durationsOf(...times(60, 5_000), ...times(4, 60_000)))).toEqual({
      longMs: 75_000,
      briefMs: undefined,
    })
  })
})
