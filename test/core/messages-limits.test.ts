/** The limits of messages: what is over one is refused when it is read, and never written in the first place. */
import { decode } from 'cborg'
import { describe, expect, test } from 'vitest'
import { encodeBatch } from '../../src/codec/batches.ts'
import { CodecError } from '../../src/codec/codec-error.ts'
import { encodeLoadRow } from '../../src/codec/load-rows.ts'
import { MESSAGE_LIMITS } from '../../src/codec/message-limits.ts'
import { decodeMessage, encodeMessage } from '../../src/codec/messages.ts'
import { EPOCH_MAX } from '../../src/core/ids.ts'
import type { Message } from '../../src/core/messages.ts'
import { MESH_SETTINGS } from '../../src/core/settings.ts'
import {
  BATCH_ROW,
  BEAT,
  facts,
  fieldsOf,
  GRANT,
  granted,
  grantItem,
  HASH,
  hello,
  intake,
  load,
  many,
  RECORD,
  ROW,
  rumour,
  serving,
  settled,
  TASK,
  withField,
} from '../support/sample-messages.ts'

/** Batches of which a load row has room for just so many. */
const batchesThatFit = (): number => {
  let count = 0
  while (encodeLoadRow({ ...ROW, batches: many(count + 1, BATCH_ROW) }).length <= MESSAGE_LIMITS.loadRowBytesMax)
    count++
  return count
}

