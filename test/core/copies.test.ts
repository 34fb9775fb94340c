/** What becomes of facts that other nodes stated. */
import { describe, expect, test } from 'vitest'
import { newBatch } from '../../src/core/batches.ts'
import type { Fact } from '../../src/core/facts.ts'
import { fold } from '../../src/core/task.ts'
import { BATCH, CoreBench, recordOf, seededFact, stored, taskIn } from '../support/core-bench.ts'

const TASK = taskIn(3)
const OTHER_BATCH = '00000000000000ff'
const TOKEN = '1'.repeat(36)
const about = { batch: BATCH, task: TASK }
const CLAIMED: Fact = { kind: 'claimed', ...about, token: TOKEN, holder: 'b', holderBoot: '0c'.repeat(8), round: 0 }
const DONE: Fact = { kind: 'ended', ...about, token: TOKEN, outcome: 'completed', durationMs: 5, result: { files: [] } }

/** Node `a` with another; `kinds` are the facts of the task that are on its disk. */
function setUp({ owns = true } = {}) {
  const bench = new CoreBench(['a', 'b', 'c'], { owns })
  bench.parts.places.set('draw', { places: 0, timeoutMs: 1_000 })
  const keep = (...facts: Fact[]) => {
    bench.parts.copies.keep(facts.map(stored))
    bench.settle()
  }
  const kinds = (batch = BATCH) =>
    bench.disk
      .readTasks(batch, [TASK])
      .map(({ fact }) => fact.kind)
      .sort()
  const sentFacts = () => bench.world.sentOf('facts').reduce((sum, { message }) => sum + message.facts.length, 0)
  return { bench, keep, kinds, sentFacts }
}

describe('facts of slots that another node serves', () => {
  test('are stored as they are and sent to nobody', () => {
    const { bench, keep, kinds, sentFacts } = setUp({ owns: false })
    keep(seededFact(TASK), CLAIMED)
    keep(CLAIMED)
    expect([kinds(), sentFacts()]).toEqual([['claimed', 'seeded'], 0])
    expect([bench.book.tasks.size, bench.batch.counts.total, bench.batch.slots.size]).toEqual([0, 0, 0])
  })

  test('are found by the index once their prompt is there', () => {
    const { bench, keep } = setUp({ owns: false })
    keep(CLAIMED)
    expect(bench.disk.readIndex(BATCH, false)).toEqual([])
    keep(seededFact(TASK))
    expect(bench.disk.readIndex(BATCH, false)).toEqual([TASK])
  })
})

