import { describe, expect, test } from 'vitest'
import { readToken } from '../../src/core/ids.ts'
import { TaskNamer } from '../../src/core/task-identity.ts'
import { Disk, sha256 } from '../support/core-disk.ts'
import { CoreWorld } from '../support/core-world.ts'

const PROMPTS = ['a cat', 'a dog', 'a fox', 'an owl', 'a hen']

function seeded(prompts: readonly string[] = PROMPTS, fields = {}): CoreWorld {
  const world = new CoreWorld()
  world.seed(world.batch('b', fields), prompts)
  return world
}

describe('a batch on one node', () => {
  test('runs every task once, two at a time, and ends with all of them completed', () => {
    const world = seeded()
    expect([...world.running.values()].map(({ prompt }) => prompt)).toEqual(['a cat', 'a dog'])
    while (world.running.size > 0) {
      expect(world.running.size).toBeLessThanOrEqual(2)
      world.endNext()
    }
    expect(world.executed.map(({ prompt }) => prompt)).toEqual(PROMPTS)
    expect(world.counts()).toMatchObject({ total: 5, completed: 5, failed: 0, open: 0, extra: 0 })
    world.checkInvariants()
  })

  test('answers a seed only when its facts are on disk', () => {
    const world = new CoreWorld({ persistAtOnce: false })
    world.settle()
    const batch = world.request({ type: 'create-batch', spec: { name: 'b', profile: 'draw' } })
    expect(world.replies.has(batch)).toBe(false)
    world.settle()
    const request = world.seed(world.core.view().batches[0]?.record.id ?? '', PROMPTS)
    expect(world.replies.has(request)).toBe(false)
    expect(world.counts().total).toBe(0)
    world.persistNext()
    expect(world.reply(request)).toMatchObject({ type: 'answer', value: { new: 5, existing: 0, copies: 1 } })
    expect(world.counts().total).toBe(5)
    expect(world.executed).toEqual([])
    world.persistNext()
    expect(world.executed).toHaveLength(2)
  })

  test('seeded again adds nothing, also reordered, and appended rows are added', () => {
    const world = seeded()
    const id = world.batch('b')
    expect(world.reply(world.seed(id, PROMPTS))).toMatchObject({ value: { new: 0, existing: 5 } })
    expect(world.reply(world.seed(id, PROMPTS.toReversed()))).toMatchObject({ value: { new: 0, existing: 5 } })
    expect(world.reply(world.seed(id, [...PROMPTS, 'a bee']))).toMatchObject({ value: { new: 1, existing: 5 } })
    expect(world.counts().total).toBe(6)
    world.checkInvariants()
  })

  test('compares with the ids of the store after a restart', () => {
    const first = seeded()
    const second = new CoreWorld({ disk: first.disk })
    const id = second.batch('b')
    expect(second.reply(second.seed(id, [...PROMPTS, 'a bee']))).toMatchObject({ value: { new: 1, existing: 5 } })
    second.checkInvariants()
  })

  test('takes equal rows of one file as different tasks, and knows them again', () => {
    const world = seeded(['a cat', 'a cat', 'a cat'])
    expect(world.counts().total).toBe(3)
    const id = world.batch('b')
    expect(world.reply(world.seed(id, ['a cat', 'a cat', 'a cat', 'a cat']))).toMatchObject({
      value: { new: 1, existing: 3 },
    })
  })

  test('takes rows with other parameters as other tasks, whatever the order of their keys', () => {
    const world = new CoreWorld()
    const id = world.batch('b')
    world.seed(id, [{ prompt: 'a cat', params: { steps: 5, seed: 1 } }])
    expect(world.reply(world.seed(id, [{ prompt: 'a cat', params: { seed: 1, steps: 5 } }]))).toMatchObject({
      value: { new: 0 },
    })
    expect(world.reply(world.seed(id, [{ prompt: 'a cat', params: { seed: 2, steps: 5 } }]))).toMatchObject({
      value: { new: 1 },
    })
  })

  test('refuses numbers that a batch cannot have, and goes on', () => {
    const world = new CoreWorld()
    for (const fields of [{ priority: Number.NaN }, { maxAttempts: 0 }, { timeoutMs: 0.5 }]) {
      const request = world.request({ type: 'create-batch', spec: { name: 'b', profile: 'draw', ...fields } })
      expect(world.reply(request)).toMatchObject({ type: 'refuse', code: 'MESH_BAD_REQUEST' })
    }
    const change = { priority: 1.5 }
    const batch = world.batch('b')
    expect(world.reply(world.request({ type: 'set-batch', batch, change }))).toMatchObject({ code: 'MESH_BAD_REQUEST' })
  })

  test('refuses a row that no fact could carry, before anything of it reaches the core', () => {
    const namer = new TaskNamer(sha256, '00'.repeat(8), 'draw')
    const rows = [
      { prompt: 'x'.repeat(65_537), params: {} },
      { prompt: '\ud800', params: {} },
      { prompt: 'a cat', params: { steps: Number.POSITIVE_INFINITY } },
    ]
    for (const row of rows) expect(() => namer.next(row)).toThrow(expect.objectContaining({ code: 'MESH_BAD_REQUEST' }))
  })

  test('refuses a name that paths or people would stumble over', () => {
    const world = new CoreWorld()
    for (const name of ['', ' ', 'a/b', '../x', 'a\u0000b', '-rf', 'x'.repeat(101)]) {
      const request = world.request({ type: 'create-batch', spec: { name, profile: 'draw' } })
      expect(world.reply(request), JSON.stringify(name)).toMatchObject({ type: 'refuse', code: 'MESH_BATCH_NAME' })
    }
  })
})

