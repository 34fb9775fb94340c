/** A node that leaves: others have all that it had before it stops, and it may come back. */
import { describe, expect, test } from 'vitest'
import { encodeMessage } from '../../src/codec/messages.ts'
import { CalmWorld } from '../simulation/calm-world.ts'
import { machine } from '../simulation/cases.ts'
import { CoreMesh, type MeshNode } from '../support/core-mesh.ts'

function mesh(count: number, tasks = 30): CalmWorld {
  return new CalmWorld({ machines: Array.from({ length: count }, () => machine(2_000)), tasks })
}

/** Lets node `index` leave and stay out. */
function leave(world: CalmWorld, index: number, backMs?: number) {
  world.node(index).leaving = { backMs }
  return world.ask(index, { type: 'leave' })
}

describe('a node that leaves', () => {
  test('finishes what runs, and stops once the others have every fact and serve its slots', () => {
    const three = mesh(3).run(20_000)
    const running = three.node(2).executor.running
    expect(running).toBeGreaterThan(0)
    const reply = leave(three, 2)
    const member = { id: three.node(2).id, standing: 'left' }
    expect(reply).toMatchObject({ type: 'answer', value: { type: 'member', member, copies: 2 } })
    three.run(200)
    expect(three.node(2).up).toBe(false)
    for (const { facts } of three.world.pool.tasks.values()) for (const fact of facts) expect(fact.copies).toBe(2)
    three.run(120_000)
    const [view] = three.node(0).core?.view().batches ?? []
    expect(view?.counts).toMatchObject({ total: 30, completed: 30, extra: 0 })
    expect(three.node(0).core?.view().whole).toBe(true)
    expect(three.problems).toEqual([])
  })

  test('goes on granting its tasks to others until its last attempt has ended', () => {
    const machines = [machine(2_000), machine(2_000), machine(20_000)]
    const three = new CalmWorld({ machines, tasks: 12 }).run(8_000)
    expect(three.node(2).executor.running).toBe(1)
    three.node(2).leaving = { backMs: undefined }
    three.world.desk.ask(three.node(2), { type: 'leave' }, () => undefined)
    three.run(10_000)
    expect(three.node(2).executor.running).toBe(1)
    expect(three.node(0).core?.view().batches[0]?.counts).toMatchObject({ total: 12, completed: 11 })
    three.run(30_000)
    expect(three.node(2).up).toBe(false)
    expect(three.node(0).core?.view().batches[0]?.counts).toMatchObject({ completed: 12, extra: 0 })
    expect(three.problems).toEqual([])
  })

  test('is a member anew when it starts again', () => {
    const three = mesh(3).run(40_000)
    const before = three.entry(0, 2)?.incarnation ?? 0
    leave(three, 2, 5_000)
    three.run(2_000)
    expect(three.entry(0, 2)).toMatchObject({ standing: 'left', incarnation: before + 1 })
    three.run(60_000)
    for (const index of [0, 1, 2])
      expect(three.entry(index, 2)).toMatchObject({ standing: 'joined', incarnation: before + 2 })
  })

  test('only stops, and stays a member, where it knows no other', () => {
    const one = mesh(1, 1).run(20_000)
    const reply = leave(one, 0)
    expect(reply).toMatchObject({ type: 'answer', value: { member: { standing: 'joined' }, copies: 1 } })
    one.run(200)
    expect(one.effectsOf(0, 'stopped')).toHaveLength(1)
  })

  test('is refused where it reaches none of the others', () => {
    const two = mesh(2).run(30_000)
    two.node(1).powerOff()
    two.run(30_000)
    expect(leave(two, 0)).toMatchObject({ type: 'refuse', code: 'MESH_NO_PEERS' })
    two.run(10_000)
    expect(two.node(0).up).toBe(true)
    expect(two.entry(0, 0)?.standing).toBe('joined')
  })

  test('goes on answering while nobody has what it has, and ends when somebody does', () => {
    const two = mesh(2).run(30_000)
    two.node(0).leaving = { backMs: undefined }
    let reply: unknown
    two.world.desk.ask(two.node(0), { type: 'leave' }, (heard) => {
      reply = heard
    })
    two.run(5)
    two.node(1).powerOff()
    two.run(40_000)
    expect(two.node(0).up).toBe(true)
    two.node(1).powerOn()
    two.run(120_000)
    expect(two.node(0).up).toBe(false)
    expect(reply).toMatchObject({ type: 'answer' })
    for (const { facts } of two.world.pool.tasks.values()) for (const fact of facts) expect(fact.copies).toBe(1)
  })

  test('leaves anew where a copy of it has said that it is a member', () => {
    const two = mesh(2).run(30_000)
    two.node(0).leaving = { backMs: undefined }
    two.world.desk.ask(two.node(0), { type: 'leave' }, () => undefined)
    for (let left = 1_000; two.entry(1, 0)?.standing !== 'left' && left > 0; left--) two.run(20)
    const own = two.entry(1, 0)
    if (own === undefined || !two.node(0).up) return expect.fail('it has left already')
    const said = { ...own, standing: 'joined' as const, incarnation: own.incarnation + 1 }
    const bytes = encodeMessage({ type: 'members', entries: [said], answer: false })
    two.node(0).post({ type: 'received', from: two.node(1).id, bytes })
    two.run(1)
    expect(two.entry(0, 0)?.standing).toBe('joined')
    two.run(60_000)
    expect(two.entry(1, 0)).toMatchObject({ standing: 'left', incarnation: own.incarnation + 2 })
    expect(two.node(0).up).toBe(false)
  })

  test('is a member again, works on and is refused where all others are gone for long after it said that it leaves', () => {
    const two = mesh(2).run(30_000)
    two.node(0).leaving = { backMs: undefined }
    two.world.desk.ask(two.node(0), { type: 'leave' }, () => undefined)
    for (let left = 1_000; two.entry(1, 0)?.standing !== 'left' && left > 0; left--) two.run(20)
    two.node(1).powerOff()
    two.run(30_000)
    expect(two.entry(0, 0)?.standing).toBe('left')
    two.run(400_000)
    expect(two.node(0).up).toBe(true)
    expect(two.entry(0, 0)?.standing).toBe('joined')
    expect(two.node(0).core?.view().stopping).toBe(false)
    expect(two.effectsOf(0, 'refuse')).toMatchObject([{ code: 'MESH_NO_PEERS' }])
    two.node(0).leaving = undefined
    two.node(1).powerOn()
    two.run(120_000)
    expect(two.entry(1, 0)?.standing).toBe('joined')
    const [view] = two.node(0).core?.view().batches ?? []
    expect(view?.counts).toMatchObject({ total: 30, completed: 30 })
    expect(two.problems).toEqual([])
  })

  test('is not held up by what others seed and what it is never done with writing', () => {
    const three = new CoreMesh(['a', 'b', 'c'])
    const [a, b] = three.nodes as [MeshNode, MeshNode, MeshNode]
    const { id } = three.batch(b, 'parti')
    three.answer(b, { type: 'set-batch', batch: id, change: { paused: true } })
    a.held = true
    three.seed(b, id, 20)
    expect(a.unsynced.length).toBeGreaterThan(0)
    three.ask(a, { type: 'leave' })
    for (let round = 2; round < 40; round++) {
      three.seed(b, id, 20 * round)
      three.advance(200)
      while (a.unsynced.length > 1) {
        const writes = a.unsynced.shift()
        if (writes === undefined) break
        a.disk.write(writes)
        three.post(a, { type: 'persisted', ticket: writes.ticket })
      }
    }
    expect([...b.disk.members].find(([node]) => node === 'a')?.[1].standing).toBe('left')
  })

  test('is told of the end of its leave though its disk failed on the way, and what others asked is refused', () => {
    const three = new CoreMesh(['a', 'b', 'c'])
    const [a] = three.nodes as [MeshNode]
    const { id } = three.batch(a, 'parti')
    a.held = true
    const seeded = three.seed(a, id, 20)
    const left = three.ask(a, { type: 'leave' })
    three.post(a, { type: 'storage', problem: 'failing' })
    expect([a.replies.get(seeded)?.type, a.replies.get(left)]).toEqual(['refuse', undefined])
  })
})
