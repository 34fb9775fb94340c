/** One process and its disk: what is written whole, what is read when, what troubles do. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { Effect } from '../../src/core/effects.ts'
import type { Event } from '../../src/core/events.ts'
import { CALM_DISK } from './conditions.ts'
import { SimDisk } from './disk.ts'
import { FactPool, type PoolFact } from './fact-pool.ts'
import { Random } from './random.ts'
import { Schedule } from './schedule.ts'
import { type DiskTrouble, Storage } from './storage.ts'
import { newFact } from './tampering.ts'

type Persist = Extract<Effect, { type: 'persist' }>
const BATCH = '00000000000000aa'
/** Facts of one write. */
const TOGETHER = 3

let schedule: Schedule
let pool: FactPool
let disk: SimDisk
let trouble: DiskTrouble
let storage: Storage
let heard: { readonly atMs: number; readonly event: Event }[]
let dropped: PoolFact[]

/** A write of some facts of the slot. */
function writing(ticket: number): Persist {
  const facts = Array.from({ length: TOGETHER }, (_, index) => {
    const task = `${(4 * ticket).toString(16).padStart(4, '0')}${index}`.padEnd(32, '0')
    return newFact({ kind: 'seeded', batch: BATCH, task, index, prompt: 'p', params: {}, profile: 'draw' })
  })
  return { type: 'persist', ticket, facts, tallies: [], indexes: [], batches: [], promises: undefined }
}

function build(seed: number): void {
  schedule = new Schedule()
  pool = new FactPool()
  disk = new SimDisk(pool)
  trouble = { problem: undefined, slowSyncMs: 0, readsFail: false }
  heard = []
  dropped = []
  storage = new Storage({
    schedule,
    disk,
    trouble,
    conditions: CALM_DISK,
    random: new Random(seed, 'storage'),
    post: (event) => heard.push({ atMs: schedule.nowMs, event }),
    onDurable: (writes) => disk.write(writes),
    onDropped: (facts) => dropped.push(...facts),
  })
}
beforeEach(() => build(1))

function pass(durationMs: number): void {
  const untilMs = schedule.nowMs + durationMs
  while (schedule.nextMs <= untilMs) schedule.advance()
  schedule.nowMs = untilMs
}

const types = () => heard.map(({ event }) => event.type)
const factsIn = (slot: number) => disk.facts.readSlot(slot).length

describe('a write', () => {
  test('is there as a whole or not at all after a crash', () => {
    const counts = new Set<number>()
    for (let seed = 1; seed <= 40; seed++) {
      build(seed)
      for (let ticket = 1; ticket <= 2; ticket++) storage.persist(writing(ticket))
      pass(seed % 4)
      storage.crash()
      for (const slot of [1, 2]) counts.add(factsIn(slot))
    }
    expect(counts).toEqual(new Set([0, TOGETHER]))
  })

  test('is acknowledged with all that went before it, once', () => {
    for (let ticket = 1; ticket <= 5; ticket++) storage.persist(writing(ticket))
    pass(1_000)
    const tickets = heard.map(({ event }) => (event.type === 'persisted' ? event.ticket : undefined))
    expect(tickets).toEqual(tickets.toSorted())
    expect(tickets.at(-1)).toBe(5)
    expect(new Set(tickets).size).toBe(tickets.length)
  })

  test('twice is there once', () => {
    storage.persist(writing(1))
    storage.persist({ ...writing(1), ticket: 2 })
    pass(1_000)
    expect(factsIn(1)).toBe(TOGETHER)
    expect([...pool.tasks.values()].every(({ facts }) => facts.length === 1 && facts[0]?.copies === 1)).toBe(true)
  })

  test('takes long while syncs do', () => {
    trouble.slowSyncMs = 10_000
    storage.persist(writing(1))
    pass(CALM_DISK.syncMsMax + 1)
    expect(heard).toEqual([])
    pass(10_000)
    expect(types()).toEqual(['persisted'])
  })

  test('that fails may be on disk all the same, and is acknowledged only when it succeeds', () => {
    const found = new Set<number>()
    for (let seed = 1; seed <= 20; seed++) {
      build(seed)
      trouble.problem = 'failing'
      storage.persist(writing(1))
      pass(500)
      expect(heard.map(({ event }) => event)).toEqual([{ type: 'storage', problem: 'failing' }])
      found.add(factsIn(1))
    }
    expect(found).toEqual(new Set([0, TOGETHER]))
    trouble.problem = undefined
    pass(2_000)
    expect(types()).toEqual(['storage', 'storage', 'persisted'])
  })

  test('on a full disk leaves nothing behind at a crash', () => {
    for (let seed = 1; seed <= 20; seed++) {
      build(seed)
      trouble.problem = 'disk-full'
      storage.persist(writing(1))
      pass(500)
      storage.crash()
      expect(factsIn(1)).toBe(0)
    }
  })

  test('does not happen any more once the store is closed', () => {
    storage.persist(writing(1))
    storage.close()
    pass(1_000)
    expect(heard).toEqual([])
    expect(factsIn(1)).toBe(0)
  })
})

