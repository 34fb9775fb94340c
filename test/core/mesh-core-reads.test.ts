/** Reads that are slow, old or in vain, and what is in memory meanwhile: what the random worlds found. */
import { describe, expect, test } from 'vitest'
import { Batch } from '../../src/core/batch-book.ts'
import { newBatch } from '../../src/core/batches.ts'
import { SLOT_COUNT } from '../../src/core/ids.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { BATCH_FIELDS } from '../support/batch-fields.ts'
import { type Disk, sha256 } from '../support/core-disk.ts'
import { CoreWorld } from '../support/core-world.ts'

/** A paused batch on disk: nothing of it comes into memory unless somebody names it. */
function pausedOnDisk(prompts: readonly string[]): { disk: Disk; batch: string } {
  const world = new CoreWorld({ nodeSettings: { profiles: {} } })
  const batch = world.batch('b')
  world.request({ type: 'set-batch', batch, change: { paused: true } })
  world.seed(batch, prompts)
  return { disk: world.disk, batch }
}

function idsOf(world: CoreWorld, prompts: readonly string[]): string[] {
  return prompts.map((prompt) => world.stateOf(prompt).task)
}

function changed(world: CoreWorld, request: number): unknown {
  const reply = world.reply(request)
  return 'value' in reply && 'tasks' in reply.value ? reply.value.tasks : reply
}

const TWO_PROFILES = { draw: { places: 1, timeoutMs: 900_000 }, write: { places: 1, timeoutMs: 900_000 } }

describe('tasks that an operator names', () => {
  test('are changed as they are then, although one of them must be read again', () => {
    const { disk, batch } = pausedOnDisk(['a cat', 'a dog'])
    const world = new CoreWorld({ disk, persistAtOnce: false })
    world.settle()
    const [cat = '', dog = ''] = idsOf(world, ['a cat', 'a dog'])
    const cancel = (...tasks: string[]) => world.request({ type: 'change-tasks', batch, change: 'cancel', tasks })
    const requests = [cancel(cat, dog), cancel(dog)]
    world.readNext(1)
    world.persistNext()
    world.readNext()
    requests.push(cancel(cat))
    world.readNext(1)
    world.settle()
    expect(requests.map((request) => changed(world, request))).toEqual([1, 1, 0])
    expect(world.counts()).toMatchObject({ cancelled: 2, open: 0 })
    world.checkInvariants()
  })

  test('are read once, although many of them share a slot and change it', () => {
    const prompts = Array.from({ length: 40 }, (_, at) => `prompt ${at}`)
    const namedBy = (bytes: Uint8Array) => `0000${sha256(bytes).slice(4)}`
    const first = new CoreWorld({ nodeSettings: { profiles: {} }, namedBy })
    const batch = first.batch('b')
    first.request({ type: 'set-batch', batch, change: { paused: true } })
    first.seed(batch, prompts)
    const world = new CoreWorld({ disk: first.disk, persistAtOnce: false })
    world.settle()
    const request = world.request({ type: 'change-tasks', batch, change: 'cancel', tasks: idsOf(world, prompts) })
    let reads = 0
    for (; world.reads.size > 0; reads++) world.readNext()
    world.settle()
    expect(changed(world, request)).toBe(40)
    expect(reads).toBe(1)
    world.checkInvariants()
  })

  test('run again when they are retried, although they were cancelled while an earlier boot ran them', () => {
    const first = new CoreWorld()
    first.seed(first.batch('b'), ['a cat'])
    const { batch, task } = first.stateOf('a cat')
    first.request({ type: 'change-tasks', batch, change: 'cancel', tasks: [task] })
    const second = new CoreWorld({ disk: first.disk })
    expect(changed(second, second.request({ type: 'change-tasks', batch, change: 'retry', tasks: [task] }))).toBe(1)
    expect(second.running.size).toBe(1)
    second.endNext()
    expect(second.counts()).toMatchObject({ completed: 1, extra: 1 })
    expect(second.stateOf('a cat').attempts.map(({ end }) => end)).toEqual(['lost', 'completed'])
    second.checkInvariants()
  })
})

test('a task that is not retried because it ran runs again, although its slot was read while somebody named it', () => {
  const first = new CoreWorld()
  first.seed(first.batch('b'), ['a cat'])
  const { batch, task } = first.stateOf('a cat')
  const world = new CoreWorld({ disk: first.disk, persistAtOnce: false })
  world.persistNext()
  expect(world.reads.ready, 'its slot is read').toBe(1)
  world.request({ type: 'change-tasks', batch, change: 'retry', tasks: [task] })
  world.readNext(1)
  world.settle()
  expect(world.running.size).toBe(1)
  world.checkInvariants()
})

