/** Counts that every owner is asked for. */
import { describe, expect, test } from 'vitest'
import { BatchBook } from '../../src/core/batch-book.ts'
import type { AnswerValue } from '../../src/core/effects.ts'
import { ExactCounts } from '../../src/core/exact-counts.ts'
import type { Load } from '../../src/core/load.ts'
import { CoreMesh, type MeshNode } from '../support/core-mesh.ts'
import { PartWorld } from '../support/part-world.ts'
import { BATCH_ROW, RECORD } from '../support/sample-messages.ts'

type Counts = Extract<AnswerValue, { type: 'counts' }>

function seededMesh(tasks = 60, ids = ['a', 'b', 'c']) {
  const mesh = new CoreMesh(ids)
  const [a, b, c] = mesh.nodes as [MeshNode, MeshNode, MeshNode]
  const spec = { name: 'parti', profile: 'nobody performs it' }
  const value = mesh.answer(a, { type: 'create-batch', spec })
  if (value.type !== 'batch') throw new Error(`${value.type} is no batch`)
  mesh.seed(a, value.batch.id, tasks)
  mesh.advance(10_000)
  const told = (request: number): Counts | undefined => {
    const reply = b.replies.get(request)
    return reply?.type === 'answer' && reply.value.type === 'counts' ? reply.value : undefined
  }
  return { mesh, a, b, c, batch: value.batch.id, told }
}

