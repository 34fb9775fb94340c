/** What a core tells people of the members: plain data, of all that the list knows. */
import { describe, expect, test } from 'vitest'
import { CalmWorld } from '../simulation/calm-world.ts'
import { machine } from '../simulation/cases.ts'

describe('the view of the members', () => {
  test('has this node, those alive with their boots, and since when others are dead', () => {
    const world = new CalmWorld({ machines: [machine(1_000), machine(1_000), machine(1_000)] }).run(30_000)
    const members = world.node(0).core?.view().members ?? []
    expect(members.map(({ id }) => id)).toEqual(world.world.nodes.map(({ id }) => id).sort())
    for (const { id, boot, name } of world.world.nodes)
      expect(members.find((each) => each.id === id)).toEqual({
        id,
        name,
        standing: 'joined',
        state: 'alive',
        boot,
        deadSinceMs: undefined,
      })
    const diedMs = world.node(0).localMs
    world.node(2).crash()
    world.run(10_000)
    const dead = world.view(0, world.node(2).id)
    expect(dead?.state).toBe('dead')
    expect(dead?.deadSinceMs).toBeGreaterThan(diedMs)
    expect(dead?.deadSinceMs).toBeLessThan(diedMs + 5_000)
  })
})
