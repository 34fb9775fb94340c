/** How far a node trusts its own judgement. */

import { describe, expect, test } from 'vitest'
import { LocalHealth } from '../../src/core/local-health.ts'
import { LivenessNode, nodeIds } from '../support/liveness-node.ts'

/** Whom its last rumour says to be dead. */
const deadIn = (node: LivenessNode) =>
  node
    .actions('rumour')
    .at(-1)
    ?.rumour.dead.map(({ id }) => id)

describe('the factor on the timeouts of a node', () => {
  test('is one more with each trouble of its own, 8 at most', () => {
    const health = new LocalHealth()
    expect([health.stretch(0), health.nextMs(0)]).toEqual([1, Number.POSITIVE_INFINITY])
    const factors: number[] = []
    for (let time = 0; time < 9; time++) {
      health.trouble(0)
      factors.push(health.stretch(0))
    }
    expect(factors).toEqual([2, 3, 4, 5, 6, 7, 8, 8, 8])
  })

  test('falls by one with each five seconds without trouble, and says when it does', () => {
    const health = new LocalHealth()
    for (let time = 0; time < 3; time++) health.trouble(1_000)
    for (const [nowMs, factor, nextMs] of [
      [1_000, 4, 6_000],
      [5_999, 4, 6_000],
      [6_000, 3, 11_000],
      [11_000, 2, 16_000],
      [16_000, 1, Number.POSITIVE_INFINITY],
      [99_000, 1, Number.POSITIVE_INFINITY],
    ] as const)
      expect([health.stretch(nowMs), health.nextMs(nowMs)]).toEqual([factor, nextMs])
    health.trouble(99_000)
    expect(health.stretch(99_000)).toBe(2)
  })
})

describe("a node's own trouble", () => {
  test('stretches its timeouts, and passes', () => {
    const node = new LivenessNode('n000', nodeIds(2)).connectAll()
    node.liveness.gap(499, node.nowMs)
    node.liveness.gap(500, node.nowMs)
    node.run(9_000)
    // Twice as long at first; from 5 s on as long as ever.
    expect(node.becameMs('n001', 'suspect')).toBe(5_000)
    const lagging = new LivenessNode('n000', nodeIds(2)).connectAll()
    for (let at = 0; at < 20; at++) {
      lagging.liveness.gap(700, lagging.nowMs)
      lagging.run(1_000)
    }
    expect(lagging.state('n001')).toBe('alive')
    lagging.run(19_900)
    expect(lagging.becameMs('n001', 'suspect')).toBeGreaterThan(20_000)
    lagging.run(60_000)
    expect(lagging.state('n001')).toBe('dead')
  })

  test('of 2 s has every judgement begin anew', () => {
    const node = new LivenessNode('n000', nodeIds(2)).connectAll()
    node.run(4_000)
    node.nowMs = 30_000
    node.liveness.gap(2_000, node.nowMs)
    node.settle()
    expect(node.state('n001')).toBe('alive')
    node.run(4_900)
    expect(node.state('n001')).toBe('alive')
    node.run(7_000)
    expect(node.state('n001')).toBe('dead')
  })

  test('is not what others did not answer while it paused', () => {
    const node = new LivenessNode('n000', nodeIds(6)).connectAll().beatExcept('n005')
    for (const id of node.others) node.answering.set(id, undefined)
    node.run(5_500)
    node.nowMs = 15_500
    node.liveness.gap(10_000, node.nowMs)
    for (const id of node.beating) {
      node.liveness.heard(id, node.nowMs)
      node.answering.set(id, false)
    }
    node.run(12_500)
    expect(node.state('n005')).toBe('dead')
  })

  test('has it ask the silent later, too', () => {
    const node = new LivenessNode('n000', nodeIds(2)).connectAll()
    for (let at = 0; at < 100; at++) {
      node.liveness.gap(700, node.nowMs)
      node.run(1_000)
    }
    expect(node.times('probe')).toEqual([32_000])
    expect(node.becameMs('n001', 'suspect')).toBe(40_000)
    expect(node.becameMs('n001', 'dead')).toBe(88_000)
  })

  test('keeps it from accusing anybody, though not from taking back', () => {
    const node = new LivenessNode('n000', nodeIds(6)).connectAll().beatExcept('n004', 'n005')
    node.run(10_500)
    node.liveness.heard('n004', node.nowMs)
    node.run(2_000)
    expect(deadIn(node)).toEqual(['n005'])
    for (let at = 0; at < 100; at++) {
      node.liveness.gap(700, node.nowMs)
      node.run(1_000)
    }
    expect(node.state('n004')).toBe('dead')
    expect(deadIn(node)).toEqual(['n005'])
    node.liveness.heard('n005', node.nowMs)
    node.run(2_000)
    expect(node.actions('rumour').at(-1)?.rumour.dead).toEqual([])
    node.beating.add('n005')
    node.run(60_000)
    expect(deadIn(node)).toEqual(['n004'])
  })
})
