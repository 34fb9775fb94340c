/** What follows for a task that no attempt performs. */
import { describe, expect, test } from 'vitest'
import { encodeMessage } from '../../src/codec/messages.ts'
import { BatchBook } from '../../src/core/batch-book.ts'
import { Contested } from '../../src/core/contested.ts'
import { makeFact } from '../../src/core/fact-record.ts'
import type { ErrorClass, Fact } from '../../src/core/facts.ts'
import { makeToken } from '../../src/core/ids.ts'
import { Ledger } from '../../src/core/ledger.ts'
import { OpenTask } from '../../src/core/open-task.ts'
import { Ownership } from '../../src/core/ownership.ts'
import { Progress } from '../../src/core/progress.ts'
import { sha256 } from '../simulation/fact-pool.ts'
import { BATCH, recordOf, seededFact, stored, taskIn } from '../support/core-bench.ts'
import { CoreMesh } from '../support/core-mesh.ts'
import { PartWorld } from '../support/part-world.ts'

const TASK = taskIn(1)
const about = { batch: BATCH, task: TASK }

function setUp() {
  const world = new PartWorld(['a'])
  const book = new BatchBook()
  const batch = book.put(recordOf())
  const ledger = new Ledger(world, book)
  const progress = new Progress(world, book, ledger, new Contested(world, book, new Ownership(world)))
  const task = new OpenTask([stored(seededFact(TASK))])
  book.remember(task)
  const add = (...facts: Fact[]) => {
    for (const fact of facts) task.add(stored(fact))
  }
  let seq = 0
  /** An attempt that ended so. */
  const fail = (error: ErrorClass = 'failed', holder = 'a') => {
    const token = `${++seq}`.padStart(36, '0')
    add(
      { kind: 'claimed', ...about, token, holder, holderBoot: '00'.repeat(8), round: 0 },
      { kind: 'ended', ...about, token, outcome: 'failed', durationMs: 5, error: { class: error, message: 'no' } },
    )
    progress.follow(task)
  }
  const isQueued = () => batch.queues.of().get('draw')?.peek() === task
  return { world, book, batch, task, progress, add, fail, isQueued }
}

describe('a task that may be granted', () => {
  test('stands in the queue of its batch, and is not counted as tried again', () => {
    const { task, batch, progress, isQueued } = setUp()
    progress.follow(task)
    expect([task.phase, task.rank, isQueued(), batch.retrying, batch.resting]).toEqual(['ready', 0, true, 0, 0])
  })

  test('comes after those not tried where it was, and last where it is suspected of ending its node', () => {
    const { task, progress, add } = setUp()
    for (const [at, token] of ['1', '2'].map((digit) => digit.repeat(36)).entries()) {
      add(
        { kind: 'claimed', ...about, token, holder: 'b', holderBoot: '00'.repeat(8), round: 0 },
        { kind: 'lost', ...about, token, why: 'holder-restarted' },
      )
      progress.follow(task)
      expect([task.phase, task.rank, task.retrying]).toEqual(['ready', at + 1, true])
    }
  })

  test('is told to the book where its batch had nothing to do', () => {
    const { task, book, batch, progress } = setUp()
    expect(book.live()).toEqual([])
    progress.ready(task)
    expect(book.live()).toEqual([batch])
  })
})

describe('a task that rests', () => {
  test('has a timer, after which it may be granted', () => {
    const { world, task, batch, fail, isQueued } = setUp()
    fail()
    expect([task.phase, isQueued(), batch.retrying, batch.resting]).toEqual(['resting', false, 1, 1])
    world.advance(499)
    expect(task.phase).toBe('resting')
    world.advance(501)
    expect([task.phase, isQueued(), batch.retrying, batch.resting]).toEqual(['ready', true, 1, 0])
  })

  test('again is not woken by the first timer', () => {
    const { world, task, progress, fail } = setUp()
    fail()
    const { restsUntilMs } = task
    progress.claimed(task)
    fail('failed', 'b')
    expect(task.restsUntilMs).toBeGreaterThan(restsUntilMs)
    world.advance(restsUntilMs - world.nowMs)
    expect(task.phase).toBe('resting')
    world.advance(task.restsUntilMs - world.nowMs)
    expect(task.phase).toBe('ready')
  })

  test('and is claimed or dropped meanwhile is not woken at all', () => {
    const { world, task, batch, progress, fail } = setUp()
    fail()
    progress.drop(task)
    world.advance(5_000)
    expect([task.phase, batch.retrying, batch.resting]).toEqual(['over', 0, 0])
  })
})