describe('order', () => {
  test('a batch of higher priority goes first, then the older one', () => {
    const world = new CoreWorld({ nodeSettings: { profiles: { draw: { places: 1, timeoutMs: 10_000 } } } })
    const old = world.batch('old')
    const young = world.batch('young')
    const urgent = world.batch('urgent', { priority: 5 })
    world.request({ type: 'set-batch', batch: old, change: { paused: true } })
    for (const id of [young, old, urgent])
      world.seed(
        id,
        ['1', '2'].map((number) => `${id} ${number}`),
      )
    world.request({ type: 'set-batch', batch: old, change: { paused: false } })
    while (world.running.size > 0) world.endNext()
    expect(world.executed.map(({ batch }) => batch)).toEqual([young, urgent, urgent, old, old, young])
  })

  test('a task that failed here comes after those that have not been tried', () => {
    const world = new CoreWorld({ nodeSettings: { profiles: { draw: { places: 1, timeoutMs: 10_000 } } } })
    world.seed(world.batch('b'), ['bad', 'good', 'fine'])
    world.fail()
    world.advance(5_000)
    while (world.running.size > 0) world.endNext()
    expect(world.executed.map(({ prompt }) => prompt)).toEqual(['bad', 'good', 'fine', 'bad'])
  })
})

describe('failure and retry', () => {
  test('a task that fails is tried again after a growing pause, then closed with every attempt listed', () => {
    const world = seeded(['bad'])
    const startsMs: number[] = []
    for (let attempt = 0; attempt < 3; attempt++) {
      startsMs.push(world.nowMs)
      world.fail()
      while (world.running.size === 0 && world.counts().open > 0) world.advance(50)
    }
    expect(world.counts()).toMatchObject({ failed: 1, open: 0, extra: 0 })
    const [first = 0, second = 0, third = 0] = startsMs
    expect(second - first).toBeGreaterThanOrEqual(500)
    expect(third - second).toBeGreaterThanOrEqual(1_000)
    expect(world.stateOf('bad').attempts.map(({ end }) => end)).toEqual(['failed', 'failed', 'failed'])
    expect(world.stateOf('bad').closed).toBe('attempts-used-up')
    world.checkInvariants()
  })

  test('a batch may set how often', () => {
    const world = seeded(['bad'], { maxAttempts: 1 })
    world.fail()
    expect(world.counts()).toMatchObject({ failed: 1, open: 0 })
  })

  test('bad input fails at once', () => {
    const world = seeded(['bad'])
    world.endNext('failed', 'bad-input')
    expect(world.counts()).toMatchObject({ failed: 1 })
    expect(world.stateOf('bad').closed).toBe('bad-input')
  })

  test('an operator retries a failed task, and earlier failures no longer count', () => {
    const world = seeded(['bad'], { maxAttempts: 1 })
    world.fail()
    const { task, batch } = world.stateOf('bad')
    expect(
      world.reply(world.request({ type: 'change-tasks', batch, change: 'retry', tasks: [task, task] })),
    ).toMatchObject({ value: { tasks: 1 } })
    expect(world.counts()).toMatchObject({ failed: 0, running: 1 })
    world.endNext()
    expect(world.counts()).toMatchObject({ failed: 0, completed: 1, extra: 0 })
    world.checkInvariants()
  })

  test('a node that cannot run a profile gives its tasks back uncharged and takes no more', () => {
    const world = seeded()
    world.endNext('returned', 'not-here')
    world.endNext('returned', 'not-here')
    world.advance(3_600_000)
    expect(world.executed).toHaveLength(2)
    expect(world.counts()).toMatchObject({ open: 5, failed: 0 })
    expect(world.core.view().profiles[0]?.rest).toMatchObject({ forGood: true, reason: 'a not-here error' })
    world.post({ type: 'set-profile', profile: 'draw', settings: { places: 2, timeoutMs: 10_000 } })
    expect(world.running.size).toBe(2)
  })

  test('a back end that is down charges nothing and is asked again at growing intervals', () => {
    const world = seeded(['one'])
    const startsMs: number[] = []
    for (let round = 0; round < 6; round++) {
      startsMs.push(world.nowMs)
      world.endNext('returned', 'backend-down')
      while (world.running.size === 0) world.advance(100)
    }
    const gaps = startsMs.slice(1).map((ms, at) => ms - (startsMs[at] ?? 0))
    expect(gaps.at(-1)).toBeGreaterThan(5 * (gaps[0] ?? 0))
    world.endNext()
    expect(world.counts()).toMatchObject({ completed: 1, failed: 0 })
    world.checkInvariants()
  })
})

