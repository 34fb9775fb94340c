/** Which waiting task gets a free place. */
import { describe, expect, test } from 'vitest'
import { type BatchFields, newBatch } from '../../src/core/batches.ts'
import type { Fact } from '../../src/core/facts.ts'
import { makeToken, type TaskId } from '../../src/core/ids.ts'
import type { MessageOf, Want } from '../../src/core/messages.ts'
import { BATCH, CoreBench, recordOf, seededFact, stored, taskIn } from '../support/core-bench.ts'
import { rowOf } from '../support/part-world.ts'

const TIMEOUT_MS = 10_000_000

/** Node `a` owns everything and has four places; `b` and `c` could perform too. */
class Bench extends CoreBench {
  #seq = 0

  constructor(members: readonly string[] = ['a', 'b', 'c'], places = 4) {
    super(members)
    this.parts.places.set('draw', { places, timeoutMs: TIMEOUT_MS })
    for (const node of members.slice(1))
      this.parts.rows.heard(rowOf(node, 1, { places: 2 }), undefined, this.world.nowMs)
  }

  /** A task with a history: what its attempts were. */
  add(at: number, history: (about: { batch: string; task: TaskId }) => Fact[] = () => [], batch = BATCH): TaskId {
    const id = taskIn(at, at)
    const facts = [seededFact(id, at, batch), ...history({ batch, task: id })].map(stored)
    const known = this.book.get(batch)
    if (known === undefined) throw new Error(`no batch ${batch}`)
    this.parts.copies.join(known, new Map([[id, facts]]), () => undefined)
    this.settle()
    this.world.advance(120_000)
    this.settle()
    return id
  }

