import { describe, expect, test } from 'vitest'
import { CONNECTIONS_MAX, Connections, IDLE_MS, WISH_MS } from '../../src/core/connections.ts'
import { LivenessNode, nodeIds } from '../support/liveness-node.ts'

const never = () => false

describe('a wish for a connection', () => {
  test('is new once, and lasts for a while after it was last used', () => {
    const connections = new Connections()
    expect([connections.want('a', 0), connections.want('a', 20_000), connections.want('b', 20_000)]).toEqual([
      true,
      false,
      true,
    ])
    expect(connections.expire(WISH_MS)).toEqual([])
    expect(connections.isWanted('a')).toBe(true)
    expect(connections.expire(20_000 + WISH_MS)).toEqual(['a', 'b'])
    expect(connections.isWanted('a')).toBe(false)
  })
})

describe('connections above the limit', () => {
  const ids = nodeIds(CONNECTIONS_MAX + 3)

  test('are hung up where nobody uses them, those first that were not used for longest', () => {
    const connections = new Connections()
    for (const [at, id] of ids.entries()) connections.want(id, at)
    connections.want(ids[0] as string, ids.length)
    expect(connections.surplus(ids, never, ids.length + IDLE_MS)).toEqual(ids.slice(1, 4))
  })

  test('stay where they are needed or were just used, and all do below the limit', () => {
    const connections = new Connections()
    for (const id of ids) connections.want(id, 0)
    expect(connections.surplus(ids, () => true, 60_000)).toEqual([])
    expect(connections.surplus(ids, never, IDLE_MS - 1)).toEqual([])
    expect(connections.surplus(ids.slice(0, CONNECTIONS_MAX), never, 60_000)).toEqual([])
  })
})

describe('a node of a mesh of 200', () => {
  const ids = nodeIds(200)

  test('dials whom it wants, for as long as the wish lasts', () => {
    const node = new LivenessNode('n000', ids)
    node.run(2_000)
    const far = node.ring.successors('n000', 199)[100] as string
    const dials = () => node.actions('dial').filter(({ to }) => to === far).length
    expect(dials()).toBe(0)
    node.liveness.want(far, node.nowMs)
    node.run(5_000)
    expect(dials()).toBeGreaterThanOrEqual(1)
    node.connect(far)
    node.run(WISH_MS + 1_000)
    node.liveness.disconnected(far, node.nowMs)
    node.done.length = 0
    node.run(10_000)
    expect(dials()).toBe(0)
  })

  test('hangs up what it does not use above the limit, and never its neighbours', () => {
    const node = new LivenessNode('n000', nodeIds(CONNECTIONS_MAX + 50))
    node.beatExcept()
    node.connectAll()
    node.run(IDLE_MS + 1_000)
    const hungUp = node.actions('hang-up').map(({ to }) => to)
    expect(hungUp).toHaveLength(49)
    const near = node.ring.successors('n000', 5)
    expect(hungUp.filter((id) => near.includes(id))).toEqual([])
  })
})

test('in a small mesh nobody needs to be asked for a connection', () => {
  const node = new LivenessNode('n000', nodeIds(5)).beatExcept().connectAll()
  expect(node.liveness.reach.isLarge).toBe(false)
  node.liveness.want('n001', 0)
  node.run(WISH_MS + 1_000)
  expect(node.actions('hang-up')).toEqual([])
})
