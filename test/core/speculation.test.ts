/** Which attempt gets a copy, and which does not. */
import { describe, expect, test } from 'vitest'
import { BatchBook } from '../../src/core/batch-book.ts'
import { newBatch } from '../../src/core/batches.ts'
import { makeFact } from '../../src/core/fact-record.ts'
import type { ErrorClass, Fact } from '../../src/core/facts.ts'
import { makeToken } from '../../src/core/ids.ts'
import { type Lease, Leases } from '../../src/core/leases.ts'
import { LoadRows } from '../../src/core/load-rows.ts'
import { OpenTask } from '../../src/core/open-task.ts'
import { Places } from '../../src/core/places.ts'
import { Speculation } from '../../src/core/speculation.ts'
import { sha256 } from '../support/core-disk.ts'
import { PartWorld, rowOf } from '../support/part-world.ts'

const BATCH = '00'.repeat(8)
const BOOT = '0c'.repeat(8)

/** `a` owns; `slow` and `quick` perform, with medians of 4 s and 1 s. */
class Mesh {
  readonly world = new PartWorld(['a', 'quick', 'slow'])
  readonly rows = new LoadRows()
  readonly leases = new Leases(this.world, () => undefined)
  readonly places = new Places(this.world.nodeSettings)
  readonly book = new BatchBook()
  readonly speculation = new Speculation(this.world, this)
  readonly batch = this.book.put(
    newBatch(
      BATCH,
      'b',
      { profile: 'draw', priority: 0, maxAttempts: 3, timeoutMs: null, paused: false, cancelled: false, born: 1 },
      'a',
    ),
  )
  #seq = 0

  constructor() {
    this.say('slow', 4_000)
    this.say('quick', 1_000)
  }