  failedOn(...nodes: readonly string[]) {
    return (about: { batch: string; task: TaskId }): Fact[] =>
      nodes.flatMap((holder) => {
        const token = makeToken(1, ++this.#seq, 'ee'.repeat(8))
        return [
          { kind: 'claimed', ...about, token, holder, holderBoot: 'ee'.repeat(8), round: 0 },
          {
            kind: 'ended',
            ...about,
            token,
            outcome: 'failed',
            durationMs: 5,
            error: { class: 'failed', message: 'no' },
          },
        ]
      })
  }

  /** Suspected of ending its node. */
  suspect(about: { batch: string; task: TaskId }): Fact[] {
    return ['b', 'c'].flatMap((holder) => {
      const token = makeToken(1, ++this.#seq, 'ee'.repeat(8))
      return [
        { kind: 'claimed', ...about, token, holder, holderBoot: 'ee'.repeat(8), round: 0 },
        { kind: 'lost', ...about, token, why: 'holder-restarted' },
      ]
    })
  }

  /** What this node is granted now, in the order of the claims. */
  granted(): TaskId[] {
    const before = new Set(this.parts.places.held.keys())
    this.grant()
    this.settle()
    return [...this.parts.places.held.values()].filter(({ token }) => !before.has(token)).map(({ grant }) => grant.task)
  }

  claim(holder: string, free = 1, change: Partial<MessageOf<'claim'>> = {}): TaskId[] {
    this.world.sent.length = 0
    const wants = [{ profile: 'draw', free }]
    const boot = '0c'.repeat(8)
    this.parts.claims.grantTo(holder, { type: 'claim', seq: 1, boot, wants, idle: true, kind: 'work', ...change })
    this.settle()
    return this.world.sentOf('granted').flatMap(({ message }) => message.grants.map(({ task }) => task))
  }

  end(task: TaskId): void {
    const held = [...this.parts.places.held.values()].find(({ grant }) => grant.task === task)
    this.parts.holding.executionEnded(held?.token ?? '', {
      outcome: 'completed',
      durationMs: 5,
      result: { files: [] },
    })
    this.settle()
  }

  more(id: string, change: Partial<BatchFields>): string {
    const { fields } = recordOf(change)
    this.put(newBatch(id, `more ${id}`, { ...valuesOf(fields), ...change }, 'a'))
    return id
  }
}

function valuesOf(fields: ReturnType<typeof recordOf>['fields']): BatchFields {
  return Object.fromEntries(Object.entries(fields).map(([name, { value }]) => [name, value])) as unknown as BatchFields
}

describe('claims go', () => {
  test('to the batch of the highest priority, then to the older one', () => {
    const bench = new Bench()
    const young = bench.more('0000000000000009', { born: 5 })
    const urgent = bench.more('0000000000000008', { born: 9, priority: 3 })
    const tasks = [bench.add(1, undefined, young), bench.add(2), bench.add(3, undefined, urgent)]
    expect(bench.granted()).toEqual([tasks[2], tasks[1], tasks[0]])
  })

  test('within a batch to the lowest index, and to what was tried before after all that was not', () => {
    const bench = new Bench()
    const late = bench.add(9)
    const tried = bench.add(1, bench.failedOn('b'))
    const early = bench.add(5)
    expect(bench.granted()).toEqual([early, late, tried])
  })

  test('to a task that failed on a node last there, while another node could perform it', () => {
    const bench = new Bench(['a', 'b', 'c'], 1)
    const failedHere = bench.add(1, bench.failedOn('a'))
    const failedThere = bench.add(2, bench.failedOn('b'))
    expect(bench.claim('b')).toEqual([failedHere])
    expect(bench.granted()).toEqual([failedThere])
    const alone = new Bench(['a'], 1)
    const first = alone.add(1, alone.failedOn('a'))
    alone.add(2, alone.failedOn('a'))
    expect(alone.granted()).toEqual([first])
  })

  test('to no batch that is paused or cancelled', () => {
    const bench = new Bench()
    bench.add(1)
    bench.put(recordOf({ paused: true }))
    expect([bench.granted(), bench.claim('b')]).toEqual([[], []])
  })
})

describe('the last attempt of a task that failed on one node alone', () => {
  test('is not for that node where another is up, also before its own row has come', () => {
    const bench = new Bench(['a', 'b', 'c'], 0)
    bench.parts.rows.forget('b')
    bench.add(1, bench.failedOn('b', 'b'))
    expect(bench.claim('b')).toEqual([])
  })

  test('goes to another node while one is up that could perform it', () => {
    const bench = new Bench()
    const task = bench.add(1, bench.failedOn('a', 'a'))
    expect(bench.granted()).toEqual([])
    expect(bench.claim('b')).toEqual([task])
  })

  test('goes to that node where no other is up, or where it failed on others too', () => {
    const bench = new Bench()
    const mixed = bench.add(1, bench.failedOn('a', 'b'))
    expect(bench.granted()).toEqual([mixed])
    const lone = new Bench()
    const task = lone.add(1, lone.failedOn('a', 'a'))
    for (const id of ['b', 'c']) lone.parts.rows.heard(rowOf(id, 2, { places: 0 }), undefined, lone.world.nowMs)
    expect(lone.granted()).toEqual([task])
  })
})

describe('a task suspected of ending its node', () => {
  test('waits until nothing else runs, and has nothing granted beside it while it waits and runs', () => {
    const bench = new Bench()
    const before = bench.add(1)
    expect(bench.granted()).toEqual([before])
    const lone = bench.add(2, bench.suspect.bind(bench))
    expect(bench.granted()).toEqual([])
    const other = bench.add(3)
    expect(bench.granted()).toEqual([])
    bench.end(before)
    expect(bench.granted()).toEqual([lone])
    expect(bench.granted()).toEqual([])
    bench.end(lone)
    expect(bench.granted()).toEqual([other])
  })

  test('offers its places to nobody while it waits and runs, and again where nothing is granted any more', () => {
    const bench = new Bench()
    const draw = bench.parts.places.profiles.get('draw')
    const free = () => draw?.free(bench.world.nowMs)
    const before = bench.add(1)
    bench.granted()
    expect(free()).toBe(3)
    const lone = bench.add(2, bench.suspect.bind(bench))
    bench.granted()
    expect(free()).toBe(0)
    bench.parts.claims.storing = false
    bench.grant()
    expect(free()).toBe(3)
    bench.parts.claims.storing = true
    bench.granted()
    expect(free()).toBe(0)
    bench.end(before)
    expect(bench.granted()).toEqual([lone])
    expect(free()).toBe(0)
    bench.end(lone)
    expect(free()).toBe(4)
  })

  test('does not wait for executions that were given up', () => {
    const bench = new Bench()
    const hanging = bench.add(1)
    bench.granted()
    const lone = bench.add(2, bench.suspect.bind(bench))
    expect(bench.granted()).toEqual([])
    bench.world.advance(2 * TIMEOUT_MS)
    bench.settle()
    expect(bench.state(hanging)?.attempts.at(-1)?.end).toBe('lost')
    expect(bench.granted()).toEqual([lone])
    expect(bench.parts.places.held.size).toBe(2)
  })

  test('goes to another node only while that runs nothing, and alone', () => {
    const bench = new Bench()
    const lone = bench.add(1, bench.suspect.bind(bench))
    bench.add(2, bench.suspect.bind(bench))
    expect(bench.claim('b', 2, { idle: false })).toEqual([])
    expect(bench.claim('b', 2, { idle: true })).toEqual([lone])
  })

  test('goes alone, whatever other wants there are', () => {
    const bench = new Bench()
    const want: Want = { profile: 'draw', free: 1 }
    const plain = bench.add(5)
    const lone = bench.add(1, bench.suspect.bind(bench))
    bench.add(2, bench.suspect.bind(bench))
    expect(bench.claim('b', 1, { wants: [want, want] })).toEqual([plain])
    expect(bench.claim('b', 1, { wants: [want, want] })).toEqual([lone])
  })

  test('does not go beside others in one answer', () => {
    const bench = new Bench()
    const plain = bench.add(5)
    bench.add(1, bench.suspect.bind(bench))
    expect(bench.claim('b', 2)).toEqual([plain])
  })

  test('is granted where its batch had nothing else, and was looked at meanwhile', () => {
    const bench = new Bench()
    const before = bench.add(1)
    bench.granted()
    const lone = bench.add(2, bench.suspect.bind(bench))
    bench.granted()
    bench.book.changed()
    expect(bench.book.live()).toEqual([])
    bench.parts.places.profiles.get('draw')?.rest(bench.world.nowMs, 'backend down', 500)
    expect(bench.granted()).toEqual([])
    bench.end(before)
    bench.world.advance(500)
    expect(bench.granted()).toEqual([lone])
  })

  test('goes back to its queue where its batch is paused while it waits', () => {
    const bench = new Bench()
    const before = bench.add(1)
    bench.granted()
    const lone = bench.add(2, bench.suspect.bind(bench))
    bench.granted()
    bench.put(recordOf({ paused: true }))
    expect(bench.granted()).toEqual([])
    bench.put(recordOf())
    bench.end(before)
    expect(bench.granted()).toEqual([lone])
  })
})

describe('tasks of contested slots', () => {
  /** Slot 1 is firm, 2 contested, 3 orphaned; all others are firm. */
  function contested(places = 1) {
    const bench = new Bench(['a', 'b', 'c', 'd'], places)
    bench.world.order = (slot) => (slot === 2 ? ['d', 'a', 'b'] : slot === 3 ? ['d', 'a'] : ['a', 'b', 'c'])
    bench.world.silent.add('d')
    const tasks = [1, 2, 3].map((slot) => bench.add(slot)) as [TaskId, TaskId, TaskId]
    bench.parts.contested.changed()
    bench.parts.contested.look()
    return { bench, firm: tasks[0], between: tasks[1], orphaned: tasks[2] }
  }

  test('are granted after all others, and those of orphaned slots only after long idleness', () => {
    const { bench, firm, between, orphaned } = contested()
    expect(bench.granted()).toEqual([firm])
    bench.end(firm)
    expect(bench.granted()).toEqual([between])
    bench.end(between)
    expect(bench.granted()).toEqual([])
    bench.world.advance(60_000)
    expect(bench.granted()).toEqual([orphaned])
  })

  test('wait while another node says that it has work for the place', () => {
    const { bench, firm, between } = contested(2)
    bench.parts.rows.heard(rowOf('b', 2, { claimable: 5 }), undefined, bench.world.nowMs)
    expect(bench.granted()).toEqual([firm])
    bench.parts.rows.heard(rowOf('b', 3, { claimable: 0 }), undefined, bench.world.nowMs)
    expect(bench.granted()).toEqual([between])
  })

  test('are granted to another node as far as its claim goes', () => {
    const { bench, firm, between, orphaned } = contested()
    expect(bench.claim('b', 9)).toEqual([firm])
    expect(bench.claim('b', 9, { kind: 'contested' })).toEqual([between])
    expect(bench.claim('b', 9, { kind: 'orphaned' })).toEqual([orphaned])
  })

  test('are never granted with a strict partition', () => {
    const { bench, firm } = contested(3)
    Object.assign(bench.world.settings, { partition: 'strict' })
    expect(bench.granted()).toEqual([firm])
    bench.world.advance(200_000)
    expect(bench.granted()).toEqual([])
    expect(bench.claim('b', 9, { kind: 'orphaned' })).toEqual([])
  })
})

describe('a copy of a late attempt', () => {
  test('is granted only where nothing else is left', () => {
    const bench = new Bench(['a', 'b', 'c'], 1)
    const { rows, places, claims } = bench.parts
    for (const node of ['b', 'c']) rows.heard(rowOf(node, 2, { medianMs: 1_000 }), undefined, bench.world.nowMs)
    places.profiles.get('draw')?.completed(1_000)
    const slow = bench.add(1)
    bench.claim('b')
    claims.started('b', bench.task(slow).state.attempts[0]?.token ?? '', 600_000)
    bench.world.advance(3_000)
    rows.heard(rowOf('c', 3, { medianMs: 1_000, claimable: 1 }), undefined, bench.world.nowMs)
    expect(claims.granting.isTail('draw')).toBe(false)
    expect(bench.granted()).toEqual([])
    rows.heard(rowOf('c', 4, { medianMs: 1_000 }), undefined, bench.world.nowMs)
    expect(claims.granting.isTail('draw')).toBe(true)
    expect(bench.granted()).toEqual([slow])
  })

  test('is made by nobody in a mesh of one', () => {
    expect(new Bench(['a']).parts.claims.granting.isTail('draw')).toBe(false)
  })
})
