/** Runs, ballots and digests in messages: ascending and apart within the ring, or refused. */
import { describe, expect, test } from 'vitest'
import { CodecError } from '../../src/codec/codec-error.ts'
import { decodeMessage, encodeMessage } from '../../src/codec/messages.ts'
import type { Message, SlotRun } from '../../src/core/messages.ts'
import { many, serving, TASK, withField } from '../support/sample-messages.ts'

describe('runs of slots', () => {
  const wrong: readonly (readonly [string, readonly SlotRun[]])[] = [
    [
      'that overlap',
      [
        { from: 1, to: 5 },
        { from: 5, to: 9 },
      ],
    ],
    [
      'that descend',
      [
        { from: 7, to: 9 },
        { from: 1, to: 2 },
      ],
    ],
    ['that end before they begin', [{ from: 5, to: 4 }]],
    ['that begin below the ring', [{ from: -1, to: 4 }]],
    ['that end beyond the ring', [{ from: 5, to: 16_384 }]],
  ]
  const written = (slots: readonly SlotRun[]): readonly (() => Uint8Array)[] => [
    () => encodeMessage({ type: 'digests-wanted', request: 1, slots }),
    () => encodeMessage({ type: 'serving', runs: slots.map((run) => ({ ...run, epoch: 1, node: 'node-a' })) }),
  ]

  test.each(wrong)('%s are never written, with ballots or without', (_, slots) => {
    for (const write of written(slots)) {
      expect(write).toThrow(CodecError)
      expect(write).toThrow(/ascending/)
    }
  })

  test('with an end that is no whole number are never written', () => {
    for (const write of written([{ from: 5, to: 5.5 }])) expect(write).toThrow(CodecError)
    for (const write of written([{ from: Number.NaN, to: 5 }])) expect(write).toThrow(CodecError)
  })

  test('may touch', () => {
    const message: Message = {
      type: 'digests-wanted',
      request: 1,
      slots: [
        { from: 0, to: 5 },
        { from: 6, to: 16_383 },
      ],
    }
    expect(decodeMessage(encodeMessage(message))).toEqual(message)
  })

  const asked: Message = { type: 'digests-wanted', request: 1, slots: [] }
  test.each([
    ['that leave the ring by their begin', [16_384, 0], /at most/],
    ['that leave the ring by their end', [16_383, 1], /at most/],
    ['that leave the ring by the second', [0, 16_383, 0, 0], /at most/],
    ['of which one has no end', [1, 2, 3], /for each place/],
    ['that are below zero', [-1, 2], /whole number/],
  ])('%s are refused from a peer', (_, flat, why) => {
    expect(() => decodeMessage(withField(asked, 1, flat))).toThrow(CodecError)
    expect(() => decodeMessage(withField(asked, 1, flat))).toThrow(why)
    const quads = Array.from({ length: flat.length >> 1 }, (_, at) => [...flat.slice(2 * at, 2 * at + 2), 1, 0]).flat()
    const ballots = flat.length % 2 === 0 ? quads : [...quads, 3]
    expect(() => decodeMessage(withField(serving(1, 'node-a'), 0, [['node-a'], ballots]))).toThrow(why)
  })

  test('name the node of each ballot, or are refused', () => {
    expect(() => decodeMessage(withField(serving(1, 'node-a'), 0, [['node-a'], [3, 1, 1, 1]]))).toThrow(CodecError)
    expect(() => decodeMessage(withField(serving(1, 'node-a'), 0, [[], [3, 1, 1, 0]]))).toThrow(CodecError)
  })

  test('are no more than the ring has slots', () => {
    expect(() => decodeMessage(withField(asked, 1, many(2 * 16_384 + 2, 0)))).toThrow(/list of 32770/)
  })

  test('may be followed by what a later program appends to ballots', () => {
    expect(decodeMessage(withField(serving(1, 'node-a'), 0, [['node-a'], [3, 1, 1, 0], 'new']))).toEqual(
      serving(1, 'node-a'),
    )
  })
})

describe('digests', () => {
  const digest = (slot: number) => ({ slot, count: 1, xor: TASK })
  test.each([
    ['of one slot twice', [digest(5), digest(5)]],
    ['that descend', [digest(5), digest(4)]],
    ['of a slot beyond the ring', [digest(16_384)]],
    ['of a slot below the ring', [digest(-1)]],
  ])('%s are never written', (_, digests) => {
    const write = () =>
      encodeMessage({ type: 'digests', request: 1, membersHash: 'ab'.repeat(8), ballots: [], digests })
    expect(write).toThrow(CodecError)
    expect(write).toThrow(/ascending/)
  })

  const answer: Message = { type: 'digests', request: 1, membersHash: 'ab'.repeat(8), ballots: [], digests: [] }
  test.each([
    ['of a slot beyond the ring', [16_384, 1, new Uint8Array(16)]],
    ['of which one lacks its hash', [5, 1]],
    ['with a hash of another length', [5, 1, new Uint8Array(15)]],
  ])('%s are refused from a peer', (_, flat) => {
    expect(() => decodeMessage(withField(answer, 2, flat))).toThrow(CodecError)
  })
})
