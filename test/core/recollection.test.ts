/** A node whose disk forgot what it promised: it serves and promises nothing until it has compared its slots. */
import { describe, expect, test } from 'vitest'
import { decodeMessage, encodeMessage } from '../../src/codec/messages.ts'
import { BatchBook } from '../../src/core/batch-book.ts'
import { Copies, type CopiesParts } from '../../src/core/copies.ts'
import type { Message } from '../../src/core/messages.ts'
import { Ownership } from '../../src/core/ownership.ts'
import { Reads } from '../../src/core/reads.ts'
import { Recollection } from '../../src/core/recollection.ts'
import { Sync } from '../../src/core/sync.ts'
import { Takeover } from '../../src/core/takeover.ts'
import { CalmWorld } from '../simulation/calm-world.ts'
import { machine } from '../simulation/cases.ts'
import { PartWorld } from '../support/part-world.ts'

function mesh(): CalmWorld {
  return new CalmWorld({ machines: [machine(1_000), machine(1_000), machine(1_000)], tasks: 30 }).run(60_000)
}

function sentBy(
  world: CalmWorld,
  index: number,
  sinceMs: number,
): { readonly atMs: number; readonly message: Message }[] {
  return world.effects.flatMap(({ node, effect, atMs }) =>
    node.index === index && effect.type === 'send' && atMs >= sinceMs
      ? [{ atMs, message: decodeMessage(effect.bytes) }]
      : [],
  )
}

describe('a node whose disk was wiped', () => {
  test('goes above its earlier incarnation, and has every fact again before it serves a slot', () => {
    const world = mesh()
    const before = world.entry(0, 2)?.incarnation ?? 0
    world.node(2).crash()
    world.node(2).disk.wipe()
    world.node(2).start()
    const startMs = world.nowMs
    world.run(5_000)
    expect(world.entry(0, 2)).toMatchObject({ standing: 'joined', incarnation: before + 1 })
    for (const { facts } of world.world.pool.tasks.values()) for (const fact of facts) expect(fact.copies).toBe(3)
    world.run(60_000)
    const sent = sentBy(world, 2, startMs)
    const serving = sent.find(({ message }) => message.type === 'serving')
    const compared = sent.filter(
      ({ message, atMs }) => message.type === 'digests-wanted' && atMs < (serving?.atMs ?? 0),
    )
    expect(serving).toBeDefined()
    expect(compared.length).toBeGreaterThanOrEqual(2)
    expect(world.node(0).core?.view().whole).toBe(true)
    expect(world.problems).toEqual([])
  })

  test('knows the ballots again that it had promised, and yields what it served alone', () => {
    const world = mesh()
    const promised = world.node(2).disk.promises
    world.node(2).crash()
    world.node(2).disk.wipe()
    world.node(2).start()
    world.run(5_000)
    const now = world.node(2).disk.promises
    const ballotOf = (runs: typeof now, slot: number) => runs.find(({ from, to }) => from <= slot && slot <= to)
    for (let slot = 0; slot < 16_384; slot += 61)
      expect(ballotOf(now, slot)?.epoch ?? 0).toBeGreaterThanOrEqual(ballotOf(promised, slot)?.epoch ?? 0)
  })

  test('answers no promise before it has compared with everyone who is up', () => {
    const world = mesh()
    world.node(1).freeze()
    world.node(2).crash()
    world.node(2).disk.wipe()
    world.node(2).start()
    const startMs = world.nowMs
    const ask = (request: number) => {
      const slots = [{ from: 0, to: 9 }]
      const bytes = encodeMessage({ type: 'promise', request, epoch: 50, slots })
      world.node(2).post({ type: 'received', from: world.node(0).id, bytes })
    }
    world.run(4_000)
    ask(98)
    world.run(1_000)
    world.node(1).thaw()
    world.run(10_000)
    ask(99)
    world.run(1_000)
    const answered = sentBy(world, 2, startMs).flatMap(({ message }) =>
      message.type === 'promised' && message.request > 90 ? [message.request] : [],
    )
    expect(answered).toEqual([99])
  })
})

test('a doubtful node compares with each once, though never with all connected at a time, as in a large mesh', () => {
  const world = new PartWorld(['self', 'x', 'y'])
  world.unconnected.add('x').add('y')
  const { sent, effects, wanted } = world
  const ownership = new Ownership(world)
  const reads = new Reads(world)
  const copies = new Copies(world, { book: new BatchBook(), ownership } as CopiesParts)
  const sync = new Sync(world, reads, copies, ownership)
  const takeover = new Takeover(world, ownership, sync, reads)
  const recollection = new Recollection(world, ownership, sync, takeover)
  const compareWith = (peer: string) => {
    world.unconnected.clear()
    world.unconnected.add(peer === 'x' ? 'y' : 'x')
    world.advance(1_000)
    for (const effect of effects.splice(0)) if (effect.type === 'read-digests') reads.digestsRead(effect.load, [])
    const asked = sent.findLast(({ to, message }) => to === peer && message.type === 'digests-wanted')?.message
    const request = asked?.type === 'digests-wanted' ? asked.request : 0
    sync.digests({ type: 'digests', request, digests: [], ballots: [], membersHash: '' })
  }
  /** Whether it answers who asks it for a promise. */
  const isSound = () => {
    effects.length = 0
    takeover.asked('x', { type: 'promise', request: 1, epoch: 5, slots: [{ from: 0, to: 9 }] })
    world.commits.take()
    return ownership.ballots.epochOf(0) === 5
  }
  recollection.doubt()
  compareWith('x')
  expect(isSound()).toBe(false)
  compareWith('y')
  expect(isSound()).toBe(true)
  expect(wanted).toContain('y')
})
