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

  test('are as old as the last word that they still hold', () => {
    const rows = new LoadRows()
    const row = { ...ROW, node: 'b', seq: 2 }
    const heardMs = () => rows.all()[0]?.heardMs
    rows.heard(row, undefined, 1_000)
    expect(rows.heard(row, undefined, 2_000)).toBe(false)
    expect(heardMs()).toBe(2_000)
    rows.heard({ ...row, seq: 1 }, undefined, 3_000)
    expect(heardMs()).toBe(2_000)
    rows.unchanged('b', ROW.boot, 4_000)
    rows.unchanged('b', '00'.repeat(8), 5_000)
    rows.unchanged('c', ROW.boot, 6_000)
    expect(heardMs()).toBe(4_000)
  })

  test('of a mesh are seconds old, of a node that is silent older, of one alone not there', () => {
    const three = new CalmWorld({ machines: [machine(500), machine(500), machine(500)], tasks: 30 }).run(60_000)
    const ageMs = () => three.node(0).core?.view().oldestRowMs ?? Number.NaN
    expect(ageMs()).toBeLessThan(1_100)
    three.node(2).crash()
    three.run(700)
    expect(ageMs()).toBeGreaterThan(700)
    const one = new CalmWorld({ machines: [machine(500)], tasks: 3 }).run(10_000)
    expect(one.node(0).core?.view().oldestRowMs).toBeUndefined()
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
