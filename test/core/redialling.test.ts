/** When one node dials others, and what it reads in refused connects. */
import { describe, expect, test } from 'vitest'
import type { NodeId } from '../../src/core/ids.ts'
import { LivenessNode, nodeIds } from '../support/liveness-node.ts'

const DAY_MS = 86_400_000

describe('dials', () => {
  test('come from the lower id at once, from the higher one 3 s later, then every second', () => {
    const node = new LivenessNode('n001', nodeIds(3))
    node.run(3_500)
    expect(node.times('dial', 'n002')).toEqual([0])
    expect(node.times('dial', 'n000')).toEqual([3_000])
    node.liveness.dialFailed('n002', false, node.nowMs)
    node.settle()
    for (let second = 0; second < 4; second++) {
      node.run(1_000)
      node.liveness.dialFailed('n002', false, node.nowMs)
      node.settle()
    }
    expect(node.times('dial', 'n002').slice(1)).toEqual([3_500, 4_500, 5_500, 6_500, 7_500])
  })

  test('that nobody answers for are given up after 30 s', () => {
    const node = new LivenessNode('n000', ['n000', 'n001'])
    node.run(70_000)
    // Dead after 11 s, it is dialled again 30 s later.
    expect(node.times('dial')).toEqual([0, 41_000])
  })

  test('of the dead come every 30 s, after a day every 5 min, and at once where one is found', () => {
    const node = new LivenessNode('n000', ['n000', 'n001'])
    const failAll = (untilMs: number) => {
      while (node.nowMs < untilMs) {
        node.liveness.dialFailed('n001', false, node.nowMs)
        node.nowMs += 10_000
        node.settle()
      }
    }
    failAll(60_000)
    node.done.length = 0
    failAll(DAY_MS + 3_600_000)
    const times = node.times('dial')
    const pausesWithin = (fromMs: number, toMs: number) =>
      new Set(
        times.slice(1).flatMap((atMs, at) => (atMs > fromMs && atMs < toMs ? [atMs - (times[at] as number)] : [])),
      )
    expect(pausesWithin(0, DAY_MS)).toEqual(new Set([30_000]))
    expect(pausesWithin(DAY_MS + 600_000, 2 * DAY_MS)).toEqual(new Set([300_000]))
    const foundMs = node.nowMs
    node.liveness.found('n001', foundMs)
    node.settle()
    expect(node.times('dial').at(-1)).toBe(foundMs)
  })

  test('of one found come 3 s later from the higher id', () => {
    const node = new LivenessNode('n001', ['n000', 'n001']).connect('n000')
    node.run(12_000)
    expect(node.state('n000')).toBe('dead')
    const foundMs = node.nowMs
    node.liveness.found('n000', foundMs)
    node.run(3_000)
    expect(node.times('dial')).toEqual([foundMs + 3_000])
  })

  test('go to all in a mesh of sixty, to neighbours and those named in a larger one', () => {
    expect(new Set(new LivenessNode('n000', nodeIds(60)).actions('dial').map(({ to }) => to)).size).toBe(59)
    const node = new LivenessNode('n000', nodeIds(61))
    const round = node.ring.successors('n000', 60)
    const named = round[30] as NodeId
    node.liveness.extras(new Set([named]), 0)
    node.run(1_000)
    expect(new Set(node.actions('dial').map(({ to }) => to))).toEqual(
      new Set([...round.slice(0, 5), ...round.slice(-5), named]),
    )
  })

  test('come a second after the last at the earliest, however soon its connection ended', () => {
    const node = new LivenessNode('n000', ['n000', 'n001'])
    for (let time = 0; time < 100; time++) {
      node.connect('n001').run(10)
      node.liveness.disconnected('n001', node.nowMs)
      node.run(20)
    }
    expect(node.times('dial').length).toBeLessThanOrEqual(4)
    node.connect('n001').run(5_000)
    node.liveness.disconnected('n001', node.nowMs)
    node.settle()
    expect(node.times('dial').at(-1)).toBe(node.nowMs)
  })
})

