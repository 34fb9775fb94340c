/** Stopping what runs of a batch: wherever it runs, whoever granted it. */
import { describe, expect, test } from 'vitest'
import { changeBatch } from '../../src/core/batches.ts'
import { BATCH, CoreBench, taskIn } from '../support/core-bench.ts'
import { CoreMesh } from '../support/core-mesh.ts'

type Nodes = [CoreMesh['nodes'][0], CoreMesh['nodes'][0], CoreMesh['nodes'][0]]

function running(ids: readonly string[]) {
  const mesh = new CoreMesh(ids)
  const [a, b, c] = mesh.nodes as Nodes
  const { id } = mesh.batch(a, 'parti')
  mesh.seed(a, id, 60)
  mesh.advance(5_000)
  for (const node of mesh.nodes) expect(node.running.size).toBe(2)
  return { mesh, a, b, c, id }
}

describe('a batch that is cancelled with what runs', () => {
  test('ends on every node', () => {
    const { mesh, b, id } = running(['a', 'b', 'c'])
    mesh.answer(b, { type: 'set-batch', batch: id, change: { cancelled: true }, stopRunning: true })
    for (const node of mesh.nodes) {
      expect(node.running.size).toBe(0)
      expect([...node.killed.values()]).toEqual(['cancelled', 'cancelled'])
    }
  })

  test('runs on at a node that cannot be reached', () => {
    const { mesh, a, b, c, id } = running(['a', 'b', 'c'])
    mesh.disconnect(a, c)
    mesh.disconnect(b, c)
    mesh.ask(a, { type: 'set-batch', batch: id, change: { cancelled: true }, stopRunning: true })
    expect([a.running.size, b.running.size, c.running.size]).toEqual([0, 0, 2])
  })

  test('ends at a node that is connected a little later, from whoever granted it', () => {
    const { mesh, a, b, c, id } = running(['a', 'b', 'c'])
    mesh.disconnect(a, c)
    mesh.disconnect(b, c)
    mesh.ask(a, { type: 'set-batch', batch: id, change: { cancelled: true }, stopRunning: true })
    mesh.connect(a, c)
    expect(c.running.size).toBe(0)
  })
})

describe('a batch that is paused with what runs', () => {
  test('has its attempts returned on every node, and goes on when it is resumed', () => {
    const { mesh, a, b, id } = running(['a', 'b', 'c'])
    mesh.answer(a, { type: 'set-batch', batch: id, change: { paused: true }, stopRunning: true })
    for (const node of mesh.nodes) expect([...node.killed.values()]).toEqual(['returned', 'returned'])
    mesh.advance(5_000)
    for (const node of mesh.nodes) expect(node.running.size).toBe(0)
    mesh.answer(b, { type: 'set-batch', batch: id, change: { paused: false } })
    mesh.advance(10_000)
    for (const node of mesh.nodes) expect(node.running.size).toBe(2)
  })
})

test('a batch that is cancelled without a word about what runs lets that finish', () => {
  const { mesh, a, id } = running(['a', 'b'])
  mesh.answer(a, { type: 'set-batch', batch: id, change: { cancelled: true } })
  mesh.advance(5_000)
  for (const node of mesh.nodes) expect(node.running.size).toBe(2)
})

describe('an attempt of a batch that was stopped, when its holder lists it', () => {
  const token = '02'.repeat(18)
  const tokens = [{ token, task: taskIn(1), batch: BATCH, started: true }]
  const held = { type: 'held', boot: 'cd'.repeat(8), part: 0, last: true, tokens } as const

  function stopped() {
    const bench = new CoreBench(['a', 'b'])
    const { parts, world, batch } = bench
    const pause = (paused: boolean) => parts.batches.learn([changeBatch(batch.record, { paused }, 'b')])
    pause(true)
    parts.stop.heard({ type: 'stop-batch', batch: BATCH, outcome: 'returned' })
    return { world, pause, list: () => parts.ownerDesk.held('b', held) }
  }

  test('is asked again to end', () => {
    const { world, list } = stopped()
    world.advance(30_000)
    list()
    expect(world.sentOf('kill')).toEqual([{ to: 'b', message: { type: 'kill', tokens: [token], outcome: 'returned' } }])
  })

  test('may run once the batch goes on, or long after', () => {
    const resumed = stopped()
    resumed.pause(false)
    const late = stopped()
    late.world.advance(61_000)
    for (const { world, list } of [resumed, late]) {
      list()
      expect(world.sentOf('kill')).toEqual([])
    }
  })
})
