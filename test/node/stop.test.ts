/** How a node stops: patiently, in a hurry, without what does not end, and after a mistake of its own. */
import { describe, expect, test } from 'vitest'
import type { MeshNode } from '../../src/node/api.ts'
import { startNode } from '../../src/node/mesh-node.ts'
import type { ExecutionResult, Executor, FactStore } from '../../src/node/ports.ts'
import { loneNodeParts, memoryDatabase, memoryStore, rowsOf, StandingClock } from '../support/lone-node.ts'

/** Executions that end when the test says so. */
class Executions implements Executor {
  readonly usesFolder = false
  readonly signals: AbortSignal[] = []
  closed = false
  readonly #ends: ((result: ExecutionResult) => void)[] = []
  readonly #started: (() => void)[] = []

  execute(_job: unknown, signal: AbortSignal): Promise<ExecutionResult> {
    this.signals.push(signal)
    for (const started of this.#started.splice(0)) started()
    return new Promise((resolve) => this.#ends.push(resolve))
  }

  async close(): Promise<void> {
    this.closed = true
  }

  endAll(result: ExecutionResult): void {
    for (const end of this.#ends.splice(0)) end(result)
  }

  async started(count: number): Promise<void> {
    while (this.signals.length < count) await new Promise<void>((resolve) => this.#started.push(resolve))
  }
}

class Mistake extends Error {}

interface Running {
  readonly node: MeshNode
  readonly clock: StandingClock
  readonly executions: Executions
  readonly store: FactStore
}

/** A node that runs two tasks of a batch. */
async function running(disk = memoryDatabase(), onBoundary: () => void = () => undefined): Promise<Running> {
  const clock = new StandingClock()
  const executions = new Executions()
  const store = memoryStore(disk)
  const node = await startNode({ ...loneNodeParts({ store, clock, executor: executions }), onBoundary })
  node.stopped.catch(() => undefined)
  await node.seed({ batch: 'b', profile: 'draw' }, rowsOf(['a cat', 'a dog']))
  await executions.started(2)
  return { node, clock, executions, store }
}

describe('a node that is asked to stop', () => {
  test('waits for what runs', async () => {
    const { node, executions, store } = await running()
    const stopped = node.stop()
    executions.endAll({ outcome: 'completed', text: 'done', files: [] })
    await stopped
    expect(executions.signals.some(({ aborted }) => aborted)).toBe(false)
    await expect(store.readSlots('00'.repeat(8), [1])).rejects.toThrow()
  })

  test('asks what runs to end when the grace is over', async () => {
    const { node, clock, executions } = await running()
    const stopped = node.stop({ graceMs: 30_000 })
    clock.advance(29_999)
    expect(executions.signals.some(({ aborted }) => aborted)).toBe(false)
    clock.advance(1)
    expect(executions.signals.every(({ aborted }) => aborted)).toBe(true)
    executions.endAll({ outcome: 'stopped' })
    await stopped
    await node.stopped
  })

  test('a second time in a hurry, waits no longer than one that was in a hurry from the start', async () => {
    const { node, clock, executions } = await running()
    const stopped = node.stop({ graceMs: 30_000 })
    clock.advance(1_000)
    expect(node.stop({ graceMs: 0 })).toBe(stopped)
    expect(executions.signals.every(({ aborted }) => aborted)).toBe(true)
    clock.advance(10_000)
    await stopped
    expect(clock.nowMs(), 'the grace of the first call is not waited for').toBe(11_000)
  })

  test('a second time with a longer grace, keeps to the first', async () => {
    const { node, clock, executions } = await running()
    const stopped = node.stop({ graceMs: 1_000 })
    void node.stop({ graceMs: 30_000 })
    clock.advance(1_000)
    expect(executions.signals.every(({ aborted }) => aborted)).toBe(true)
    executions.endAll({ outcome: 'stopped' })
    await stopped
  })

  test('gives back what does not end, and blames no task for that', async () => {
    const disk = memoryDatabase()
    const { node, clock } = await running(disk)
    const stopped = node.stop({ graceMs: 5_000 })
    clock.advance(15_000)
    await stopped
    const parts = { store: memoryStore(disk), clock: new StandingClock(), executor: new Executions() }
    const next = await startNode(loneNodeParts(parts))
    const { attemptList } = await next.task('b', '0')
    const error = 'drain: it did not end when its node stopped'
    expect(attemptList).toEqual([expect.objectContaining({ outcome: 'returned', error, seconds: 15 })])
    await next.stop({ graceMs: 0 })
  })

  test('stops although nothing can be written any more', async () => {
    const { node, clock, store } = await running()
    store.commit = () => Promise.reject(new Error('the disk is gone'))
    const stopped = node.stop({ graceMs: 0 })
    clock.advance(12_000)
    await stopped
    await node.stopped
  })
})

describe('a node that met a mistake of its own', () => {
  /** A node whose driver has thrown, and the executor of which is closed. */
  async function mistaken(): Promise<Running> {
    let wrong = false
    const parts = await running(memoryDatabase(), () => {
      if (wrong) throw new Mistake('a mistake')
    })
    wrong = true
    parts.executions.endAll({ outcome: 'completed', text: 'done', files: [] })
    await expect(parts.node.stopped).rejects.toThrow(Mistake)
    return parts
  }

  test('says so at once to whoever asks it to stop', async () => {
    const { node, clock, executions } = await mistaken()
    await expect(node.stop()).rejects.toThrow(Mistake)
    expect(clock.nowMs()).toBe(0)
    expect(executions.closed).toBe(true)
  })

  test('says so to whoever waits for its end', async () => {
    let wrong = false
    const { node, executions } = await running(memoryDatabase(), () => {
      if (wrong) throw new Mistake('a mistake')
    })
    const stopped = node.stop()
    wrong = true
    executions.endAll({ outcome: 'completed', text: 'done', files: [] })
    await expect(stopped).rejects.toThrow(Mistake)
  })
})
