/** One simulated machine: what its disk keeps, what its driver does, and how its clock goes. */
import { describe, expect, test } from 'vitest'
import { newBatch } from '../../src/core/batches.ts'
import type { Effect } from '../../src/core/effects.ts'
import type { Event } from '../../src/core/events.ts'
import type { CoreView } from '../../src/core/view.ts'
import { CALM_DISK } from './conditions.ts'
import { SimDisk } from './disk.ts'
import { FactPool } from './fact-pool.ts'
import { Random } from './random.ts'
import { drawScenario } from './scenario.ts'
import { Schedule } from './schedule.ts'
import { type DiskTrouble, Storage } from './storage.ts'
import { newFact } from './tampering.ts'
import { World } from './world.ts'

type Persist = Extract<Effect, { type: 'persist' }>

const BATCH = '00000000000000aa'
const taskId = (number: number) => number.toString(16).padStart(4, '0').padEnd(32, '0')

function seeded(number: number) {
  const task = taskId(number)
  return newFact({
    kind: 'seeded',
    batch: BATCH,
    task,
    index: number,
    prompt: `p${number}`,
    params: {},
    profile: 'draw',
  })
}

function writing(ticket: number): Persist {
  const facts = [seeded(ticket)]
  return { type: 'persist', ticket, facts, tallies: [], indexes: [], batches: [], promises: undefined }
}

class Machine {
  readonly schedule = new Schedule()
  readonly pool = new FactPool()
  readonly disk = new SimDisk(this.pool)
  readonly heard: Event[] = []
  readonly trouble: DiskTrouble = { problem: undefined, slowSyncMs: 0, readsFail: false }
  readonly storage: Storage

  constructor(seed = 1) {
    this.storage = new Storage({
      schedule: this.schedule,
      disk: this.disk,
      trouble: this.trouble,
      conditions: CALM_DISK,
      random: new Random(seed, 'storage'),
      post: (event) => this.heard.push(event),
      onDropped: () => undefined,
      onDurable: (writes) => this.disk.write(writes),
    })
  }

  pass(durationMs: number): void {
    const untilMs = this.schedule.nowMs + durationMs
    while (this.schedule.nextMs <= untilMs) this.schedule.advance()
    this.schedule.nowMs = untilMs
  }

  get stored(): number[] {
    return [...this.disk.facts.all()].map(({ slot }) => slot << 2).sort((a, b) => a - b)
  }
}

describe('a disk', () => {
  test('keeps a prefix of what was not acknowledged at a crash, sometimes nothing and sometimes all of it', () => {
    const kept = new Set<number>()
    for (let seed = 1; seed <= 40; seed++) {
      const machine = new Machine(seed)
      for (let ticket = 1; ticket <= 3; ticket++) machine.storage.persist(writing(4 * ticket))
      machine.pass(0.1)
      machine.storage.crash()
      machine.pass(10_000)
      expect(machine.stored).toEqual([4, 8, 12].slice(0, machine.stored.length))
      expect(machine.heard).toEqual([])
      kept.add(machine.stored.length)
    }
    expect([...kept].sort()).toEqual([0, 1, 2, 3])
  })

  test('answers a read after everything that was given before it', () => {
    const machine = new Machine()
    machine.storage.persist(writing(4))
    machine.storage.afterWrites({ type: 'read-slot', load: 9, slot: 1 })
    machine.pass(1_000)
    expect(machine.heard.map(({ type }) => type)).toEqual(['persisted', 'slot-read'])
    expect(machine.heard[1]).toMatchObject({ load: 9, facts: [{ fact: { task: taskId(4) } }] })
  })

  test('that is full says so once, tries again, and says when it is not', () => {
    const machine = new Machine()
    machine.trouble.problem = 'disk-full'
    machine.storage.persist(writing(4))
    machine.pass(5_000)
    expect(machine.heard).toEqual([{ type: 'storage', problem: 'disk-full' }])
    expect(machine.stored).toEqual([])
    machine.trouble.problem = undefined
    machine.pass(5_000)
    expect(machine.heard.slice(1)).toEqual([
      { type: 'storage', problem: undefined },
      { type: 'persisted', ticket: 4 },
    ])
    expect(machine.stored).toEqual([4])
  })

  test('has the digest of the facts that a read would show', () => {
    const machine = new Machine()
    const [first, second] = [writing(4), writing(8)]
    machine.disk.write(first)
    machine.disk.write(first)
    machine.disk.write(second)
    const all = [{ from: 0, to: 16_383 }]
    const digests = machine.disk.facts.readDigests(all)
    const hash = (writes: Persist) => writes.facts[0]?.hash.slice(0, 32)
    expect(digests).toEqual([
      { slot: 1, count: 1, xor: hash(first) },
      { slot: 2, count: 1, xor: hash(second) },
    ])
    machine.disk.flipBits(new Random(1, 'bits'), 2)
    expect(machine.disk.facts.readDigests(all)).toEqual([])
    expect(machine.pool.tasks.get(taskId(4))?.state).toBeUndefined()
  })

  test('that is put back is what it was, with its incarnation', () => {
    const machine = new Machine()
    machine.disk.write(writing(4))
    expect(machine.disk.open().incarnation).toBe(1)
    const snapshot = machine.disk.snapshot()
    machine.disk.write(writing(8))
    expect(machine.disk.open().incarnation).toBe(2)
    machine.disk.restore(snapshot)
    expect(machine.stored).toEqual([4])
    expect(machine.disk.open().incarnation).toBe(2)
    machine.disk.wipe()
    expect(machine.stored).toEqual([])
    expect(machine.disk.open()).toMatchObject({ incarnation: 1, tallies: [] })
  })

  test('with a damaged batch record has none of that batch, and keeps its facts, until somebody tells of it', () => {
    const { disk } = new Machine()
    const fields = { profile: 'draw', priority: 0, maxAttempts: 3, timeoutMs: null, paused: false, cancelled: false }
    const writes = { ...writing(4), batches: [newBatch(BATCH, 'b', { ...fields, born: 1 }, 'node')] }
    disk.write(writes)
    disk.flipBatches(new Random(1, 'bits'), 1)
    expect(disk.open().batches).toEqual([])
    expect(disk.facts.readSlot(1)).toHaveLength(1)
    expect(disk.recordsBack).toBe(0)
    disk.write(writes)
    expect(disk.open().batches).toHaveLength(1)
    expect(disk.recordsBack).toBe(1)
  })

  test('with damaged tallies gives none until every slot is counted anew', () => {
    const { disk } = new Machine()
    disk.write(writing(4))
    disk.damageTallies()
    expect(disk.open().tallies).toBeUndefined()
    expect(disk.open().tallies).toBeUndefined()
    const tally = { batch: BATCH, slot: 1, total: 1, completed: 0, failed: 0, cancelled: 0, extra: 0 }
    disk.write({ ...writing(4), tallies: [tally] })
    expect(disk.open().tallies).toEqual([tally])
  })
})

