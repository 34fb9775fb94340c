/** Batch records: every node that heard of the same changes, in any order, has the same record. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeBatch, encodeBatch } from '../../src/codec/batches.ts'
import { CodecError } from '../../src/codec/codec-error.ts'
import { type BatchRecord, batchIdOf, changeBatch, mergeBatch, tombstoneOf } from '../../src/core/batches.ts'
import { batchChange, batchRecord, liveRecord, sha256 } from '../support/arbitraries.ts'

const MANY = { numRuns: 2_000 }
const MESH = '00112233445566ff'

/** The values without who wrote them. */
function valuesOf(record: BatchRecord): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record.fields).map(([field, { value }]) => [field, value]))
}

function highestCounter(record: BatchRecord): number {
  return Math.max(...Object.values(record.fields).map(({ counter }) => counter))
}

describe('merging what two nodes know of a batch', () => {
  test('gives the same whichever of them merges', () => {
    fc.assert(
      fc.property(batchRecord, batchRecord, (a, b) => {
        expect(mergeBatch(a, b)).toEqual(mergeBatch(b, a))
      }),
      MANY,
    )
  })

  test('gives the same in whatever order three nodes meet', () => {
    fc.assert(
      fc.property(batchRecord, batchRecord, batchRecord, (a, b, c) => {
        expect(mergeBatch(mergeBatch(a, b), c)).toEqual(mergeBatch(a, mergeBatch(b, c)))
      }),
      MANY,
    )
  })

  test('changes nothing the second time', () => {
    fc.assert(
      fc.property(batchRecord, batchRecord, (a, b) => {
        const merged = mergeBatch(a, b)
        expect(mergeBatch(merged, b)).toEqual(merged)
        expect(mergeBatch(a, a)).toEqual(a)
      }),
      MANY,
    )
  })

  test('takes each field from one of the two, and the one with the higher counter where they differ', () => {
    fc.assert(
      fc.property(liveRecord, liveRecord, (a, b) => {
        const merged = mergeBatch(a, b)
        for (const field of ['profile', 'priority', 'timeoutMs', 'paused', 'born'] as const) {
          expect([a.fields[field], b.fields[field]]).toContainEqual(merged.fields[field])
          expect(merged.fields[field].counter).toBe(Math.max(a.fields[field].counter, b.fields[field].counter))
        }
      }),
      MANY,
    )
  })

  test('keeps id, name and generation', () => {
    fc.assert(
      fc.property(batchRecord, batchRecord, (a, b) => {
        expect(mergeBatch(a, b)).toMatchObject({ id: a.id, name: a.name, generation: a.generation })
      }),
    )
  })

  test('is deleted where one of the two is, and keeps nothing then but id, name and generation', () => {
    fc.assert(
      fc.property(batchRecord, (record) => {
        const tombstone = tombstoneOf(record)
        expect(mergeBatch(record, tombstone)).toEqual(tombstone)
        expect(mergeBatch(tombstone, record)).toEqual(tombstone)
      }),
    )
  })

  test('of two different batches is a mistake of the programmer', () => {
    const [a] = fc.sample(batchRecord, { numRuns: 1, seed: 1 }) as [BatchRecord]
    expect(() => mergeBatch(a, { ...a, id: 'ffffffffffffffff' })).toThrow(TypeError)
  })
})

