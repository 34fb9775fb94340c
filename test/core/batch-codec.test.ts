/** Batch records as bytes: whatever can be written can be read, and nothing else is written or read. */
import { encode } from 'cborg'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeBatch, encodeBatch } from '../../src/codec/batches.ts'
import { CodecError } from '../../src/codec/codec-error.ts'
import { MESSAGE_LIMITS } from '../../src/codec/message-limits.ts'
import { type BatchFields, type BatchRecord, type Register, tombstoneOf } from '../../src/core/batches.ts'

/** Text of any characters in at most `bytesMax` bytes, at times with a byte order mark. */
const text = (bytesMax: number): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom('', '\ufeff'), fc.string({ unit: 'binary', maxLength: Math.floor((bytesMax - 3) / 4) }))
    .map(([mark, rest]) => mark + rest)

function register<T>(value: fc.Arbitrary<T>): fc.Arbitrary<Register<T>> {
  return fc.record({ value, counter: fc.maxSafeNat(), node: text(128) })
}

const liveRecord: fc.Arbitrary<BatchRecord> = fc.record({
  id: fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('hex')),
  name: text(400),
  generation: fc.maxSafeNat(),
  deleted: fc.constant(false as const),
  fields: fc.record({
    profile: register(text(300)),
    priority: register(fc.maxSafeInteger()),
    maxAttempts: register(fc.maxSafeInteger()),
    timeoutMs: register(fc.option(fc.maxSafeInteger())),
    paused: register(fc.boolean()),
    cancelled: register(fc.boolean()),
    born: register(fc.maxSafeInteger()),
  }),
})
const record = fc.oneof(liveRecord, liveRecord.map(tombstoneOf))

const written = <T>(value: T): Register<T> => ({ value, counter: 1, node: 'node-a' })
const sample: BatchRecord = {
  id: '00112233445566ff',
  name: 'parti',
  generation: 0,
  deleted: false,
  fields: {
    profile: written('sketch'),
    priority: written(0),
    maxAttempts: written(3),
    timeoutMs: written<number | null>(null),
    paused: written(false),
    cancelled: written(false),
    born: written(1),
  },
}

/** The items of a record, as the library writes them; the cases below spoil them. */
function itemsOf({ id, name, generation, deleted, fields }: BatchRecord): unknown[] {
  const identity = [new Uint8Array(Buffer.from(id, 'hex')), name, generation]
  if (deleted) return [2, ...identity]
  const { profile, priority, maxAttempts, timeoutMs, paused, cancelled, born } = fields
  const registers = [profile, priority, maxAttempts, timeoutMs, paused, cancelled, born]
  const rows = registers.map(({ value, counter, node }) => [value, counter, node])
  return [1, ...identity, ...rows]
}
const ITEMS: readonly unknown[] = itemsOf(sample)
const [ID, NAME, GENERATION, PROFILE, PRIORITY, , TIMEOUT, PAUSED] = [1, 2, 3, 4, 5, 6, 7, 8] as const

function withField<K extends keyof BatchFields>(field: K, change: Partial<Register<BatchFields[K]>>): BatchRecord {
  return { ...sample, fields: { ...sample.fields, [field]: { ...sample.fields[field], ...change } } }
}

describe('any batch record', () => {
  test('comes back from its bytes, which are those that the library writes', () => {
    fc.assert(
      fc.property(record, (any) => {
        const bytes = encodeBatch(any)
        expect(decodeBatch(bytes)).toEqual(any)
        expect(Buffer.compare(bytes, encode(itemsOf(any)))).toBe(0)
      }),
      { numRuns: 1_000 },
    )
  })

  test('of a deleted batch takes some 50 bytes', () => {
    expect(encodeBatch(tombstoneOf({ ...sample, name: 'pictures of every sheep' })).length).toBeLessThan(50)
  })

  test('is read where a later program appended to it or to its fields', () => {
    const rows = ITEMS.map((item) => (Array.isArray(item) ? [...item, 'new', { more: [1] }] : item))
    expect(decodeBatch(encode([...rows, ['a', 'new', 'field'], null]))).toEqual(sample)
  })
})

