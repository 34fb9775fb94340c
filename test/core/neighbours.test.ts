/** Who beats whom. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { NodeId } from '../../src/core/ids.ts'
import { neighboursOf } from '../../src/core/neighbours.ts'
import { ringOf } from '../../src/core/ring.ts'
import { sha256 } from '../support/arbitraries.ts'
import { LivenessNode, nodeIds, rumourBy } from '../support/liveness-node.ts'

describe('beats', () => {
  test('go to everyone in a mesh of six, once a second', () => {
    const node = new LivenessNode('n000', nodeIds(6)).connectAll()
    node.run(10_000)
    for (const id of node.others) expect(node.times('beat', id)).toHaveLength(10)
  })

  test('go to the five next on the circle in a larger one, to the next living where one of them is dead', () => {
    const node = new LivenessNode('n000', nodeIds(12)).connectAll()
    const round = node.ring.successors('n000', 11)
    node.beatExcept().run(3_000)
    expect(new Set(node.actions('beat').map(({ to }) => to))).toEqual(new Set(round.slice(0, 5)))
    const dead = round[2] as NodeId
    node.beating.delete(dead)
    node.liveness.rumour(rumourBy(round[1] as NodeId, [dead]), node.nowMs)
    node.run(10_000)
    expect(node.state(dead)).toBe('dead')
    node.done.length = 0
    node.run(3_000)
    const living = round.filter((id) => id !== dead).slice(0, 5)
    expect(new Set(node.actions('beat').map(({ to }) => to))).toEqual(new Set(living))
  })

  test('go round another circle when other members join', () => {
    const node = new LivenessNode('n000', nodeIds(2)).connectAll().beatExcept()
    node.setMembers(nodeIds(12))
    const { circle } = ringOf(nodeIds(12), sha256)
    node.connect(...nodeIds(12).slice(2)).run(5_000)
    const place = circle.indexOf('n000')
    const next = [1, 2, 3, 4, 5].map((step) => circle[(place + step) % 12])
    expect(new Set(node.actions('beat').map(({ to }) => to))).toEqual(new Set(next))
  })

  test('go to those that the callers name, and end with that', () => {
    const node = new LivenessNode('n000', nodeIds(12)).connectAll().beatExcept()
    const far = node.ring.successors('n000', 11)[8] as NodeId
    node.liveness.extras(new Set([far]), 0)
    node.run(5_000)
    expect(node.times('beat', far).length).toBeGreaterThanOrEqual(5)
    node.liveness.extras(new Set(), node.nowMs)
    node.run(1_000).done.length = 0
    node.run(5_000)
    expect(node.times('beat', far)).toEqual([])
  })

  test('go to nobody who is not connected', () => {
    const node = new LivenessNode('n000', nodeIds(4)).connect('n001')
    node.run(5_000)
    expect(new Set(node.actions('beat').map(({ to }) => to))).toEqual(new Set(['n001']))
  })
})

describe('the neighbours of a member', () => {
  const membersAndDead = fc.integer({ min: 1, max: 30 }).chain((count) => {
    const ids = nodeIds(count)
    return fc.tuple(fc.constant(ids), fc.subarray(ids.slice(1)))
  })

  test('beat it exactly where it watches them, where all hold the same members for dead', () => {
    fc.assert(
      fc.property(membersAndDead, ([ids, dead]) => {
        const ring = ringOf(ids, sha256)
        const isDead = (id: NodeId) => dead.includes(id)
        const of = new Map(ids.map((id) => [id, neighboursOf(ring, id, isDead)]))
        for (const a of ids) {
          for (const b of ids) expect(of.get(a)?.beaten.has(b)).toBe(of.get(b)?.watched.has(a))
          expect(of.get(a)?.beaten.has(a)).toBe(false)
        }
      }),
    )
  })

  test('are five that live, or all that do, however many died beside each other', () => {
    fc.assert(
      fc.property(membersAndDead, ([ids, dead]) => {
        const isDead = (id: NodeId) => dead.includes(id)
        const [self = ''] = ids
        const { beaten, watched } = neighboursOf(ringOf(ids, sha256), self, isDead)
        const others = ids.length - 1 - dead.length
        for (const some of [beaten, watched]) {
          const living = [...some].filter((id) => !isDead(id)).length
          expect(living).toBe(ids.length <= 6 ? others : Math.min(5, others))
          if (ids.length <= 6) expect(some.size).toBe(ids.length - 1)
        }
      }),
    )
  })

  test('are none of somebody who is no member', () => {
    const { beaten, watched } = neighboursOf(ringOf([], sha256), 'stranger', () => false)
    expect([beaten.size, watched.size]).toEqual([0, 0])
  })
})
