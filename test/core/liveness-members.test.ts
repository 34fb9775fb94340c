/** Members that start anew, come and go, as one node sees them. */
import { describe, expect, test } from 'vitest'
import { LivenessNode, nodeIds, rumourBy } from '../support/liveness-node.ts'

describe('a member that started anew', () => {
  test('is not accused under its new incarnation for having died under the old one', () => {
    const node = new LivenessNode('n000', nodeIds(6)).connectAll().beatExcept('n005')
    node.run(12_000)
    node.setMembers(nodeIds(6), { n005: 2 })
    node.run(2_000)
    expect(node.state('n005')).toBe('dead')
    expect(node.actions('rumour').at(-1)?.rumour.dead).toEqual([])
    expect(node.times('dial', 'n005')).toHaveLength(1)
    node.run(12_000)
    expect(node.actions('rumour').at(-1)?.rumour.dead).toEqual([{ id: 'n005', incarnation: 2, why: 'silence' }])
  })

  test('is told by its boot, and by nothing else', () => {
    const node = new LivenessNode('n000', nodeIds(2)).connectAll()
    const beat = (boot: string, storing: boolean) => {
      node.liveness.beat('n001', { boot, incarnation: 1, storing }, node.nowMs)
      node.settle()
    }
    beat('b1', true)
    beat('b1', false)
    node.nowMs = 700
    node.liveness.greeted('n001', 'b2', 2, node.nowMs)
    expect(node.liveness.get('n001')?.heardMs).toBe(700)
    beat('b2', false)
    beat('b2', true)
    expect(node.actions('rebooted')).toEqual([{ type: 'rebooted', id: 'n001', boot: 'b2' }])
    // Its new life stores until it says otherwise.
    expect(node.actions('storing').map(({ storing }) => storing)).toEqual([false, true, false, true])
    expect(node.liveness.get('n001')).toMatchObject({ boot: 'b2', storing: true })
  })
})

describe('who is no member', () => {
  test('is not judged, and taken for alive when it becomes one with its connection made', () => {
    const node = new LivenessNode('n000', nodeIds(2)).connectAll().beatExcept()
    node.liveness.connected('n002', 0)
    for (const learn of ['heard', 'heardOf', 'found', 'disconnected'] as const) node.liveness[learn]('n003', 0)
    node.run(2_000)
    expect(node.state('n002')).toBeUndefined()
    expect(node.liveness.isUp('n002')).toBe(false)
    node.setMembers(nodeIds(3))
    expect(node.liveness.get('n002')).toMatchObject({ state: 'alive', connected: true })
    expect(node.times('dial', 'n002')).toEqual([])
    node.liveness.connected('n003', node.nowMs)
    node.liveness.disconnected('n003', node.nowMs)
    node.setMembers(nodeIds(4))
    node.run(300)
    expect(node.state('n003')).toBe('unknown')
    expect(node.times('dial', 'n003')).toHaveLength(1)
    node.setMembers(nodeIds(2))
    expect(node.state('n002')).toBeUndefined()
  })

  test('takes its rumours along', () => {
    const members = nodeIds(12)
    const node = new LivenessNode('n000', members).connectAll().beatExcept()
    const [, , , , , far = ''] = node.ring.successors('n000', 11)
    const [judge = ''] = node.ring.successors(far, 1)
    node.beating.delete(far)
    node.run(20_000)
    node.liveness.rumour(rumourBy(judge, [far]), node.nowMs)
    node.setMembers(members.filter((id) => id !== judge))
    node.setMembers(members)
    node.run(4_000)
    expect(node.state(far)).toBe('alive')
  })
})
