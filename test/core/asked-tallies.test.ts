/** Counts of more batches than load rows have room for. */
import { describe, expect, test } from 'vitest'
import { AskedTallies } from '../../src/core/asked-tallies.ts'
import { BatchBook } from '../../src/core/batch-book.ts'
import type { Load } from '../../src/core/load.ts'
import { LoadRows } from '../../src/core/load-rows.ts'
import { CoreMesh, type MeshNode } from '../support/core-mesh.ts'
import { PartWorld } from '../support/part-world.ts'
import { BATCH_ROW, HASH, RECORD, ROW } from '../support/sample-messages.ts'

const BATCHES = 45
const TASKS = 4

function seededMesh(): { mesh: CoreMesh; a: MeshNode; b: MeshNode } {
  const mesh = new CoreMesh(['a', 'b'])
  const [a, b] = mesh.nodes as [MeshNode, MeshNode]
  for (let at = 0; at < BATCHES; at++) {
    const spec = { name: `batch ${at}`, profile: 'nobody performs it' }
    const value = mesh.answer(a, { type: 'create-batch', spec })
    if (value.type === 'batch') mesh.seed(a, value.batch.id, TASKS)
  }
  mesh.advance(10_000)
  return { mesh, a, b }
}

const totals = (node: MeshNode) => node.core.view().batches.map(({ counts }) => counts.total)
const wanted = ({ sent }: CoreMesh) => sent.filter(({ message }) => message.type === 'tallies-wanted').length

describe('tallies that rows leave out', () => {
  test('are missing until the owner was asked for them, and counts are not called whole until then', () => {
    const { mesh, b } = seededMesh()
    const first = b.core.view()
    expect(first.whole).toBe(false)
    expect(first.batches.filter(({ untold }) => untold > 0).length).toBeGreaterThanOrEqual(BATCHES - 30)
    mesh.advance(2_000)
    expect(b.core.view().whole).toBe(true)
    expect(totals(b)).toEqual(Array(BATCHES).fill(TASKS))
  })

  test('are asked for once a second while somebody looks, and not for long after that', () => {
    const { mesh, b } = seededMesh()
    expect(wanted(mesh)).toBe(0)
    b.core.view()
    mesh.advance(60_000)
    const asked = wanted(mesh)
    expect(asked).toBeGreaterThan(5)
    expect(asked).toBeLessThan(13)
    expect(b.core.view().whole).toBe(false)
  })

  test('never make counts wrong that are called whole, while slots go from one owner to another', () => {
    const { mesh, a, b } = seededMesh()
    b.core.view()
    mesh.advance(2_000)
    mesh.restart(a)
    mesh.connectAll()
    for (let at = 0; at < 300; at++) {
      const { whole } = b.core.view()
      if (whole) expect(totals(b)).toEqual(Array(BATCHES).fill(TASKS))
      mesh.advance(200)
    }
    expect(b.core.view().whole).toBe(true)
  })

  test('count only beside a row of the same boot that owns the same slots, and are missing again when they are old', () => {
    const world = new PartWorld(['a', 'b'])
    world.bootOf = () => ROW.boot
    const book = new BatchBook()
    book.put(RECORD)
    const asked = new AskedTallies(world, { book, load: { ownedSum: HASH } as Load, rows: new LoadRows() })
    const row = { ...ROW, node: 'b' }
    expect(asked.of(row, RECORD.id)).toEqual({ tally: undefined, isMissing: true })
    expect(asked.of({ ...row, batchesLeftOut: 0 }, RECORD.id)).toEqual({ tally: undefined, isMissing: false })
    asked.told('b', { type: 'tallies', request: 0, ownedSum: row.ownedSum, batches: [BATCH_ROW] })
    expect(asked.of(row, RECORD.id)).toEqual({ tally: BATCH_ROW, isMissing: false })
    expect(asked.of({ ...row, ownedSum: '00'.repeat(8) }, RECORD.id).isMissing).toBe(true)
    expect(asked.of({ ...row, boot: '00'.repeat(8) }, RECORD.id).isMissing).toBe(true)
    world.advance(6_000)
    expect(asked.of(row, RECORD.id)).toEqual({ tally: BATCH_ROW, isMissing: true })
  })
})
