import { expect, test } from 'vitest'
import { Meeting } from '../../src/core/meeting.ts'

const isStranger = () => true
const ids = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `n${from + at}`)

test('sixteen strangers are dialled within two seconds, the others after that, the longest found first', () => {
  const meeting = new Meeting()
  for (const id of ids(0, 40)) meeting.found(id)
  expect(meeting.due(1_000, isStranger)).toEqual(ids(0, 16))
  expect(meeting.nextMs).toBe(3_000)
  meeting.found('n20')
  expect(meeting.due(2_999, isStranger)).toEqual([])
  expect(meeting.due(3_000, isStranger)).toEqual(ids(16, 32))
  expect(meeting.due(5_000, isStranger)).toEqual(ids(32, 40))
  expect(meeting.nextMs).toBeUndefined()
})

test('who has become a member meanwhile is not dialled, and takes no place', () => {
  const meeting = new Meeting()
  for (const id of ids(0, 40)) meeting.found(id)
  expect(meeting.due(1_000, (id) => id !== 'n3')).toEqual(['n0', 'n1', 'n2', ...ids(4, 17)])
})

test('who was dialled and is found again later is dialled again', () => {
  const meeting = new Meeting()
  const foundAt = (nowMs: number) => {
    meeting.found('a')
    return meeting.due(nowMs, isStranger)
  }
  expect([0, 1_999, 2_000].map(foundAt)).toEqual([['a'], [], ['a']])
})

test('a thousand wait at most', () => {
  const meeting = new Meeting()
  for (const id of ids(0, 1_100)) meeting.found(id)
  let dialled = 0
  for (let nowMs = 0; nowMs < 400_000; nowMs += 2_000) dialled += meeting.due(nowMs, isStranger).length
  expect(dialled).toBe(1_000)
})