/** A core that asks to be woken every second of its clock, and remembers what it was told. */
class Sleeper {
  readonly heard: { readonly type: string; readonly nowMs: number }[] = []

  step(event: Event, nowMs: number): readonly Effect[] {
    this.heard.push({ type: event.type, nowMs })
    return event.type === 'start' || event.type === 'tick' ? [{ type: 'wake', atMs: nowMs + 1_000 }] : []
  }

  view(): CoreView {
    return { batches: [], profiles: [], storageProblem: undefined, stopping: false } as unknown as CoreView
  }
}

function sleepingNode() {
  const cores: Sleeper[] = []
  const scenario = {
    ...drawScenario({ seed: 1, nodes: 1, tasks: 1, planes: [] }),
    plans: [],
    faults: [],
    startsWithinMs: 0,
  }
  const makeCore = () => {
    const core = new Sleeper()
    cores.push(core)
    return core
  }
  const world = new World({ scenario, makeCore, report: (rule, message) => expect.fail(`${rule}: ${message}`) })
  world.begin()
  world.run(1_000, () => false)
  const node = world.nodes[0] as (typeof world.nodes)[number]
  const pass = (durationMs: number) => {
    const untilMs = world.schedule.nowMs + durationMs
    world.run(untilMs, () => false)
    world.schedule.nowMs = untilMs
  }
  const ticks = () => cores.reduce((sum, { heard }) => sum + heard.filter(({ type }) => type === 'tick').length, 0)
  return { node, cores, pass, ticks }
}

describe('a clock', () => {
  test.each([0.5, 1, 2])('at rate %d has a second of its own pass in another time', (rate) => {
    const { node, pass, ticks } = sleepingNode()
    node.setClockRate(rate)
    const before = ticks()
    pass(60_000)
    expect(Math.abs(ticks() - before - 60 * rate)).toBeLessThanOrEqual(1)
  })

  test('stands still while its machine sleeps, and goes on from there', () => {
    const { node, cores, pass, ticks } = sleepingNode()
    const before = ticks()
    node.freeze()
    node.stopClock()
    const localMs = node.localMs
    pass(60_000)
    expect(node.localMs).toBe(localMs)
    node.goClock()
    node.thaw()
    pass(10_000)
    expect(Math.abs(ticks() - before - 10)).toBeLessThanOrEqual(1)
    const times = cores[0]?.heard.map(({ nowMs }) => nowMs) ?? []
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })
})

describe('a process', () => {
  test('that is frozen hears everything afterwards, in order, and one late tick', () => {
    const { node, cores, pass } = sleepingNode()
    const heard = cores[0]?.heard ?? []
    node.freeze()
    const before = heard.length
    node.post({ type: 'connected', peer: 'a' })
    node.post({ type: 'disconnected', peer: 'a' })
    pass(20_000)
    expect(heard.length).toBe(before)
    node.thaw()
    const after = heard.slice(before).map(({ type }) => type)
    expect(after.filter((type) => type !== 'tick')).toEqual(['connected', 'disconnected'])
    expect(after.filter((type) => type === 'tick')).toHaveLength(1)
  })

  test('that is gone hears nothing, and begins anew with another boot', () => {
    const { node, cores, pass } = sleepingNode()
    const { boot } = node
    node.crash()
    const before = cores[0]?.heard.length
    node.post({ type: 'connected', peer: 'a' })
    pass(5_000)
    expect(cores[0]?.heard.length).toBe(before)
    node.start()
    pass(5_000)
    expect(cores).toHaveLength(2)
    expect(cores[1]?.heard[0]?.type).toBe('start')
    expect(node.boot).not.toBe(boot)
  })

  test('ends after the effect that it is armed for', () => {
    const { node, pass, ticks } = sleepingNode()
    node.armed = { type: 'wake', count: 3, downMs: 1_000_000 }
    const before = ticks()
    pass(60_000)
    expect(ticks() - before).toBe(3)
    expect(node.up).toBe(false)
    expect(node.hits).toBe(1)
  })
})
