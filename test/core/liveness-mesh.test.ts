/** Whole meshes of Liveness machines in simulated time: who holds whom for dead, when, and after faults have passed. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { NodeId } from '../../src/core/ids.ts'
import { LivenessMesh, type MeshOptions } from '../support/liveness-mesh.ts'

const SIZES = [2, 3, 6, 7, 20] as const
const ids = (count: number): NodeId[] => Array.from({ length: count }, (_, at) => `n${String(at).padStart(3, '0')}`)

/** A mesh that has run for 20 s, and its changes from then on. */
function calm(size: number, options: MeshOptions = {}): LivenessMesh {
  const mesh = new LivenessMesh(ids(size), options)
  mesh.startAll()
  mesh.run(20_000)
  expect(wrongViews(mesh)).toEqual([])
  mesh.changes.length = 0
  return mesh
}

/** Who of the running nodes thinks of another what is not so. */
function wrongViews(mesh: LivenessMesh): string[] {
  return mesh.ids.flatMap((at) =>
    mesh.ids.flatMap((id) => {
      const state = mesh.stateAt(at, id)
      const truth = mesh.node(id).power === 'up' ? 'alive' : 'dead'
      return id === at || mesh.node(at).power !== 'up' || state === truth ? [] : [`${at} holds ${id} for ${state}`]
    }),
  )
}

/** How long after `sinceMs` each node learned that one was dead, ascending. */
const deathsAfter = (mesh: LivenessMesh, id: NodeId, sinceMs: number) =>
  mesh
    .changesOf(id, 'dead')
    .map(({ atMs }) => atMs - sinceMs)
    .sort((a, b) => a - b)

describe.each(SIZES)('a mesh of %i', (size) => {
  const victim = ids(size)[size >> 1] as NodeId

  test('doubts nobody in ten minutes without faults, and has one connection per pair', () => {
    const mesh = calm(size)
    mesh.run(600_000)
    expect(mesh.changes).toEqual([])
    expect(mesh.counts.get('probe')).toBeUndefined()
    expect(mesh.counts.get('dial')).toBe((size * (size - 1)) / 2)
  })

  test('knows within 1.5 s that a process was killed, and within 3.5 s that it is back', () => {
    const mesh = calm(size)
    const killedMs = mesh.nowMs
    mesh.kill(victim)
    mesh.run(1_500)
    const deaths = mesh.changesOf(victim, 'dead')
    expect(deaths.map(({ why }) => why)).toEqual(Array(size - 1).fill('refused'))
    expect(deathsAfter(mesh, victim, killedMs)[0]).toBeGreaterThanOrEqual(1_000)
    mesh.run(60_000)
    expect(wrongViews(mesh)).toEqual([])
    mesh.start(victim)
    mesh.run(3_500)
    expect(wrongViews(mesh)).toEqual([])
    expect(mesh.changesOf(victim, 'dead')).toHaveLength(size - 1)
  })

  test('needs 10 to 14 s to know that a machine lost power', () => {
    const mesh = calm(size)
    const cutMs = mesh.nowMs
    mesh.cutPower(victim)
    mesh.run(14_000)
    const deaths = deathsAfter(mesh, victim, cutMs)
    expect(deaths).toHaveLength(size - 1)
    expect(deaths[0]).toBeGreaterThanOrEqual(10_000)
    mesh.run(120_000)
    expect(wrongViews(mesh)).toEqual([])
    expect(mesh.changes.every(({ id }) => id === victim)).toBe(true)
  })

  test('holds nobody for dead who pauses for 9 s, and one who pauses longer until it goes on', () => {
    const mesh = calm(size)
    mesh.pause(victim)
    mesh.run(9_000)
    mesh.resume(victim)
    mesh.run(10_000)
    expect(mesh.changesOf(victim, 'dead')).toEqual([])
    mesh.pause(victim)
    mesh.run(40_000)
    expect(mesh.changesOf(victim, 'dead')).toHaveLength(size - 1)
    mesh.resume(victim)
    mesh.run(3_500)
    expect(wrongViews(mesh)).toEqual([])
    mesh.run(60_000)
    // Whoever paused blames nobody for what it did not read.
    expect(mesh.changes.filter(({ at }) => at === victim)).toEqual([])
  })

  test('knows in both halves of a split who is beyond, and is one within 60 s of its end', () => {
    const mesh = calm(size)
    const [some, others] = [mesh.ids.slice(0, size >> 1), mesh.ids.slice(size >> 1)]
    mesh.cutBetween(some, others)
    mesh.run(60_000)
    const isAcross = (at: NodeId, id: NodeId) => some.includes(at) !== some.includes(id)
    expect(mesh.changes.filter(({ at, id }) => !isAcross(at, id))).toEqual([])
    for (const at of mesh.ids)
      for (const id of mesh.ids) if (isAcross(at, id)) expect(mesh.stateAt(at, id)).toBe('dead')
    mesh.mendAll()
    mesh.run(60_000)
    expect(wrongViews(mesh)).toEqual([])
  })

  test('makes one run of one seed', () => {
    const runOf = (seed: number) => {
      const mesh = new LivenessMesh(ids(size), { seed })
      mesh.startAll()
      mesh.run(5_000)
      mesh.cutPower(victim)
      mesh.run(30_000)
      return mesh.trace
    }
    expect(runOf(7)).toEqual(runOf(7))
    expect(runOf(8)).not.toEqual(runOf(7))
  })
})