describe('deadlines', () => {
  test('an attempt is asked to end at its timeout and others are not delayed', () => {
    const world = seeded()
    const [hanging] = [...world.running.keys()]
    while (world.running.size > 1) world.end([...world.running.keys()][1] ?? '')
    expect(world.counts().completed).toBe(4)
    world.advance(10_000)
    expect(world.killed.get(hanging ?? '')).toBe('timed-out')
    world.end(hanging ?? '', 'timed-out', { class: 'timed-out', message: 'too long' }, 10_000)
    expect(world.stateOf('a cat').attempts.map(({ end }) => end)).toEqual(['timed-out'])
  })

  test('an executor that does not end is given up at one and a half times its timeout, its place stays taken', () => {
    const world = seeded(['hangs', 'fine'])
    world.end([...world.running.keys()][1] ?? '')
    const [hanging = ''] = [...world.running.keys()]
    world.advance(15_000)
    expect(world.stateOf('hangs').attempts.map(({ end }) => end)).toEqual(['lost', 'open'])
    expect(world.core.view().profiles[0]?.busy).toBe(2)
    world.end([...world.running.keys()][1] ?? '')
    expect(world.counts()).toMatchObject({ completed: 2, extra: 1 })
    expect(world.core.view().profiles[0]?.busy).toBe(1)
    world.end(hanging)
    expect(world.counts()).toMatchObject({ completed: 2, extra: 1 })
    expect(world.core.view().profiles[0]?.busy).toBe(0)
    world.checkInvariants()
  })

  test('a success after the attempt was given up counts, and the first success stays the one that counts', () => {
    const world = seeded(['slow'])
    const [slow = ''] = [...world.running.keys()]
    world.advance(15_000)
    const second = [...world.running.keys()].find((token) => token !== slow) ?? ''
    world.end(second)
    const counts = world.stateOf('slow').counts
    expect(counts).toBe(second)
    world.end(slow)
    expect(world.stateOf('slow').counts).toBe(counts)
    world.checkInvariants()
  })

  test('the automatic timeout is long for the first attempt, then follows the median', () => {
    const world = new CoreWorld({ nodeSettings: { profiles: { draw: { places: 1, timeoutMs: 'auto' } } } })
    world.seed(world.batch('b'), PROMPTS)
    world.advance(899_000)
    expect(world.killed.size).toBe(0)
    world.end([...world.running.keys()][0] ?? '', 'completed', undefined, 20_000)
    world.advance(299_000)
    expect(world.killed.size).toBe(0)
    world.advance(2_000)
    expect(world.killed.size).toBe(1)
  })
})

