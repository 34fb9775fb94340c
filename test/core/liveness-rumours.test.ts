/** What a member's rumour says of itself, where this node hears its beats too. */
import { expect, test } from 'vitest'
import { LivenessNode, nodeIds, rumourBy } from '../support/liveness-node.ts'

const BEAT = { boot: '01'.repeat(8), incarnation: 1, storing: true }

test('that a node does not store counts by rumour only where no beats of it come: gossip may be late', () => {
  const node = new LivenessNode('n000', nodeIds(3)).connectAll().beatExcept()
  node.run(2_000)
  node.liveness.beat('n001', BEAT, node.nowMs)
  node.liveness.rumour(rumourBy('n001', [], { storing: false }), node.nowMs)
  expect(node.liveness.get('n001')?.storing).toBe(true)
  node.liveness.rumour(rumourBy('n002', [], { storing: false }), node.nowMs)
  expect(node.liveness.get('n002')?.storing).toBe(false)
})

test('its beats that come no more for five seconds do not stand in the way', () => {
  const node = new LivenessNode('n000', nodeIds(3)).connectAll().beatExcept()
  node.liveness.beat('n001', BEAT, node.nowMs)
  node.run(5_000)
  node.liveness.rumour(rumourBy('n001', [], { storing: false }), node.nowMs)
  expect(node.liveness.get('n001')?.storing).toBe(false)
})
