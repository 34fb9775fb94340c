/** What a node makes of the silence of those whom it watches. */
import { describe, expect, test } from 'vitest'
import type { NodeId } from '../../src/core/ids.ts'
import { LivenessNode, nodeIds } from '../support/liveness-node.ts'

describe('silence', () => {
  const watching = (count: number) => {
    const node = new LivenessNode('n000', nodeIds(count)).connectAll()
    const [silent = ''] = node.ring.circle.toReversed().filter((id) => node.ring.successors(id, 1)[0] === 'n000')
    return { node: node.beatExcept(silent), silent }
  }

  test('is asked about after 4 s, makes a suspect after 5 s and a dead one 6 s later', () => {
    const { node, silent } = watching(5)
    node.run(300)
    node.liveness.heard(silent, node.nowMs)
    node.run(12_000)
    const pings = node.done.filter(({ action }) => action.type === 'probe' && action.ask === silent)
    expect(pings.map(({ atMs }) => atMs)).toEqual([4_300])
    expect(node.becameMs(silent, 'suspect')).toBe(5_300)
    const asked = node.actions('probe').filter(({ ask, about }) => about === silent && ask !== silent)
    expect(asked).toHaveLength(3)
    expect(node.becameMs(silent, 'dead')).toBe(11_300)
    expect(node.liveness.get(silent)).toMatchObject({ why: 'silence', told: false, connected: false })
    expect(node.actions('hang-up')).toEqual([{ type: 'hang-up', to: silent }])
    expect(node.actions('changed').filter(({ id }) => id !== silent)).toEqual([])
  })

  test('may last 4 log10 N s longer in a large mesh', () => {
    const { node, silent } = watching(50)
    node.run(13_000)
    expect(node.becameMs(silent, 'dead')).toBe(5_000 + 6_796)
  })

  test('ends with any word of the peer', () => {
    for (const atMs of [4_500, 5_500, 10_900]) {
      const { node, silent } = watching(5)
      node.runUntil(atMs)
      node.liveness.heard(silent, node.nowMs)
      node.settle()
      expect(node.state(silent)).toBe('alive')
      node.run(4_900)
      expect(node.state(silent)).toBe('alive')
    }
  })

  test('of those who beat others counts for nothing, however long', () => {
    const node = new LivenessNode('n000', nodeIds(12)).connectAll()
    const watched = node.ring.circle.filter((id) => node.ring.successors(id, 5).includes('n000'))
    node.beating.clear()
    for (const id of watched) node.beating.add(id)
    node.run(600_000)
    expect(node.actions('changed').filter(({ to }) => to !== 'alive')).toEqual([])
    expect(node.actions('probe')).toEqual([])
  })

  test('of a holder or owner that the callers name counts from when they name it', () => {
    const node = new LivenessNode('n000', nodeIds(12)).connectAll().beatExcept()
    const far = node.ring.successors('n000', 11)[5] as NodeId
    node.beating.delete(far)
    node.run(60_000)
    node.liveness.extras(new Set([far]), node.nowMs)
    node.run(20_000)
    expect(node.becameMs(far, 'suspect')).toBeGreaterThanOrEqual(65_000)
    expect(node.becameMs(far, 'suspect')).toBeLessThanOrEqual(65_250)
    expect(node.state(far)).toBe('dead')
  })

  test('of a suspect whom the callers name no more is judged to its end, and then no more', () => {
    for (const isHeard of [true, false]) {
      const node = new LivenessNode('n000', nodeIds(12)).connectAll().beatExcept()
      const far = node.ring.successors('n000', 11)[5] as NodeId
      node.beating.delete(far)
      node.liveness.extras(new Set([far]), node.nowMs)
      node.run(6_000)
      node.liveness.extras(new Set(), node.nowMs)
      node.run(500)
      expect(node.state(far)).toBe('suspect')
      if (isHeard) node.liveness.heard(far, node.nowMs)
      node.run(60_000)
      expect(node.state(far)).toBe(isHeard ? 'alive' : 'dead')
    }
  })

  test('of one whose connection broke counts from then', () => {
    const node = new LivenessNode('n000', nodeIds(12)).connectAll().beatExcept()
    const far = node.ring.successors('n000', 11)[3] as NodeId
    node.beating.delete(far)
    node.run(60_000)
    node.liveness.disconnected(far, node.nowMs)
    node.run(20_000)
    expect(node.becameMs(far, 'suspect')).toBe(65_000)
    expect(node.becameMs(far, 'dead')).toBe(71_000)
    node.connect(far).run(60_000)
    expect(node.state(far)).toBe('alive')
    node.liveness.disconnected(far, node.nowMs)
    node.run(2_000)
    node.connect(far).run(60_000)
    expect(node.state(far)).toBe('alive')
    expect(node.actions('probe')).toEqual([])
  })

  test('of one that never was connected makes it dead, though never suspect', () => {
    const node = new LivenessNode('n000', nodeIds(3)).connect('n001').beatExcept('n002')
    node.run(12_000)
    expect(node.becameMs('n002', 'suspect')).toBeUndefined()
    expect(node.state('n002')).toBe('dead')
    expect(node.becameMs('n002', 'dead')).toBeGreaterThanOrEqual(11_000)
  })
})