describe('crash and restart', () => {
  test('what ran is lost and runs again, what was done stays done', () => {
    const first = seeded()
    first.endNext()
    const second = new CoreWorld({ disk: first.disk })
    expect(second.counts()).toMatchObject({ total: 5, completed: 1 })
    while (second.running.size > 0) second.endNext()
    expect(second.counts()).toMatchObject({ completed: 5, open: 0, extra: 2 })
    const twice = second.executed.filter(({ prompt }) => first.executed.some((each) => each.prompt === prompt))
    expect(twice.map(({ prompt }) => prompt).sort()).toEqual(['a dog', 'a fox'])
    expect(second.stateOf('a dog').attempts.map(({ why }) => why)).toEqual(['holder-restarted', undefined])
    second.checkInvariants()
  })

  test('each start has a higher epoch, so a token never comes again', () => {
    const disk = new Disk()
    const epochs = [1, 2, 3].map((start) => {
      const world = new CoreWorld({ disk })
      world.seed(world.batch('b'), [`prompt ${start}`])
      return readToken([...world.running.keys()].at(-1) ?? '').epoch
    })
    expect(epochs).toEqual([1, 2, 3])
  })

  test('nothing is granted before the takeover is on disk', () => {
    const { disk } = seeded()
    const world = new CoreWorld({ disk, persistAtOnce: false })
    expect(world.unpersisted).toHaveLength(1)
    expect(world.unpersisted[0]?.promises).toHaveLength(1)
    expect(world.reads.size).toBe(0)
    world.settle()
    expect(world.executed).toHaveLength(2)
  })

  test('a task that took its node down twice runs alone, and after five times it is closed as poison', () => {
    const { disk } = seeded(['poison'])
    const promptsIn = (world: CoreWorld) => [...world.running.values()].map(({ prompt }) => prompt)
    const second = new CoreWorld({ disk })
    second.seed(second.batch('b'), ['poison', 'good', 'fine'])
    expect(promptsIn(second), 'one loss may be bad luck').toEqual(['poison', 'good'])
    const third = new CoreWorld({ disk })
    expect(promptsIn(third), 'a suspect comes last').toEqual(['fine', 'good'])
    third.endNext()
    expect(promptsIn(third), 'and alone').toEqual(['good'])
    third.endNext()
    expect(promptsIn(third)).toEqual(['poison'])
    third.seed(third.batch('b'), ['nice'])
    expect(promptsIn(third), 'nothing joins it').toEqual(['poison'])
    const fourth = new CoreWorld({ disk })
    fourth.endNext()
    expect(promptsIn(fourth)).toEqual(['poison'])
    expect(promptsIn(new CoreWorld({ disk }))).toEqual(['poison'])
    const last = new CoreWorld({ disk })
    while (last.running.size > 0) last.endNext()
    expect(last.counts()).toMatchObject({ failed: 1, completed: 3, open: 0 })
    expect(last.stateOf('poison').closed).toBe('poison')
    last.checkInvariants()
  })

  test('tallies that were damaged are counted anew from the facts', () => {
    const first = seeded()
    first.endNext()
    const second = new CoreWorld({ disk: first.disk, tallies: 'damaged' })
    expect(second.counts()).toMatchObject({ total: 5, completed: 1 })
    while (second.running.size > 0) second.endNext()
    expect(second.counts()).toMatchObject({ total: 5, completed: 5 })
    second.checkInvariants()
  })

  test('a tally that disagrees with the facts of its slot is corrected, aloud', () => {
    const first = seeded()
    const tally = [...first.disk.tallies.values()][0]
    if (tally === undefined) throw new Error('no tally')
    first.disk.tallies.set(`${tally.batch} ${tally.slot}`, { ...tally, total: 7 })
    const second = new CoreWorld({ disk: first.disk })
    expect(second.notices).toContainEqual(expect.objectContaining({ type: 'slot-corrected', slot: tally.slot }))
    while (second.running.size > 0) second.endNext()
    expect(second.counts()).toMatchObject({ total: 5, completed: 5 })
    second.checkInvariants()
  })
})

