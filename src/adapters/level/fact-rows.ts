/** Facts as rows. The key ends with a part of the hash of the value: the checksum that LevelDB lacks. */
import { CodecError } from '../../codec/codec-error.ts'
import { decodeFact } from '../../codec/facts.ts'
import type { Writes } from '../../core/effects.ts'
import type { Fact, StoredFact } from '../../core/facts.ts'
import type { Sha256 } from '../../core/ids.ts'
import type { WriteBatch } from './database.ts'
import { FACT_KEY_BYTES_MAX, writeFactKey } from './keys.ts'

/** Puts all facts into the batch; their keys share one buffer. */
export function putFacts(batch: WriteBatch, writes: readonly Writes[]): void {
  let count = 0
  for (const { facts } of writes) count += facts.length
  const keys = new Uint8Array(count * FACT_KEY_BYTES_MAX)
  let at = 0
  for (const { facts } of writes) {
    for (const stored of facts) {
      const end = writeFactKey(keys, at, stored)
      batch.put(keys.subarray(at, end), stored.bytes)
      at = end
    }
  }
}

const expectedKey = new Uint8Array(FACT_KEY_BYTES_MAX)

/** The fact of a row, or undefined where value and key do not belong together or the value is no fact known here. */
export function readFactRow(key: Uint8Array, bytes: Uint8Array, sha256: Sha256): StoredFact | undefined {
  let fact: Fact
  try {
    fact = decodeFact(bytes)
  } catch (error) {
    if (error instanceof CodecError) return undefined
    throw error
  }
  const stored = { fact, bytes, hash: sha256(bytes) }
  const end = writeFactKey(expectedKey, 0, stored)
  return Buffer.compare(expectedKey.subarray(0, end), key) === 0 ? stored : undefined
}
