/** One plain message of some types, and ways to spoil its bytes past the checks of `encodeMessage`. */
import { decode, encode } from 'cborg'
import { encodeMessage } from '../../src/codec/messages.ts'
import { newBatch } from '../../src/core/batches.ts'
import type { Grant, LoadRow, Message, MessageOf } from '../../src/core/messages.ts'

export const HASH = 'ab'.repeat(8)
export const TOKEN = 'ab'.repeat(18)
export const TASK = 'ab'.repeat(16)
export const RECORD = newBatch(
  HASH,
  'parti',
  { profile: 'sketch', priority: -3, maxAttempts: 3, timeoutMs: null, paused: false, cancelled: false, born: 1 },
  'node-a',
)
export const GRANT: Grant = {
  token: TOKEN,
  batch: HASH,
  task: TASK,
  index: 7,
  prompt: 'a cat',
  params: {},
  profile: 'sketch',
  attempt: 1,
  failures: 0,
  alone: false,
  timeoutMs: null,
}
export const ROW: LoadRow = {
  node: 'node-a',
  incarnation: 1,
  seq: 2,
  profiles: [
    {
      profile: 'sketch',
      claimable: 3,
      priority: -4,
      places: 5,
      free: 6,
      medianMs: 7,
      contested: 11,
      orphaned: 12,
      late: 13,
      resting: false,
    },
  ],
  owned: 8,
  ownedSum: HASH,
  boot: HASH,
  contested: 9,
  batches: [],
  batchesLeftOut: 10,
}
export const BATCH_ROW = {
  batch: HASH,
  total: 1,
  scheduled: 2,
  running: 3,
  retrying: 4,
  completed: 5,
  failed: 6,
  cancelled: 7,
  extra: 8,
}

/** The CBOR fields of a message, for a test to spoil. */
export const fieldsOf = (message: Message): unknown[] => decode(encodeMessage(message)) as unknown[]

/** The bytes of a message with another value in place of one field; 0 is the first after the type. */
export function withField(message: Message, field: number, value: unknown): Uint8Array {
  return encode(fieldsOf(message).with(2 + field, value))
}

export const many = <T>(count: number, each: T): T[] => Array<T>(count).fill(each)
export const granted = (change: Partial<Grant>): Message => ({
  type: 'granted',
  seq: 1,
  grants: [{ ...GRANT, ...change }],
  parked: false,
})
export const grantItem = (place: number, value: unknown): Uint8Array => {
  const [grant] = fieldsOf(granted({}))[3] as unknown[][]
  return withField(granted({}), 1, [(grant as unknown[]).with(place, value)])
}
export const settled = (count: number): Message => ({ type: 'settled', tokens: many(count, TOKEN) })
export const facts = (...each: Uint8Array[]): MessageOf<'facts'> => ({
  type: 'facts',
  seq: 1,
  ballots: [],
  facts: each,
})
export const serving = (epoch: number, node: string): Message => ({
  type: 'serving',
  runs: [{ from: 3, to: 4, epoch, node }],
})
export const intake = (count: number, name = 'parti'): Message => ({
  type: 'intake',
  request: 1,
  record: { ...RECORD, name },
  profile: 'sketch',
  rows: many(count, { task: TASK, index: 1, prompt: 'a cat', params: {} }),
})
export const load = (count: number): Message => ({ type: 'load', row: { ...ROW, batches: many(count, BATCH_ROW) } })

export const BEAT: MessageOf<'beat'> = {
  type: 'beat',
  boot: HASH,
  incarnation: 1,
  storing: true,
  membersHash: HASH,
  batchesHash: HASH,
  load: undefined,
}

export const rumour = (count: number, incarnation: number): Message => ({
  type: 'rumour',
  rumour: {
    by: 'node-a',
    incarnation,
    seq: 2,
    storing: true,
    dead: many(count, { id: 'node-b', incarnation, why: 'silence' }),
  },
})

export function hello(name: string): MessageOf<'hello'> {
  return {
    type: 'hello',
    meshId: HASH,
    versionMin: 1,
    versionMax: 1,
    settingsHash: HASH,
    incarnation: 1,
    boot: HASH,
    membersHash: HASH,
    batchesHash: HASH,
    serving: [],
    name,
    started: 1,
  }
}