describe('more tasks than memory keeps', () => {
  const nodeSettings = { openTasksMax: 10, pageTasks: 5, profiles: { draw: { places: 3, timeoutMs: 10_000 } } }
  const many = Array.from({ length: 200 }, (_, number) => `prompt ${number}`)

  test('are read back from the store in pages, and each runs once', () => {
    const world = new CoreWorld({ nodeSettings })
    world.seed(world.batch('b'), many)
    while (world.running.size > 0) world.endNext()
    expect(world.executed.map(({ prompt }) => prompt).sort()).toEqual(many.toSorted())
    expect(world.counts()).toMatchObject({ completed: 200, extra: 0 })
    world.checkInvariants()
  })

  test('may be seeded while pages are read', () => {
    const world = new CoreWorld({ nodeSettings, persistAtOnce: false })
    world.request({ type: 'create-batch', spec: { name: 'b', profile: 'draw' } })
    world.settle()
    const id = world.core.view().batches[0]?.record.id ?? ''
    for (let at = 0; at < many.length; at += 20) {
      world.seed(id, many.slice(at, at + 20))
      world.persistNext()
      world.persistNext()
      if (world.running.size > 0) world.endNext()
    }
    world.settle()
    while (world.running.size > 0) {
      world.endNext()
      world.settle()
    }
    expect(world.counts()).toMatchObject({ total: 200, completed: 200, extra: 0 })
    world.checkInvariants()
  })
})

describe('operators', () => {
  test('pause stops grants, resume goes on', () => {
    const world = seeded()
    const id = world.batch('b')
    world.request({ type: 'set-batch', batch: id, change: { paused: true } })
    world.endNext()
    world.endNext()
    expect(world.running.size).toBe(0)
    world.request({ type: 'set-batch', batch: id, change: { paused: false } })
    expect(world.running.size).toBe(2)
    world.checkInvariants()
  })

  test('cancel stops grants and, when asked, what runs', () => {
    const world = seeded()
    const id = world.batch('b')
    world.request({ type: 'set-batch', batch: id, change: { cancelled: true }, stopRunning: true })
    expect([...world.killed.values()]).toEqual(['cancelled', 'cancelled'])
    world.endNext('cancelled')
    world.endNext('cancelled')
    expect(world.running.size).toBe(0)
    world.request({ type: 'set-batch', batch: id, change: { cancelled: false } })
    world.advance(60_000)
    while (world.running.size > 0) world.endNext()
    expect(world.counts()).toMatchObject({ completed: 5 })
    world.checkInvariants()
  })

  test('cancelling one task leaves the others, and a late success of it counts', () => {
    const world = seeded()
    const { batch } = world.stateOf('a cat')
    const tasks = ['a cat', 'an owl'].map((prompt) => world.stateOf(prompt).task)
    expect(world.reply(world.request({ type: 'change-tasks', batch, change: 'cancel', tasks }))).toMatchObject({
      value: { tasks: 2 },
    })
    expect(world.counts()).toMatchObject({ cancelled: 2 })
    while (world.running.size > 0) world.endNext()
    expect(world.counts()).toMatchObject({ completed: 4, cancelled: 1 })
    expect(world.stateOf('a cat').standing).toBe('completed')
    world.checkInvariants()
  })

  test('tasks that are not in memory are changed too', () => {
    const first = seeded(PROMPTS, { maxAttempts: 1 })
    for (let each = 0; each < 5; each++) first.fail()
    const world = new CoreWorld({ disk: first.disk })
    const tasks = PROMPTS.map((prompt) => world.stateOf(prompt).task)
    const { batch } = world.stateOf('a cat')
    expect(world.reply(world.request({ type: 'change-tasks', batch, change: 'retry', tasks }))).toMatchObject({
      value: { tasks: 5 },
    })
    while (world.running.size > 0) world.endNext()
    expect(world.counts()).toMatchObject({ completed: 5, failed: 0 })
    world.checkInvariants()
  })

  test('two cancellings of one task at a time count once', () => {
    const first = seeded()
    const world = new CoreWorld({ disk: first.disk, persistAtOnce: false, nodeSettings: { profiles: {} } })
    world.settle()
    const { batch, task } = world.stateOf('an owl')
    const requests = [1, 2].map(() => world.request({ type: 'change-tasks', batch, change: 'cancel', tasks: [task] }))
    world.settle()
    expect(
      requests
        .map((request) => world.reply(request))
        .map((reply) => ('value' in reply && 'tasks' in reply.value ? reply.value.tasks : -1)),
    ).toEqual([1, 0])
    world.checkInvariants()
  })
})

