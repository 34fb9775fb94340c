/**
 * Drops slots whose facts other nodes have.
 *
 * 1. A slot is read and removed in one turn of the writer: what was written before is in its digest, what is written later
 *    stays. Rows that are damaged are in no digest, and go with the others.
 * 2. With the facts of a batch a row is written that says that its index names tasks which are gone; it stays until the
 *    index was made anew, through a crash as well.
 */
import type { BatchId, Sha256 } from '../../core/ids.ts'
import type { SlotDigest } from '../../core/messages.ts'
import type { Connection } from './connection.ts'
import { type Database, eachRow } from './database.ts'
import { readFactRow } from './fact-rows.ts'
import { ALL_STALE, factRowsOf, readHex, readStaleKey, slotOfKey, staleKey } from './keys.ts'
import { seal } from './rows.ts'
import type { TallyLog } from './tally-log.ts'

const XOR_BYTES = 16

interface SlotRows {
  readonly keys: readonly Uint8Array[]
  readonly batches: ReadonlySet<BatchId>
  readonly count: number
  /** 32 hex digits. */
  readonly xor: string
}

export interface DroppingNeeds {
  readonly connection: Connection
  readonly sha256: Sha256
  /** The present ones: a failed write has them read anew. */
  readonly tallies: () => TallyLog
}

/** Removes a slot where its digest is still the given one. */
export function dropSlot({ connection, sha256, tallies }: DroppingNeeds, given: SlotDigest): Promise<void> {
  return connection.write(async (batch, database) => {
    const { keys, batches, count, xor } = await readSlot(database, given.slot, sha256)
    if (count !== given.count || xor !== given.xor) return () => undefined
    for (const key of keys) batch.del(key)
    for (const id of batches) batch.put(staleKey(id), seal(staleKey(id), new Uint8Array()))
    return tallies().forgetSlot(given.slot) ? tallies().checkpoint(batch) : () => undefined
  })
}

async function readSlot(database: Database, slot: number, sha256: Sha256): Promise<SlotRows> {
  const keys: Uint8Array[] = []
  const batches = new Set<BatchId>()
  const xor = new Uint8Array(XOR_BYTES)
  let count = 0
  await eachRow(database, factRowsOf(slot), (key, value) => {
    keys.push(key)
    batches.add(slotOfKey(key).batch)
    const stored = readFactRow(key, value, sha256)
    if (stored === undefined) return
    count++
    for (let at = 0; at < XOR_BYTES; at++)
      xor[at] = (xor[at] as number) ^ Number.parseInt(stored.hash.slice(2 * at, 2 * at + 2), 16)
  })
  return { keys, batches, count, xor: readHex(xor, 0, XOR_BYTES) }
}

/** Batches whose index names tasks that were dropped. */
export async function readStale(database: Database): Promise<BatchId[]> {
  const batches: BatchId[] = []
  await eachRow(database, ALL_STALE, (key) => batches.push(readStaleKey(key)))
  return batches
}
