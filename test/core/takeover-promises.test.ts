/** What a node promises to others that take slots over. */
import { describe, expect, test } from 'vitest'
import { encodeMessage } from '../../src/codec/messages.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { CoreBench, taskIn } from '../support/core-bench.ts'
import { CoreMesh, type MeshNode } from '../support/core-mesh.ts'

const RUN = [{ from: 0, to: 3 }]

describe('a node that is asked to promise', () => {
  test('says so with its digests once that is synced, and states nothing under a lower ballot any more', () => {
    const bench = new CoreBench(['a', 'b'])
    const { world, parts } = bench
    bench.seed([taskIn(1)])
    world.sent.length = 0
    parts.takeover.asked('b', { type: 'promise', request: 5, epoch: 2, slots: RUN })
    expect(parts.ownership.serves(1)).toBe(false)
    bench.endStep()
    expect(world.sentOf('promised')).toEqual([])
    bench.settle()
    expect(bench.disk.promises[0]).toEqual({ from: 0, to: 3, epoch: 2, node: 'b' })
    expect(world.sentOf('promised')).toMatchObject([
      { to: 'b', message: { request: 5, slots: RUN, refused: [], digests: [{ slot: 1, count: 1 }] } },
    ])
  })

  test('refuses slots of which it knows a higher ballot, and names that', () => {
    const bench = new CoreBench(['a', 'b'])
    bench.yield('c', [{ from: 1, to: 2 }], 9)
    bench.parts.takeover.asked('b', { type: 'promise', request: 5, epoch: 2, slots: RUN })
    bench.settle()
    expect(bench.world.sentOf('promised')[0]?.message).toMatchObject({
      slots: [
        { from: 0, to: 0 },
        { from: 3, to: 3 },
      ],
      refused: [{ from: 1, to: 2, epoch: 9, node: 'c' }],
    })
  })

  test('promises a ballot twice, and nothing at all while it is barred', () => {
    const bench = new CoreBench(['a', 'b'])
    const ask = () => bench.parts.takeover.asked('b', { type: 'promise', request: 5, epoch: 2, slots: RUN })
    ask()
    ask()
    bench.settle()
    expect(bench.world.sentOf('promised').map(({ message }) => message.slots)).toEqual([RUN, RUN])
    bench.parts.takeover.bar()
    ask()
    bench.settle()
    expect(bench.world.sentOf('promised')).toHaveLength(2)
  })
})

test('who takes slots of a node that it holds for one that does not store is told that it does, and gives them back', () => {
  const mesh = new CoreMesh(Array.from('0123456789ab'))
  mesh.batch(mesh.nodes[0] as MeshNode, 'parti')
  mesh.advance(60_000)
  const owner = mesh.nodes[3] as MeshNode
  const slots = SlotSet.all()
  const owned = [...slots].filter((slot) => owner.core.serves(slot))
  expect(owned.length).toBeGreaterThan(100)
  const promisesOf = () => mesh.sent.filter(({ message }) => message.type === 'promise').length
  // Its word that it stores again has reached nobody.
  const said = { by: owner.id, incarnation: 1, seq: 99, storing: false, dead: [] }
  const bytes = encodeMessage({ type: 'rumour', rumour: said })
  for (const node of mesh.nodes) if (node !== owner) mesh.post(node, { type: 'gossiped', bytes })
  mesh.advance(10_000)
  const before = promisesOf()
  mesh.advance(30_000)
  expect(promisesOf() - before).toBe(0)
  expect(owned.filter((slot) => owner.core.serves(slot)).length).toBe(owned.length)
})