describe('a store that cannot be written', () => {
  test('refuses what would write, keeps what runs, and goes on afterwards', () => {
    const world = new CoreWorld({ persistAtOnce: false })
    world.request({ type: 'create-batch', spec: { name: 'b', profile: 'draw' } })
    world.settle()
    const id = world.core.view().batches[0]?.record.id ?? ''
    world.seed(id, PROMPTS)
    world.settle()
    const stuck = world.seed(id, ['late'])
    world.post({ type: 'storage', problem: 'disk-full' })
    expect(world.reply(stuck)).toMatchObject({ type: 'refuse', code: 'MESH_DISK_FULL' })
    expect(world.reply(world.seed(id, ['later']))).toMatchObject({ type: 'refuse', code: 'MESH_DISK_FULL' })
    world.endNext()
    expect(world.executed).toHaveLength(2)
    world.post({ type: 'storage', problem: undefined })
    world.settle()
    while (world.running.size > 0) {
      world.endNext()
      world.settle()
    }
    expect(world.counts()).toMatchObject({ total: 6, completed: 6, extra: 0 })
    world.checkInvariants()
  })
})

describe('stopping', () => {
  test('finishes what runs, takes nothing new and says when everything is on disk', () => {
    const world = seeded()
    world.post({ type: 'stop', now: false })
    expect(world.reply(world.seed(world.core.view().batches[0]?.record.id ?? '', ['x']))).toMatchObject({
      code: 'MESH_STOPPING',
    })
    world.endNext()
    expect(world.stopped).toBe(false)
    world.endNext()
    expect(world.stopped).toBe(true)
    expect(world.executed).toHaveLength(2)
    world.checkInvariants()
  })

  test('in a hurry returns what runs, uncharged', () => {
    const world = seeded()
    world.post({ type: 'stop', now: true })
    expect([...world.killed.values()]).toEqual(['returned', 'returned'])
    world.endNext('returned')
    world.endNext('returned')
    expect(world.stopped).toBe(true)
    const next = new CoreWorld({ disk: world.disk })
    next.advance(60_000)
    while (next.running.size > 0) next.endNext()
    expect(next.counts()).toMatchObject({ completed: 5, failed: 0 })
    next.checkInvariants()
  })
})