describe('the counts that all owners tell', () => {
  test('are answered at once where all are there, are whole, and newer than any row', () => {
    const { mesh, a, b, batch, told } = seededMesh()
    mesh.seed(a, batch, 90)
    expect(b.core.view().batches[0]?.counts.total).toBeLessThan(90)
    const counts = told(mesh.ask(b, { type: 'count' }))
    expect(counts).toMatchObject({ whole: true, missing: [], batches: [{ batch, total: 90, completed: 0 }] })
  })

  test('wait 5 s for who is silent, and name it', () => {
    const { mesh, c, batch, told } = seededMesh()
    mesh.loses = (from, { type }) => from === c && type === 'tallies'
    const request = mesh.ask(mesh.nodes[1] as MeshNode, { type: 'count' })
    mesh.advance(4_900)
    expect(told(request)).toBeUndefined()
    mesh.advance(200)
    const counts = told(request)
    expect(counts).toMatchObject({ whole: false, missing: ['c'] })
    expect(counts?.batches[0]?.batch).toBe(batch)
    expect(counts?.batches[0]?.total).toBeLessThan(60)
  })

  test('wait 5 s for who was not heard since the start, and are whole without it', () => {
    const { mesh, b, c, batch, told } = seededMesh(60, ['a', 'b', 'c', 'd'])
    for (const peer of [...c.peers]) mesh.disconnect(c, peer)
    mesh.advance(60_000)
    mesh.ask(b, { type: 'set-batch', batch, change: { paused: true } })
    for (const token of b.running.keys())
      mesh.post(b, { type: 'execution-ended', token, outcome: 'returned', durationMs: 5 })
    mesh.ask(b, { type: 'leave' })
    mesh.advance(60_000)
    mesh.restart(b)
    for (const peer of mesh.nodes) if (peer !== b && peer !== c) mesh.connect(b, peer)
    mesh.advance(1_000)
    const request = mesh.ask(b, { type: 'count' })
    mesh.advance(4_900)
    expect(told(request)).toBeUndefined()
    mesh.advance(200)
    expect(told(request)).toMatchObject({ whole: true, missing: [], batches: [{ batch, total: 60 }] })
  })

  test('are not whole where who was not heard since the start may own slots, or know of a batch', () => {
    const { mesh, b } = seededMesh()
    const alone = new CoreMesh(['a', 'b'])
    const [first] = alone.nodes as [MeshNode]
    for (const [each, node] of [
      [mesh, b],
      [alone, first],
    ] as const) {
      each.restart(node)
      const request = each.ask(node, { type: 'count' })
      each.advance(5_000)
      const missing = each.nodes.filter((other) => other !== node).map(({ id }) => id)
      expect(node.replies.get(request)).toMatchObject({ value: { whole: false, missing } })
    }
  })

  test('are asked for again where the first question was lost', () => {
    const { mesh, b, told } = seededMesh()
    mesh.loses = (from, { type }) => from === b && type === 'tallies-wanted'
    const request = mesh.ask(b, { type: 'count' })
    mesh.loses = () => false
    mesh.advance(1_100)
    expect(told(request)).toMatchObject({ whole: true, missing: [] })
  })

  test('are not whole while somebody reads the tasks of slots that it has taken over', () => {
    const { mesh, a, b, c, told } = seededMesh()
    for (const node of [a, b]) node.slowReads = true
    for (const peer of [a, b]) mesh.disconnect(c, peer)
    c.peers.clear()
    mesh.advance(60_000)
    const request = mesh.ask(b, { type: 'count' })
    mesh.advance(4_000)
    expect(told(request)).toBeUndefined()
    mesh.advance(1_100)
    expect(told(request)).toMatchObject({ whole: false })
    for (const node of [a, b]) mesh.readOn(node)
    mesh.advance(1_000)
    expect(told(mesh.ask(b, { type: 'count' }))).toMatchObject({ whole: true, batches: [{ total: 60 }] })
  })

  test('rest on no answer to another question, and on none of other slots', () => {
    const world = new PartWorld(['a', 'b'])
    const book = new BatchBook()
    book.put(RECORD)
    const counts = new ExactCounts(world, { book, load: { ownedSum: '0'.repeat(16) } as Load })
    world.requests.open(7, true)
    counts.ask(7)
    const tell = (request: number, ownedSum: string, total: number) =>
      counts.told('b', { type: 'tallies', request, ownedSum, batches: [{ ...BATCH_ROW, total }] })
    tell(8, 'ab'.repeat(8), 1)
    tell(7, 'ab'.repeat(8), 2)
    counts.told('b', { type: 'tallies', request: 7, ownedSum: 'cd'.repeat(8), batches: [] })
    expect(world.sentOf('tallies-wanted')).toHaveLength(1)
    world.advance(5_000)
    expect(world.sentOf('tallies-wanted')).toHaveLength(5)
    expect(world.effectsOf('answer')).toMatchObject([
      { request: 7, value: { whole: false, missing: ['b'], batches: [{ total: 0 }] } },
    ])
  })

  test('are answered while nothing can be written', () => {
    const { mesh, b, told } = seededMesh()
    const silent = mesh.loses
    mesh.loses = (_from, { type }) => type === 'tallies'
    const request = mesh.ask(b, { type: 'count' })
    mesh.post(b, { type: 'storage', problem: 'disk-full' })
    mesh.loses = silent
    mesh.advance(1_500)
    expect(told(request)).toMatchObject({ missing: [] })
  })

  test('of a mesh without a batch are whole once all have told', () => {
    const mesh = new CoreMesh(['a', 'b'])
    const [a] = mesh.nodes as [MeshNode]
    expect(a.replies.get(mesh.ask(a, { type: 'count' }))).toMatchObject({
      value: { batches: [], whole: true, missing: [] },
    })
    mesh.loses = (_from, { type }) => type === 'tallies'
    const request = mesh.ask(a, { type: 'count' })
    mesh.advance(5_000)
    expect(a.replies.get(request)).toMatchObject({ value: { whole: false, missing: ['b'] } })
  })

  test('of a node that knows nobody, or of no batch, are its own', () => {
    const mesh = new CoreMesh(['a'])
    const [a] = mesh.nodes as [MeshNode]
    const ask = () => a.replies.get(mesh.ask(a, { type: 'count' }))
    expect(ask()).toMatchObject({ value: { batches: [], missing: [] } })
    const batch = mesh.batch(a, 'parti').id
    mesh.advance(5_000)
    mesh.seed(a, batch, 20)
    expect(ask()).toMatchObject({ value: { whole: true, missing: [], batches: [{ batch, total: 20 }] } })
  })
})
