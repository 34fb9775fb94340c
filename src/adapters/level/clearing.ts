/**
 * Removes the facts of batches that are deleted, some thousand rows at a time, so that commits come in between.
 *
 * 1. Every slot is looked at, one key of each batch in it: it finds what an interrupted clearing left.
 */
import type { BatchId } from '../../core/ids.ts'
import type { Connection } from './connection.ts'
import { FACT_ROWS, type KeyRange, slotOfKey } from './keys.ts'

/** Rows removed in one synced write. */
const ROWS_AT_ONCE = 4_096

export async function clearFacts(connection: Connection, batches: ReadonlySet<BatchId>): Promise<void> {
  let rows: Uint8Array[] = []
  let range: KeyRange = FACT_ROWS
  for (;;) {
    const [first] = await readKeys(connection, range, 1)
    if (first === undefined) break
    const { batch, rest } = slotOfKey(first)
    if (!batches.has(batch)) {
      range = rest
      continue
    }
    const its = await readKeys(connection, { gte: first, lt: rest.gte }, ROWS_AT_ONCE)
    rows.push(...its)
    // Where there are more of them, the next round finds the first that is left.
    range = its.length < ROWS_AT_ONCE ? rest : range
    if (rows.length < ROWS_AT_ONCE) continue
    await removeRows(connection, rows)
    rows = []
  }
  await removeRows(connection, rows)
}

/** Removes every row of a range. */
export async function clearRange(connection: Connection, range: KeyRange): Promise<void> {
  for (;;) {
    const rows = await readKeys(connection, range, ROWS_AT_ONCE)
    if (rows.length === 0) return
    await removeRows(connection, rows)
  }
}

function readKeys(connection: Connection, range: KeyRange, limit: number): Promise<Uint8Array[]> {
  return connection.read((database) => database.keys({ ...range, limit }).all())
}

async function removeRows(connection: Connection, rows: readonly Uint8Array[]): Promise<void> {
  if (rows.length === 0) return
  await connection.write((batch) => {
    for (const key of rows) batch.del(key)
    return () => undefined
  })
}