describe('facts of slots that this node serves', () => {
  test('join what is in memory, are counted, and go to the others of the list', () => {
    const { bench, keep, kinds, sentFacts } = setUp()
    bench.seed([TASK])
    const before = sentFacts()
    keep(CLAIMED)
    expect([bench.task(TASK).state.standing, bench.batch.scheduled]).toEqual(['claimed', 1])
    keep(DONE)
    expect(kinds()).toEqual(['claimed', 'ended', 'seeded'])
    expect(bench.batch.counts).toMatchObject({ total: 1, completed: 1 })
    expect([bench.batch.scheduled, bench.book.tasks.size]).toEqual([0, 0])
    expect(sentFacts()).toBeGreaterThan(before)
    expect(bench.disk.tally(BATCH, 3)).toMatchObject({ total: 1, completed: 1 })
  })

  test('twice change nothing', () => {
    const { bench, keep, kinds, sentFacts } = setUp()
    bench.seed([TASK])
    keep(CLAIMED)
    const [before, version] = [sentFacts(), bench.batch.slot(3).version]
    keep(CLAIMED, seededFact(TASK))
    expect([kinds(), sentFacts(), bench.batch.slot(3).version]).toEqual([['claimed', 'seeded'], before, version])
  })

  test('of a task that is not known bring it into memory, counted once', () => {
    const { bench, keep } = setUp()
    keep(seededFact(TASK), seededFact(taskIn(4), 1))
    keep(seededFact(TASK))
    expect(bench.batch.counts.total).toBe(2)
    expect(bench.task(TASK).phase).toBe('ready')
    expect(bench.disk.readIndex(BATCH, false).sort()).toEqual([TASK, taskIn(4)])
  })

  test('of a task that is over on disk are joined there', () => {
    const { bench, keep, kinds } = setUp()
    keep(seededFact(TASK), CLAIMED, DONE)
    expect(bench.book.tasks.size).toBe(0)
    const token = '2'.repeat(36)
    keep({ ...DONE, token } as Fact, { ...CLAIMED, token } as Fact)
    expect(kinds()).toHaveLength(5)
    expect(bench.state(TASK)).toMatchObject({ standing: 'completed', counts: TOKEN })
    expect(bench.batch.counts).toMatchObject({ total: 1, completed: 1, extra: 1 })
  })

  test('fix the result that counts where they tell of another attempt that may complete', () => {
    const { bench, keep, kinds } = setUp()
    const token = '0'.repeat(36)
    keep(seededFact(TASK), CLAIMED, DONE)
    expect(kinds()).not.toContain('chosen')
    keep({ ...CLAIMED, token } as Fact)
    expect(kinds()).toContain('chosen')
    keep({ ...DONE, token } as Fact)
    expect(bench.state(TASK)).toMatchObject({ standing: 'completed', counts: TOKEN })
  })

  test('fix the result that counted where they bring another that would take its place', () => {
    const { bench, keep } = setUp()
    const token = '0'.repeat(36)
    keep(seededFact(TASK), CLAIMED, DONE)
    keep({ ...CLAIMED, token } as Fact, { ...DONE, token } as Fact)
    expect(bench.state(TASK)).toMatchObject({ standing: 'completed', counts: TOKEN })
  })

  test('fix a result at once, also where there is no room for the task', () => {
    const { bench, keep } = setUp()
    const token = '2'.repeat(36)
    keep(seededFact(TASK), CLAIMED, { ...CLAIMED, token } as Fact)
    bench.book.forget(bench.task(TASK))
    Object.assign(bench.world, { nodeSettings: { ...bench.world.nodeSettings, openTasksMax: 0 } })
    keep({ ...DONE, token } as Fact)
    expect(bench.book.tasks.size).toBe(0)
    expect(bench.state(TASK)).toMatchObject({ standing: 'completed', counts: token })
    keep(DONE)
    expect(bench.state(TASK)).toMatchObject({ standing: 'completed', counts: token })
  })

  test.each([
    ['the prompt comes last', [CLAIMED, DONE, seededFact(TASK)]],
    ['the end comes first', [DONE, seededFact(TASK), CLAIMED]],
    ['the claim comes last', [seededFact(TASK), DONE, CLAIMED]],
  ])('lead to the same, also where %s', (_, facts) => {
    const { bench, keep } = setUp()
    for (const fact of facts) keep(fact)
    const { standing, counts } = fold([seededFact(TASK), CLAIMED, DONE].map(stored))
    expect(bench.state(TASK)).toMatchObject({ standing, counts })
    expect(bench.batch.counts).toMatchObject({ total: 1, completed: 1, failed: 0, cancelled: 0, extra: 0 })
    expect([bench.batch.scheduled, bench.batch.running, bench.batch.retrying]).toEqual([0, 0, 0])
    expect(bench.disk.tally(BATCH, 3)).toMatchObject({ total: 1, completed: 1 })
  })

  test('are only stored where the slot goes to another node before they have joined', () => {
    const { bench, kinds, sentFacts } = setUp()
    bench.parts.copies.keep([seededFact(TASK), CLAIMED].map(stored))
    const before = sentFacts()
    bench.yield('b', [{ from: 3, to: 3 }])
    bench.settle()
    expect([kinds(), bench.batch.counts.total, sentFacts()]).toEqual([['claimed', 'seeded'], 0, before])
  })

  test('are told of when the last has joined', () => {
    const { bench } = setUp()
    let joined = 0
    bench.parts.copies.join(bench.batch, new Map([[TASK, [stored(seededFact(TASK))]]]), () => joined++)
    expect(joined).toBe(0)
    bench.settle()
    expect(joined).toBe(1)
  })
})

describe('facts of a batch', () => {
  test('that is not known here are only stored, and counted when its record comes', () => {
    const { bench, keep, kinds } = setUp()
    keep(seededFact(TASK, 0, OTHER_BATCH))
    expect([kinds(OTHER_BATCH), bench.book.tasks.size]).toEqual([['seeded'], 0])
    const { fields } = recordOf()
    const record = { ...newBatch(OTHER_BATCH, 'other', {} as never, 'b'), fields }
    bench.parts.batches.learn([record])
    bench.settle()
    bench.parts.loading.refill()
    bench.settle()
    expect(bench.book.get(OTHER_BATCH)?.counts.total).toBe(1)
  })

  test('that is deleted are refused, whoever sends them', () => {
    for (const owns of [true, false]) {
      const { bench, keep, kinds } = setUp({ owns })
      bench.book.bury({ ...recordOf(), deleted: true })
      keep(seededFact(TASK))
      expect(kinds()).toEqual([])
    }
  })

  test('that is deleted while they are read are not written', () => {
    const { bench, kinds } = setUp()
    bench.parts.copies.keep([stored(seededFact(TASK))])
    bench.book.bury({ ...recordOf(), deleted: true })
    bench.settle()
    expect(kinds()).toEqual([])
  })
})
