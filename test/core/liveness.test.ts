/** One node's judgement of others, rule by rule and figure by figure; liveness-mesh.test.ts has whole meshes. */
import { describe, expect, test } from 'vitest'
import type { NodeId } from '../../src/core/ids.ts'
import { Liveness } from '../../src/core/liveness.ts'
import type { LivenessAction, Rumour } from '../../src/core/peer.ts'
import { type Ring, ringOf } from '../../src/core/ring.ts'
import { sha256 } from '../support/arbitraries.ts'

type ActionOf<T extends LivenessAction['type']> = Extract<LivenessAction, { type: T }>

const DAY_MS = 86_400_000
const ids = (count: number): NodeId[] => Array.from({ length: count }, (_, at) => `n${String(at).padStart(3, '0')}`)

/** A node that is asked to tick whenever it wants to, and what it did when. */
class Subject {
  readonly self: NodeId
  readonly ring: Ring
  readonly liveness: Liveness
  nowMs = 0
  ticks = 0
  readonly done: { readonly atMs: number; readonly action: LivenessAction }[] = []
  /** Those who beat this node every second as time goes by. */
  readonly beating = new Set<NodeId>()
  /** What members answer who are asked about others; those who beat say that they did not reach it. */
  readonly answering = new Map<NodeId, boolean | undefined>()

  constructor(self: NodeId, members: readonly NodeId[]) {
    this.self = self
    this.ring = ringOf(members, sha256)
    this.liveness = new Liveness(self, this.ring)
    this.setMembers(members)
  }

  setMembers(members: readonly NodeId[], incarnations: { readonly [id: NodeId]: number } = {}): void {
    const list = members.map((id) => ({ id, incarnation: incarnations[id] ?? 1 }))
    this.liveness.members(list, ringOf(members, sha256), this.nowMs)
    this.settle()
  }

  get others(): NodeId[] {
    return this.ring.members.filter((id) => id !== this.self)
  }

  connect(...some: readonly NodeId[]): this {
    for (const id of some) this.liveness.connected(id, this.nowMs)
    this.settle()
    this.done.length = 0
    return this
  }

  connectAll(): this {
    return this.connect(...this.others)
  }

  /** All others beat this node, but those named. */
  beatExcept(...silent: readonly NodeId[]): this {
    for (const id of this.others) if (!silent.includes(id)) this.beating.add(id)
    return this
  }

  settle(): void {
    this.ticks++
    for (const action of this.liveness.tick(this.nowMs)) {
      this.done.push({ atMs: this.nowMs, action })
      if (action.type !== 'probe' || action.ask === action.about) continue
      const otherwise = this.beating.has(action.ask) ? false : undefined
      const reached = this.answering.has(action.ask) ? this.answering.get(action.ask) : otherwise
      if (reached !== undefined) this.liveness.probed(action.ask, action.about, reached, this.nowMs)
    }
  }

  runUntil(atMs: number): this {
    while (this.nowMs < atMs) {
      const beatMs = 1_000 * Math.floor(this.nowMs / 1_000 + 1)
      this.nowMs = Math.min(atMs, beatMs, Math.max(this.liveness.nextMs, this.nowMs + 1))
      if (this.nowMs === beatMs) for (const id of this.beating) this.liveness.heard(id, this.nowMs)
      this.settle()
    }
    return this
  }

  run(ms: number): this {
    return this.runUntil(this.nowMs + ms)
  }

  state(id: NodeId) {
    return this.liveness.get(id)?.state
  }

  actions<T extends LivenessAction['type']>(type: T): ActionOf<T>[] {
    return this.done.map(({ action }) => action).filter((action) => action.type === type) as ActionOf<T>[]
  }

  times(type: LivenessAction['type'], to?: NodeId): number[] {
    const isIt = ({ action }: { action: LivenessAction }) =>
      action.type === type && (to === undefined || ('to' in action && action.to === to))
    return this.done.filter(isIt).map(({ atMs }) => atMs)
  }

