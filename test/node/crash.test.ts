/** The driver is killed at every boundary between core and world, and a new one goes on from what was on disk. */
import { describe, expect, test } from 'vitest'
import type { MeshNode } from '../../src/node/api.ts'
import type { Boundary } from '../../src/node/driver.ts'
import { startNode } from '../../src/node/mesh-node.ts'
import type { Executor, FactStore } from '../../src/node/ports.ts'
import { systemClock } from '../../src/node/system-clock.ts'
import { loneNodeParts, memoryDatabase, memoryStore, rowsOf } from '../support/lone-node.ts'

const PROMPTS = ['a cat', 'a dog', 'a fox', 'an owl', 'a hen']

class Crash extends Error {}

/** What outlives a crash, and what is seen from outside. */
class Machine {
  readonly #database = memoryDatabase()
  readonly #commits = new Set<Promise<void>>()
  readonly executed: string[] = []
  boundaries = 0
  crashedAt: Boundary | undefined
  /** The boundary at which the node dies, counted from its start. */
  #dieAt = Number.POSITIVE_INFINITY

  #store(): FactStore {
    const store = memoryStore(this.#database)
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

  async start(dieAt = Number.POSITIVE_INFINITY): Promise<MeshNode> {
    await Promise.all(this.#commits)
    this.boundaries = 0
    this.crashedAt = undefined
    this.#dieAt = dieAt
    const executor: Executor = {
      usesFolder: false,
      execute: async (job) => {
        this.executed.push(job.prompt)
        return { outcome: 'completed', text: `drew ${job.prompt}`, files: [] }
      },
      close: async () => undefined,
    }
    return startNode({
      ...loneNodeParts({ store: this.#store(), clock: systemClock, executor }),
      onBoundary: (boundary) => {
        if (++this.boundaries !== this.#dieAt) return
        this.crashedAt = boundary
        throw new Crash(boundary)
      },
    })
  }

  /** One life: seeds and waits until all is done or the node has died; gives how many tasks were acknowledged. */
  async live(dieAt: number): Promise<{ acknowledged: number; died: boolean }> {
    const node = await this.start(dieAt)
    const acknowledged = await runBatch(node)
    const died = this.crashedAt !== undefined
    this.#dieAt = Number.POSITIVE_INFINITY
    if (!died) await node.stop({ graceMs: 0 })
    return { acknowledged, died }
  }
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
  expect(page.tasks.map((task) => task.text)).toEqual(PROMPTS.map((prompt) => `drew ${prompt}`))
  for (const prompt of PROMPTS) {
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
      const { acknowledged } = await machine.live(dieAt)
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

  test('twice in a row, at any boundary of the second life too', { timeout: 60_000 }, async () => {
    for (let first = 1; first <= 16; first += 3) {
      let second = 0
      for (let died = true; died; ) {
        second++
        const machine = new Machine()
        const life = await machine.live(first)
        expect(life.died, `the first life ends at boundary ${first}`).toBe(true)
        const next = await machine.live(second)
        died = next.died
        await checkAfterwards(machine, died ? 2 : 1, Math.max(life.acknowledged, next.acknowledged))
      }
      expect(second, 'the second life has boundaries to die at').toBeGreaterThan(10)
    }
  })
})
