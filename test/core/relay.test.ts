import { beforeEach, describe, expect, test } from 'vitest'
import { decodeMessage, encodeMessage } from '../../src/codec/messages.ts'
import type { NodeId } from '../../src/core/ids.ts'
import { MeshPeers } from '../../src/core/mesh-peers.ts'
import type { Message, MessageOf } from '../../src/core/messages.ts'
import { Relay } from '../../src/core/relay.ts'
import { sha256 } from '../support/core-disk.ts'
import { PartWorld } from '../support/part-world.ts'

const BOOT_OF_A = 'aa'.repeat(8)
const BOOT_OF_B = 'bb'.repeat(8)
const SETTLED: Message = { type: 'settled', tokens: [] }
const BEAT: Message = {
  type: 'beat',
  boot: BOOT_OF_A,
  incarnation: 1,
  storing: true,
  membersHash: BOOT_OF_A,
  batchesHash: BOOT_OF_A,
  load: undefined,
}

let peers: MeshPeers
let world: PartWorld
let relay: Relay

/** This node of three, which `b` is connected to and `a` is not, but alive by the word of `b`. */
beforeEach(() => {
  peers = new MeshPeers(sha256)
  world = new PartWorld([], 'self', peers)
  const members = ['a', 'b'].map((id) => ({ id, name: id, incarnation: 1, standing: 'joined' as const, addresses: [] }))
  peers.start('self', { name: '', incarnation: 0, addresses: [], members, outbox: [] }, 0)
  peers.tick(0)
  greet('b', BOOT_OF_B, 0)
  greet('a', BOOT_OF_A, 0)
  peers.disconnected('a')
  peers.liveness.disconnected('a', 0)
  for (let nowMs = 1_000; nowMs <= 6_000; nowMs += 1_000) {
    peers.liveness.heard('b', nowMs)
    peers.tick(nowMs)
  }
  peers.liveness.probed('b', 'a', true, 6_000)
  world.nowMs = 6_000
  relay = new Relay(world, peers)
})

function greet(id: NodeId, boot: string, nowMs: number): void {
  peers.liveness.connected(id, nowMs)
  peers.greeted(id)
  peers.liveness.greeted(id, boot, 1, nowMs)
}

const sent = () =>
  world.effects.flatMap((effect) => (effect.type === 'send' ? [{ to: effect.to, ...decodeMessage(effect.bytes) }] : []))
const wrapped = (change: Partial<MessageOf<'relay'>> = {}): MessageOf<'relay'> => ({
  type: 'relay',
  from: 'a',
  boot: BOOT_OF_A,
  incarnation: 1,
  to: 'self',
  toBoot: world.boot,
  bytes: encodeMessage(SETTLED),
  ...change,
})

describe('what is said to a peer that cannot be reached', () => {
  test('goes through the member that reached it, with the boots of both ends', () => {
    expect([peers.isConnected('a'), peers.isReachable('a')]).toEqual([false, true])
    relay.send('a', SETTLED)
    const { boot } = world
    expect(world.effects).toHaveLength(1)
    const [effect] = world.effects
    expect(effect).toMatchObject({ type: 'send', to: 'b' })
    const bytes = encodeMessage(SETTLED)
    expect(effect?.type === 'send' && decodeMessage(effect.bytes)).toEqual({
      ...wrapped({ from: 'self', boot, to: 'a', toBoot: BOOT_OF_A, incarnation: 1 }),
      bytes,
    })
  })

  test('is lost where it is of a type that does not bear it, or the member between is gone', () => {
    relay.send('a', { type: 'members', entries: [], answer: true })
    peers.disconnected('b')
    relay.send('a', SETTLED)
    expect(world.effects).toEqual([])
    expect(peers.isReachable('a')).toBe(false)
  })

  test('goes straight where a connection stands', () => {
    relay.send('b', SETTLED)
    expect(sent()).toEqual([{ to: 'b', ...SETTLED }])
  })
})

describe('what comes through another', () => {
  test('is taken as of its origin, and counts as a word of it', () => {
    world.nowMs = 30_000
    expect(relay.isForMe('b', wrapped())).toBe(true)
    expect(peers.heardMs('a')).toBe(30_000)
    expect(peers.liveness.get('a')?.heardMs).toBe(0)
    expect(relay.mayBeRelayed(wrapped(), SETTLED)).toBe(true)
  })

  test('is dropped where it is to an earlier boot of this node, or of an earlier one of its origin', () => {
    expect(relay.isForMe('b', wrapped({ toBoot: BOOT_OF_B }))).toBe(false)
    expect(relay.isForMe('b', wrapped({ incarnation: 0 }))).toBe(false)
    expect(peers.bootOf('a')).toBe(BOOT_OF_A)
  })

  test('tells of a new boot of its origin', () => {
    const later = 'cc'.repeat(8)
    expect(relay.isForMe('b', wrapped({ boot: later, incarnation: 2, toBoot: null }))).toBe(true)
    expect(peers.bootOf('a')).toBe(later)
    const actions = peers.tick(10_000)
    expect(actions).toContainEqual({ type: 'rebooted', id: 'a', boot: later })
  })

  test('may not know the boot of this node where it is a beat, and is no list or relay in any case', () => {
    const unknown = wrapped({ toBoot: null })
    expect([SETTLED, BEAT].map((message) => relay.mayBeRelayed(unknown, message))).toEqual([false, true])
    expect(relay.mayBeRelayed(wrapped(), wrapped())).toBe(false)
    expect(relay.mayBeRelayed(wrapped(), { type: 'batches', records: [], answer: false, request: 0 })).toBe(false)
  })

  test('may be a batch that its origin waits for', () => {
    expect(relay.mayBeRelayed(wrapped(), { type: 'batches', records: [], answer: false, request: 7 })).toBe(true)
    expect(relay.mayBeRelayed(wrapped(), { type: 'batches', records: [], answer: true, request: 7 })).toBe(false)
  })

  test('is dropped where its origin is a stranger, this node, or whoever sent it', () => {
    expect(relay.isForMe('b', wrapped({ from: 'stranger' }))).toBe(false)
    expect(relay.isForMe('b', wrapped({ from: 'self' }))).toBe(false)
    expect(relay.isForMe('b', wrapped({ from: 'b' }))).toBe(false)
  })
})

describe('what is for another', () => {
  test('is passed on once, from its origin to a peer that is connected', () => {
    const message = wrapped({ from: 'b', boot: BOOT_OF_B, to: 'a' })
    expect(relay.isForMe('b', message)).toBe(false)
    expect(sent()).toEqual([])
    greet('a', BOOT_OF_A, 7_000)
    expect(relay.isForMe('b', message)).toBe(false)
    expect(sent().map(({ to, type }) => [to, type])).toEqual([['a', 'relay']])
  })

  test('is not passed on where it comes from a third already, or of another boot than was greeted', () => {
    greet('a', BOOT_OF_A, 7_000)
    relay.isForMe('a', wrapped({ from: 'b', boot: BOOT_OF_B, to: 'a' }))
    relay.isForMe('b', wrapped({ from: 'b', boot: BOOT_OF_A, to: 'a' }))
    expect(sent()).toEqual([])
  })
})
