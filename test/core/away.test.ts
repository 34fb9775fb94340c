/** Members that are dead for long: marked away by one side alone, passed over in lists, back with a higher incarnation. */
import { describe, expect, test } from 'vitest'
import { CalmWorld } from '../simulation/calm-world.ts'
import { machine } from '../simulation/cases.ts'
import { awayOn } from '../simulation/checkers/members.ts'

const MINUTE_MS = 60_000

function mesh(count: number, away: { awayMs: number; awayAloneMs: number }): CalmWorld {
  const machines = Array.from({ length: count }, () => machine(1_000))
  return new CalmWorld({ machines, conditions: { away } }).run(40_000)
}

describe('a member that is dead for long', () => {
  test('is marked away by the lowest id alone, is told so, and comes back with a higher incarnation', () => {
    const mesh5 = mesh(5, { awayMs: 10 * MINUTE_MS, awayAloneMs: 10 * MINUTE_MS })
    const lowest = mesh5.world.nodes.toSorted((a, b) => (a.id < b.id ? -1 : 1))[0]?.index
    const dead = lowest === 4 ? 3 : 4
    mesh5.node(dead).powerOff()
    mesh5.run(9 * MINUTE_MS)
    expect(mesh5.view(lowest ?? 0, mesh5.node(dead).id)).toMatchObject({ state: 'dead', standing: 'joined' })
    expect(mesh5.view(lowest ?? 0, mesh5.node(dead).id)?.deadSinceMs).toBeTypeOf('number')
    mesh5.run(2 * MINUTE_MS)
    const alive = mesh5.world.nodes.filter(({ index }) => index !== dead)
    for (const { index } of alive) expect(mesh5.entry(index, dead)?.standing).toBe('away')
    const before = mesh5.entry(0, dead)?.incarnation ?? 0
    mesh5.node(dead).powerOn()
    mesh5.run(MINUTE_MS)
    for (const { index } of mesh5.world.nodes) {
      expect(mesh5.entry(index, dead)).toMatchObject({ standing: 'joined', incarnation: before + 1 })
      expect(mesh5.view(index, mesh5.node(dead).id)).toMatchObject({ state: 'alive', deadSinceMs: undefined })
    }
    expect(mesh5.problems).toEqual([])
  })

  test('is marked after a shorter time where a slot has one storing copy without it', () => {
    const mesh5 = mesh(5, { awayMs: 60 * MINUTE_MS, awayAloneMs: 5 * MINUTE_MS })
    mesh5.node(4).powerOff()
    mesh5.run(8 * MINUTE_MS)
    expect(awayOn(mesh5.node(0)).size).toBe(0)
    mesh5.node(3).powerOff()
    mesh5.run(MINUTE_MS)
    // Whoever is marked first leaves two copies of every slot, unless some list has the other one and a third still.
    expect(awayOn(mesh5.node(0)).has(mesh5.node(4).id)).toBe(true)
  })

  test('is marked by nobody who holds no majority', () => {
    const mesh2 = mesh(2, { awayMs: MINUTE_MS, awayAloneMs: MINUTE_MS })
    mesh2.node(1).powerOff()
    mesh2.run(10 * MINUTE_MS)
    expect(mesh2.entry(0, 1)?.standing).toBe('joined')
    expect(mesh2.view(0, mesh2.node(1).id)?.state).toBe('dead')
  })

  test('is not charged with the time that the observer itself did nothing', () => {
    const mesh5 = mesh(5, { awayMs: 10 * MINUTE_MS, awayAloneMs: 10 * MINUTE_MS })
    mesh5.node(4).powerOff()
    mesh5.run(MINUTE_MS)
    for (const node of mesh5.world.nodes) node.freeze()
    mesh5.run(30 * MINUTE_MS)
    for (const node of mesh5.world.nodes) node.thaw()
    mesh5.run(5 * MINUTE_MS)
    expect(mesh5.entry(0, 4)?.standing).toBe('joined')
    mesh5.run(6 * MINUTE_MS)
    expect(mesh5.entry(0, 4)?.standing).toBe('away')
  })
})
