/** Counts that every owner is asked for. */
import { describe, expect, test } from 'vitest'
import type { AnswerValue } from '../../src/core/effects.ts'
import { CoreMesh, type MeshNode } from '../support/core-mesh.ts'

type Counts = Extract<AnswerValue, { type: 'counts' }>

function seededMesh(tasks = 60) {
  const mesh = new CoreMesh(['a', 'b', 'c'])
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

  test('are asked for again where the first question was lost', () => {
    const { mesh, b, told } = seededMesh()
    mesh.loses = (from, { type }) => from === b && type === 'tallies-wanted'
    const request = mesh.ask(b, { type: 'count' })
    mesh.loses = () => false
    mesh.advance(1_100)
    expect(told(request)).toMatchObject({ whole: true, missing: [] })
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
