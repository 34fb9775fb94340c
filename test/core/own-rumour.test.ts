/** What a node tells others of who is dead. */

import { describe, expect, test } from 'vitest'
import { LivenessNode, nodeIds, rumourBy } from '../support/liveness-node.ts'

describe("a node's own rumour", () => {
  test('names those whom it watched die, again every 30 s, and takes them back once', () => {
    const node = new LivenessNode('n000', nodeIds(6)).connectAll().beatExcept('n005')
    node.run(80_000)
    const death = { id: 'n005', incarnation: 1, why: 'silence' }
    expect(node.times('rumour')).toEqual([11_000, 41_000, 71_000])
    expect(
      node.actions('rumour').map(({ rumour: { seq, dead, incarnation, by } }) => ({ seq, dead, incarnation, by })),
    ).toEqual([1, 2, 3].map((seq) => ({ seq, dead: [death], incarnation: 1, by: 'n000' })))
    node.liveness.heard('n005', node.nowMs)
    node.beating.add('n005')
    node.run(60_000)
    expect(
      node
        .actions('rumour')
        .slice(3)
        .map((each) => each.rumour.dead),
    ).toEqual([[]])
  })

  test('says whether it can store, as long as it cannot', () => {
    const node = new LivenessNode('n000', nodeIds(2)).connectAll().beatExcept()
    node.run(5_000)
    node.liveness.storing(false, node.nowMs)
    node.run(35_000)
    node.liveness.storing(true, node.nowMs)
    node.run(60_000)
    expect(node.actions('rumour').map((each) => each.rumour.storing)).toEqual([false, false, true])
  })

  test('says again that it cannot store under each incarnation', () => {
    const node = new LivenessNode('n000', nodeIds(2)).connectAll().beatExcept()
    node.liveness.storing(false, node.nowMs)
    node.run(3_000)
    node.setMembers(nodeIds(2), { n000: 2 })
    node.run(3_000)
    expect(node.actions('rumour').map(({ rumour }) => [rumour.incarnation, rumour.storing])).toEqual([
      [1, false],
      [2, false],
    ])
  })

  test('speaks up where the node itself is held for dead, and beats the accuser, at most once a second', () => {
    const node = new LivenessNode('n000', nodeIds(12)).connectAll().beatExcept()
    node.run(900)
    for (let seq = 1; seq <= 4; seq++) {
      node.liveness.rumour(rumourBy('n003', ['n000'], { seq }), node.nowMs)
      node.settle()
    }
    node.run(950)
    expect(node.times('beat', 'n003').filter((atMs) => atMs === 900)).toHaveLength(4)
    expect(node.actions('rumour').map((each) => each.rumour.dead)).toEqual([[]])
    node.run(5_000)
    expect(node.times('rumour')).toEqual([900, 1_900])
    node.setMembers(nodeIds(12), { n000: 2 })
    node.liveness.rumour(rumourBy('n003', ['n000'], { seq: 9 }), node.nowMs)
    node.run(5_000)
    expect(node.actions('rumour')).toHaveLength(2)
  })
})