  /** When a peer came into a state. */
  becameMs(id: NodeId, state: string): number | undefined {
    return this.done.find(({ action }) => action.type === 'changed' && action.id === id && action.to === state)?.atMs
  }
}

const rumour = (by: NodeId, dead: readonly NodeId[], more: Partial<Rumour> = {}): Rumour => ({
  by,
  incarnation: 1,
  seq: 1,
  storing: true,
  dead: dead.map((id) => ({ id, incarnation: 1, why: 'silence' })),
  ...more,
})

describe('beats', () => {
  test('go to everyone in a mesh of six, once a second', () => {
    const node = new Subject('n000', ids(6)).connectAll()
    node.run(10_000)
    for (const id of node.others) expect(node.times('beat', id)).toHaveLength(10)
  })

  test('go to the five next on the circle in a larger one, to the next living where one of them is dead', () => {
    const node = new Subject('n000', ids(12)).connectAll()
    const round = node.ring.successors('n000', 11)
    node.beatExcept().run(3_000)
    expect(new Set(node.actions('beat').map(({ to }) => to))).toEqual(new Set(round.slice(0, 5)))
    const dead = round[2] as NodeId
    node.beating.delete(dead)
    node.liveness.rumour(rumour(round[1] as NodeId, [dead]), node.nowMs)
    node.run(10_000)
    expect(node.state(dead)).toBe('dead')
    node.done.length = 0
    node.run(3_000)
    const living = round.filter((id) => id !== dead).slice(0, 5)
    expect(new Set(node.actions('beat').map(({ to }) => to))).toEqual(new Set(living))
  })

  test('go round another circle when other members join', () => {
    const node = new Subject('n000', ids(2)).connectAll().beatExcept()
    node.setMembers(ids(12))
    const { circle } = ringOf(ids(12), sha256)
    node.connect(...ids(12).slice(2)).run(5_000)
    const place = circle.indexOf('n000')
    const next = [1, 2, 3, 4, 5].map((step) => circle[(place + step) % 12])
    expect(new Set(node.actions('beat').map(({ to }) => to))).toEqual(new Set(next))
  })

  test('go to those that the callers name, and end with that', () => {
    const node = new Subject('n000', ids(12)).connectAll().beatExcept()
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
    const node = new Subject('n000', ids(4)).connect('n001')
    node.run(5_000)
    expect(new Set(node.actions('beat').map(({ to }) => to))).toEqual(new Set(['n001']))
  })
})

describe('silence', () => {
  const watching = (count: number) => {
    const node = new Subject('n000', ids(count)).connectAll()
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
    const node = new Subject('n000', ids(12)).connectAll()
    const watched = node.ring.circle.filter((id) => node.ring.successors(id, 5).includes('n000'))
    node.beating.clear()
    for (const id of watched) node.beating.add(id)
    node.run(600_000)
    expect(node.actions('changed').filter(({ to }) => to !== 'alive')).toEqual([])
    expect(node.actions('probe')).toEqual([])
  })

  test('of a holder or owner that the callers name counts from when they name it', () => {
    const node = new Subject('n000', ids(12)).connectAll().beatExcept()
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
      const node = new Subject('n000', ids(12)).connectAll().beatExcept()
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
    const node = new Subject('n000', ids(12)).connectAll().beatExcept()
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
    const node = new Subject('n000', ids(3)).connect('n001').beatExcept('n002')
    node.run(12_000)
    expect(node.becameMs('n002', 'suspect')).toBeUndefined()
    expect(node.state('n002')).toBe('dead')
    expect(node.becameMs('n002', 'dead')).toBeGreaterThanOrEqual(11_000)
  })
})