describe('what a review found', () => {
  test('tasks of another profile in the same batch are loaded and run', () => {
    const nodeSettings = { openTasksMax: 10, pageTasks: 5, profiles: { draw: { places: 2, timeoutMs: 10_000 } } }
    const world = new CoreWorld({ nodeSettings: { ...nodeSettings, openTasksMax: 20 } })
    const id = world.batch('b', { profile: 'gone' })
    world.seed(
      id,
      Array.from({ length: 15 }, (_, at) => `gone ${at}`),
      'gone',
    )
    world.seed(
      id,
      Array.from({ length: 20 }, (_, at) => `here ${at}`),
      'draw',
    )
    while (world.running.size > 0) world.endNext()
    expect(world.counts()).toMatchObject({ completed: 20, open: 15 })
  })

  /** A disk whose only task took the node down twice. */
  function suspected(prompt: string): { disk: Disk; batch: string } {
    const first = new CoreWorld()
    const batch = first.batch('b')
    first.seed(batch, [prompt])
    new CoreWorld({ disk: first.disk })
    return { disk: first.disk, batch }
  }

  test('a lone task that hangs and cannot be ended does not stop the node for ever', () => {
    const { disk, batch } = suspected('lone')
    const world = new CoreWorld({ disk })
    world.seed(batch, ['x', 'y', 'z'])
    expect(world.executed).toHaveLength(1)
    world.advance(86_400_000)
    while ([...world.running.values()].some(({ prompt }) => prompt !== 'lone')) {
      const [token] = [...world.running].find(([, { prompt }]) => prompt !== 'lone') ?? ['']
      world.end(token)
    }
    expect(world.executed.map(({ prompt }) => prompt)).toEqual(expect.arrayContaining(['x', 'y', 'z']))
  })

  test('a lone task gets its turn although another profile is never idle', () => {
    const { disk, batch } = suspected('lone')
    const profiles = { other: { places: 2, timeoutMs: 10_000 }, draw: { places: 2, timeoutMs: 10_000 } }
    const world = new CoreWorld({ disk, nodeSettings: { profiles }, persistAtOnce: true })
    world.endNext('returned', 'drain')
    world.seed(
      batch,
      Array.from({ length: 50 }, (_, at) => `other ${at}`),
      'other',
    )
    world.advance(2_000)
    for (let each = 0; each < 10 && world.running.size > 0; each++) world.endNext()
    expect(world.executed.filter(({ prompt }) => prompt === 'lone')).toHaveLength(2)
    expect(world.executed.length).toBeLessThan(50)
  })

  test('nothing is granted beside a lone task, not even in the step that grants it', () => {
    const { disk, batch } = suspected('lone')
    const world = new CoreWorld({ disk, persistAtOnce: false })
    world.seed(batch, ['x', 'y'])
    world.settle()
    const together = [...world.running.values()].map(({ prompt }) => prompt)
    expect(together.includes('lone') ? together : []).toEqual(together.includes('lone') ? ['lone'] : [])
    while (world.running.size > 0) {
      world.endNext()
      world.settle()
      const prompts = [...world.running.values()].map(({ prompt }) => prompt)
      if (prompts.includes('lone')) expect(prompts).toEqual(['lone'])
    }
    expect(world.counts()).toMatchObject({ completed: 3 })
  })

  test('a read of tasks that fails is asked for again until the request is answered', () => {
    const first = seeded(['bad'], { maxAttempts: 1 })
    first.fail()
    const world = new CoreWorld({ disk: first.disk, persistAtOnce: false })
    world.settle()
    const { batch, task } = world.stateOf('bad')
    const request = world.request({ type: 'change-tasks', batch, change: 'retry', tasks: [task] })
    expect(world.reads.ready, 'a read was asked for').toBe(1)
    world.failRead()
    world.settle()
    expect(world.reply(request)).toMatchObject({ value: { tasks: 1 } })
  })

  test('a profile that is closed stays closed when an attempt that ran already succeeds', () => {
    const world = seeded()
    world.endNext('returned', 'not-here')
    world.endNext()
    expect(world.executed).toHaveLength(2)
    expect(world.core.view().profiles[0]?.rest?.forGood).toBe(true)
  })

  test('nothing is extra where a running task is cancelled', () => {
    const world = seeded(['a cat'])
    const { batch, task } = world.stateOf('a cat')
    world.request({ type: 'change-tasks', batch, change: 'cancel', tasks: [task], stopRunning: true })
    world.endNext('cancelled')
    expect(world.counts()).toMatchObject({ cancelled: 1, extra: 0, running: 0 })
  })

  test('a prompt that the disk lost is reported, and seeding the file again brings it back', () => {
    const first = seeded()
    first.disk.facts.delete(first.stateOf('an owl').task)
    const world = new CoreWorld({ disk: first.disk, rebuildsIndex: true })
    expect(world.notices).toContainEqual(expect.objectContaining({ type: 'slot-corrected' }))
    expect(world.reply(world.seed(world.batch('b'), PROMPTS))).toMatchObject({ value: { new: 1, existing: 4 } })
    while (world.running.size > 0) world.endNext()
    expect(world.counts()).toMatchObject({ total: 5, completed: 5 })
    world.checkInvariants()
  })

  test('a field of a batch that is undefined is left as it is', () => {
    const world = seeded()
    const id = world.batch('b')
    const change = { paused: true, priority: undefined } as unknown as { paused: boolean }
    world.request({ type: 'set-batch', batch: id, change })
    expect(world.disk.batches.get(id)?.fields).toMatchObject({ paused: { value: true }, priority: { value: 0 } })
  })

  test('tasks that are retried beyond what memory keeps run all the same', () => {
    const prompts = Array.from({ length: 40 }, (_, at) => `bad ${at}`)
    const first = seeded(prompts, { maxAttempts: 1 })
    while (first.running.size > 0) first.fail()
    const nodeSettings = { openTasksMax: 5, pageTasks: 5, profiles: { draw: { places: 2, timeoutMs: 10_000 } } }
    const world = new CoreWorld({ disk: first.disk, nodeSettings })
    const tasks = prompts.map((prompt) => world.stateOf(prompt).task)
    const { batch } = world.stateOf('bad 0')
    world.request({ type: 'change-tasks', batch, change: 'retry', tasks })
    while (world.running.size > 0) world.endNext()
    expect(world.counts()).toMatchObject({ completed: 40, failed: 0 })
    world.checkInvariants()
  })
})
