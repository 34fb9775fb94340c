/** Deleted batches: gone everywhere and for good, and their name free for another. */
import { describe, expect, test } from 'vitest'
import { CoreMesh } from '../support/core-mesh.ts'

function meshWithBatch(ids: readonly string[]) {
  const mesh = new CoreMesh(ids)
  const [a, b] = mesh.nodes as [(typeof mesh.nodes)[0], (typeof mesh.nodes)[0]]
  const { id } = mesh.batch(a, 'parti')
  mesh.seed(a, id, 20)
  mesh.advance(5_000)
  return { mesh, a, b, id }
}

describe('a batch that is deleted', () => {
  test('leaves nothing on a node that is alone but its tombstone', () => {
    const { mesh, a, id } = meshWithBatch(['a'])
    expect(a.running.size).toBe(2)
    expect(mesh.answer(a, { type: 'delete-batch', batch: id })).toMatchObject({ copies: 1 })
    expect([...a.killed.values()]).toEqual(['cancelled', 'cancelled'])
    expect(a.factsOf(id)).toBe(0)
    expect(a.record('parti')).toMatchObject({ id, deleted: true })
    expect(a.told('parti')).toBeUndefined()
    mesh.advance(60_000)
    expect(a.factsOf(id)).toBe(0)
    expect(a.running.size).toBe(0)
  })

  test('ends on every node, whoever granted what runs, and no store has facts of it', () => {
    const { mesh, a, b, id } = meshWithBatch(['a', 'b'])
    expect([a.running.size, b.running.size]).toEqual([2, 2])
    expect(mesh.answer(b, { type: 'delete-batch', batch: id })).toMatchObject({ copies: 2 })
    for (const node of mesh.nodes) {
      expect(node.running.size).toBe(0)
      expect(node.factsOf(id)).toBe(0)
      expect(node.told('parti')).toBeUndefined()
      expect(node.disk.outboxSize).toBe(0)
    }
    mesh.advance(60_000)
    for (const node of mesh.nodes) expect(node.factsOf(id)).toBe(0)
  })

  test('is deleted once and for all: asked again it is answered, changed or seeded it is refused', () => {
    const { mesh, a, id } = meshWithBatch(['a', 'b'])
    mesh.answer(a, { type: 'delete-batch', batch: id })
    mesh.answer(a, { type: 'delete-batch', batch: id })
    const refused = [
      mesh.ask(a, { type: 'set-batch', batch: id, change: { paused: true } }),
      mesh.ask(a, { type: 'change-tasks', batch: id, change: 'retry', tasks: ['00'.repeat(16)] }),
      mesh.seed(a, id, 3),
    ]
    for (const request of refused) expect(a.replies.get(request)).toMatchObject({ code: 'MESH_BATCH_UNKNOWN' })
  })

  test('is another batch when its name is used again, of the next generation', () => {
    const { mesh, a, b, id } = meshWithBatch(['a', 'b'])
    mesh.answer(a, { type: 'delete-batch', batch: id })
    const again = mesh.batch(b, 'parti')
    expect(again).toMatchObject({ name: 'parti', generation: 1, deleted: false })
    expect(again.id).not.toBe(id)
    mesh.seed(a, again.id, 5)
    mesh.advance(10_000)
    for (const node of mesh.nodes) expect(node.told('parti')?.counts.total).toBe(5)
    mesh.answer(a, { type: 'delete-batch', batch: again.id })
    expect(mesh.batch(a, 'parti').generation).toBe(2)
  })

  test('is cleared at the next start where a crash came between the tombstone and the clearing', () => {
    const { mesh, a, id } = meshWithBatch(['a'])
    const before = a.disk.snapshot()
    mesh.answer(a, { type: 'delete-batch', batch: id })
    const tombstone = a.record('parti')
    a.disk.restore(before)
    a.disk.write({ facts: [], tallies: [], indexes: [], batches: [tombstone as never], promises: undefined })
    expect(a.factsOf(id)).toBeGreaterThan(0)
    mesh.restart(a)
    expect(a.factsOf(id)).toBe(0)
  })

  test('goes from a node that was away, or comes back with an old backup, as soon as it is connected', () => {
    const { mesh, a, b, id } = meshWithBatch(['a', 'b'])
    mesh.disconnect(a, b)
    const backup = b.disk.snapshot()
    mesh.advance(20_000)
    mesh.answer(a, { type: 'delete-batch', batch: id })
    b.disk.restore(backup)
    mesh.restart(b)
    expect(b.factsOf(id)).toBeGreaterThan(0)
    mesh.connect(a, b)
    mesh.advance(10_000)
    for (const node of mesh.nodes) {
      expect(node.factsOf(id)).toBe(0)
      expect(node.told('parti')).toBeUndefined()
      expect(node.record('parti')?.deleted).toBe(true)
    }
  })

  test('has the ends settled that a node still reports of it', () => {
    const { mesh, a, b, id } = meshWithBatch(['a', 'b'])
    mesh.disconnect(a, b)
    const [token] = [...b.running].find(([, { task }]) => task !== undefined) ?? []
    for (const each of [...b.running.keys()]) {
      b.running.delete(each)
      mesh.post(b, { type: 'execution-ended', token: each, outcome: 'completed', durationMs: 5, result: { files: [] } })
    }
    expect(token).toBeDefined()
    mesh.advance(20_000)
    mesh.answer(a, { type: 'delete-batch', batch: id })
    mesh.connect(a, b)
    mesh.advance(10_000)
    expect(b.disk.outboxSize).toBe(0)
    expect(a.factsOf(id) + b.factsOf(id)).toBe(0)
  })
})

describe('two meshes that meet', () => {
  test('have the batch deleted where one of them deleted it', () => {
    const { mesh, a, b, id } = meshWithBatch(['a', 'b'])
    mesh.disconnect(a, b)
    mesh.advance(30_000)
    mesh.answer(a, { type: 'delete-batch', batch: id })
    mesh.answer(b, { type: 'set-batch', batch: id, change: { priority: 7 } })
    mesh.connect(a, b)
    mesh.advance(10_000)
    for (const node of mesh.nodes) expect(node.record('parti')).toMatchObject({ id, deleted: true })
  })

  test('keep the batch of the highest generation alone, even where nobody tells of the tombstones before it', () => {
    const mesh = new CoreMesh(['a', 'b'], false)
    const [a, b] = mesh.nodes as [(typeof mesh.nodes)[0], (typeof mesh.nodes)[0]]
    const first = mesh.batch(a, 'parti')
    mesh.answer(a, { type: 'delete-batch', batch: first.id })
    const second = mesh.batch(a, 'parti')
    const older = mesh.batch(b, 'parti')
    expect(older.id).toBe(first.id)
    mesh.seed(b, older.id, 4)
    mesh.connectAll()
    mesh.advance(40_000)
    for (const node of mesh.nodes) {
      expect(node.told('parti')?.record.id).toBe(second.id)
      expect(node.factsOf(first.id)).toBe(0)
    }
  })
})
