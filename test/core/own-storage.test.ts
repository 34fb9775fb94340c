/** Owners whose commits hang say so, and are passed over until they commit again. */
import { describe, expect, test } from 'vitest'
import { SLOT_COUNT } from '../../src/core/ids.ts'
import { CoreMesh, type MeshNode } from '../support/core-mesh.ts'

type Nodes = [MeshNode, MeshNode, MeshNode]

function saidStoring({ sent }: CoreMesh, node: MeshNode): boolean | undefined {
  const said = sent.findLast(({ from, message }) => from === node.id && message.type === 'beat')?.message
  return said?.type === 'beat' ? said.storing : undefined
}

const servedBy = (...nodes: readonly MeshNode[]) =>
  Array.from({ length: SLOT_COUNT }, (_, slot) => nodes.filter(({ core }) => core.serves(slot)).length)

describe('an owner whose commits hang', () => {
  test('says after ten seconds that it does not store, so that others serve its slots, until it commits again', () => {
    const mesh = new CoreMesh(['a', 'b', 'c'])
    const [a, b, c] = mesh.nodes as Nodes
    const { id } = mesh.batch(a, 'parti')
    mesh.seed(a, id, 20)
    a.held = true
    mesh.seed(a, mesh.batch(b, 'another').id, 50)
    mesh.advance(9_000)
    expect(saidStoring(mesh, a)).toBe(true)
    mesh.advance(3_000)
    expect(saidStoring(mesh, a)).toBe(false)
    expect(a.core.view().storageProblem).toBeUndefined()
    mesh.advance(20_000)
    expect(new Set(servedBy(b, c))).toEqual(new Set([1]))
    expect(new Set(servedBy(a))).toEqual(new Set([0]))
    expect(b.replies.get(mesh.seed(b, id, 40))).toMatchObject({ value: { new: 20, existing: 20, copies: 2 } })
    mesh.release(a)
    mesh.advance(2_000)
    expect(saidStoring(mesh, a)).toBe(true)
    mesh.advance(120_000)
    expect(new Set(servedBy(a, b, c))).toEqual(new Set([1]))
    expect(servedBy(a)).toContain(1)
    expect(b.core.view()).toMatchObject({ whole: true })
  })

  test('says so where the only other node lives, and says that it stores, and acknowledges nothing', () => {
    const mesh = new CoreMesh(['a', 'b'])
    const [a, b] = mesh.nodes as [MeshNode, MeshNode]
    const { id } = mesh.batch(a, 'parti')
    mesh.loses = (from, { type }) => from === b && type === 'facts-stored'
    const request = mesh.seed(a, id, 20)
    mesh.advance(9_000)
    expect(saidStoring(mesh, a)).toBe(true)
    mesh.advance(20_000)
    expect(saidStoring(mesh, a)).toBe(false)
    expect(a.replies.get(request)).toBeUndefined()
    expect(new Set(servedBy(b))).toEqual(new Set([1]))
    mesh.loses = () => false
    mesh.disconnect(a, b)
    mesh.connect(a, b)
    mesh.advance(5_000)
    expect(saidStoring(mesh, a)).toBe(true)
  })

  test('is not one that waits for a node of which nothing is heard', () => {
    const mesh = new CoreMesh(['a', 'b'])
    const [a, b] = mesh.nodes as [MeshNode, MeshNode]
    const { id } = mesh.batch(a, 'parti')
    mesh.loses = (from) => from === b
    const request = mesh.seed(a, id, 20)
    mesh.advance(40_000)
    const said = mesh.sent.flatMap(({ from, message }) =>
      from === 'a' && message.type === 'beat' ? [message.storing] : [],
    )
    expect(said).not.toContain(false)
    expect(a.replies.get(request)).toMatchObject({ value: { copies: 1 } })
  })
})
