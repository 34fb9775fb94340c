/** The store on a disk that runs full: it says so, keeps what it acknowledged, and goes on once there is room. */
import { randomBytes } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { levelSource } from '../../../src/adapters/level/database.ts'
import { createFactStore } from '../../../src/adapters/level/fact-store.ts'
import type { Writes } from '../../../src/core/effects.ts'
import type { FactStore } from '../../../src/node/ports.ts'
import { BATCH, bySlot, fact, recordingLog, sha256, tally, taskOf, writes } from '../../contract/fact-store-samples.ts'
import { mountSmallDisk } from '../../support/small-disk.ts'

const MEBIBYTE = 1024 * 1024
const disk = mountSmallDisk(8)

afterAll(() => disk.remove())

/** About 50 KB that do not compress, and a tally and an index entry with them. */
function bigCommit(number: number): Writes {
  const prompt = randomBytes(24_000).toString('hex')
  const task = taskOf(number)
  return writes({
    facts: [fact({ kind: 'seeded', batch: BATCH, task, index: number, prompt, params: {}, profile: 'sketch' })],
    tallies: [tally(7, number + 1)],
    indexes: [{ batch: BATCH, entries: [{ index: number, task }] }],
  })
}

function makeStore(): FactStore {
  return createFactStore({
    source: levelSource(join(disk.folder, 'store'), recordingLog()),
    sha256,
    log: recordingLog(),
  })
}

/** Commits until one fails; answers the number of acknowledged ones and the failure. */
async function fillDisk(store: FactStore): Promise<{ acknowledged: number; failed: Writes; error: unknown }> {
  for (let acknowledged = 0; ; acknowledged++) {
    const content = bigCommit(acknowledged)
    try {
      await store.commit([content])
    } catch (error) {
      return { acknowledged, failed: content, error }
    }
  }
}

describe.runIf(disk.mounted)('The store on a full disk', () => {
  test('says that it is full, goes on in the same process once there is room, and loses nothing', {
    timeout: 30_000,
  }, async () => {
    const ballast = join(disk.folder, 'ballast')
    await writeFile(ballast, Buffer.alloc(5 * MEBIBYTE))
    const store = makeStore()
    await store.open()
    const { acknowledged, failed, error } = await fillDisk(store)
    expect(error).toMatchObject({ code: 'MESH_DISK_FULL', message: expect.stringContaining(disk.folder) })
    expect(acknowledged).toBeGreaterThan(10)
    await expect(store.commit([failed])).rejects.toMatchObject({ code: 'MESH_DISK_FULL' })

    await rm(ballast)
    // Reads that come while the store is opened anew wait for it.
    const [, ...reads] = await Promise.all([
      store.commit([failed]),
      ...Array.from({ length: acknowledged }, (_, number) => store.readTask(BATCH, taskOf(number))),
    ])
    expect(reads.map((facts) => facts.length)).toEqual(Array(acknowledged).fill(1))
    expect(await store.readTask(BATCH, taskOf(acknowledged))).toHaveLength(1)
    expect(await store.readIndex(BATCH, 0, 1_000)).toHaveLength(acknowledged + 1)
    await store.commit([bigCommit(acknowledged + 1)])
    await store.close()

    const again = makeStore()
    const state = await again.open()
    expect(state.clean).toBe(true)
    expect(bySlot(state.tallies)).toEqual([tally(7, acknowledged + 2)])
    expect(await again.readIndex(BATCH, 0, 1_000)).toHaveLength(acknowledged + 2)
    expect(again.damaged).toBe(0)
    await again.close()
    await rm(join(disk.folder, 'store'), { recursive: true })
  })

  test('keeps what it acknowledged when the process ends while the disk is full', { timeout: 30_000 }, async () => {
    const ballast = join(disk.folder, 'ballast')
    await writeFile(ballast, Buffer.alloc(5 * MEBIBYTE))
    const store = makeStore()
    await store.open()
    const { acknowledged } = await fillDisk(store)
    await store.close()
    await rm(ballast)
    const again = makeStore()
    const state = await again.open()
    expect(state.clean).toBe(false)
    const total = state.tallies?.[0]?.total
    expect(total).toBeOneOf([acknowledged, acknowledged + 1])
    for (let number = 0; number < acknowledged; number++)
      expect(await again.readTask(BATCH, taskOf(number))).toHaveLength(1)
    await again.close()
    await rm(join(disk.folder, 'store'), { recursive: true })
  })
})