// [what, the longest that passes, one too long, the latter as a peer may send it]
const L = MESSAGE_LIMITS
const LIMITS: readonly (readonly [string, Message, Message, Uint8Array])[] = [
  [
    'a node id of nodeIdBytesMax bytes',
    { type: 'probe', about: 'x'.repeat(L.nodeIdBytesMax) },
    { type: 'probe', about: 'x'.repeat(L.nodeIdBytesMax + 1) },
    withField({ type: 'probe', about: 'node-a' }, 0, 'x'.repeat(L.nodeIdBytesMax + 1)),
  ],
  [
    'a node id in a ballot of nodeIdBytesMax bytes',
    serving(1, 'x'.repeat(L.nodeIdBytesMax)),
    serving(1, 'x'.repeat(L.nodeIdBytesMax + 1)),
    withField(serving(1, 'node-a'), 0, [['x'.repeat(L.nodeIdBytesMax + 1)], [3, 1, 1, 0]]),
  ],
  [
    'an epoch of EPOCH_MAX',
    serving(EPOCH_MAX, 'node-a'),
    serving(EPOCH_MAX + 1, 'node-a'),
    withField(serving(1, 'node-a'), 0, [['node-a'], [3, 1, EPOCH_MAX + 1, 0]]),
  ],
  [
    'an epoch to be promised of EPOCH_MAX',
    { type: 'promise', request: 1, epoch: EPOCH_MAX, slots: [] },
    { type: 'promise', request: 1, epoch: EPOCH_MAX + 1, slots: [] },
    withField({ type: 'promise', request: 1, epoch: 1, slots: [] }, 1, EPOCH_MAX + 1),
  ],
  [
    'an incarnation of incarnationMax',
    { ...hello(''), incarnation: L.incarnationMax },
    { ...hello(''), incarnation: L.incarnationMax + 1 },
    withField(hello(''), 4, L.incarnationMax + 1),
  ],
  [
    'an incarnation in a beat of incarnationMax',
    { ...BEAT, incarnation: L.incarnationMax },
    { ...BEAT, incarnation: L.incarnationMax + 1 },
    withField(BEAT, 1, L.incarnationMax + 1),
  ],
  [
    'an incarnation in a load row of incarnationMax',
    { type: 'load', row: { ...ROW, incarnation: L.incarnationMax } },
    { type: 'load', row: { ...ROW, incarnation: L.incarnationMax + 1 } },
    withField(load(0), 0, (decode(encodeLoadRow(ROW)) as unknown[]).with(1, L.incarnationMax + 1)),
  ],
  [
    'a rumour of deathsMax deaths',
    rumour(L.deathsMax, 1),
    rumour(L.deathsMax + 1, 1),
    withField(rumour(0, 1), 4, many(L.deathsMax + 1, ['node-b', 1, 'silence'])),
  ],
  [
    'an incarnation in a rumour of incarnationMax',
    rumour(1, L.incarnationMax),
    rumour(1, L.incarnationMax + 1),
    withField(rumour(0, 1), 4, [['node-b', L.incarnationMax + 1, 'silence']]),
  ],
  [
    'slot 16,383',
    { type: 'slot-wanted', request: 1, slot: 16_383, have: [] },
    { type: 'slot-wanted', request: 1, slot: 16_384, have: [] },
    withField({ type: 'slot-wanted', request: 1, slot: 1, have: [] }, 1, 16_384),
  ],
  [
    'a profile of profileBytesMax bytes',
    { type: 'work', profiles: ['x'.repeat(L.profileBytesMax)] },
    { type: 'work', profiles: ['x'.repeat(L.profileBytesMax + 1)] },
    withField({ type: 'work', profiles: [] }, 0, ['x'.repeat(L.profileBytesMax + 1)]),
  ],
  [
    'a list of profilesMax profiles',
    { type: 'work', profiles: many(L.profilesMax, 'sketch') },
    { type: 'work', profiles: many(L.profilesMax + 1, 'sketch') },
    withField({ type: 'work', profiles: [] }, 0, many(L.profilesMax + 1, 'sketch')),
  ],
  [
    'a list of tokensMax tokens',
    settled(L.tokensMax),
    settled(L.tokensMax + 1),
    withField(settled(1), 0, new Uint8Array(18 * (L.tokensMax + 1))),
  ],
  [
    'a list of hashesMax hashes',
    { type: 'slot-wanted', request: 1, slot: 1, have: many(L.hashesMax, HASH) },
    { type: 'slot-wanted', request: 1, slot: 1, have: many(L.hashesMax + 1, HASH) },
    withField({ type: 'slot-wanted', request: 1, slot: 1, have: [] }, 2, new Uint8Array(8 * (L.hashesMax + 1))),
  ],
  [
    'a list of tasksMax tasks',
    { type: 'changed', request: 1, tasks: 1, elsewhere: many(L.tasksMax, TASK) },
    { type: 'changed', request: 1, tasks: 1, elsewhere: many(L.tasksMax + 1, TASK) },
    withField({ type: 'changed', request: 1, tasks: 1, elsewhere: [] }, 2, new Uint8Array(16 * (L.tasksMax + 1))),
  ],
  [
    'a list of factsMax facts',
    facts(...many(L.factsMax, Uint8Array.of(1))),
    facts(...many(L.factsMax + 1, Uint8Array.of(1))),
    withField(facts(), 2, many(L.factsMax + 1, Uint8Array.of(1))),
  ],
  [
    'a fact of factBytesMax bytes',
    facts(new Uint8Array(L.factBytesMax)),
    facts(new Uint8Array(L.factBytesMax + 1)),
    withField(facts(), 2, [new Uint8Array(L.factBytesMax + 1)]),
  ],
  [
    'a list of grantsMax grants',
    { type: 'granted', seq: 1, grants: many(L.grantsMax, GRANT), parked: true },
    { type: 'granted', seq: 1, grants: many(L.grantsMax + 1, GRANT), parked: true },
    withField(granted({}), 1, many(L.grantsMax + 1, (fieldsOf(granted({}))[3] as unknown[])[0])),
  ],
  [
    'a list of rowsMax rows',
    intake(L.rowsMax),
    intake(L.rowsMax + 1),
    withField(intake(1), 3, many(L.rowsMax + 1, (fieldsOf(intake(1))[5] as unknown[])[0])),
  ],
  [
    'a list of recordsMax batch records',
    { type: 'batches', records: many(L.recordsMax, RECORD), answer: true, request: 0 },
    { type: 'batches', records: many(L.recordsMax + 1, RECORD), answer: true, request: 0 },
    withField(
      { type: 'batches', records: [], answer: true, request: 0 },
      0,
      many(L.recordsMax + 1, encodeBatch(RECORD)),
    ),
  ],
  [
    'a prompt of promptBytesMax bytes',
    granted({ prompt: 'x'.repeat(MESH_SETTINGS.promptBytesMax) }),
    granted({ prompt: 'x'.repeat(MESH_SETTINGS.promptBytesMax + 1) }),
    grantItem(4, 'x'.repeat(MESH_SETTINGS.promptBytesMax + 1)),
  ],
  [
    'parameters of paramsBytesMax bytes as CBOR',
    granted({ params: { a: 'x'.repeat(MESH_SETTINGS.paramsBytesMax - 6) } }),
    granted({ params: { a: 'x'.repeat(MESH_SETTINGS.paramsBytesMax - 5) } }),
    grantItem(5, { a: 'x'.repeat(MESH_SETTINGS.paramsBytesMax - 5) }),
  ],
  [
    'parameters that nest 64 deep',
    granted({ params: JSON.parse(`{"a":${'['.repeat(63)}${']'.repeat(63)}}`) }),
    granted({ params: JSON.parse(`{"a":${'['.repeat(64)}${']'.repeat(64)}}`) }),
    grantItem(5, JSON.parse(`{"a":${'['.repeat(64)}${']'.repeat(64)}}`)),
  ],
  [
    'a name of nodeNameBytesMax bytes',
    hello('é'.repeat(L.nodeNameBytesMax / 2)),
    hello('é'.repeat(L.nodeNameBytesMax / 2 + 1)),
    withField(hello(''), 9, 'é'.repeat(L.nodeNameBytesMax / 2 + 1)),
  ],
  [
    'a load row of loadRowBytesMax bytes',
    load(batchesThatFit()),
    load(batchesThatFit() + 1),
    withField(load(0), 0, decode(encodeLoadRow({ ...ROW, batches: many(batchesThatFit() + 1, BATCH_ROW) }))),
  ],
  [
    'a load row of all slots',
    { type: 'load', row: { ...ROW, owned: 16_384, contested: 16_384 } },
    { type: 'load', row: { ...ROW, owned: 16_385 } },
    withField(load(0), 0, (decode(encodeLoadRow(ROW)) as unknown[]).with(4, 16_385)),
  ],
  [
    'a load row of which all slots are contested',
    { type: 'load', row: { ...ROW, contested: 16_384 } },
    { type: 'load', row: { ...ROW, contested: 16_385 } },
    withField(load(0), 0, (decode(encodeLoadRow(ROW)) as unknown[]).with(6, 16_385)),
  ],
]