describe('bytes', () => {
  const bytes = encodeBatch({ ...sample, name: '\ufeff große Bilder' })

  test('are refused wherever they are cut short, or go on', () => {
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodeBatch(bytes.subarray(0, length)), `cut to ${length}`).toThrow(CodecError)
    expect(() => decodeBatch(Uint8Array.of(...bytes, 0))).toThrow(CodecError)
  })

  test('are refused, or are a sound record, whatever byte is changed to whatever', () => {
    for (let at = 0; at < bytes.length; at++)
      for (let value = 0; value < 256; value++)
        if (!isRefusedOrSound(bytes.with(at, value))) throw new Error(`byte ${at} as ${value} gives an unsound record`)
  })

  test.each<[string, number, unknown]>([
    ['another format', 0, 3],
    ['an id of another length', ID, new Uint8Array(7)],
    ['a name over its limit', NAME, 'é'.repeat(201)],
    ['a name that is no text', NAME, 7],
    ['a negative generation', GENERATION, -1],
    ['a register that is null', PROFILE, null],
    ['a register that lacks its node', PROFILE, ['sketch', 1]],
    ['a node over its limit', PROFILE, ['sketch', 1, 'x'.repeat(129)]],
    ['a negative counter', PROFILE, ['sketch', -1, 'node-a']],
    ['a profile that is no text', PROFILE, [7, 1, 'node-a']],
    ['a profile over the limit of a record', PROFILE, ['x'.repeat(MESSAGE_LIMITS.recordBytesMax + 1), 1, 'node-a']],
    ['a fractional priority', PRIORITY, [0.5, 1, 'node-a']],
    ['a timeout that is text', TIMEOUT, ['1 s', 1, 'node-a']],
    ['a pause that is null', PAUSED, [null, 1, 'node-a']],
  ])('are refused for %s', (_, at, item) => {
    expect(() => decodeBatch(encode(ITEMS.with(at, item)))).toThrow(CodecError)
  })

  test('are refused for a name that is not UTF-8', () => {
    const spoilt = Buffer.from(encodeBatch(sample))
    const at = spoilt.indexOf('parti')
    expect(at).toBeGreaterThan(0)
    expect(() => decodeBatch(spoilt.with(at, 0xff))).toThrow(CodecError)
  })
})

describe('a batch record that could not be read back', () => {
  test.each<[string, BatchRecord]>([
    ['whose id is of another length', { ...sample, id: '0011' }],
    ['whose name is over its limit', { ...sample, name: 'é'.repeat(201) }],
    ['whose name is not well-formed', { ...sample, name: '\ud800' }],
    ['of a fractional generation', { ...sample, generation: 0.5 }],
    ['with a node over its limit', withField('paused', { node: 'x'.repeat(129) })],
    ['with a negative counter', withField('born', { counter: -1 })],
    ['with a profile over the limit of a record', withField('profile', { value: 'x'.repeat(16_385) })],
    ['with a fractional priority', withField('priority', { value: 0.5 })],
    ['with a timeout beyond 2^53', withField('timeoutMs', { value: 2 ** 53 })],
  ])('is not written: one %s', (_, spoilt) => {
    expect(() => encodeBatch(spoilt)).toThrow(CodecError)
  })

  test('is not one whose name and nodes are just within their limits', () => {
    const longest = { ...withField('paused', { node: 'x'.repeat(128) }), name: 'é'.repeat(200) }
    expect(decodeBatch(encodeBatch(longest))).toEqual(longest)
  })
})

/** Whether the bytes are refused with a CodecError, or are a record that can be written and read again. */
function isRefusedOrSound(changed: Uint8Array): boolean {
  let read: BatchRecord
  try {
    read = decodeBatch(changed)
  } catch (error) {
    if (error instanceof CodecError) return true
    throw error
  }
  const again = encodeBatch(read)
  return Buffer.compare(encodeBatch(decodeBatch(again)), again) === 0
}
