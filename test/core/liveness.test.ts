/** One node's judgement of others; its parts have tests of their own, liveness-mesh.test.ts has whole meshes. */
import { expect, test } from 'vitest'
import { LivenessNode, nodeIds } from '../support/liveness-node.ts'

test('until it is dead, a peer is up', () => {
  const node = new LivenessNode('n000', nodeIds(3)).connect('n001').beatExcept('n001')
  expect(node.liveness.isUp('n000')).toBe(true)
  for (const [atMs, state, isUp] of [
    [0, 'alive', true],
    [5_500, 'suspect', true],
    [16_000, 'dead', false],
  ] as const) {
    node.runUntil(atMs)
    expect(node.state('n001')).toBe(state)
    expect(node.liveness.isUp('n001')).toBe(isUp)
  }
})

test('a calm node looks through its peers only to beat them', () => {
  const node = new LivenessNode('n000', nodeIds(12)).connectAll().beatExcept()
  node.run(1_000)
  node.ticks = 0
  node.run(60_000)
  // Once for each beat, and once for each second in which beats of others came.
  expect(node.ticks).toBeLessThanOrEqual(140)
})