describe('a member that is asked about a suspect', () => {
  const suspecting = () => {
    const node = new Subject('n000', ids(6)).connectAll().beatExcept('n005')
    return node
  }
  const helpersOf = (node: Subject) =>
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
    const node = new Subject('n000', ids(6)).connectAll()
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
    const node = new Subject('n000', ids(2)).connectAll()
    node.liveness.gap(499, node.nowMs)
    node.liveness.gap(500, node.nowMs)
    node.run(9_000)
    // Twice as long at first; from 5 s on as long as ever.
    expect(node.becameMs('n001', 'suspect')).toBe(5_000)
    const lagging = new Subject('n000', ids(2)).connectAll()
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
    const node = new Subject('n000', ids(2)).connectAll()
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
    const node = new Subject('n000', ids(6)).connectAll().beatExcept('n005')
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
    const node = new Subject('n000', ids(2)).connectAll()
    for (let at = 0; at < 100; at++) {
      node.liveness.gap(700, node.nowMs)
      node.run(1_000)
    }
    expect(node.times('probe')).toEqual([32_000])
    expect(node.becameMs('n001', 'suspect')).toBe(40_000)
    expect(node.becameMs('n001', 'dead')).toBe(88_000)
  })

  test('keeps it from accusing anybody, though not from taking back', () => {
    const node = new Subject('n000', ids(6)).connectAll().beatExcept('n004', 'n005')
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

describe('dials', () => {
  test('come from the lower id at once, from the higher one 3 s later, then every second', () => {
    const node = new Subject('n001', ids(3))
    node.run(3_500)
    expect(node.times('dial', 'n002')).toEqual([0])
    expect(node.times('dial', 'n000')).toEqual([3_000])
    node.liveness.dialFailed('n002', false, node.nowMs)
    node.settle()
    for (let second = 0; second < 4; second++) {
      node.run(1_000)
      node.liveness.dialFailed('n002', false, node.nowMs)
      node.settle()
    }
    expect(node.times('dial', 'n002').slice(1)).toEqual([3_500, 4_500, 5_500, 6_500, 7_500])
  })

  test('that nobody answers for are given up after 30 s', () => {
    const node = new Subject('n000', ['n000', 'n001'])
    node.run(70_000)
    // Dead after 11 s, it is dialled again 30 s later.
    expect(node.times('dial')).toEqual([0, 41_000])
  })

  test('of the dead come every 30 s, after a day every 5 min, and at once where one is found', () => {
    const node = new Subject('n000', ['n000', 'n001'])
    const failAll = (untilMs: number) => {
      while (node.nowMs < untilMs) {
        node.liveness.dialFailed('n001', false, node.nowMs)
        node.nowMs += 10_000
        node.settle()
      }
    }
    failAll(60_000)
    node.done.length = 0
    failAll(DAY_MS + 3_600_000)
    const times = node.times('dial')
    const pausesWithin = (fromMs: number, toMs: number) =>
      new Set(
        times.slice(1).flatMap((atMs, at) => (atMs > fromMs && atMs < toMs ? [atMs - (times[at] as number)] : [])),
      )
    expect(pausesWithin(0, DAY_MS)).toEqual(new Set([30_000]))
    expect(pausesWithin(DAY_MS + 600_000, 2 * DAY_MS)).toEqual(new Set([300_000]))
    const foundMs = node.nowMs
    node.liveness.found('n001', foundMs)
    node.settle()
    expect(node.times('dial').at(-1)).toBe(foundMs)
  })

  test('of one found come 3 s later from the higher id', () => {
    const node = new Subject('n001', ['n000', 'n001']).connect('n000')
    node.run(12_000)
    expect(node.state('n000')).toBe('dead')
    const foundMs = node.nowMs
    node.liveness.found('n000', foundMs)
    node.run(3_000)
    expect(node.times('dial')).toEqual([foundMs + 3_000])
  })

  test('go to all in a mesh of sixty, to neighbours and those named in a larger one', () => {
    expect(new Set(new Subject('n000', ids(60)).actions('dial').map(({ to }) => to)).size).toBe(59)
    const node = new Subject('n000', ids(61))
    const round = node.ring.successors('n000', 60)
    const named = round[30] as NodeId
    node.liveness.extras(new Set([named]), 0)
    node.run(1_000)
    expect(new Set(node.actions('dial').map(({ to }) => to))).toEqual(
      new Set([...round.slice(0, 5), ...round.slice(-5), named]),
    )
  })
})

describe('refused connects', () => {
  const closed = (self: NodeId) => {
    const other = self === 'n000' ? 'n001' : 'n000'
    const node = new Subject(self, ['n000', 'n001']).connectAll().run(500)
    node.liveness.disconnected(other, node.nowMs)
    node.settle()
    return { node, other }
  }

  test('prove a process gone where two came 1 s apart after a connection was closed', () => {
    const { node } = closed('n000')
    expect(node.times('dial')).toEqual([500])
    node.liveness.dialFailed('n001', true, 505)
    node.run(1_100)
    expect(node.times('dial')).toEqual([500, 1_500])
    expect(node.state('n001')).toBe('alive')
    node.liveness.dialFailed('n001', true, node.nowMs)
    expect(node.liveness.get('n001')).toMatchObject({ state: 'dead', why: 'refused' })
  })

  test('are found by knocking where the other side dials first', () => {
    const { node } = closed('n001')
    expect(node.times('knock')).toEqual([500])
    node.liveness.knocked('n000', true, 510)
    node.run(1_100)
    expect(node.times('knock')).toEqual([500, 1_500])
    expect(node.times('dial')).toEqual([])
    node.liveness.knocked('n000', true, node.nowMs)
    expect(node.liveness.get('n000')).toMatchObject({ state: 'dead', why: 'refused' })
    node.run(29_000)
    expect(node.times('knock')).toHaveLength(2)
    expect(node.times('dial')).toEqual([])
  })

  test.each([
    ['one was not refused', (node: Subject) => node.liveness.dialFailed('n001', false, node.nowMs)],
    ['the connection was made anew', (node: Subject) => void node.connect('n001')],
  ])('prove nothing where between them %s', (_, between) => {
    const { node } = closed('n000')
    node.liveness.dialFailed('n001', true, 505)
    node.run(1_100)
    between(node)
    node.liveness.dialFailed('n001', true, node.nowMs)
    node.run(1_100)
    node.liveness.dialFailed('n001', true, node.nowMs)
    expect(node.state('n001')).toBe('alive')
  })

  test('of knocks prove nothing once the connection was made anew', () => {
    const { node } = closed('n001')
    node.run(1_100).connect('n000')
    for (let at = 0; at < 3; at++) {
      node.liveness.knocked('n000', true, node.nowMs)
      node.run(1_000)
    }
    expect(node.state('n000')).toBe('alive')
    node.liveness.disconnected('n000', node.nowMs)
    node.settle()
    node.liveness.knocked('n000', true, node.nowMs)
    expect(node.state('n000')).toBe('alive')
  })

  test('prove nothing where they came closer together', () => {
    const { node } = closed('n000')
    node.liveness.dialFailed('n001', true, 505)
    node.run(400)
    node.liveness.found('n001', node.nowMs)
    node.settle()
    node.liveness.dialFailed('n001', true, node.nowMs)
    expect(node.times('dial')).toEqual([500, 900])
    expect(node.state('n001')).toBe('alive')
  })

  test('prove nothing of one that never answered, nor where this node hung up itself', () => {
    const node = new Subject('n000', ids(2))
    for (let at = 0; at < 5; at++) {
      node.liveness.dialFailed('n001', true, node.nowMs)
      node.run(1_000)
    }
    expect(node.state('n001')).toBe('unknown')
    const other = new Subject('n000', ids(2)).connectAll().run(11_500)
    expect(other.actions('hang-up')).toHaveLength(1)
    other.liveness.disconnected('n001', other.nowMs)
    other.liveness.heard('n001', other.nowMs)
    other.settle()
    for (let at = 0; at < 4; at++) {
      other.liveness.dialFailed('n001', true, other.nowMs)
      other.run(1_000)
    }
    expect(other.state('n001')).toBe('alive')
  })
})

describe('rumours of others', () => {
  /** A node of twelve, of whom one is no business of its own. */
  const listening = () => {
    const node = new Subject('n000', ids(12)).connectAll().beatExcept()
    const [, , , far = '', judge = '', second = ''] = node.ring.successors('n000', 11)
    node.beating.delete(far)
    return { node: node.run(20_000), far, judge, second }
  }

  test('are believed 2 s later of one that does not answer a ping', () => {
    const { node, far, judge } = listening()
    node.liveness.rumour(rumour(judge, [far]), node.nowMs)
    node.run(1_900)
    expect(node.actions('probe')).toEqual([{ type: 'probe', ask: far, about: far }])
    expect(node.state(far)).toBe('alive')
    node.run(400)
    expect(node.liveness.get(far)).toMatchObject({ state: 'dead', why: 'silence', told: true })
    expect(node.actions('rumour')).toEqual([])
    expect(node.actions('hang-up')).toEqual([{ type: 'hang-up', to: far }])
  })

  test('are put to the test when the accused was silent for long enough', () => {
    const { node, far, judge } = listening()
    const heardMs = node.nowMs
    node.liveness.heard(far, heardMs)
    node.run(500)
    node.liveness.rumour(rumour(judge, [far]), node.nowMs)
    node.run(6_000)
    expect(node.times('probe')).toEqual([heardMs + 4_000])
    expect(node.becameMs(far, 'dead')).toBe(heardMs + 5_000)
  })

  test('count from when the first of them came', () => {
    const { node, far, judge, second } = listening()
    const toldMs = node.nowMs
    node.liveness.rumour(rumour(judge, [far]), toldMs)
    node.run(1_500)
    node.liveness.rumour(rumour(second, [far]), node.nowMs)
    node.run(1_000)
    expect(node.becameMs(far, 'dead')).toBe(toldMs + 2_000)
  })

  test('end where the accused started anew', () => {
    const { node, far, judge } = listening()
    node.liveness.rumour(rumour(judge, [far]), node.nowMs)
    node.run(2_500)
    expect(node.state(far)).toBe('dead')
    node.setMembers(ids(12), { [far]: 2 })
    expect(node.liveness.get(far)).toMatchObject({ state: 'alive', why: 'heard-of' })
    // It is dialled, and judged by its own silence, from now on.
    node.run(4_500)
    expect(node.state(far)).toBe('alive')
  })

  test('say whether a process is known to be gone', () => {
    const { node, far, judge } = listening()
    const dead = [{ id: far, incarnation: 1, why: 'refused' as const }]
    node.liveness.rumour(rumour(judge, [], { dead }), node.nowMs)
    node.run(3_000)
    expect(node.liveness.get(far)).toMatchObject({ state: 'dead', why: 'refused', told: true })
  })

  test('are not believed of one that is heard, directly or through others', () => {
    const { node, far, judge } = listening()
    node.liveness.rumour(rumour(judge, [far]), node.nowMs)
    for (let second = 0; second < 20; second++) {
      node.run(1_000)
      if (second % 4 !== 0) continue
      if (second < 10) node.liveness.heard(far, node.nowMs)
      else node.liveness.heardOf(far, node.nowMs)
    }
    expect(node.state(far)).toBe('alive')
    node.run(6_000)
    expect(node.state(far)).toBe('dead')
  })

  test('count again from an own pause on', () => {
    const { node, far, judge } = listening()
    node.liveness.rumour(rumour(judge, [far]), node.nowMs)
    node.nowMs += 10_000
    node.liveness.gap(10_000, node.nowMs)
    node.settle()
    expect(node.state(far)).toBe('alive')
  })

  test.each<[string, (by: NodeId, far: NodeId) => Rumour]>([
    [
      'an earlier life of the accused',
      (by, far) => rumour(by, [far], { dead: [{ id: far, incarnation: 0, why: 'silence' }] }),
    ],
    ['somebody unknown', (_, far) => rumour('stranger', [far])],
    ['an earlier life of its author', (by, far) => rumour(by, [far], { incarnation: 0 })],
    ['the node itself', (_, far) => rumour('n000', [far])],
  ])('count for nothing where they are by or about %s', (_, make) => {
    const { node, far, judge } = listening()
    node.liveness.rumour(make(judge, far), node.nowMs)
    node.run(10_000)
    expect(node.state(far)).toBe('alive')
  })

  test('are replaced by later ones of the same author, never by earlier ones', () => {
    const { node, far, judge } = listening()
    node.liveness.rumour(rumour(judge, [], { seq: 5 }), node.nowMs)
    node.liveness.rumour(rumour(judge, [far], { seq: 4 }), node.nowMs)
    node.run(10_000)
    expect(node.state(far)).toBe('alive')
    node.liveness.rumour(rumour(judge, [far], { seq: 6 }), node.nowMs)
    node.run(3_000)
    expect(node.state(far)).toBe('dead')
    node.liveness.rumour(rumour(judge, [], { seq: 7 }), node.nowMs)
    expect(node.liveness.get(far)).toMatchObject({ state: 'alive', why: 'withdrawn' })
  })

  test('keep one dead while any author says so', () => {
    const { node, far, judge, second } = listening()
    node.liveness.rumour(rumour(judge, [far]), node.nowMs)
    node.liveness.rumour(rumour(second, [far]), node.nowMs)
    node.run(3_000)
    node.liveness.rumour(rumour(judge, [], { seq: 2 }), node.nowMs)
    expect(node.state(far)).toBe('dead')
    node.liveness.rumour(rumour(second, [], { seq: 2 }), node.nowMs)
    expect(node.state(far)).toBe('alive')
  })

  test('count no more once their author is dead', () => {
    const { node, far, judge, second } = listening()
    node.liveness.heard(far, node.nowMs)
    node.liveness.rumour(rumour(judge, [far]), node.nowMs)
    node.beating.delete(judge)
    node.run(2_000)
    node.liveness.rumour(rumour(second, [judge]), node.nowMs)
    node.run(2_000)
    node.liveness.heard(far, node.nowMs)
    node.run(10_000)
    expect(node.state(judge)).toBe('dead')
    expect(node.state(far)).toBe('alive')
  })

  test('count no more when they were not repeated for 90 s', () => {
    const { node, far, judge } = listening()
    node.beating.add(far)
    node.liveness.rumour(rumour(judge, [far]), node.nowMs)
    node.run(89_000)
    node.beating.delete(far)
    node.run(30_000)
    expect(node.state(far)).toBe('alive')
  })

  test('become evidence of our own of one that cannot be reached here either', () => {
    const { node, far, judge } = listening()
    node.liveness.rumour(rumour(judge, [far]), node.nowMs)
    node.run(2_500)
    expect(node.liveness.get(far)?.told).toBe(true)
    node.run(11_500)
    expect(node.liveness.get(far)).toMatchObject({ state: 'dead', told: false })
    node.liveness.rumour(rumour(judge, [], { seq: 2 }), node.nowMs)
    expect(node.state(far)).toBe('dead')
  })

  test('tell whether their author can store', () => {
    const { node, judge } = listening()
    node.liveness.rumour(rumour(judge, [], { storing: false }), node.nowMs)
    node.settle()
    expect(node.liveness.get(judge)?.storing).toBe(false)
    expect(node.actions('storing')).toEqual([{ type: 'storing', id: judge, storing: false }])
  })
})

describe("a node's own rumour", () => {
  test('names those whom it watched die, again every 30 s, and takes them back once', () => {
    const node = new Subject('n000', ids(6)).connectAll().beatExcept('n005')
    node.run(80_000)
    const death = { id: 'n005', incarnation: 1, why: 'silence' }
    expect(node.times('rumour')).toEqual([11_000, 41_000, 71_000])
    expect(
      node.actions('rumour').map(({ rumour: { seq, dead, incarnation, by } }) => ({ seq, dead, incarnation, by })),
    ).toEqual([1, 2, 3].map((seq) => ({ seq, dead: [death], incarnation: 1, by: 'n000' })))
    node.liveness.heard('n005', node.nowMs)
    node.beating.add('n005')
    node.run(60_000)
    expect(
      node
        .actions('rumour')
        .slice(3)
        .map((each) => each.rumour.dead),
    ).toEqual([[]])
  })

  test('says whether it can store, as long as it cannot', () => {
    const node = new Subject('n000', ids(2)).connectAll().beatExcept()
    node.run(5_000)
    node.liveness.storing(false, node.nowMs)
    node.run(35_000)
    node.liveness.storing(true, node.nowMs)
    node.run(60_000)
    expect(node.actions('rumour').map((each) => each.rumour.storing)).toEqual([false, false, true])
  })

  test('speaks up where the node itself is held for dead, and beats the accuser, at most once a second', () => {
    const node = new Subject('n000', ids(12)).connectAll().beatExcept()
    node.run(900)
    for (let seq = 1; seq <= 4; seq++) {
      node.liveness.rumour(rumour('n003', ['n000'], { seq }), node.nowMs)
      node.settle()
    }
    node.run(950)
    expect(node.times('beat', 'n003').filter((atMs) => atMs === 900)).toHaveLength(4)
    expect(node.actions('rumour').map((each) => each.rumour.dead)).toEqual([[]])
    node.run(5_000)
    expect(node.times('rumour')).toEqual([900, 1_900])
    node.setMembers(ids(12), { n000: 2 })
    node.liveness.rumour(rumour('n003', ['n000'], { seq: 9 }), node.nowMs)
    node.run(5_000)
    expect(node.actions('rumour')).toHaveLength(2)
  })
})

describe('a member that started anew', () => {
  test('is not accused under its new incarnation for having died under the old one', () => {
    const node = new Subject('n000', ids(6)).connectAll().beatExcept('n005')
    node.run(12_000)
    node.setMembers(ids(6), { n005: 2 })
    node.run(2_000)
    expect(node.state('n005')).toBe('dead')
    expect(node.actions('rumour').at(-1)?.rumour.dead).toEqual([])
    expect(node.times('dial', 'n005')).toHaveLength(1)
    node.run(12_000)
    expect(node.actions('rumour').at(-1)?.rumour.dead).toEqual([{ id: 'n005', incarnation: 2, why: 'silence' }])
  })

  test('is told by its boot, and by nothing else', () => {
    const node = new Subject('n000', ids(2)).connectAll()
    const beat = (boot: string, storing: boolean) => {
      node.liveness.beat('n001', { boot, incarnation: 1, storing }, node.nowMs)
      node.settle()
    }
    beat('b1', true)
    beat('b1', false)
    node.nowMs = 700
    node.liveness.greeted('n001', 'b2', 2, node.nowMs)
    expect(node.liveness.get('n001')?.heardMs).toBe(700)
    beat('b2', false)
    beat('b2', true)
    expect(node.actions('rebooted')).toEqual([{ type: 'rebooted', id: 'n001', boot: 'b2' }])
    expect(node.actions('storing').map(({ storing }) => storing)).toEqual([false, true])
    expect(node.liveness.get('n001')).toMatchObject({ boot: 'b2', storing: true })
  })
})

describe('a question of another member', () => {
  test('is answered with yes about this node, and about one heard within a second', () => {
    const node = new Subject('n000', ids(4)).connectAll()
    node.liveness.asked('n001', 'n000', 0)
    node.liveness.asked('n001', 'n002', 0)
    node.settle()
    const answer = { type: 'probed', to: 'n001', reached: true }
    expect(node.actions('probed')).toEqual([
      { ...answer, about: 'n000' },
      { ...answer, about: 'n002' },
    ])
    node.liveness.asked('n001', 'n003', 1_500)
    node.nowMs = 1_500
    node.settle()
    expect(node.actions('probed')).toHaveLength(2)
  })

  test('is answered with yes as soon as the peer answers, else with no after 2 s', () => {
    const node = new Subject('n000', ids(4)).connectAll().run(2_300)
    node.liveness.asked('n001', 'n002', node.nowMs)
    node.liveness.asked('n003', 'n002', node.nowMs)
    node.liveness.asked('n001', 'n003', node.nowMs)
    node.settle()
    expect(node.actions('probe').map(({ ask, about }) => [ask, about])).toEqual([
      ['n002', 'n002'],
      ['n002', 'n002'],
      ['n003', 'n003'],
    ])
    node.run(700)
    node.liveness.heard('n002', node.nowMs)
    node.run(1_500)
    expect(node.done.flatMap(({ atMs, action }) => (action.type === 'probed' ? [{ atMs, ...action }] : []))).toEqual([
      { atMs: 3_001, type: 'probed', to: 'n001', about: 'n002', reached: true },
      { atMs: 3_001, type: 'probed', to: 'n003', about: 'n002', reached: true },
      { atMs: 4_300, type: 'probed', to: 'n001', about: 'n003', reached: false },
    ])
  })

  test('is answered with no about somebody unknown', () => {
    const node = new Subject('n000', ids(2)).connectAll()
    node.liveness.asked('n001', 'stranger', 0)
    node.settle()
    expect(node.actions('probed')).toEqual([{ type: 'probed', to: 'n001', about: 'stranger', reached: false }])
  })

  test('is dropped above the limit', () => {
    const node = new Subject('n000', ids(4)).connectAll().run(2_000)
    for (let at = 0; at < 1_100; at++) node.liveness.asked('n001', 'n002', node.nowMs)
    node.run(2_500)
    expect(node.actions('probed')).toHaveLength(1_000)
  })
})

describe('who is no member', () => {
  test('is not judged, and taken for alive when it becomes one with its connection made', () => {
    const node = new Subject('n000', ids(2)).connectAll().beatExcept()
    node.liveness.connected('n002', 0)
    for (const learn of ['heard', 'heardOf', 'found', 'disconnected'] as const) node.liveness[learn]('n003', 0)
    node.run(2_000)
    expect(node.state('n002')).toBeUndefined()
    expect(node.liveness.isUp('n002')).toBe(false)
    node.setMembers(ids(3))
    expect(node.liveness.get('n002')).toMatchObject({ state: 'alive', connected: true })
    expect(node.times('dial', 'n002')).toEqual([])
    node.liveness.connected('n003', node.nowMs)
    node.liveness.disconnected('n003', node.nowMs)
    node.setMembers(ids(4))
    node.run(300)
    expect(node.state('n003')).toBe('unknown')
    expect(node.times('dial', 'n003')).toHaveLength(1)
    node.setMembers(ids(2))
    expect(node.state('n002')).toBeUndefined()
  })

  test('takes its rumours along', () => {
    const members = ids(12)
    const node = new Subject('n000', members).connectAll().beatExcept()
    const [, , , , , far = ''] = node.ring.successors('n000', 11)
    const [judge = ''] = node.ring.successors(far, 1)
    node.beating.delete(far)
    node.run(20_000)
    node.liveness.rumour(rumour(judge, [far]), node.nowMs)
    node.setMembers(members.filter((id) => id !== judge))
    node.setMembers(members)
    node.run(4_000)
    expect(node.state(far)).toBe('alive')
  })
})

test('until it is dead, a peer is up', () => {
  const node = new Subject('n000', ids(3)).connect('n001').beatExcept('n001')
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
  const node = new Subject('n000', ids(12)).connectAll().beatExcept()
  node.run(1_000)
  node.ticks = 0
  node.run(60_000)
  // Once for each beat, and once for each second in which beats of others came.
  expect(node.ticks).toBeLessThanOrEqual(140)
})