describe('a read', () => {
  test('may see writes that were asked for after it, and need not', () => {
    const seen = new Set<number>()
    for (let seed = 1; seed <= 40; seed++) {
      build(seed)
      storage.afterWrites({ type: 'read-slot', load: 1, slot: 1 })
      storage.persist(writing(1))
      pass(1_000)
      const read = heard.find(({ event }) => event.type === 'slot-read')?.event
      seen.add(read?.type === 'slot-read' ? read.facts.length : -1)
    }
    expect(seen).toEqual(new Set([0, TOGETHER]))
  })

  test('that fails says so, and another one may succeed', () => {
    trouble.readsFail = true
    for (let load = 1; load <= 20; load++) storage.afterWrites({ type: 'read-slot', load, slot: 1 })
    pass(5_000)
    const loads = heard.map(({ event }) => ('load' in event ? event.load : 0))
    expect(loads.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
    expect(new Set(types())).toEqual(new Set(['load-failed', 'slot-read']))
  })

  test('is not answered to a process that is gone', () => {
    storage.afterWrites({ type: 'read-slot', load: 1, slot: 1 })
    storage.crash()
    pass(5_000)
    expect(heard).toEqual([])
  })
})

describe('slots that are dropped', () => {
  const runs = [{ from: 1, to: 9 }]
  const digestsOf = (writes: Persist) => {
    disk.write(writes)
    return disk.facts.readDigests(runs)
  }
  const drop = () => storage.afterWrites({ type: 'drop-slots', slots: disk.facts.readDigests(runs) })

  test('are gone for every read that is asked for later', () => {
    for (let seed = 1; seed <= 20; seed++) {
      build(seed)
      disk.write(writing(1))
      drop()
      storage.afterWrites({ type: 'read-slot', load: 1, slot: 1 })
      pass(1_000)
      expect(heard.map(({ event }) => event)).toEqual([{ type: 'slot-read', load: 1, facts: [] }])
      expect(dropped).toHaveLength(TOGETHER)
      expect(dropped.every(({ copies }) => copies === 0)).toBe(true)
    }
  })

  test('stay where a write came before it, and so do those of which more is known', () => {
    const digests = digestsOf(writing(1))
    const [first, ...rest] = writing(1).facts
    const more = newFact({ kind: 'cancelled', batch: BATCH, task: first?.fact.task ?? '', round: 0 })
    storage.persist({ ...writing(2), facts: [more] })
    storage.afterWrites({ type: 'drop-slots', slots: digests })
    pass(1_000)
    expect(dropped).toEqual([])
    expect(factsIn(1)).toBe(rest.length + 2)
  })

  test('are gone or whole after a crash', () => {
    const counts = new Set<string>()
    for (let seed = 1; seed <= 40; seed++) {
      build(seed)
      for (let ticket = 1; ticket <= 2; ticket++) disk.write(writing(ticket))
      drop()
      storage.crash()
      counts.add(`${factsIn(1)} ${factsIn(2)}`)
    }
    expect([...counts].sort()).toEqual([`0 0`, `0 ${TOGETHER}`, `${TOGETHER} ${TOGETHER}`])
  })

  test('stay where nothing can be written, and nothing else waits for that', () => {
    disk.write(writing(1))
    trouble.problem = 'failing'
    drop()
    storage.afterWrites({ type: 'read-digests', load: 1, slots: runs })
    pass(1_000)
    expect(factsIn(1)).toBe(TOGETHER)
    expect(types()).toEqual(['digests-read'])
  })
})

describe('a disk', () => {
  test('that loses facts counts one copy fewer of each, and gets them back with its backup', () => {
    disk.write(writing(1))
    const snapshot = disk.snapshot()
    const [fact] = disk.facts.all()
    const flipped = disk.flipBits(new Random(1, 'bits'), TOGETHER)
    expect(flipped).toHaveLength(TOGETHER)
    expect(fact?.copies).toBe(0)
    expect(factsIn(1)).toBe(0)
    disk.restore(snapshot)
    expect(fact?.copies).toBe(1)
    expect(factsIn(1)).toBe(TOGETHER)
  })

  test('refuses bytes that are not what their hash says', () => {
    const [stored] = writing(1).facts
    const wrong = { ...(stored as NonNullable<typeof stored>), hash: '00'.repeat(32) }
    expect(() => disk.write({ ...writing(1), facts: [wrong] })).toThrow(TypeError)
  })
})
