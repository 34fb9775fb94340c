/** Rows of nodes that are members no more: gone with their membership, and not taken back from late gossip. */
import { describe, expect, test } from 'vitest'
import { LoadRows } from '../../src/core/load-rows.ts'
import { CalmWorld } from '../simulation/calm-world.ts'
import { machine } from '../simulation/cases.ts'
import { ROW } from '../support/sample-messages.ts'

describe('rows of load', () => {
  test('are replaced by later ones of their node, and forgotten with it', () => {
    const rows = new LoadRows()
    expect(rows.heard({ ...ROW, node: 'b', seq: 2 }, undefined, 1)).toBe(true)
    expect(rows.heard({ ...ROW, node: 'b', seq: 1 }, undefined, 2)).toBe(false)
    expect(rows.heard({ ...ROW, node: 'a' }, undefined, 3)).toBe(true)
    rows.forget('b')
    expect(rows.all().map(({ row }) => row.node)).toEqual(['a'])
  })

  test('of a member that left count no more, so that counts add up', () => {
    const three = new CalmWorld({ machines: [machine(500), machine(500), machine(500)], tasks: 30 }).run(60_000)
    three.node(2).leaving = { backMs: undefined }
    three.ask(2, { type: 'leave' })
    three.run(20_000)
    for (const index of [0, 1]) {
      const view = three.node(index).core?.view()
      expect(view?.whole).toBe(true)
      expect(view?.batches[0]?.counts).toMatchObject({ total: 30, completed: 30 })
    }
  })
})
