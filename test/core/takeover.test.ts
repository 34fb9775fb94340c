/** How a node takes over the slots that it should own. */
import { encode } from 'cborg'
import { describe, expect, test } from 'vitest'
import { EPOCH_MAX, SLOT_COUNT } from '../../src/core/ids.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { CoreBench, seededFact, stored, taskIn } from '../support/core-bench.ts'
import { CoreMesh, type MeshNode } from '../support/core-mesh.ts'

const HASH = 'ab'.repeat(8)
const RUN = [{ from: 0, to: 3 }]

/** Node `a`, first on the list of slots 0..3, which has just started among others. */
function setUp(members: readonly string[] = ['a', 'b', 'c']) {
  const bench = new CoreBench(members, { owns: false })
  const { world, parts } = bench
  world.order = (slot) => (slot < 4 ? members : [...members.slice(1), members[0] ?? ''])
  const served: number[][] = []
  const { onServe } = parts.takeover
  parts.takeover.onServe = (slots) => {
    served.push([...slots])
    onServe(slots)
  }
  parts.takeover.start()
  /** Time goes on, and the node looks at the end of each step. */
  const pass = (durationMs: number) => {
    for (const endMs = world.nowMs + durationMs; world.nowMs < endMs; ) {
      world.advance(Math.min(100, endMs - world.nowMs))
      parts.takeover.look()
      bench.settle()
    }
  }
  /** The comparison that was asked of a peer ends: it has these facts of its own. */
  const compared = (peer: string, digests: Parameters<typeof parts.sync.digests>[0]['digests'] = []) => {
    const asked = world.sentOf('digests-wanted').findLast(({ to }) => to === peer)
    if (asked === undefined) throw new Error(`${peer} was not asked`)
    parts.sync.digests({ type: 'digests', request: asked.message.request, membersHash: HASH, digests, ballots: [] })
    bench.settle()
  }
  const promised = (peer: string, refused: Parameters<typeof parts.ownership.learn>[0] = []) => {
    const asked = world.sentOf('promise').findLast(({ to }) => to === peer)?.message
    if (asked === undefined) throw new Error(`${peer} was not asked to promise`)
    const left = SlotSet.ofRuns(asked.slots).without(SlotSet.ofRuns(refused))
    const answer = { request: asked.request, slots: left.runs(), refused, digests: [] }
    parts.takeover.promised(peer, { type: 'promised', ...answer })
    bench.settle()
  }
  return { bench, world, parts, served, pass, compared, promised, ...parts }
}

describe('a job begins', () => {
  test('only once who is up has not changed for a second', () => {
    const { world, takeover, pass } = setUp()
    takeover.changed()
    pass(900)
    takeover.changed()
    pass(900)
    expect([takeover.idle, world.sent]).toEqual([true, []])
    pass(200)
    expect(takeover.idle).toBe(false)
  })

  test('at once for slots that nobody has, and after 30 s for those of a live owner', () => {
    const { world, ownership, takeover, pass, compared, promised, served } = setUp()
    ownership.learn([{ from: 0, to: 1, epoch: 4, node: 'b' }])
    takeover.look()
    pass(1)
    for (const peer of ['b', 'c']) compared(peer)
    for (const peer of ['b', 'c']) promised(peer)
    expect(served).toEqual([[2, 3]])
    pass(29_000)
    expect(takeover.idle).toBe(true)
    pass(2_000)
    expect(world.sentOf('digests-wanted').at(-1)?.message.slots).toEqual([{ from: 0, to: 1 }])
  })

  test('at once for slots whose owner does not store any more', () => {
    const { world, ownership, takeover } = setUp()
    ownership.learn([{ from: 0, to: 3, epoch: 4, node: 'b' }])
    world.full.add('b')
    takeover.look()
    expect(takeover.idle).toBe(false)
  })

  test('for what this node served last and nobody since, though another should own it', () => {
    const { world, ownership, takeover } = setUp()
    ownership.claim([{ from: 9, to: 9 }], 4)
    ownership.learn([{ from: 10, to: SLOT_COUNT - 1, epoch: 4, node: 'b' }])
    ownership.learn([{ from: 0, to: 8, epoch: 4, node: 'b' }])
    takeover.look()
    expect(takeover.idle).toBe(false)
    expect(ownership.lapsed().runs()).toEqual([{ from: 9, to: 9 }])
    expect(world.peers.listOf(9)[0]).toBe('b')
  })

  test('for nothing where this node knows no other and has no batch', () => {
    const { takeover, pass } = setUp(['a'])
    takeover.hasWork = () => false
    pass(2_000)
    expect(takeover.idle).toBe(true)
  })

  test('for nothing while this node cannot store, or is barred', () => {
    const { world, takeover, pass } = setUp()
    world.storing = false
    takeover.look()
    expect(takeover.idle).toBe(true)
    world.storing = true
    takeover.bar()
    pass(5_000)
    expect(takeover.idle).toBe(true)
    takeover.unbar()
    pass(1_100)
    expect(takeover.idle).toBe(false)
  })

  test('of a node that knows no other with everything served at once', () => {
    const { takeover, ownership } = setUp(['a'])
    ownership.learn([{ from: 5, to: 5, epoch: 8, node: 'z' }])
    takeover.serveAlone()
    expect([ownership.count, ownership.epochOf(5)]).toEqual([16_384, 9])
  })
})