describe('a free place', () => {
  test('gets its task although enough tasks of another profile of the batch are ready', () => {
    const prompts = Array.from({ length: 20 }, (_, at) => `draw ${at}`)
    const first = new CoreWorld({ nodeSettings: { profiles: {} } })
    const batch = first.batch('b')
    first.seed(batch, prompts)
    first.seed(batch, ['a poem'], 'write')
    const nodeSettings = { openTasksMax: 50, pageTasks: 2, profiles: TWO_PROFILES }
    const world = new CoreWorld({ disk: first.disk, nodeSettings })
    expect([...world.running.values()].map(({ profile }) => profile).sort()).toEqual(['draw', 'write'])
    world.checkInvariants()
  })

  test('gets its task although a batch of its profile that comes first holds tasks of another', () => {
    const first = new CoreWorld({ nodeSettings: { profiles: {} } })
    first.seed(first.batch('mixed', { profile: 'write' }), ['1', '2', '3', '4', '5'], 'draw')
    first.seed(first.batch('pure', { profile: 'write' }), ['a poem', 'a tale', 'a song'], 'write')
    const nodeSettings = { openTasksMax: 1, pageTasks: 1, profiles: TWO_PROFILES }
    const world = new CoreWorld({ disk: first.disk, nodeSettings })
    for (let each = 0; each < 3; each++) {
      const written = [...world.running].find(([, { profile }]) => profile === 'write')
      if (written !== undefined) world.end(written[0])
    }
    expect(world.counts('pure')).toMatchObject({ completed: 3 })
    world.checkInvariants()
  })
})

describe('the ids of a batch that is seeded', () => {
  /** A node that reads the ids of a batch because somebody seeds it. */
  function reading(): { world: CoreWorld; batch: string } {
    const { disk, batch } = pausedOnDisk(['a cat'])
    const world = new CoreWorld({ disk, persistAtOnce: false })
    world.settle()
    world.seed(batch, ['a cat', 'a dog'])
    return { world, batch }
  }

  test('are not kept when seeding ended while they were read', () => {
    const { world, batch } = reading()
    world.post({ type: 'intake-ended', batch })
    world.settle()
    world.seed(batch, ['a cat', 'a fox'])
    expect(world.reads.size, 'they are read again').toBe(1)
    world.settle()
    expect(world.counts()).toMatchObject({ total: 3 })
    world.checkInvariants()
  })

  test('are kept where another file of the batch is seeded before they are read', () => {
    const { world, batch } = reading()
    world.post({ type: 'intake-ended', batch })
    const request = world.seed(batch, ['a cat', 'a fox'])
    world.settle()
    expect(world.reply(request)).toMatchObject({ value: { new: 1, existing: 1 } })
    world.seed(batch, ['a hen'])
    expect(world.reads.size).toBe(0)
    world.settle()
    expect(world.counts()).toMatchObject({ total: 4 })
  })

  test('are read again for the next file where they could not be read', () => {
    const { world, batch } = reading()
    world.failRead()
    expect([...world.replies.values()].at(-1)).toMatchObject({ type: 'refuse', code: 'MESH_STORAGE' })
    const request = world.seed(batch, ['a cat', 'a dog'])
    world.settle()
    expect(world.reply(request)).toMatchObject({ value: { new: 1, existing: 1 } })
    world.checkInvariants()
  })
})

describe('a batch whose tallies are distrusted', () => {
  test('takes no memory for slots that nobody has looked at', () => {
    const batch = new Batch(newBatch('00'.repeat(8), 'b', BATCH_FIELDS, 'node'))
    batch.countAnew(SlotSet.all())
    expect(batch.slots.size).toBe(0)
    expect(batch.uncounted.size).toBe(SLOT_COUNT)
    expect(batch.slot(7).complete, 'a slot that is not counted may have tasks on disk').toBe(false)
  })

  test('lets go of slots without a task as they are counted, also where another batch is distrusted', () => {
    const batch = new Batch(newBatch('00'.repeat(8), 'b', BATCH_FIELDS, 'node'))
    batch.countAnew(SlotSet.all())
    batch.slot(7).complete = true
    batch.slot(8).complete = true
    batch.slot(8).version++
    for (const number of [7, 8, 9]) batch.dropEmpty(number)
    expect([...batch.slots.keys()]).toEqual([8])
    expect(new Batch(batch.record).uncounted.size).toBe(0)
  })
})

test('a task that rests again is not woken by the timer of its earlier rest', () => {
  const world = new CoreWorld()
  world.seed(world.batch('b'), ['slow'])
  const [first = ''] = [...world.running.keys()]
  world.advance(15_000)
  const second = [...world.running.keys()].find((token) => token !== first) ?? ''
  const error = { class: 'failed', message: 'no' } as const
  world.end(second, 'failed', error)
  world.end(first, 'failed', error)
  world.advance(999)
  expect(world.running.size, 'the second pause is twice as long').toBe(0)
  world.advance(1_001)
  expect(world.running.size).toBe(1)
})

test('a batch whose profile no task could name is refused before it is there', () => {
  const world = new CoreWorld()
  for (const profile of ['x'.repeat(129), 'é'.repeat(65), '\ud800']) {
    const request = world.request({ type: 'create-batch', spec: { name: 'b', profile } })
    expect(world.reply(request)).toMatchObject({ type: 'refuse', code: 'MESH_BAD_REQUEST' })
  }
  expect(world.core.view().batches).toEqual([])
  expect(world.disk.batches.size).toBe(0)
  world.batch('b', { profile: 'x'.repeat(128) })
})

test('the loss of an attempt that another node performed is blamed on no task', () => {
  const first = new CoreWorld({ nodeId: 'another-node' })
  first.seed(first.batch('b'), ['a cat'])
  const world = new CoreWorld({ disk: first.disk })
  expect(world.stateOf('a cat').attempts.map(({ why }) => why)).toEqual(['never-renewed', undefined])
})
