/** Creating, changing and deleting batches, at one node or at several at once. */
import { describe, expect, test } from 'vitest'
import { CoreMesh } from '../support/core-mesh.ts'

type Nodes = [CoreMesh['nodes'][0], CoreMesh['nodes'][0]]

describe('a batch that two nodes create at the same time', () => {
  test('is one batch with one record, whatever each of them was told', () => {
    const mesh = new CoreMesh(['a', 'b'], false)
    const [a, b] = mesh.nodes as Nodes
    mesh.batch(a, 'other')
    const create = (profile: string, priority: number) =>
      ({ type: 'create-batch', spec: { name: 'parti', profile, priority } }) as const
    mesh.answer(a, create('draw', 1))
    mesh.answer(b, create('write', 2))
    mesh.connectAll()
    mesh.advance(5_000)
    expect(a.record('parti')).toEqual(b.record('parti'))
    const fields = a.record('parti')?.fields
    expect([fields?.profile.node, fields?.priority.node, fields?.born.node]).toEqual(['b', 'b', 'b'])
    expect(fields).toMatchObject({ profile: { value: 'write' }, priority: { value: 2 }, born: { value: 1 } })
  })

  test('has the tasks of both', () => {
    const mesh = new CoreMesh(['a', 'b'], false)
    const [a, b] = mesh.nodes as Nodes
    mesh.seed(a, mesh.batch(a, 'parti').id, 7)
    mesh.seed(b, mesh.batch(b, 'parti').id, 9)
    mesh.connectAll()
    mesh.advance(60_000)
    for (const node of mesh.nodes) expect(node.told('parti')?.counts.total).toBe(9)
  })
})

describe('a request about a batch that is not known', () => {
  test('is refused', () => {
    const mesh = new CoreMesh(['a'])
    const [a] = mesh.nodes as Nodes
    const batch = '0123456789abcdef'
    for (const asked of [
      { type: 'delete-batch', batch },
      { type: 'set-batch', batch, change: { paused: true } },
    ] as const) {
      expect(a.replies.get(mesh.ask(a, asked))).toMatchObject({ type: 'refuse', code: 'MESH_BATCH_UNKNOWN' })
    }
  })
})