describe('importing', () => {
  test('asks everyone who may know of the slots, and pulls what they have before any promise is asked for', () => {
    const { world, takeover, pass, compared, bench, sync } = setUp()
    takeover.look()
    pass(1)
    expect(world.sentOf('digests-wanted').map(({ to, message }) => [to, message.slots])).toEqual([
      ['b', RUN],
      ['c', RUN],
    ])
    compared('b')
    compared('c', [{ slot: 1, count: 1, xor: 'aa'.repeat(16) }])
    expect(world.sentOf('promise')).toEqual([])
    const wanted = world.sentOf('slot-wanted')
    expect(wanted).toMatchObject([{ to: 'c', message: { slot: 1, have: [] } }])
    const facts = [stored(seededFact(taskIn(1))).bytes]
    sync.slot({ type: 'slot', request: wanted[0]?.message.request ?? 0, facts, lacking: [], done: true })
    bench.settle()
    expect(world.sentOf('promise')).toHaveLength(2)
    expect(bench.state(taskIn(1))?.seeded).toBeDefined()
  })

  test('leaves the slots with their old owner meanwhile', () => {
    const { ownership, takeover, world, pass } = setUp()
    ownership.learn([{ from: 0, to: 3, epoch: 4, node: 'b' }])
    world.full.add('b')
    takeover.look()
    pass(1)
    expect(ownership.ballots.epochOf(0)).toBe(4)
    expect(ownership.count).toBe(0)
  })

  test('waits five seconds at most for a node that is not connected, and asks it once it is', () => {
    const { world, takeover, pass, compared } = setUp()
    world.unconnected.add('c')
    takeover.look()
    pass(1)
    expect(world.wanted).toContain('c')
    compared('b')
    expect(world.sentOf('promise')).toEqual([])
    pass(5_000)
    expect(world.sentOf('promise')).not.toEqual([])
    const other = setUp()
    other.world.unconnected.add('c')
    other.takeover.look()
    other.world.unconnected.delete('c')
    other.takeover.connected('c')
    other.pass(1)
    expect(other.world.sentOf('digests-wanted').map(({ to }) => to)).toEqual(['b', 'c'])
  })
})

