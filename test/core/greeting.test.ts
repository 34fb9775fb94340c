/** What two nodes say first: whom they turn away and why, and what they tell one whose disk was put back. */
import { describe, expect, test } from 'vitest'
import { encodeMessage } from '../../src/codec/messages.ts'
import { PROTOCOL, settingsHash } from '../../src/core/hello.ts'
import type { Message, MessageOf } from '../../src/core/messages.ts'
import { MESH_SETTINGS } from '../../src/core/settings.ts'
import { CalmWorld } from '../simulation/calm-world.ts'
import { machine } from '../simulation/cases.ts'
import { sha256 } from '../simulation/fact-pool.ts'
import { messageOf } from '../simulation/message-reader.ts'
import { hello } from '../support/sample-messages.ts'

/** What a node alone says to a stranger that greets it. */
function answers(world: CalmWorld, change: Partial<MessageOf<'hello'>>): Message[] {
  const node = world.node(0)
  const since = world.effects.length
  node.post({ type: 'connected', peer: 'stranger' })
  const sent = () =>
    world.effects.slice(since).flatMap(({ effect }) => (effect.type === 'send' ? (messageOf(effect.bytes) ?? []) : []))
  const own = sent().find((message) => message.type === 'hello')
  if (own?.type !== 'hello') throw new TypeError('a node says hello first')
  const greeting = { ...hello('stranger'), ...PROTOCOL, meshId: own.meshId }
  const bytes = encodeMessage({ ...greeting, settingsHash: settingsHash(MESH_SETTINGS, sha256), ...change })
  node.post({ type: 'received', from: 'stranger', bytes })
  world.run(10)
  node.post({ type: 'disconnected', peer: 'stranger' })
  return sent().filter((message) => message.type !== 'hello')
}

const alone = () => new CalmWorld({ machines: [machine(1_000)] }).run(5_000)

describe('a peer that greets', () => {
  test('is told why it is refused', () => {
    const world = alone()
    expect(answers(world, { meshId: 'ff'.repeat(8) })).toEqual([{ type: 'refused', why: 'mesh' }])
    expect(answers(world, { versionMin: 9, versionMax: 9 })).toEqual([{ type: 'refused', why: 'version' }])
    expect(answers(world, { settingsHash: 'ff'.repeat(8) })).toEqual([{ type: 'refused', why: 'settings' }])
  })

  test('is told first of another boot of it that started no lower', () => {
    const world = alone()
    const types = (change: Partial<MessageOf<'hello'>>) => answers(world, change).map(({ type }) => type)
    expect(types({ started: 4, boot: '11'.repeat(8) })).not.toContain('outlived')
    expect(types({ started: 5, boot: '22'.repeat(8) })).not.toContain('outlived')
    expect(answers(world, { started: 5, boot: '33'.repeat(8) })[0]).toEqual({ type: 'outlived', started: 5 })
    expect(answers(world, { started: 1, boot: '44'.repeat(8) })[0]).toEqual({ type: 'outlived', started: 5 })
  })
})
