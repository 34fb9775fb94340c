/** The parts of messages: what a later program appends to them is ignored, and what is none of them is refused. */
import { decode, encode } from 'cborg'
import { describe, expect, test } from 'vitest'
import { CodecError } from '../../src/codec/codec-error.ts'
import { decodeMessage, encodeMessage } from '../../src/codec/messages.ts'
import type { Message } from '../../src/core/messages.ts'
import {
  BATCH_ROW,
  BEAT,
  facts,
  fieldsOf,
  granted,
  grantItem,
  HASH,
  hello,
  intake,
  ROW,
  rumour,
  TASK,
  TOKEN,
  withField,
} from '../support/sample-messages.ts'

const WANTS: Message = {
  type: 'claim',
  seq: 1,
  boot: HASH,
  wants: [{ profile: 'sketch', free: 1 }],
  idle: true,
  kind: 'work',
}
const STARTS: Message = { type: 'started', starts: [{ token: TOKEN, timeoutMs: 5 }] }
const HELD: Message = {
  type: 'held',
  boot: HASH,
  part: 0,
  last: true,
  tokens: [{ token: TOKEN, task: TASK, batch: HASH, started: true }],
}
const LOAD: Message = { type: 'load', row: { ...ROW, batches: [BATCH_ROW] } }
const MEMBERS: Message = {
  type: 'members',
  entries: [{ id: 'node-a', name: 'a', incarnation: 1, standing: 'joined', addresses: [] }],
  answer: true,
}
const KILL: Message = { type: 'kill', tokens: [TOKEN], outcome: 'cancelled' }
const REFUSED: Message = { type: 'refused', why: 'cloned' }
const CHANGE: Message = {
  type: 'change-tasks',
  request: 1,
  batch: HASH,
  change: 'cancel',
  tasks: [TASK],
  stopRunning: true,
}

/** The bytes of a message with something appended to the array that the path of places leads to. */
function appendedAt(message: Message, path: readonly number[]): Uint8Array {
  const fields = fieldsOf(message)
  let array: unknown = fields
  for (const place of path) array = (array as unknown[])[place]
  ;(array as unknown[]).push('new', { more: [1, 2] })
  return encode(fields)
}

describe('what a later program appends is ignored', () => {
  const parts: readonly (readonly [string, Message, readonly number[]])[] = [
    ['a wanted profile', WANTS, [4, 0]],
    ['a grant', granted({}), [3, 0]],
    ['a started attempt', STARTS, [2, 0]],
    ['a held attempt', HELD, [5, 0]],
    ['an intake row', intake(1), [5, 0]],
    ['a load row', LOAD, [2]],
    ['a profile of a load row', LOAD, [2, 4, 0]],
    ['a batch of a load row', LOAD, [2, 8, 0]],
    ['the load row of a beat', { ...BEAT, load: ROW }, [7]],
    ['a death of a rumour', rumour(1, 3), [6, 0]],
    ['a member', MEMBERS, [2, 0]],
    ['ballots', { ...hello('a'), serving: [{ from: 1, to: 2, epoch: 3, node: 'node-a' }] }, [10]],
  ]

  test.each(parts)('to %s', (_, message, path) => {
    expect(decodeMessage(appendedAt(message, path))).toEqual(message)
  })

  test('to a batch record', () => {
    const message = intake(1)
    const record = decode(fieldsOf(message)[3] as Uint8Array) as unknown[]
    const later = encode([...record, ['a new register', 4, 'node-b']])
    expect(decodeMessage(withField(message, 1, later))).toEqual(message)
  })
})

describe('words', () => {
  test.each([
    ['a refusal', REFUSED, 0],
    ['the kind of a claim', WANTS, 4],
    ['a way to end', KILL, 1],
    ['a change', CHANGE, 2],
  ])('that are not known as %s are refused', (_, message, field) => {
    expect(decodeMessage(encodeMessage(message))).toEqual(message)
    for (const word of ['', 'exploded', 7]) {
      expect(() => decodeMessage(withField(message, field, word))).toThrow(CodecError)
    }
  })

  test('that no cause of death is are refused', () => {
    expect(() => decodeMessage(withField(rumour(0, 1), 4, [['node-b', 1, 'boredom']]))).toThrow(CodecError)
  })
})

describe('ids', () => {
  const wrong = ['', 'ab', `${TOKEN}ab`, TOKEN.slice(2), TOKEN.toUpperCase(), 'x'.repeat(TOKEN.length)]

  test.each(wrong)('such as "%s" are never written for a token', (token) => {
    expect(() => encodeMessage({ type: 'settled', tokens: [token] })).toThrow(CodecError)
    expect(() => encodeMessage({ ...STARTS, starts: [{ token, timeoutMs: 1 }] })).toThrow(CodecError)
  })

  test('that have the right length only together are never written', () => {
    expect(() => encodeMessage({ type: 'settled', tokens: [TOKEN.slice(2), `${TOKEN}ab`] })).toThrow(CodecError)
  })

  test('of another length are refused from a peer', () => {
    expect(() => decodeMessage(withField(KILL, 0, new Uint8Array(17)))).toThrow(CodecError)
    expect(() => decodeMessage(withField(KILL, 0, [new Uint8Array(18)]))).toThrow(CodecError)
    expect(() => decodeMessage(withField(BEAT, 0, new Uint8Array(7)))).toThrow(CodecError)
  })
})

describe('fields of the wrong type are refused', () => {
  test.each([
    ['a flag that is a number', withField(BEAT, 2, 1)],
    ['a load row that is text', withField(BEAT, 5, 'busy')],
    ['a fact that is text', withField(facts(), 2, ['fact'])],
    ['a number that is a fraction', withField(facts(), 0, 1.5)],
    ['a batch record that is no bytes', withField(intake(1), 1, ['record'])],
    ['a batch record that is noise', withField(intake(1), 1, Uint8Array.of(1, 2, 3))],
    ['a timeout that is false', grantItem(8, false)],
    ['parameters that are a list', grantItem(5, [])],
  ])('%s', (_, bytes) => {
    expect(() => decodeMessage(bytes)).toThrow(CodecError)
  })
})