describe('a change of a batch', () => {
  test('wins on every node over all that its writer had seen', () => {
    fc.assert(
      fc.property(liveRecord, liveRecord, batchChange, (a, b, change) => {
        const changed = changeBatch(mergeBatch(a, b), change, 'node-a')
        for (const older of [a, b, mergeBatch(b, a)]) {
          expect(valuesOf(mergeBatch(changed, older))).toMatchObject(change)
          expect(mergeBatch(older, changed)).toEqual(changed)
        }
      }),
      MANY,
    )
  })

  test('takes 1 + the highest counter of the record, and leaves every other field as it is', () => {
    fc.assert(
      fc.property(liveRecord, batchChange, (record, change) => {
        const changed = changeBatch(record, change, 'node-b')
        for (const [field, register] of Object.entries(changed.fields)) {
          const expected = Object.hasOwn(change, field)
            ? { value: change[field as keyof typeof change], counter: highestCounter(record) + 1, node: 'node-b' }
            : record.fields[field as keyof typeof record.fields]
          expect(register).toEqual(expected)
        }
      }),
      MANY,
    )
  })

  test('does not touch the record that it starts from', () => {
    fc.assert(
      fc.property(liveRecord, batchChange, (record, change) => {
        const before = structuredClone(record)
        changeBatch(record, change, 'node-a')
        expect(record).toEqual(before)
      }),
    )
  })

  test('of one field survives beside a change of another that was made elsewhere at the same time', () => {
    fc.assert(
      fc.property(liveRecord, fc.integer({ min: -9, max: 9 }), fc.boolean(), (record, priority, paused) => {
        const here = changeBatch(record, { priority }, 'node-a')
        const there = changeBatch(record, { paused }, 'node-b')
        expect(valuesOf(mergeBatch(here, there))).toMatchObject({ priority, paused })
      }),
    )
  })

  test('of a field that two nodes change at the same time comes out the same on both', () => {
    fc.assert(
      fc.property(batchRecord, batchChange, batchChange, (record, one, other) => {
        const here = changeBatch(record, one, 'node-a')
        const there = changeBatch(record, other, 'node-b')
        expect(mergeBatch(here, there)).toEqual(mergeBatch(there, here))
      }),
      MANY,
    )
  })
})

describe('the id of a batch', () => {
  test('is 16 hex digits, the first of the hash, and the same each time', () => {
    const id = batchIdOf(sha256, MESH, 'parti', 0)
    expect(id).toMatch(/^[0-9a-f]{16}$/)
    expect(batchIdOf(sha256, MESH, 'parti', 0)).toBe(id)
    expect(batchIdOf(() => `0123456789abcdef${'0'.repeat(48)}`, MESH, 'parti', 0)).toBe('0123456789abcdef')
  })

  test('differs between meshes, names and generations, also where these run together', () => {
    const others = [
      batchIdOf(sha256, MESH, 'parti', 0),
      batchIdOf(sha256, 'ff112233445566ff', 'parti', 0),
      batchIdOf(sha256, MESH, 'parti', 1),
      batchIdOf(sha256, MESH, 'parti1', 0),
      batchIdOf(sha256, MESH, 'parti', 10),
      batchIdOf(sha256, MESH, 'parti1', 1),
      batchIdOf(sha256, MESH, 'Parti', 0),
    ]
    expect(new Set(others).size).toBe(others.length)
  })
})

describe('a batch record as bytes', () => {
  test('comes back as it was, with equal bytes each time', () => {
    fc.assert(
      fc.property(batchRecord, (record) => {
        const bytes = encodeBatch(record)
        expect(decodeBatch(bytes)).toEqual(record)
        expect(encodeBatch(decodeBatch(bytes))).toEqual(bytes)
      }),
    )
  })

  test('is refused with a CodecError, or read as a record, when some bytes were changed', () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(batchRecord, edits, (record, changes) => {
        const bytes = encodeBatch(record)
        for (const [at, value] of changes) bytes[at % bytes.length] = value
        expect(readsOrRefuses(bytes), JSON.stringify([...bytes])).toBe(true)
      }),
      MANY,
    )
  })

  test('is refused with a CodecError where it is cut short or is no record at all', () => {
    fc.assert(
      fc.property(batchRecord, fc.uint8Array({ maxLength: 100 }), fc.nat(), (record, noise, at) => {
        const bytes = encodeBatch(record)
        expect(() => decodeBatch(bytes.subarray(0, at % bytes.length))).toThrow(CodecError)
        expect(() => decodeBatch(noise)).toThrow(CodecError)
      }),
    )
  })
})

/** Whether decoding gives a record that can be written again, or a CodecError: nothing else is allowed. */
function readsOrRefuses(bytes: Uint8Array): boolean {
  let record: BatchRecord
  try {
    record = decodeBatch(bytes)
  } catch (error) {
    return error instanceof CodecError
  }
  expect(decodeBatch(encodeBatch(record))).toEqual(record)
  return true
}
