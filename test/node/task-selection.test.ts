/** All tasks of a batch that a change is about, whatever their number. */
import { describe, expect, test } from 'vitest'
import type { StoredFact } from '../../src/core/facts.ts'
import { slotOf } from '../../src/core/ids.ts'
import { startNode } from '../../src/node/mesh-node.ts'
import type { Executor, FactStore } from '../../src/node/ports.ts'
import { systemClock } from '../../src/node/system-clock.ts'
import { idsToChange } from '../../src/node/task-selection.ts'
import { sha256 } from '../support/core-disk.ts'
import { CoreWorld } from '../support/core-world.ts'
import { loneNodeParts, memoryDatabase, memoryStore, rowsOf } from '../support/lone-node.ts'

const PROMPTS = Array.from({ length: 2_500 }, (_, at) => `prompt ${at}`)
const RETRIED = PROMPTS.slice(0, 300)

describe('retry of all tasks', () => {
  test('reads each slot once, however many have failed', async () => {
    const world = new CoreWorld()
    world.seed(world.batch('b', { maxAttempts: 1 }), PROMPTS.slice(0, 300))
    for (let each = 0; each < 200; each++) world.fail()
    const { batch } = world.stateOf('prompt 0')
    const reads: number[] = []
    const readSlots: FactStore['readSlots'] = async (id, slots) => {
      reads.push(...slots)
      return world.disk.slotFacts(id, slots)
    }
    const slots = [...new Set([...world.disk.facts.keys()].map(slotOf))].sort((a, b) => a - b)
    const chunks = await collected(idsToChange({ store: { readSlots }, batch, slotsWith: () => slots }, 'retry'))
    const failed = world.disk.states().filter(({ standing }) => standing === 'failed')
    expect(chunks.flat().sort()).toEqual(failed.map(({ task }) => task).sort())
    expect(failed).toHaveLength(200)
    expect(reads).toEqual(slots)
  })

  test('gives at most a thousand at a time', async () => {
    const world = new CoreWorld({ nodeSettings: { profiles: {} }, namedBy: namedIntoOneSlot })
    const batch = world.batch('b')
    world.seed(batch, PROMPTS)
    const store = {
      readSlots: async (id: string, slots: readonly number[]): Promise<StoredFact[]> => world.disk.slotFacts(id, slots),
    }
    const chunks = await collected(idsToChange({ store, batch, slotsWith: () => [0] }, 'cancel'))
    expect(chunks.map(({ length }) => length)).toEqual([1_000, 1_000, 500])
  })

  test('runs each of them again', async () => {
    let failing = true
    const executor: Executor = {
      usesFolder: false,
      execute: async () =>
        failing
          ? { outcome: 'failed', error: { class: 'failed', message: 'no' } }
          : { outcome: 'completed', text: 'done', files: [] },
      close: async () => undefined,
    }
    const store = memoryStore(memoryDatabase())
    const node = await startNode(loneNodeParts({ store, clock: systemClock, executor }))
    const ended = (state: 'failed' | 'completed') =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (node.batch('b')[state] === RETRIED.length) resolve()
        }
        node.onTaskEnded(look)
      })
    const failed = ended('failed')
    await node.seed({ batch: 'b', profile: 'draw', maxAttempts: 1 }, rowsOf(RETRIED))
    await failed
    failing = false
    const completed = ended('completed')
    expect(await node.changeTasks('b', 'retry', 'all')).toBe(RETRIED.length)
    await completed
    expect(await node.changeTasks('b', 'retry', 'all')).toBe(0)
    await node.stop({ graceMs: 0 })
  })
})

async function collected(chunks: AsyncIterable<string[]>): Promise<string[][]> {
  const all: string[][] = []
  for await (const chunk of chunks) all.push(chunk)
  return all
}

function namedIntoOneSlot(bytes: Uint8Array): string {
  return `0000${sha256(bytes).slice(4)}`
}
