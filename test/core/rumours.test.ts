/** What a node makes of the rumours of others. */

import { describe, expect, test } from 'vitest'
import type { NodeId } from '../../src/core/ids.ts'
import type { Rumour } from '../../src/core/peer.ts'
import { LivenessNode, nodeIds, rumourBy } from '../support/liveness-node.ts'

describe('rumours of others', () => {
  /** A node of twelve, of whom one is no business of its own. */
  const listening = () => {
    const node = new LivenessNode('n000', nodeIds(12)).connectAll().beatExcept()
    const [, , , far = '', judge = '', second = ''] = node.ring.successors('n000', 11)
    node.beating.delete(far)
    return { node: node.run(20_000), far, judge, second }
  }

  test('are believed 2 s later of one that does not answer a ping', () => {
    const { node, far, judge } = listening()
    node.liveness.rumour(rumourBy(judge, [far]), node.nowMs)
    node.run(1_900)
    expect(node.actions('probe')).toEqual([{ type: 'probe', ask: far, about: far }])
    expect(node.state(far)).toBe('alive')
    node.run(400)
    expect(node.liveness.get(far)).toMatchObject({ state: 'dead', why: 'silence', told: true })
    expect(node.actions('rumour')).toEqual([])
    expect(node.actions('hang-up')).toEqual([{ type: 'hang-up', to: far }])
  })

  test('are put to the test when the accused was silent for long enough', () => {
    const { node, far, judge } = listening()
    const heardMs = node.nowMs
    node.liveness.heard(far, heardMs)
    node.run(500)
    node.liveness.rumour(rumourBy(judge, [far]), node.nowMs)
    node.run(6_000)
    expect(node.times('probe')).toEqual([heardMs + 4_000])
    expect(node.becameMs(far, 'dead')).toBe(heardMs + 5_000)
  })

  test('count from when the first of them came', () => {
    const { node, far, judge, second } = listening()
    const toldMs = node.nowMs
    node.liveness.rumour(rumourBy(judge, [far]), toldMs)
    node.run(1_500)
    node.liveness.rumour(rumourBy(second, [far]), node.nowMs)
    node.run(1_000)
    expect(node.becameMs(far, 'dead')).toBe(toldMs + 2_000)
  })

  test('end where the accused started anew', () => {
    const { node, far, judge } = listening()
    node.liveness.rumour(rumourBy(judge, [far]), node.nowMs)
    node.run(2_500)
    expect(node.state(far)).toBe('dead')
    node.setMembers(nodeIds(12), { [far]: 2 })
    expect(node.liveness.get(far)).toMatchObject({ state: 'alive', why: 'heard-of' })
    // It is dialled, and judged by its own silence, from now on.
    node.run(4_500)
    expect(node.state(far)).toBe('alive')
  })

  test('say whether a process is known to be gone', () => {
    const { node, far, judge } = listening()
    const dead = [{ id: far, incarnation: 1, why: 'refused' as const }]
    node.liveness.rumour(rumourBy(judge, [], { dead }), node.nowMs)
    node.run(3_000)
    expect(node.liveness.get(far)).toMatchObject({ state: 'dead', why: 'refused', told: true })
  })

  test('are not believed of one that is heard, directly or through others', () => {
    const { node, far, judge } = listening()
    node.liveness.rumour(rumourBy(judge, [far]), node.nowMs)
    for (let second = 0; second < 20; second++) {
      node.run(1_000)
      if (second % 4 !== 0) continue
      if (second < 10) node.liveness.heard(far, node.nowMs)
      else node.liveness.heardOf(far, node.nowMs)
    }
    expect(node.state(far)).toBe('alive')
    node.run(6_000)
    expect(node.state(far)).toBe('dead')
  })

  test('count again from an own pause on', () => {
    const { node, far, judge } = listening()
    node.liveness.rumour(rumourBy(judge, [far]), node.nowMs)
    node.nowMs += 10_000
    node.liveness.gap(10_000, node.nowMs)
    node.settle()
    expect(node.state(far)).toBe('alive')
  })

  test.each<[string, (by: NodeId, far: NodeId) => Rumour]>([
    [
      'an earlier life of the accused',
      (by, far) => rumourBy(by, [far], { dead: [{ id: far, incarnation: 0, why: 'silence' }] }),
    ],
    ['somebody unknown', (_, far) => rumourBy('stranger', [far])],
    ['an earlier life of its author', (by, far) => rumourBy(by, [far], { incarnation: 0 })],
    ['the node itself', (_, far) => rumourBy('n000', [far])],
  ])('count for nothing where they are by or about %s', (_, make) => {
    const { node, far, judge } = listening()
    node.liveness.rumour(make(judge, far), node.nowMs)
    node.run(10_000)
    expect(node.state(far)).toBe('alive')
  })

  test('are replaced by later ones of the same author, never by earlier ones', () => {
    const { node, far, judge } = listening()
    node.liveness.rumour(rumourBy(judge, [], { seq: 5 }), node.nowMs)
    node.liveness.rumour(rumourBy(judge, [far], { seq: 4 }), node.nowMs)
    node.run(10_000)
    expect(node.state(far)).toBe('alive')
    node.liveness.rumour(rumourBy(judge, [far], { seq: 6 }), node.nowMs)
    node.run(3_000)
    expect(node.state(far)).toBe('dead')
    node.liveness.rumour(rumourBy(judge, [], { seq: 7 }), node.nowMs)
    expect(node.liveness.get(far)).toMatchObject({ state: 'alive', why: 'withdrawn' })
  })

  test('keep one dead while any author says so', () => {
    const { node, far, judge, second } = listening()
    node.liveness.rumour(rumourBy(judge, [far]), node.nowMs)
    node.liveness.rumour(rumourBy(second, [far]), node.nowMs)
    node.run(3_000)
    node.liveness.rumour(rumourBy(judge, [], { seq: 2 }), node.nowMs)
    expect(node.state(far)).toBe('dead')
    node.liveness.rumour(rumourBy(second, [], { seq: 2 }), node.nowMs)
    expect(node.state(far)).toBe('alive')
  })

  test('count no more once their author is dead', () => {
    const { node, far, judge, second } = listening()
    node.liveness.heard(far, node.nowMs)
    node.liveness.rumour(rumourBy(judge, [far]), node.nowMs)
    node.beating.delete(judge)
    node.run(2_000)
    node.liveness.rumour(rumourBy(second, [judge]), node.nowMs)
    node.run(2_000)
    node.liveness.heard(far, node.nowMs)
    node.run(10_000)
    expect(node.state(judge)).toBe('dead')
    expect(node.state(far)).toBe('alive')
  })

  test('count no more when they were not repeated for 90 s', () => {
    const { node, far, judge } = listening()
    node.beating.add(far)
    node.liveness.rumour(rumourBy(judge, [far]), node.nowMs)
    node.run(89_000)
    node.beating.delete(far)
    node.run(30_000)
    expect(node.state(far)).toBe('alive')
  })

  test('become evidence of our own of one that cannot be reached here either', () => {
    const { node, far, judge } = listening()
    node.liveness.rumour(rumourBy(judge, [far]), node.nowMs)
    node.run(2_500)
    expect(node.liveness.get(far)?.told).toBe(true)
    node.run(11_500)
    expect(node.liveness.get(far)).toMatchObject({ state: 'dead', told: false })
    node.liveness.rumour(rumourBy(judge, [], { seq: 2 }), node.nowMs)
    expect(node.state(far)).toBe('dead')
  })

  test('tell whether their author can store', () => {
    const { node, judge } = listening()
    node.liveness.rumour(rumourBy(judge, [], { storing: false }), node.nowMs)
    node.settle()
    expect(node.liveness.get(judge)?.storing).toBe(false)
    expect(node.actions('storing')).toEqual([{ type: 'storing', id: judge, storing: false }])
  })

  test('that their author cannot store count under the incarnation that says so, which the member list may bring later', () => {
    const { node, far } = listening()
    node.liveness.rumour(rumourBy(far, [], { storing: false, incarnation: 3 }), node.nowMs)
    node.liveness.greeted(far, 'b3', 3, node.nowMs)
    expect(node.liveness.get(far)?.storing).toBe(false)
    node.liveness.greeted(far, 'b4', 4, node.nowMs)
    expect(node.liveness.get(far)?.storing).toBe(true)
  })

  test('that their author cannot store count anew after an own pause', () => {
    const { node, far } = listening()
    node.liveness.rumour(rumourBy(far, [], { storing: false }), node.nowMs)
    node.nowMs += 120_000
    node.liveness.gap(120_000, node.nowMs)
    node.settle()
    expect(node.liveness.get(far)?.storing).toBe(false)
  })

  test('that their author cannot store count for 90 s, where nothing else comes from it', () => {
    const { node, far } = listening()
    node.liveness.rumour(rumourBy(far, [], { storing: false }), node.nowMs)
    node.run(89_000)
    expect(node.liveness.get(far)?.storing).toBe(false)
    node.run(2_000)
    expect(node.liveness.get(far)?.storing).toBe(true)
  })
})