describe('a task that is over', () => {
  test('is closed where its attempts are used up, and forgotten', () => {
    const { world, book, task, batch, fail } = setUp()
    for (let time = 0; time < 3; time++) fail()
    expect([task.state.standing, task.phase, batch.retrying, batch.resting]).toEqual(['failed', 'over', 0, 0])
    expect(book.tasks.has(TASK)).toBe(false)
    expect(world.commits.take()).toMatchObject({ facts: [{ fact: { kind: 'closed', why: 'attempts-used-up' } }] })
  })

  test('is not closed before another node has tried, while there is one', () => {
    const { task, progress, fail } = setUp()
    progress.capableNodes = () => 2
    for (let time = 0; time < 3; time++) fail()
    expect(task.state.standing).toBe('waiting')
    fail('failed', 'b')
    expect(task.state.standing).toBe('failed')
  })

  test('stays in memory while one of its attempts is leased', () => {
    const { book, task, progress, add } = setUp()
    task.leases = 1
    add({ kind: 'cancelled', ...about, round: 0 })
    progress.follow(task)
    expect([task.phase, book.tasks.has(TASK)]).toEqual(['over', true])
  })
})

test('nothing follows while an attempt is open', () => {
  const { task, progress, add, isQueued } = setUp()
  add({ kind: 'claimed', ...about, token: '1'.repeat(36), holder: 'a', holderBoot: '00'.repeat(8), round: 0 })
  progress.claimed(task)
  progress.follow(task)
  expect([task.phase, isQueued()]).toEqual(['claimed', false])
})

test('the numbers of the batch are those of its tasks, whatever happens in which order', () => {
  const { world, task, batch, progress, fail } = setUp()
  const check = () => {
    expect(batch.resting).toBe(task.phase === 'resting' ? 1 : 0)
    expect(batch.retrying).toBe(task.retrying ? 1 : 0)
  }
  for (const step of ['ready', 'claim', 'fail', 'claim', 'fail', 'wait', 'ready', 'drop', 'drop', 'ready', 'wait']) {
    if (step === 'ready') progress.ready(task)
    else if (step === 'claim') progress.claimed(task)
    else if (step === 'fail') fail('failed', 'b')
    else if (step === 'drop') progress.drop(task)
    else world.advance(10_000)
    check()
  }
})

test('a task whose prompt comes after the end of an attempt is granted then', () => {
  const mesh = new CoreMesh(['a', 'b'])
  const [a, b] = mesh.nodes as [(typeof mesh.nodes)[0], (typeof mesh.nodes)[0]]
  const batch = mesh.batch(a, 'late prompts').id
  const slots = Array.from({ length: 16_384 }, (_, slot) => slot)
  const slot = slots.find((each) => a.core.serves(each)) ?? 0
  const task = (slot << 2).toString(16).padStart(4, '0').padEnd(32, '5')
  const token = makeToken(0, 1, 'cd'.repeat(8))
  const hear = (fact: Fact) => {
    const message = { type: 'slot', request: 0, lacking: [], done: true } as const
    const bytes = encodeMessage({ ...message, facts: [makeFact(fact, sha256).bytes] })
    mesh.post(a, { type: 'received', from: b.id, bytes })
    mesh.advance(5_000)
  }
  hear({ kind: 'claimed', batch, task, token, holder: 'long gone', holderBoot: 'ef'.repeat(8), round: 0 })
  const error = { class: 'failed', message: 'it was dark' } as const
  hear({ kind: 'ended', batch, task, token, outcome: 'failed', durationMs: 5, error })
  expect(a.running.size + b.running.size).toBe(0)
  hear({ kind: 'seeded', batch, task, index: 0, prompt: 'a cat', params: {}, profile: 'draw' })
  expect([...a.running.values(), ...b.running.values()]).toMatchObject([{ prompt: 'a cat', attempt: 2 }])
  expect(a.core.view().batches).toMatchObject([{ counts: { total: 1 }, running: 1 }])
})