describe('a member that is asked about a suspect', () => {
  const suspecting = () => {
    const node = new LivenessNode('n000', nodeIds(6)).connectAll().beatExcept('n005')
    return node
  }
  const helpersOf = (node: LivenessNode) =>
    node.actions('probe').flatMap(({ ask, about }) => (about === 'n005' && ask !== 'n005' ? [ask] : []))

  test('makes it indirect by reaching it, and keeps it so by reaching it again', () => {
    const node = suspecting()
    node.answering.set('n001', true)
    node.run(60_000)
    expect(node.liveness.get('n005')).toMatchObject({ state: 'indirect', via: 'n001', why: 'reached' })
    expect(node.becameMs('n005', 'dead')).toBeUndefined()
    expect(helpersOf(node).length).toBeLessThan(50)
    node.answering.set('n001', false)
    node.run(16_500)
    expect(node.state('n005')).toBe('dead')
  })

  test('is one that was heard just now, where there are such', () => {
    const node = suspecting()
    node.beating.delete('n001')
    node.run(5_000)
    expect(helpersOf(node)).toEqual(node.ring.successors('n005', 5).filter((id) => !['n000', 'n001'].includes(id)))
  })

  test('that does not answer is replaced by another, and its beats say that the trouble is ours', () => {
    const node = suspecting()
    for (const id of node.others) node.answering.set(id, undefined)
    node.run(5_250)
    expect(helpersOf(node)).toHaveLength(3)
    node.run(3_000)
    expect(helpersOf(node)).toHaveLength(4)
    // Three missed answers: everything takes four times as long, and less again every 5 s.
    node.run(10_000)
    expect(node.state('n005')).toBe('suspect')
    node.run(60_000)
    expect(node.state('n005')).toBe('dead')
  })

  test('and falls silent itself delays nothing', () => {
    const node = new LivenessNode('n000', nodeIds(6)).connectAll()
    node.run(4_900)
    for (const id of ['n001', 'n002', 'n003']) node.liveness.heard(id, node.nowMs)
    node.run(7_500)
    expect(node.becameMs('n005', 'dead')).toBeLessThanOrEqual(11_500)
  })

  test('may answer late: a dead one that was reached after all is indirect', () => {
    const node = suspecting()
    node.run(11_500)
    expect(node.state('n005')).toBe('dead')
    node.liveness.probed(helpersOf(node)[0] as NodeId, 'n005', true, node.nowMs)
    expect(node.state('n005')).toBe('indirect')
  })

  test('says nothing of a process that ended after it was asked', () => {
    const node = suspecting()
    for (const id of node.others) node.answering.set(id, undefined)
    node.run(5_100)
    node.liveness.disconnected('n005', node.nowMs)
    for (let at = 0; at < 2; at++) {
      node.settle()
      node.liveness.dialFailed('n005', true, node.nowMs)
      node.run(1_300)
    }
    expect(node.liveness.get('n005')).toMatchObject({ state: 'dead', why: 'refused' })
    node.liveness.probed(helpersOf(node)[0] as NodeId, 'n005', true, node.nowMs)
    expect(node.state('n005')).toBe('dead')
  })

  test('is asked again, every 5 s at most, while words of the dead come by gossip', () => {
    const node = suspecting()
    node.run(20_000)
    node.done.length = 0
    for (let at = 0; at < 10; at++) {
      node.liveness.heardOf('n005', node.nowMs)
      node.run(1_000)
    }
    expect(node.state('n005')).toBe('dead')
    expect(helpersOf(node)).toHaveLength(6)
    node.answering.set('n001', true)
    node.liveness.heardOf('n005', node.nowMs)
    node.settle()
    expect(node.state('n005')).toBe('indirect')
  })

  test('is believed only where it was asked', () => {
    const node = suspecting()
    node.run(4_500)
    node.liveness.probed('n001', 'n005', true, node.nowMs)
    expect(node.state('n005')).toBe('alive')
    node.run(1_000)
    expect(node.state('n005')).toBe('suspect')
  })
})
