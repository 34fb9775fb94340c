/** One node's judgement of others, figure by figure; liveness-mesh.test.ts has whole meshes. */
import { describe, expect, test } from 'vitest'
import type { NodeId } from '../../src/core/ids.ts'
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
    expect(
      node
        .actions('rumour')
        .at(-1)
        ?.rumour.dead.map(({ id }) => id),
    ).toEqual(['n005'])
    for (let at = 0; at < 100; at++) {
      node.liveness.gap(700, node.nowMs)
      node.run(1_000)
    }
    expect(node.state('n004')).toBe('dead')
    expect(
      node
        .actions('rumour')
        .at(-1)
        ?.rumour.dead.map(({ id }) => id),
    ).toEqual(['n005'])
    node.liveness.heard('n005', node.nowMs)
    node.run(2_000)
    expect(node.actions('rumour').at(-1)?.rumour.dead).toEqual([])
    node.beating.add('n005')
    node.run(60_000)
    expect(
      node
        .actions('rumour')
        .at(-1)
        ?.rumour.dead.map(({ id }) => id),
    ).toEqual(['n004'])
  })
})

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
