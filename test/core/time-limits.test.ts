/** How long attempts may run. */
import { describe, expect, test } from 'vitest'
import { NODE_SETTINGS } from '../../src/core/settings.ts'
import { Durations, limitOf } from '../../src/core/time-limits.ts'

const FIRST = { attempt: 1, timeoutMs: null }
const SECOND = { attempt: 2, timeoutMs: null }
const AUTO = { places: 1, timeoutMs: 'auto' } as const

function durationsOf(...all: number[]): Durations {
  const durations = new Durations()
  for (const durationMs of all) durations.add(durationMs)
  return durations
}

const limit = (grant: typeof FIRST, durations: Durations) => limitOf(grant, AUTO, durations, NODE_SETTINGS)

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
  test("is the batch's word, else the profile's, and its end is charged", () => {
    const fixed = { places: 1, timeoutMs: 1_000 }
    const durations = durationsOf(...times(64, 20_000))
    expect(limitOf({ attempt: 1, timeoutMs: 7 }, AUTO, durations, NODE_SETTINGS)).toEqual({
      timeoutMs: 7,
      outcome: 'timed-out',
    })
    expect(limitOf(FIRST, fixed, durations, NODE_SETTINGS)).toEqual({ timeoutMs: 1_000, outcome: 'timed-out' })
  })

  test('is 15 minutes before anything has completed, then 15 medians and at least a minute', () => {
    expect(limit(FIRST, durationsOf()).timeoutMs).toBe(900_000)
    expect(limit(FIRST, durationsOf(100)).timeoutMs).toBe(60_000)
    expect(limit(FIRST, durationsOf(10_000))).toEqual({ timeoutMs: 150_000, outcome: 'timed-out' })
  })

  test('is brief for the first attempt of a task once 64 have completed, and charges nothing', () => {
    const usual = times(63, 10_000)
    expect(limit(FIRST, durationsOf(...usual)).outcome).toBe('timed-out')
    expect(limit(FIRST, durationsOf(...usual, 11_000))).toEqual({ timeoutMs: 20_000, outcome: 'returned' })
    expect(limit(SECOND, durationsOf(...usual, 11_000))).toEqual({ timeoutMs: 150_000, outcome: 'timed-out' })
    expect(limit(FIRST, durationsOf(...times(64, 100)))).toEqual({ timeoutMs: 10_000, outcome: 'returned' })
  })

  test('of profiles whose tasks differ is as long as these take', () => {
    expect(limit(FIRST, durationsOf(...times(60, 5_000), ...times(4, 25_000))).timeoutMs).toBe(50_000)
    // What would be longer than the long limit is that.
    expect(limit(FIRST, durationsOf(...times(60, 5_000), ...times(4, 60_000)))).toEqual({
      timeoutMs: 75_000,
      outcome: 'timed-out',
    })
  })
})
