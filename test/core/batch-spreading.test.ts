/** What is said about batches: on two nodes before it is answered, and on every node soon. */
import { describe, expect, test } from 'vitest'
import { CoreMesh } from '../support/core-mesh.ts'

type Nodes = [CoreMesh['nodes'][0], CoreMesh['nodes'][0], CoreMesh['nodes'][0]]

describe('a new batch, and a change of one', () => {
  test('is answered by a node that is alone once it is synced there', () => {
    const mesh = new CoreMesh(['a'])
    const [a] = mesh.nodes as Nodes
    a.held = true
    const request = mesh.ask(a, { type: 'create-batch', spec: { name: 'parti', profile: 'draw' } })
    expect(a.replies.get(request)).toBeUndefined()
    mesh.release(a)
    expect(a.replies.get(request)).toMatchObject({ value: { created: true, copies: 1 } })
  })

  test('is answered once it is synced on another node too', () => {
    const mesh = new CoreMesh(['a', 'b'])
    const [a, b] = mesh.nodes as Nodes
    b.held = true
    const request = mesh.ask(a, { type: 'create-batch', spec: { name: 'parti', profile: 'draw' } })
    expect(a.record('parti')).toBeDefined()
    expect(a.replies.get(request)).toBeUndefined()
    mesh.release(b)
    expect(a.replies.get(request)).toMatchObject({ value: { copies: 2 } })
    expect(b.record('parti')).toEqual(a.record('parti'))
  })

  test('is on every node, of which one is enough for the answer', () => {
    const mesh = new CoreMesh(['a', 'b', 'c'])
    const [a, , c] = mesh.nodes as Nodes
    c.held = true
    const { id } = mesh.batch(a, 'parti')
    expect(mesh.answer(a, { type: 'set-batch', batch: id, change: { paused: true } })).toMatchObject({ copies: 2 })
    mesh.release(c)
    for (const node of mesh.nodes) expect(node.record('parti')?.fields.paused.value).toBe(true)
  })

  test('is told again to a node whose connection broke before it could answer', () => {
    const mesh = new CoreMesh(['a', 'b'])
    const [a, b] = mesh.nodes as Nodes
    b.held = true
    const request = mesh.ask(a, { type: 'create-batch', spec: { name: 'parti', profile: 'draw' } })
    mesh.disconnect(a, b)
    b.unsynced.length = 0
    b.held = false
    mesh.restart(b)
    expect(a.replies.get(request)).toBeUndefined()
    mesh.connect(a, b)
    expect(a.replies.get(request)).toMatchObject({ value: { copies: 2 } })
    expect(b.record('parti')).toBeDefined()
  })

  test('is answered with one copy once the other node does not store any more', () => {
    const mesh = new CoreMesh(['a', 'b'])
    const [a, b] = mesh.nodes as Nodes
    b.held = true
    const request = mesh.ask(a, { type: 'create-batch', spec: { name: 'parti', profile: 'draw' } })
    mesh.post(b, { type: 'storage', problem: 'disk-full' })
    mesh.advance(2_000)
    expect(a.replies.get(request)).toMatchObject({ value: { copies: 1 } })
  })

  test('is answered by a node that is reached through a third only, which stores nothing itself', () => {
    const mesh = new CoreMesh(['a', 'b', 'c'])
    const [a, b, c] = mesh.nodes as Nodes
    mesh.post(c, { type: 'storage', problem: 'disk-full' })
    c.held = true
    mesh.disconnect(a, b)
    mesh.advance(20_000)
    expect([a.core.isUp('b'), a.peers.has(b)]).toEqual([true, false])
    const request = mesh.ask(a, { type: 'create-batch', spec: { name: 'parti', profile: 'draw' } })
    mesh.advance(10_000)
    expect(a.replies.get(request)).toMatchObject({ value: { copies: 2 } })
    expect(b.record('parti')).toBeDefined()
  })

  test('is told again where the node between lost it', () => {
    const mesh = new CoreMesh(['a', 'b', 'c'])
    const [a, b, c] = mesh.nodes as Nodes
    mesh.post(c, { type: 'storage', problem: 'disk-full' })
    c.held = true
    mesh.disconnect(a, b)
    mesh.advance(20_000)
    mesh.disconnect(b, c)
    const request = mesh.ask(a, { type: 'create-batch', spec: { name: 'parti', profile: 'draw' } })
    mesh.connect(b, c)
    mesh.advance(1_000)
    expect(a.replies.get(request)).toBeUndefined()
    mesh.advance(20_000)
    expect(a.replies.get(request)).toMatchObject({ value: { copies: 2 } })
  })

  test('that was made before is not answered before it is on two nodes either', () => {
    const mesh = new CoreMesh(['a', 'b'])
    const [a, b] = mesh.nodes as Nodes
    b.held = true
    const first = mesh.ask(a, { type: 'create-batch', spec: { name: 'parti', profile: 'draw' } })
    const second = mesh.ask(a, { type: 'create-batch', spec: { name: 'parti', profile: 'draw' } })
    expect(a.replies.size).toBe(0)
    mesh.release(b)
    expect(a.replies.get(first)).toMatchObject({ value: { created: true } })
    expect(a.replies.get(second)).toMatchObject({ value: { created: false } })
  })
})
