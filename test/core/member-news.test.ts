/** News of the member list: synced before it is told, and confirmed by those alone who have it on disk. */
import { describe, expect, test } from 'vitest'
import { encodeMessage } from '../../src/codec/messages.ts'
import type { Effect } from '../../src/core/effects.ts'
import type { Message } from '../../src/core/messages.ts'
import { CalmWorld } from '../simulation/calm-world.ts'
import { machine } from '../simulation/cases.ts'
import { messageOf } from '../simulation/message-reader.ts'

function pair(): CalmWorld {
  return new CalmWorld({ machines: [machine(1_000), machine(1_000)] }).run(30_000)
}

/** What one node said of members, asking for nothing, since so many effects were given. */
function told(world: CalmWorld, index: number, since: number): Extract<Message, { type: 'members' }>[] {
  const sent = world.effects.slice(since).flatMap(({ node, effect }: { node: { index: number }; effect: Effect }) => {
    const message = node.index === index && effect.type === 'send' ? messageOf(effect.bytes) : undefined
    return message?.type === 'members' && !message.answer ? [message] : []
  })
  return sent
}

describe('news of the member list', () => {
  const newcomer = { id: 'newcomer', name: 'new', incarnation: 1, standing: 'joined', addresses: [] } as const

  test('is told and confirmed only once it is on disk', () => {
    const world = pair()
    world.node(1).trouble.slowSyncMs = 500
    const since = world.effects.length
    const bytes = encodeMessage({ type: 'members', entries: [newcomer], answer: true })
    world.node(1).post({ type: 'received', from: world.node(0).id, bytes })
    for (let step = 0; step < 100 && told(world, 1, since).length === 0; step++) {
      expect(world.node(1).disk.members.has('newcomer')).toBe(false)
      world.run(20)
    }
    expect(world.node(1).disk.members.has('newcomer')).toBe(true)
    expect(told(world, 1, since).flatMap(({ entries }) => entries)).toContainEqual(newcomer)
  })

  test('of the node itself is answered with a higher incarnation, on disk as its own counter too', () => {
    const world = pair()
    const own = world.entry(1, 1)
    if (own === undefined) throw new RangeError('it is on its own list')
    const bytes = encodeMessage({ type: 'members', entries: [{ ...own, standing: 'forgotten' }], answer: false })
    world.node(1).post({ type: 'received', from: world.node(0).id, bytes })
    world.run(2_000)
    expect(world.entry(0, 1)).toMatchObject({ standing: 'joined', incarnation: own.incarnation + 1 })
    expect(world.node(1).disk.incarnation).toBe(own.incarnation + 1)
  })
})
