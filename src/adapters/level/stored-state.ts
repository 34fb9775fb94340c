/** What the store reads when it is opened: format, batches, promises, and whether its tallies are all there. */
import type { BatchRecord } from '../../core/batches.ts'
import { MeshError } from '../../core/errors.ts'
import type { BallotRun } from '../../core/messages.ts'
import { type Database, eachRow } from './database.ts'
import { ALL_ROWS, BATCH_ROWS, FACT_ROWS, META_KEY, PROMISES_KEY, slotOfKey } from './keys.ts'
import { decodeMeta, decodePromises, type Meta, orUndefined, readBatchRow, STORE_FORMAT, unseal } from './rows.ts'
import type { TallyLog } from './tally-log.ts'

type OnDamage = (key: Uint8Array) => void

/**
 * Format and history of the store; of an empty one, as if it had ended cleanly.
 * @throws MESH_FORMAT where the format is unknown, or its row is damaged or gone
 */
export async function readMeta(database: Database, place: string): Promise<Meta> {
  const value = await database.get(META_KEY)
  if (value === undefined) {
    const rows = await database.keys({ ...ALL_ROWS, limit: 1 }).all()
    if (rows.length > 0)
      throw new MeshError('MESH_FORMAT', `the store in ${place} has lost the row that names its format: ${REPLACE}`)
    return { incarnation: 0, clean: true, recount: false }
  }
  const content = unseal(META_KEY, value)
  const meta = content && orUndefined(() => decodeMeta(content))
  if (meta === undefined)
    throw new MeshError('MESH_FORMAT', `the row that names the format of the store in ${place} is damaged: ${REPLACE}`)
  if ('format' in meta) {
    const known = `the store in ${place} has format ${meta.format}, and this version of promptmesh knows format ${STORE_FORMAT}`
    throw new MeshError('MESH_FORMAT', `${known}: use the version that wrote it, or name another directory with --data`)
  }
  return meta
}

const REPLACE = 'put a copy of that directory in its place, or move it away to begin with an empty one'

/** The batch records, without damaged ones. */
export async function readBatches(database: Database, onDamage: OnDamage): Promise<BatchRecord[]> {
  const batches: BatchRecord[] = []
  await eachRow(database, BATCH_ROWS, (key, value) => {
    const record = readBatchRow(key, value)
    if (record === undefined) onDamage(key)
    else batches.push(record)
  })
  return batches
}

/** The promised ballots; none where the row is damaged. */
export async function readPromises(database: Database, onDamage: OnDamage): Promise<BallotRun[]> {
  const value = await database.get(PROMISES_KEY)
  if (value === undefined) return []
  const content = unseal(PROMISES_KEY, value)
  const promises = content && orUndefined(() => decodePromises(content))
  if (promises === undefined) onDamage(PROMISES_KEY)
  return promises ?? []
}

/** Whether every slot of a batch that has facts has a tally; looks at one key of each, so it takes about a second. */
export async function isCounted(database: Database, tallies: TallyLog): Promise<boolean> {
  let range = FACT_ROWS
  for (;;) {
    const [key] = await database.keys({ ...range, limit: 1 }).all()
    if (key === undefined) return true
    const { batch, slot, rest } = slotOfKey(key)
    if (!tallies.has(batch, slot)) return false
    range = rest
  }
}