describe('refused connects', () => {
  const closed = (self: NodeId) => {
    const other = self === 'n000' ? 'n001' : 'n000'
    const node = new LivenessNode(self, ['n000', 'n001']).connectAll().run(2_000)
    node.liveness.disconnected(other, node.nowMs)
    node.settle()
    return { node, other }
  }

  test('prove a process gone where two came 1 s apart after a connection was closed', () => {
    const { node } = closed('n000')
    expect(node.times('dial')).toEqual([2_000])
    node.liveness.dialFailed('n001', true, 2_005)
    node.run(1_100)
    expect(node.times('dial')).toEqual([2_000, 3_000])
    expect(node.state('n001')).toBe('alive')
    node.liveness.dialFailed('n001', true, node.nowMs)
    expect(node.liveness.get('n001')).toMatchObject({ state: 'dead', why: 'refused' })
  })

  test('are found by knocking where the other side dials first', () => {
    const { node } = closed('n001')
    expect(node.times('knock')).toEqual([2_000])
    node.liveness.knocked('n000', true, 2_010)
    node.run(1_100)
    expect(node.times('knock')).toEqual([2_000, 3_000])
    expect(node.times('dial')).toEqual([])
    node.liveness.knocked('n000', true, node.nowMs)
    expect(node.liveness.get('n000')).toMatchObject({ state: 'dead', why: 'refused' })
    node.run(29_000)
    expect(node.times('knock')).toHaveLength(2)
    expect(node.times('dial')).toEqual([])
  })

  test.each([
    ['one was not refused', (node: LivenessNode) => node.liveness.dialFailed('n001', false, node.nowMs)],
    ['the connection was made anew', (node: LivenessNode) => void node.connect('n001')],
  ])('prove nothing where between them %s', (_, between) => {
    const { node } = closed('n000')
    node.liveness.dialFailed('n001', true, 2_005)
    node.run(1_100)
    between(node)
    node.liveness.dialFailed('n001', true, node.nowMs)
    node.run(1_100)
    node.liveness.dialFailed('n001', true, node.nowMs)
    expect(node.state('n001')).toBe('alive')
  })

  test('of knocks prove nothing once the connection was made anew', () => {
    const { node } = closed('n001')
    node.run(1_100).connect('n000')
    for (let at = 0; at < 3; at++) {
      node.liveness.knocked('n000', true, node.nowMs)
      node.run(1_000)
    }
    expect(node.state('n000')).toBe('alive')
    node.liveness.disconnected('n000', node.nowMs)
    node.settle()
    node.liveness.knocked('n000', true, node.nowMs)
    expect(node.state('n000')).toBe('alive')
  })

  test('prove nothing where they came closer together', () => {
    const { node } = closed('n000')
    node.liveness.dialFailed('n001', true, 2_005)
    node.run(400)
    node.liveness.found('n001', node.nowMs)
    node.settle()
    node.liveness.dialFailed('n001', true, node.nowMs)
    expect(node.times('dial')).toEqual([2_000, 2_400])
    expect(node.state('n001')).toBe('alive')
  })

  test('prove nothing of one that never answered, nor where this node hung up itself', () => {
    const node = new LivenessNode('n000', nodeIds(2))
    for (let at = 0; at < 5; at++) {
      node.liveness.dialFailed('n001', true, node.nowMs)
      node.run(1_000)
    }
    expect(node.state('n001')).toBe('unknown')
    const other = new LivenessNode('n000', nodeIds(2)).connectAll().run(11_500)
    expect(other.actions('hang-up')).toHaveLength(1)
    other.liveness.disconnected('n001', other.nowMs)
    other.liveness.heard('n001', other.nowMs)
    other.settle()
    for (let at = 0; at < 4; at++) {
      other.liveness.dialFailed('n001', true, other.nowMs)
      other.run(1_000)
    }
    expect(other.state('n001')).toBe('alive')
  })
})