describe('the limits of messages', () => {
  test.each(LIMITS)('let %s pass', (_, longest) => {
    expect(decodeMessage(encodeMessage(longest))).toEqual(longest)
  })

  test.each(LIMITS)('refuse from a peer one more than %s', (_, __, ___, bytes) => {
    expect(() => decodeMessage(bytes)).toThrow(CodecError)
  })

  test.each(LIMITS)('refuse to write one more than %s', (_, __, tooLong) => {
    expect(() => encodeMessage(tooLong)).toThrow(CodecError)
  })

  test('are those of protocol.md where it names them', () => {
    expect(MESSAGE_LIMITS).toMatchObject({
      frameBytesMax: 4 * 2 ** 20,
      gossipBytesMax: 2 ** 16,
      loadRowBytesMax: 4_096,
    })
    expect(MESSAGE_LIMITS.rowsMax).toBe(1_000)
  })

  test.each([
    ['a stream', MESSAGE_LIMITS.frameBytesMax],
    ['gossip', MESSAGE_LIMITS.gossipBytesMax],
  ])('are kept by the message as a whole, on %s', (_, bytesMax) => {
    // 17 facts that fill the limit to the byte.
    const each = Math.floor(bytesMax / 17) - 40
    const sixteen = many(16, new Uint8Array(each))
    const filler = bytesMax - encodeMessage(facts(...sixteen, new Uint8Array(each))).length + each
    const longest = facts(...sixteen, new Uint8Array(filler))
    const bytes = encodeMessage(longest, bytesMax)
    expect(bytes).toHaveLength(bytesMax)
    expect(decodeMessage(bytes, bytesMax)).toEqual(longest)
    const longer = facts(...sixteen, new Uint8Array(filler + 1))
    expect(() => encodeMessage(longer, bytesMax)).toThrow(CodecError)
    const appended = Buffer.concat([bytes, Uint8Array.of(0)])
    appended[0] = (appended[0] as number) + 1
    expect(() => decodeMessage(appended, bytesMax)).toThrow(/at most/)
    expect(() => decodeMessage(appended, bytesMax + 1)).not.toThrow()
  })

  test('are those of streams unless another is named', () => {
    const tooLong = facts(...many(17, new Uint8Array(MESSAGE_LIMITS.factBytesMax)))
    expect(() => encodeMessage(tooLong)).toThrow(CodecError)
    expect(() => decodeMessage(new Uint8Array(MESSAGE_LIMITS.frameBytesMax + 1))).toThrow(/at most/)
  })

  test('leave room for every slot under a ballot of its own', () => {
    const runs = Array.from({ length: 16_384 }, (_, slot) => ({
      from: slot,
      to: slot,
      epoch: EPOCH_MAX - slot,
      node: `${slot % 1_000}`.padStart(128, 'x'),
    }))
    const digests = runs.map(({ from }) => ({ slot: from, count: 2 ** 40, xor: TASK }))
    const message: Message = { type: 'digests', request: 1, membersHash: 'ab'.repeat(8), ballots: runs, digests }
    expect(decodeMessage(encodeMessage(message))).toEqual(message)
  })
})
