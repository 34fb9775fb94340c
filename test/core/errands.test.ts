/** What a node finds out for others. */
import { describe, expect, test } from 'vitest'
import { LivenessNode, nodeIds } from '../support/liveness-node.ts'

describe('a question of another member', () => {
  test('is answered with yes about this node, and about one heard within a second', () => {
    const node = new LivenessNode('n000', nodeIds(4)).connectAll()
    node.liveness.asked('n001', 'n000', 0)
    node.liveness.asked('n001', 'n002', 0)
    node.settle()
    const answer = { type: 'probed', to: 'n001', reached: true }
    expect(node.actions('probed')).toEqual([
      { ...answer, about: 'n000' },
      { ...answer, about: 'n002' },
    ])
    node.liveness.asked('n001', 'n003', 1_500)
    node.nowMs = 1_500
    node.settle()
    expect(node.actions('probed')).toHaveLength(2)
  })

  test('is answered with yes as soon as the peer answers, else with no after 2 s', () => {
    const node = new LivenessNode('n000', nodeIds(4)).connectAll().run(2_300)
    node.liveness.asked('n001', 'n002', node.nowMs)
    node.liveness.asked('n003', 'n002', node.nowMs)
    node.liveness.asked('n001', 'n003', node.nowMs)
    node.settle()
    expect(node.actions('probe').map(({ ask, about }) => [ask, about])).toEqual([
      ['n002', 'n002'],
      ['n002', 'n002'],
      ['n003', 'n003'],
    ])
    node.run(700)
    node.liveness.heard('n002', node.nowMs)
    node.run(1_500)
    expect(node.done.flatMap(({ atMs, action }) => (action.type === 'probed' ? [{ atMs, ...action }] : []))).toEqual([
      { atMs: 3_001, type: 'probed', to: 'n001', about: 'n002', reached: true },
      { atMs: 3_001, type: 'probed', to: 'n003', about: 'n002', reached: true },
      { atMs: 4_300, type: 'probed', to: 'n001', about: 'n003', reached: false },
    ])
  })

  test('is answered with no about somebody unknown', () => {
    const node = new LivenessNode('n000', nodeIds(2)).connectAll()
    node.liveness.asked('n001', 'stranger', 0)
    node.settle()
    expect(node.actions('probed')).toEqual([{ type: 'probed', to: 'n001', about: 'stranger', reached: false }])
  })

  test('is dropped above the limit', () => {
    const node = new LivenessNode('n000', nodeIds(4)).connectAll().run(2_000)
    for (let at = 0; at < 1_100; at++) node.liveness.asked('n001', 'n002', node.nowMs)
    node.run(2_500)
    expect(node.actions('probed')).toHaveLength(1_000)
  })
})