  say(node: string, medianMs: number, places = 2): void {
    this.rows.heard(rowOf(node, ++this.#seq, { medianMs, places }), undefined, this.world.nowMs)
  }

  /** A task with an attempt that has begun on a node, after what else is known of it. */
  run(holder: string, earlier: readonly ((task: string) => Fact)[] = []): Lease {
    const id = (++this.#seq).toString(16).padStart(32, '0')
    const about = { batch: BATCH, task: id }
    const task = new OpenTask([
      makeFact({ kind: 'seeded', index: this.#seq, ...about, prompt: 'a cat', params: {}, profile: 'draw' }, sha256),
      ...earlier.map((fact) => makeFact(fact(id), sha256)),
    ])
    return this.attempt(task, holder)
  }

  attempt(task: OpenTask, holder: string): Lease {
    const token = makeToken(1, ++this.#seq, this.world.boot)
    const about = { batch: BATCH, task: task.id }
    task.add(makeFact({ kind: 'claimed', ...about, token, holder, holderBoot: BOOT, round: 0 }, sha256))
    const lease = this.leases.add(token, task, holder, BOOT)
    this.leases.started(lease, 60_000)
    return lease
  }

  copies(claimer: string, free = 1): OpenTask[] {
    return this.speculation.pick(claimer, 'draw', free).map(([, task]) => task)
  }
}

function claimed(holder: string, seq: number) {
  const token = makeToken(0, seq, BOOT)
  return (task: string): Fact => ({ kind: 'claimed', batch: BATCH, task, token, holder, holderBoot: BOOT, round: 0 })
}

function failed(seq: number, errorClass: ErrorClass = 'failed') {
  const token = makeToken(0, seq, BOOT)
  const end = { outcome: 'failed', durationMs: 5, error: { class: errorClass, message: 'no' } } as const
  return (task: string): Fact => ({ kind: 'ended', batch: BATCH, task, token, ...end })
}

describe('an attempt', () => {
  test('is late after one and a half medians of its own holder, not of the idle node', () => {
    const mesh = new Mesh()
    const { task } = mesh.run('slow')
    mesh.world.advance(7_000)
    expect(mesh.copies('quick')).toEqual([])
    expect(mesh.speculation.lateCount('draw')).toBe(0)
    mesh.world.advance(1)
    expect(mesh.copies('quick')).toEqual([task])
    expect(mesh.speculation.lateCount('draw')).toBe(1)
  })

  test('with noise of a fifth is never late, however short', () => {
    for (const taskMs of [20, 500, 4_000, 60_000]) {
      const mesh = new Mesh()
      mesh.say('slow', Math.max(1, Math.round(0.8 * taskMs)))
      mesh.run('slow')
      mesh.world.advance(1.2 * taskMs + 900)
      expect(mesh.speculation.lateCount('draw')).toBe(0)
    }
  })

  test('is not copied to its own node, nor to one that is hardly sooner', () => {
    const mesh = new Mesh()
    const { task } = mesh.run('quick')
    mesh.world.advance(5_000)
    expect(mesh.copies('quick')).toEqual([])
    expect(mesh.copies('slow')).toEqual([])
    mesh.world.advance(400)
    expect(mesh.copies('slow')).toEqual([task])
  })

  test('is not copied to a node that has completed nothing, nor where nobody has', () => {
    const mesh = new Mesh()
    mesh.run('slow')
    mesh.world.advance(1_000_000)
    expect(mesh.copies('a')).toEqual([])
    mesh.say('quick', 0)
    mesh.say('slow', 0)
    expect(mesh.speculation.lateCount('draw')).toBe(0)
  })

  test('of a node that has completed nothing is late only when it is slower than any node would be', () => {
    const mesh = new Mesh()
    mesh.say('slow', 0)
    mesh.run('slow')
    mesh.world.advance(12 * 1_000 + 1_000)
    expect(mesh.copies('quick')).toEqual([])
    mesh.world.advance(1)
    expect(mesh.copies('quick')).toHaveLength(1)
  })

  test('is copied once', () => {
    const mesh = new Mesh()
    const { task } = mesh.run('slow')
    mesh.world.advance(20_000)
    mesh.attempt(task, 'quick')
    mesh.world.advance(60_000)
    expect(mesh.copies('a')).toEqual([])
    expect(mesh.speculation.lateCount('draw')).toBe(0)
  })

  test('of a paused batch is not copied', () => {
    const mesh = new Mesh()
    mesh.run('slow')
    mesh.world.advance(20_000)
    const { record } = mesh.batch
    mesh.batch.record = { ...record, fields: { ...record.fields, paused: { ...record.fields.paused, value: true } } }
    expect(mesh.copies('quick')).toEqual([])
  })

  test('of a task whose input is known to be bad is not copied', () => {
    const mesh = new Mesh()
    mesh.run('slow', [claimed('other', 1), failed(1, 'bad-input')])
    mesh.world.advance(20_000)
    expect([mesh.copies('quick'), mesh.speculation.lateCount('draw')]).toEqual([[], 0])
  })

  test('is not copied to a node where its task failed, nor where two failures more would be too many', () => {
    const mesh = new Mesh()
    mesh.run('slow', [claimed('quick', 1), failed(1)])
    mesh.world.advance(20_000)
    expect(mesh.copies('quick')).toEqual([])
    const worn = new Mesh()
    const times = [1, 2, 3, 4, 5]
    worn.run('slow', [...times.map((seq) => claimed('slow', seq)), ...times.map((seq) => failed(seq))])
    worn.world.advance(20_000)
    expect(worn.copies('quick')).toEqual([])
  })
})

describe('a late attempt of a task that failed on two nodes', () => {
  const fails = (count: number) =>
    Array.from({ length: count }, (_, seq) => [claimed(seq === 0 ? 'one' : 'another', seq), failed(seq)]).flat()

  test('is copied where it is the last', () => {
    const mesh = new Mesh()
    const { task } = mesh.run('slow', fails(2))
    mesh.world.advance(20_000)
    expect(mesh.copies('quick')).toEqual([task])
  })

  test('is not copied where as many as are allowed have failed', () => {
    const mesh = new Mesh()
    mesh.run('slow', fails(3))
    mesh.world.advance(20_000)
    expect(mesh.copies('quick')).toEqual([])
  })
})

describe('of several late attempts', () => {
  test('the one expected to last longest is copied first', () => {
    const mesh = new Mesh()
    const first = mesh.run('slow')
    mesh.world.advance(2_000)
    mesh.run('slow')
    mesh.world.advance(20_000)
    expect(mesh.copies('quick', 2)).toEqual([first.task])
  })

  test('as many as a tenth of the places have copies at a time', () => {
    const mesh = new Mesh()
    mesh.say('quick', 1_000, 28)
    for (let count = 0; count < 5; count++) mesh.run('slow')
    mesh.world.advance(20_000)
    const picked = mesh.copies('quick', 28)
    expect(picked).toHaveLength(3)
    for (const task of picked) mesh.attempt(task, 'quick')
    expect(mesh.copies('quick', 25)).toEqual([])
  })
})
