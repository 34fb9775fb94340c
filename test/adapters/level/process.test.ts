/** The store on LevelDB across processes: killed ones lose nothing that they acknowledged, and only one may have it open. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { levelSource } from '../../../src/adapters/level/database.ts'
import { createFactStore } from '../../../src/adapters/level/fact-store.ts'
import type { FactStore } from '../../../src/node/ports.ts'
import { BATCH, bySlot, commitNumber, recordingLog, sha256 } from '../../contract/fact-store-samples.ts'

const CHILD = join(import.meta.dirname, 'committing-child.ts')

let directory: string
let child: ChildProcess | undefined

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'promptmesh-store-'))
})
afterEach(async () => {
  child?.kill('SIGKILL')
  await rm(directory, { recursive: true })
})

function makeStore(): FactStore {
  return createFactStore({ source: levelSource(directory, recordingLog()), sha256, log: recordingLog() })
}

/** Starts a process that commits from that number on; resolves with what it has said when it has said `lines` lines. */
async function startChild(first: number, lines: number): Promise<{ said: string[]; ended: Promise<void> }> {
  const started = spawn(process.execPath, [CHILD, directory, String(first)], { stdio: ['ignore', 'pipe', 'inherit'] })
  child = started
  const said: string[] = []
  const enough = Promise.withResolvers<void>()
  const output = createInterface({ input: started.stdout })
  output.on('line', (line) => {
    said.push(line)
    if (said.length === lines) enough.resolve()
  })
  const ended = once(output, 'close').then(() => enough.reject(new Error('the process ended too early')))
  await enough.promise
  return { said, ended }
}

describe('The store on level', () => {
  test('has every commit that a killed process acknowledged, whole, three times in a row', {
    timeout: 60_000,
  }, async () => {
    let next = 0
    for (const lines of [40, 300, 90]) {
      const { said, ended } = await startChild(next, lines)
      child?.kill('SIGKILL')
      await ended
      const acknowledged = Number(said.at(-1))
      const store = makeStore()
      const state = await store.open()
      // A commit may be on disk that was not acknowledged any more: at most the one after.
      const commits = state.tallies?.[0]?.total ?? 0
      expect(commits - 1 - acknowledged).toBeOneOf([0, 1])
      expect(state).toMatchObject({ clean: false })
      expect(bySlot(state.tallies)).toEqual(commitNumber(commits - 1)[1]?.tallies)
      expect(await missingOf(store, commits)).toEqual([])
      expect((await store.readIndex(BATCH, 0, 100_000)).map((entry) => entry.index)).toEqual([
        ...Array(20 * commits).keys(),
      ])
      expect(store.damaged).toBe(0)
      await store.close()
      next = commits
    }
  })

  test('is open in one process only, and can be opened as soon as that has died', async () => {
    const { ended } = await startChild(0, 1)
    const second = makeStore()
    await expect(second.open()).rejects.toMatchObject({
      code: 'MESH_DATA_DIR_HELD',
      message: expect.stringContaining(directory),
    })
    child?.kill('SIGKILL')
    await ended
    expect(await second.open()).toMatchObject({ incarnation: 2, clean: false })
    await second.close()
  })

  test('is open once in one process, too', async () => {
    const first = makeStore()
    await first.open()
    await expect(makeStore().open()).rejects.toMatchObject({ code: 'MESH_DATA_DIR_HELD' })
    await first.close()
    const second = makeStore()
    expect(await second.open()).toMatchObject({ incarnation: 2, clean: true })
    await second.close()
  })
})

/** Hashes of facts of the first commits that the store does not have. */
async function missingOf(store: FactStore, commits: number): Promise<string[]> {
  const missing: string[] = []
  for (let number = 0; number < commits; number++) {
    for (const stored of commitNumber(number).flatMap((each) => each.facts)) {
      const facts = await store.readTask(BATCH, stored.fact.task)
      if (!facts.some((each) => each.hash === stored.hash)) missing.push(stored.hash)
    }
  }
  return missing
}
