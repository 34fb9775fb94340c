/** The store on LevelDB whose files are damaged: it is copied aside and repaired, or refused with what to do. */
import { mkdtemp, readdir, readFile, rm, stat, truncate, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { levelSource } from '../../../src/adapters/level/database.ts'
import { createFactStore } from '../../../src/adapters/level/fact-store.ts'
import type { StoredFact } from '../../../src/core/facts.ts'
import type { FactStore } from '../../../src/node/ports.ts'
import { flipped } from '../../contract/fact-store-home.ts'
import {
  BATCH,
  batchRecord,
  recordingLog,
  seeding,
  sha256,
  tally,
  taskOf,
  writes,
} from '../../contract/fact-store-samples.ts'

let parent: string
let directory: string
let log: ReturnType<typeof recordingLog>
let store: FactStore

function makeStore(): FactStore {
  return createFactStore({ source: levelSource(directory, log), sha256, log })
}

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'promptmesh-store-'))
  directory = join(parent, 'data', 'store')
  log = recordingLog()
  store = makeStore()
})
afterEach(async () => {
  await store.close()
  await rm(parent, { recursive: true })
})

async function filesLike(pattern: RegExp): Promise<string[]> {
  const names = await readdir(directory)
  return names.filter((name) => pattern.test(name)).map((name) => join(directory, name))
}

async function removeLike(pattern: RegExp): Promise<void> {
  const files = await filesLike(pattern)
  expect(files.length).toBeGreaterThan(0)
  for (const file of files) await unlink(file)
}

const NUMBERS = Array.from({ length: 50 }, (_, at) => at)

async function fill(): Promise<void> {
  await store.open()
  const batches = [batchRecord(BATCH, 'first')]
  await store.commit([seeding(NUMBERS), writes({ batches, tallies: [tally(1, 50)] })])
  await store.close()
  // Opened once more, so that the rows are in a table and not in the log alone.
  store = makeStore()
  await store.open()
  await store.close()
  store = makeStore()
}

describe('The store on level', () => {
  test('makes its directory readable for nobody else', async () => {
    await store.open()
    for (const path of [directory, join(parent, 'data')]) expect((await stat(path)).mode & 0o777).toBe(0o700)
  })

  test.each<[string, () => Promise<void>]>([
    ['MANIFEST is gone', () => removeLike(/^MANIFEST/)],
    ['CURRENT is gone', () => removeLike(/^CURRENT$/)],
    ['CURRENT is empty', () => truncate(join(directory, 'CURRENT'))],
    ['MANIFEST is garbage', async () => writeFile((await filesLike(/^MANIFEST/))[0] ?? '', 'x'.repeat(100))],
  ])('is copied aside and repaired where %s', async (_what, damage) => {
    await fill()
    await damage()
    const before = await readdir(directory)
    const state = await store.open()
    expect(state).toMatchObject({ incarnation: 3, clean: false, batches: [batchRecord(BATCH, 'first')] })
    // What a repair may have lost nobody can tell, so nothing that was counted is relied on.
    expect(state.tallies).toBeUndefined()
    expect((await store.readIndex(BATCH, 0, 100)).map((entry) => entry.index)).toEqual(NUMBERS)
    for (const number of NUMBERS) expect(await store.readTask(BATCH, taskOf(number))).toHaveLength(1)
    expect((await readdir(`${directory}.damaged-1`)).sort()).toEqual(
      expect.arrayContaining(before.filter((name) => name !== 'LOG')),
    )
    expect(log.messages.filter((message) => /damaged|repaired/.test(message))).toHaveLength(2)
  })

  test('goes on with what is left where a table is gone, and says that something is missing', async () => {
    await fill()
    await removeLike(/\.ldb$/)
    expect(await store.open()).toMatchObject({ incarnation: 3, clean: false, batches: [], tallies: undefined })
    expect((await readdir(join(parent, 'data'))).sort()).toEqual(['store', 'store.damaged-1'])
    expect(log.messages.join()).toContain('what could not be saved is missing')
  })

  test('is refused with MESH_STORAGE where its directory is a file', async () => {
    const file = join(parent, 'file')
    await writeFile(file, 'not a folder')
    const other = createFactStore({ source: levelSource(file, log), sha256, log })
    await expect(other.open()).rejects.toMatchObject({ code: 'MESH_STORAGE', message: expect.stringContaining(file) })
  })

  test('never reads a fact that was not written, wherever a table has a flipped byte', async () => {
    await fill()
    const written = new Set(seeding(NUMBERS).facts.map((stored) => stored.hash))
    const [table = ''] = await filesLike(/\.ldb$/)
    const whole = await readFile(table)
    for (let at = 50; at < whole.length; at += 400) {
      await writeFile(table, flipped(whole, at))
      const read = await readAllFacts()
      expect(read.filter((stored) => !written.has(stored.hash))).toEqual([])
    }
  })
})

/** What a store opened just now reads of all tasks; reads that it refuses count as nothing read. */
async function readAllFacts(): Promise<StoredFact[]> {
  const damaged = makeStore()
  const facts: StoredFact[] = []
  try {
    await damaged.open()
    for (const number of NUMBERS) facts.push(...(await damaged.readTask(BATCH, taskOf(number))))
  } catch (error) {
    expect(error).toMatchObject({ code: expect.stringMatching(/^MESH_(STORAGE|FORMAT)$/) })
  }
  await damaged.close()
  return facts
}
