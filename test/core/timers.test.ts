/** Timers on the node's own clock. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Timers } from '../../src/core/timers.ts'

test('a timer fires once, at the first look at or after its time, in the order of times, then of adding', () => {
  const times = fc.array(fc.nat(100), { maxLength: 40 })
  fc.assert(
    fc.property(times, times, (timers, looks) => {
      const its = new Timers()
      const fired: number[] = []
      for (const [at, atMs] of timers.entries()) its.add(atMs, () => fired.push(at))
      const expected = timers.map((atMs, at) => ({ atMs, at })).sort((a, b) => a.atMs - b.atMs || a.at - b.at)
      let nowMs = 0
      for (const pauseMs of looks) {
        nowMs += pauseMs
        its.runDue(nowMs)
        expect(fired).toEqual(expected.filter(({ atMs }) => atMs <= nowMs).map(({ at }) => at))
        expect(its.nextMs).toBe(expected.find(({ atMs }) => atMs > nowMs)?.atMs)
      }
    }),
  )
})

test('one that is added by another and is due already fires in the same look', () => {
  const timers = new Timers()
  const fired: string[] = []
  timers.add(5, () => {
    fired.push('first')
    timers.add(5, () => fired.push('second'))
    timers.add(11, () => fired.push('third'))
  })
  timers.runDue(10)
  expect([fired, timers.nextMs]).toEqual([['first', 'second'], 11])
})

test('one at infinity is never due', () => {
  const timers = new Timers()
  timers.add(Number.POSITIVE_INFINITY, () => {
    throw new Error('it fired')
  })
  timers.runDue(Number.MAX_VALUE)
  expect(timers.nextMs).toBeUndefined()
})
