import { expect, test } from 'vitest'
import { Meeting } from '../../src/core/meeting.ts'

test('sixteen strangers are dialled within two seconds, each once, and others when they are found again', () => {
  const meeting = new Meeting()
  const dialled = (from: number, to: number, nowMs: number) => {
    const found = Array.from({ length: to - from }, (_, at) => `n${from + at}`)
    return found.filter((id) => meeting.mayDial(id, nowMs))
  }
  expect(dialled(0, 16, 1_000)).toHaveLength(16)
  expect(dialled(0, 16, 2_000)).toEqual([])
  expect(dialled(16, 40, 2_999)).toEqual([])
  expect(dialled(0, 40, 3_000)).toHaveLength(16)
})

test('who was dialled and is found again later is dialled again', () => {
  const meeting = new Meeting()
  expect([0, 1_999, 2_000].map((nowMs) => meeting.mayDial('a', nowMs))).toEqual([true, false, true])
})
