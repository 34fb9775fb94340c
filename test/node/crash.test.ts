/** The driver is killed at every boundary between core and world, and a new one goes on from what was on disk. */
import { hash } from 'node:crypto'
import { MemoryLevel } from 'memory-level'
import { describe, expect, test } from 'vitest'
import type { DatabaseSource } from '../../src/adapters/level/database.ts'
import { createFactStore } from '../../src/adapters/level/fact-store.ts'
import { MESH_SETTINGS, NODE_SETTINGS } from '../../src/core/settings.ts'
import type { MeshNode, PromptRow } from '../../src/node/api.ts'
import type { Boundary } from '../../src/node/driver.ts'
import { startNode } from '../../src/node/mesh-node.ts'
import type { ArtifactStore, Executor, FactStore, Log } from '../../src/node/ports.ts'
import { systemClock } from '../../src/node/system-clock.ts'

const PROMPTS = ['a cat', 'a dog', 'a fox', 'an owl', 'a hen'].map((prompt) => ({ prompt, params: {} }))
const SILENT: Log = { info: () => undefined, warn: () => undefined, error: () => undefined }
const NO_FILES: ArtifactStore = {
  put: () => Promise.reject(new Error('no attempt of this test leaves a file')),
  find: async () => undefined,
  makeFolder: async () => '',
  removeFolder: async () => undefined,
}

class Crash extends Error {}

/** What outlives a crash, and what is seen from outside. */
class Machine {
  readonly #database = new MemoryLevel<Uint8Array, Uint8Array>({ keyEncoding: 'view', valueEncoding: 'view' })
  readonly #commits = new Set<Promise<void>>()
  readonly executed: string[] = []
  boundaries = 0
  crashedAt: Boundary | undefined

  #store(): FactStore {
    const source: DatabaseSource = {
      place: 'memory',
      open: async () => {
        await this.#database.open()
        return { database: this.#database, repaired: false }
      },
    }
    const store = createFactStore({ source, sha256: (bytes) => hash('sha256', bytes, 'hex'), log: SILENT })
    const commit = store.commit.bind(store)
    // A crash may come while a write is under way; the next start comes after it reached the disk, or did not.
    store.commit = (writes) => {
      const done = commit(writes)
      const settled: Promise<void> = done.catch(() => undefined).then(() => void this.#commits.delete(settled))
      this.#commits.add(settled)
      return done
    }
    return store
  }

  /** Starts the node; it dies at the boundary of that number, counted from this start. */
  async start(dieAt = Number.POSITIVE_INFINITY): Promise<MeshNode> {
    await Promise.all(this.#commits)
    this.boundaries = 0
    this.crashedAt = undefined
    const executor: Executor = {
      usesFolder: false,
      execute: async (job) => {
        this.executed.push(job.prompt)
        return { outcome: 'completed', text: `drew ${job.prompt}`, files: [] }
      },
      close: async () => undefined,
    }
    const node = await startNode({
      id: 'node-under-test',
      name: 'tester',
      version: '0',
      boot: Math.random().toString(16).slice(2).padEnd(16, '0').slice(0, 16),
      meshId: '0011223344556677',
      settings: MESH_SETTINGS,
      nodeSettings: { ...NODE_SETTINGS, profiles: { draw: { places: 2, timeoutMs: 60_000 } } },
      sha256: (bytes) => hash('sha256', bytes, 'hex'),
      store: this.#store(),
      artifacts: NO_FILES,
      performers: new Map([['draw', { executor, defaults: {} }]]),
      stamp: async () => undefined,
      clock: systemClock,
      log: SILENT,
      diskFreeBytes: async () => null,
      close: async () => undefined,
      onBoundary: (boundary) => {
        if (++this.boundaries !== dieAt) return
        this.crashedAt = boundary
        throw new Crash(boundary)
      },
    })
    return node
  }
}

async function* rowsOf(rows: readonly PromptRow[]): AsyncIterable<readonly PromptRow[]> {
  yield rows
}

/** Seeds and waits until all is done or the node has died; gives how many tasks were acknowledged. */
async function runBatch(node: MeshNode): Promise<number> {
  const died = node.stopped.then(
    () => 'stopped' as const,
    (error: unknown) => {
      if (error instanceof Crash) return 'died' as const
      throw error
    },
  )
  const done = Promise.withResolvers<'done'>()
  const look = () => {
    const { total, completed } = node.batch('b')
    if (total > 0 && completed === total) done.resolve('done')
  }
  node.onTaskEnded(look)
  let acknowledged = 0
  try {
    const answer = await node.seed({ batch: 'b', profile: 'draw' }, rowsOf(PROMPTS))
    acknowledged = answer.new + answer.existing
    look()
  } catch (error) {
    if (!(error instanceof Crash)) throw error
  }
  await Promise.race([died, done.promise])
  return acknowledged
}

async function boundariesOfOneRun(): Promise<number> {
  const machine = new Machine()
  const node = await machine.start()
  await runBatch(node)
  await node.stop({ graceMs: 0 })
  return machine.boundaries
}

async function checkAfterwards(machine: Machine, crashes: number, acknowledged: number): Promise<void> {
  const node = await machine.start()
  if (acknowledged > 0) expect(node.batch('b').total, 'what was acknowledged is there').toBe(PROMPTS.length)
  await runBatch(node)
  const { total, completed, failed, extraExecutions } = node.batch('b')
  expect({ total, completed, failed }).toEqual({ total: 5, completed: 5, failed: 0 })
  const page = await node.tasks('b')
  expect(page.tasks.map((task) => task.text)).toEqual(PROMPTS.map(({ prompt }) => `drew ${prompt}`))
  for (const { prompt } of PROMPTS) {
    const count = machine.executed.filter((each) => each === prompt).length
    expect(count, `${prompt} ran again only where it was running`).toBeLessThanOrEqual(1 + crashes)
  }
  expect(machine.executed.length).toBeLessThanOrEqual(PROMPTS.length + 2 * crashes)
  expect(machine.executed.length, 'every extra execution is counted').toBeLessThanOrEqual(
    PROMPTS.length + extraExecutions,
  )
  await node.stop({ graceMs: 0 })
}

describe('a driver that is killed', () => {
  test('at any boundary loses nothing that was acknowledged and repeats only what was running', {
    timeout: 60_000,
  }, async () => {
    const boundaries = await boundariesOfOneRun()
    expect(boundaries).toBeGreaterThan(20)
    const seen = new Set<Boundary>()
    for (let dieAt = 1; dieAt <= boundaries; dieAt++) {
      const machine = new Machine()
      const acknowledged = await runBatch(await machine.start(dieAt))
      if (machine.crashedAt !== undefined) seen.add(machine.crashedAt)
      await checkAfterwards(machine, 1, acknowledged)
    }
    expect([...seen].sort()).toEqual([
      'after-commit',
      'after-execute',
      'before-answer',
      'before-commit',
      'before-execute',
    ])
  })

  test('twice in a row, at any two of the first boundaries, too', { timeout: 60_000 }, async () => {
    for (let first = 1; first <= 16; first += 3) {
      for (let second = 1; second <= 12; second++) {
        const machine = new Machine()
        const acknowledged = await runBatch(await machine.start(first))
        const again = await runBatch(await machine.start(second))
        await checkAfterwards(machine, 2, Math.max(acknowledged, again))
      }
    }
  })
})
