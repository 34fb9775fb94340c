/** Two nodes under one id: the later one is turned away by peers that know both, and stops; echoes of the past do nothing. */
import { describe, expect, test } from 'vitest'
import { Clones } from '../../src/core/clones.ts'
import { CalmWorld } from '../simulation/calm-world.ts'
import { machine } from '../simulation/cases.ts'

const EARLY = { started: 3, boot: 'aa' }
const LATE = { started: 4, boot: '99' }

describe('a peer that greets', () => {
  test('is turned away where an earlier life of it answered after it had greeted', () => {
    const clones = new Clones()
    expect(clones.greeted('p', EARLY, 0)).toBe(undefined)
    expect(clones.greeted('p', LATE, 1_000)).toBe(undefined)
    clones.disconnected('p')
    expect(clones.greeted('p', EARLY, 2_000)).toBe('ask')
    clones.answered('p', 2_010)
    clones.disconnected('p')
    expect(clones.greeted('p', LATE, 3_000)).toBe('turn-away')
    expect(clones.greeted('p', EARLY, 4_000)).toBe('ask')
  })

  test('is not turned away for an earlier life that greets late and answers nothing', () => {
    const clones = new Clones()
    clones.greeted('p', LATE, 1_000)
    clones.disconnected('p')
    expect(clones.greeted('p', EARLY, 1_500)).toBe('ask')
    clones.disconnected('p')
    // An answer that arrives on a connection of the later life is its own.
    expect(clones.greeted('p', LATE, 2_000)).toBe(undefined)
    clones.answered('p', 2_010)
    clones.disconnected('p')
    expect(clones.greeted('p', LATE, 3_000)).toBe(undefined)
  })

  test('is not turned away for an earlier life that answered before it greeted first, nor for one long ago', () => {
    const clones = new Clones()
    clones.greeted('p', EARLY, 0)
    clones.answered('p', 10)
    clones.disconnected('p')
    expect(clones.greeted('p', LATE, 1_000)).toBe(undefined)
    clones.disconnected('p')
    clones.greeted('p', EARLY, 2_000)
    clones.answered('p', 2_010)
    clones.disconnected('p')
    expect(clones.greeted('p', LATE, 40_000)).toBe(undefined)
  })

  test('is judged by its boot where both started with one incarnation', () => {
    const [low, high] = [
      { started: 4, boot: '11' },
      { started: 4, boot: '22' },
    ]
    const clones = new Clones()
    clones.greeted('p', high, 0)
    clones.disconnected('p')
    expect(clones.greeted('p', low, 1_000)).toBe('ask')
    clones.answered('p', 1_010)
    clones.disconnected('p')
    expect(clones.greeted('p', high, 2_000)).toBe('turn-away')
  })
})

describe('a data directory that was copied', () => {
  test('ends the copy with MESH_CLONED_ID, and leaves the original and the others alone', () => {
    const mesh = new CalmWorld({
      machines: [machine(1_000), machine(1_000), machine(1_000)],
      tasks: 20,
      faults: [{ kind: 'clone', atMs: 60_000, node: 1, forMs: 60_000 }],
    })
    mesh.run(115_000)
    const fatal = mesh.effects.filter(({ effect }) => effect.type === 'fatal')
    expect(fatal).toHaveLength(1)
    expect(fatal[0]?.node.isClone).toBe(true)
    expect(fatal[0]?.effect).toMatchObject({ code: 'MESH_CLONED_ID' })
    expect(mesh.world.nodes.slice(0, 3).map(({ up, starts }) => [up, starts])).toEqual([
      [true, 1],
      [true, 1],
      [true, 1],
    ])
  })

  test('ends nobody where a node only starts anew, again and again', () => {
    const mesh = new CalmWorld({
      machines: [machine(1_000), machine(1_000), machine(1_000)],
      tasks: 20,
      faults: [{ kind: 'restarts', atMs: 50_000, node: 1, times: 10, everyMs: 700 }],
    })
    mesh.run(100_000)
    expect(mesh.effects.filter(({ effect }) => effect.type === 'fatal')).toEqual([])
    expect(mesh.view(0, mesh.node(1).id)?.state).toBe('alive')
  })
})