describe('promising', () => {
  function importing(members?: readonly string[]) {
    const set = setUp(members)
    set.ownership.learn([{ from: 2, to: 2, epoch: 6, node: 'z' }])
    set.takeover.look()
    set.bench.settle()
    return set
  }

  test('asks under the highest known epoch and one, after the own promise is synced', () => {
    const { world, parts, bench } = importing()
    for (const { message } of world.sentOf('digests-wanted'))
      parts.sync.digests({ type: 'digests', request: message.request, membersHash: HASH, digests: [], ballots: [] })
    expect(world.sentOf('promise')).toEqual([])
    expect(parts.ownership.ballots.epochOf(0)).toBe(7)
    bench.settle()
    expect(bench.disk.promises).toEqual(parts.ownership.ballots.runs())
    expect(world.sentOf('promise').map(({ to, message }) => [to, message.epoch])).toEqual([
      ['b', 7],
      ['c', 7],
    ])
  })

  test('ends with slots served under the ballot, of which the others hear', () => {
    const { world, compared, promised, served, ownership } = importing()
    for (const peer of ['b', 'c']) compared(peer)
    promised('b')
    expect(served).toEqual([])
    promised('c')
    expect(served).toEqual([[0, 1, 2, 3]])
    expect(ownership.epochOf(0)).toBe(7)
    expect(world.sentOf('serving').map(({ to }) => to)).toEqual(['b', 'c'])
  })

  test('leaves out what a node refused with a higher ballot, and tries that again by a later one', () => {
    const { compared, promised, served, world, pass } = importing()
    for (const peer of ['b', 'c']) compared(peer)
    promised('b', [{ from: 1, to: 1, epoch: 9, node: 'q' }])
    promised('c')
    expect(served).toEqual([[0, 2, 3]])
    world.sent.length = 0
    pass(1_000)
    for (const peer of ['b', 'c']) compared(peer)
    expect(world.sentOf('promise')).toMatchObject([
      { message: { epoch: 10, slots: [{ from: 1, to: 1 }] } },
      { message: { epoch: 10 } },
    ])
  })

  test('waits five seconds for one that is silent, and not for one that is gone', () => {
    const { compared, promised, served, pass } = importing()
    for (const peer of ['b', 'c']) compared(peer)
    promised('b')
    pass(4_800)
    expect(served).toEqual([])
    pass(300)
    expect(served).toHaveLength(1)
    const other = importing()
    for (const peer of ['b', 'c']) other.compared(peer)
    other.promised('b')
    other.world.silent.add('c')
    other.takeover.gone('c')
    expect(other.served).toHaveLength(1)
  })

  test('serves nothing of which a higher ballot became known meanwhile', () => {
    const { compared, promised, served, ownership } = importing()
    for (const peer of ['b', 'c']) compared(peer)
    promised('b')
    ownership.learn([{ from: 0, to: 2, epoch: 7, node: 'c' }])
    promised('c')
    expect(served).toEqual([[3]])
  })

  test('pulls what those who promised have by then before it serves', () => {
    const { compared, world, parts, served, bench } = importing()
    for (const peer of ['b', 'c']) compared(peer)
    for (const peer of ['b', 'c']) {
      const request = world.sentOf('promise').find(({ to }) => to === peer)?.message.request ?? 0
      const digests = peer === 'b' ? [{ slot: 3, count: 1, xor: 'aa'.repeat(16) }] : []
      parts.takeover.promised(peer, { type: 'promised', request, slots: RUN, refused: [], digests })
    }
    bench.settle()
    expect(served).toEqual([])
    const wanted = world.sentOf('slot-wanted')[0]?.message
    expect(wanted?.slot).toBe(3)
    const facts = [stored(seededFact(taskIn(3))).bytes]
    parts.sync.slot({ type: 'slot', request: wanted?.request ?? 0, facts, lacking: [], done: true })
    expect(served).toHaveLength(1)
    bench.settle()
    expect(bench.state(taskIn(3))?.seeded).toBeDefined()
  })

  test('waits for the last difference of one that has promised for a minute at most', () => {
    const { compared, promised, parts, served, pass, world, bench } = importing()
    for (const peer of ['b', 'c']) compared(peer)
    promised('c')
    const request = world.sentOf('promise')[0]?.message.request ?? 0
    const digests = [{ slot: 3, count: 1, xor: 'aa'.repeat(16) }]
    parts.takeover.promised('b', { type: 'promised', request, slots: RUN, refused: [], digests })
    bench.settle()
    pass(50_000)
    expect(served).toEqual([])
    pass(10_100)
    expect(served).toEqual([[0, 1, 2, 3]])
  })
})

test('a barred node ends what is under way', () => {
  const { takeover, compared, world } = setUp()
  takeover.look()
  takeover.bar()
  expect(takeover.idle).toBe(true)
  expect(() => compared('b')).toThrow()
  expect(world.sentOf('promise')).toEqual([])
})

test('epochs of a broken peer, above all others or the highest there is, end no node: other slots are taken over', () => {
  const mesh = new CoreMesh(['a', 'b'])
  const [a, b] = mesh.nodes as [MeshNode, MeshNode]
  for (const [from, epoch] of [
    [0, 2 ** 32 - 1],
    [10, EPOCH_MAX],
  ] as const) {
    const runs = [['b'], [from, 9, epoch, 0]]
    mesh.post(a, { type: 'received', from: 'b', bytes: encode([1, 16, runs]) })
  }
  mesh.disconnect(a, b)
  mesh.advance(60_000)
  expect([9, 10, 19, 20].map((slot) => a.core.serves(slot))).toEqual([true, false, false, true])
  expect(a.replies.get(mesh.seed(a, mesh.batch(a, 'parti').id, 20))).toMatchObject({ value: { new: 20 } })
})
