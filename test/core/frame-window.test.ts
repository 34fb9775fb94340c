import { expect, test } from 'vitest'
import { FrameWindow, IN_FLIGHT_BYTES_MAX, KEPT_BYTES_MAX } from '../../src/core/frame-window.ts'

const HALF = IN_FLIGHT_BYTES_MAX / 2
const seqs = (window: FrameWindow<{ seq: number; bytes: number }>) => [...window.due()].map(({ seq }) => seq)

function windowOf(...bytes: number[]) {
  const window = new FrameWindow<{ seq: number; bytes: number }>()
  for (const [at, each] of bytes.entries()) window.add({ seq: at + 1, bytes: each })
  return window
}

test('frames wait where what is under way would be too much, and go when others are acknowledged', () => {
  const window = windowOf(HALF, HALF, 1, 1)
  expect(seqs(window)).toEqual([1, 2])
  expect(seqs(window)).toEqual([])
  expect(window.acknowledged(2)?.seq).toBe(2)
  expect(seqs(window)).toEqual([3, 4])
})

test('a frame that is longer than the limit goes alone', () => {
  const window = windowOf(3 * HALF, 1)
  expect(seqs(window)).toEqual([1])
  window.acknowledged(1)
  expect(seqs(window)).toEqual([2])
})

test('what was under way goes again in its order when the connection is made anew', () => {
  const window = windowOf(1, 2, 3)
  expect(seqs(window)).toEqual([1, 2, 3])
  window.acknowledged(2)
  window.restart()
  expect(seqs(window)).toEqual([1, 3])
})

test('an acknowledgement that comes twice, or late, counts once', () => {
  const window = windowOf(HALF, HALF, 1)
  seqs(window)
  window.restart()
  window.acknowledged(1)
  expect(window.acknowledged(1)).toBeUndefined()
  expect(seqs(window)).toEqual([2, 3])
  window.acknowledged(2)
  window.acknowledged(3)
  expect(window.isEmpty).toBe(true)
})

test('frames that nobody waits for go where there are too many, but for those that are under way', () => {
  const window = windowOf(1, 2, KEPT_BYTES_MAX, 4)
  expect(seqs(window)).toEqual([1, 2])
  window.shorten(({ seq }) => seq !== 4)
  expect(window.acknowledged(3)).toBeUndefined()
  for (const seq of [1, 2]) expect(window.acknowledged(seq)?.seq).toBe(seq)
  expect(seqs(window)).toEqual([4])
})

test('frames stay while there are not too many', () => {
  const window = windowOf(IN_FLIGHT_BYTES_MAX, 1)
  expect(seqs(window)).toEqual([1])
  window.shorten(() => true)
  window.acknowledged(1)
  expect(seqs(window)).toEqual([2])
})
