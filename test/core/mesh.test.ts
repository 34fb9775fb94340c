/** One node among the others: what it hears of whom, and what it says. */
import { describe, expect, test } from 'vitest'
import { decodeMessage, encodeMessage } from '../../src/codec/messages.ts'
import type { LoadRow } from '../../src/core/messages.ts'
import { CoreBench } from '../support/core-bench.ts'
import { CoreMesh } from '../support/core-mesh.ts'
import { ROW } from '../support/sample-messages.ts'

type Nodes = [CoreMesh['nodes'][0], CoreMesh['nodes'][0], CoreMesh['nodes'][0]]

function setUp(ids: readonly string[] = ['a', 'b', 'c'], connected = true) {
  const mesh = new CoreMesh(ids, connected)
  const [a, b, c] = mesh.nodes as Nodes
  const between = (from: string, to: string) =>
    mesh.sent.filter((each) => each.from === from && each.to === to).map(({ message }) => message)
  return { mesh, a, b, c, between }
}

describe('a message', () => {
  const settled = encodeMessage({ type: 'settled', tokens: [] })

  test('that cannot be decoded is counted and dropped', () => {
    const { mesh, peers } = new CoreBench(['a', 'b']).parts
    peers.greeted('b')
    mesh.received('b', settled)
    expect(mesh.bad).toBe(0)
    mesh.received('b', new Uint8Array([1, 2, 3]))
    mesh.gossiped(new Uint8Array([1, 2, 3]))
    expect(mesh.bad).toBe(2)
  })

  test("that comes before its sender's hello is counted and dropped", () => {
    const { parts, world } = new CoreBench(['a', 'b'])
    parts.mesh.connected('b')
    parts.mesh.received('b', encodeMessage({ type: 'batches', records: [], answer: true, request: 1 }))
    expect([parts.mesh.bad, world.sent]).toEqual([1, []])
  })

  test('that is only a hint is taken from gossip, and no other', () => {
    const { parts, world } = new CoreBench(['a', 'b'])
    parts.mesh.gossiped(encodeMessage({ type: 'digests-wanted', request: 1, slots: [] }))
    expect([parts.mesh.bad, world.effectsOf('read-digests').length]).toEqual([0, 0])
  })
})

describe('a new connection', () => {
  test('has both sides say hello at once, and then the lists that differ', () => {
    const { mesh, a, b, between } = setUp(['a', 'b'], false)
    mesh.batch(a, 'parti')
    mesh.connect(a, b)
    expect([between('a', 'b')[0]?.type, between('b', 'a')[0]?.type]).toEqual(['hello', 'hello'])
    expect(between('a', 'b').map(({ type }) => type)).toContain('members')
    mesh.advance(2_000)
    expect(b.record('parti')).toBeDefined()
    expect(b.core.view().members.map(({ id }) => id)).toEqual(['a', 'b'])
  })

  test('tells a node of slots that it does not serve although it has the highest ballot of them', () => {
    const { parts, world } = new CoreBench(['a', 'b'])
    parts.ownership.learn([{ from: 3, to: 9, epoch: 7, node: 'b' }])
    parts.mesh.connected('b')
    const serving = [{ from: 3, to: 4, epoch: 7, node: 'b' }]
    parts.mesh.received('b', encodeMessage({ ...parts.mesh.greeting.hello, boot: '0b'.repeat(8), serving }))
    const said = world.effectsOf('send').map(({ bytes }) => decodeMessage(bytes))
    expect(said.filter(({ type }) => type === 'not-owner')).toEqual([
      { type: 'not-owner', ballots: [{ from: 5, to: 9, epoch: 7, node: 'b' }] },
    ])
  })

  test('has what a broken one may have lost said again', () => {
    const { mesh, a, b } = setUp(['a', 'b'])
    const { id } = mesh.batch(a, 'parti')
    mesh.seed(a, id, 8)
    mesh.advance(3_000)
    mesh.disconnect(a, b)
    for (const node of mesh.nodes) {
      for (const token of [...node.running.keys()]) {
        node.running.delete(token)
        mesh.post(node, { type: 'execution-ended', token, outcome: 'completed', durationMs: 5, result: { files: [] } })
      }
    }
    mesh.advance(500)
    mesh.connect(a, b)
    mesh.advance(10_000)
    expect([a.disk.outboxSize, b.disk.outboxSize]).toEqual([0, 0])
  })
})

describe('a beat', () => {
  test('goes to everyone in a small mesh, and brings lists that differ together', () => {
    const { mesh, between } = setUp()
    mesh.sent.length = 0
    mesh.advance(3_000)
    for (const [from, to] of [
      ['a', 'b'],
      ['b', 'a'],
      ['a', 'c'],
    ] as const)
      expect(between(from, to).filter(({ type }) => type === 'beat').length).toBeGreaterThanOrEqual(2)
  })
})

describe('a row', () => {
  const { bench, gossip } = (() => {
    const made = new CoreBench(['a', 'b', 'c'])
    const say = (node: string, change: Partial<LoadRow> = {}) =>
      made.parts.mesh.gossiped(encodeMessage({ type: 'load', row: { ...ROW, node, incarnation: 1, ...change } }))
    return { bench: made, gossip: say }
  })()
  const { rows, peers, news } = bench.parts

  test('of a member is kept, but for what this node itself would have said', () => {
    gossip('b', { owned: 77 })
    gossip('a', { owned: 78 })
    expect([rows.of('b')?.owned, rows.of('a')]).toEqual([77, undefined])
  })

  test('of another life of a member, or of a stranger, is dropped', () => {
    gossip('c', { incarnation: 99 })
    gossip('stranger')
    expect([rows.of('c'), rows.of('stranger')]).toEqual([undefined, undefined])
  })

  test('of a node that left is kept no longer, and dropped where it comes late', () => {
    const left = { id: 'b', name: 'b', incarnation: 2, standing: 'left' as const, addresses: [] }
    news.taken('c', { type: 'members', entries: [left], answer: false })
    expect([peers.isMember('b'), rows.of('b')]).toEqual([false, undefined])
    gossip('b', { seq: 9 })
    expect(rows.of('b')).toBeUndefined()
  })
})