describe.each([3, 6, 20])('between two of %i nodes', (size) => {
  test.each([
    ['a cut link', true],
    ['a link cut one way', false],
  ])('%s leaves both alive, by way of others', (_, isBothWays) => {
    const mesh = calm(size)
    const [a = '', b = ''] = mesh.ids
    mesh.cut(a, b)
    if (isBothWays) mesh.cut(b, a)
    mesh.breakConnection(b, a)
    mesh.run(90_000)
    expect(mesh.changes.filter(({ to }) => to === 'dead')).toEqual([])
    mesh.mendAll()
    mesh.run(35_000)
    expect(wrongViews(mesh)).toEqual([])
  })
})

test('a run of ten deaths side by side on the circle leaves nobody unwatched', () => {
  const mesh = calm(20)
  const circle = mesh.ring.circle.slice(0, 10)
  const cutMs = mesh.nowMs
  for (const id of circle) mesh.cutPower(id)
  mesh.run(60_000)
  expect(wrongViews(mesh)).toEqual([])
  for (const id of circle) expect(deathsAfter(mesh, id, cutMs).at(-1)).toBeLessThan(45_000)
})

test('above sixty, nodes keep ten connections, and know of each other by rumour and gossip', () => {
  const mesh = calm(61, { loadMs: 5_000 })
  expect(Math.max(...mesh.ids.map((id) => mesh.connectionsOf(id)))).toBe(10)
  const victim = 'n030'
  mesh.cutPower(victim)
  mesh.run(20_000)
  expect(wrongViews(mesh)).toEqual([])
  const names = mesh.rumours.flatMap(({ by, dead }) => dead.map(({ id }) => `${by} ${id}`))
  expect(new Set(names).size).toBe(5)
  expect(mesh.changesOf(victim, 'dead')).toHaveLength(60)
  mesh.start(victim)
  mesh.run(15_000)
  expect(wrongViews(mesh)).toEqual([])
  expect(mesh.changes.every(({ id, at }) => id === victim || at === victim)).toBe(true)
}, 60_000)

describe('after any faults', () => {
  const faultParts = { at: fc.nat(6), to: fc.nat(6) }
  const fault = fc.record({
    ...faultParts,
    kind: fc.constantFrom('kill', 'power', 'pause', 'start', 'resume', 'cut', 'mend', 'break'),
    afterMs: fc.integer({ min: 10, max: 15_000 }),
  })
  type Fault = typeof fault extends fc.Arbitrary<infer F> ? F : never

  function inflict(mesh: LivenessMesh, { kind, at, to, afterMs }: Fault): void {
    const [id, other] = [mesh.ids[at % mesh.ids.length] as NodeId, mesh.ids[to % mesh.ids.length] as NodeId]
    const { power } = mesh.node(id)
    if (kind === 'kill' && power === 'up') mesh.kill(id)
    if (kind === 'power' && power === 'up') mesh.cutPower(id)
    if (kind === 'pause' && power === 'up') mesh.pause(id)
    if (kind === 'start' && (power === 'down' || power === 'off')) mesh.start(id)
    if (kind === 'resume' && power === 'paused') mesh.resume(id)
    if (id !== other) {
      if (kind === 'cut') mesh.cut(id, other)
      if (kind === 'mend') mesh.mend(id, other)
      if (kind === 'break') mesh.breakConnection(id, other)
    }
    mesh.run(afterMs)
  }

  test('that pass within 8 s, one at a time, nobody was ever held for dead', () => {
    const short = fc.record({
      ...faultParts,
      kind: fc.constantFrom('pause', 'cut', 'break'),
      afterMs: fc.integer({ min: 10, max: 8_000 }),
    })
    fc.assert(
      fc.property(fc.constantFrom(2, 3, 7), fc.array(short, { maxLength: 15 }), fc.nat(), (size, list, seed) => {
        const mesh = calm(size, { seed })
        for (const each of list) {
          inflict(mesh, each)
          mesh.mendAll()
          for (const id of mesh.ids) if (mesh.node(id).power === 'paused') mesh.resume(id)
          mesh.run(5_000)
        }
        expect(mesh.changes.filter(({ to }) => to === 'dead')).toEqual([])
      }),
      { numRuns: 60 },
    )
  }, 120_000)

  test('all see all alive within 60 s (I13), though gossip gets lost', () => {
    const faults = fc.tuple(fc.constantFrom(2, 3, 7), fc.array(fault, { maxLength: 25 }), fc.nat())
    fc.assert(
      fc.property(faults, ([size, list, seed]) => {
        const mesh = calm(size, { seed, gossipLoss: 0.3 })
        for (const each of list) inflict(mesh, each)
        mesh.mendAll()
        for (const id of mesh.ids) {
          const { power } = mesh.node(id)
          if (power === 'paused') mesh.resume(id)
          else if (power !== 'up') mesh.start(id)
        }
        mesh.run(60_000)
        expect(wrongViews(mesh)).toEqual([])
        for (const id of mesh.ids) expect(mesh.connectionsOf(id)).toBe(size - 1)
      }),
      { numRuns: 60 },
    )
  }, 120_000)
})
