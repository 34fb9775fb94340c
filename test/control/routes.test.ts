/** Every route, asked by the client of a real node. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, ended, rowsOf, type Served, serve } from './harness.ts'

let served: Served

beforeAll(async () => {
  served = await serve()
})
afterAll(() => served.close())

const seed = (batch: string, profile: string, prompts: readonly string[], maxAttempts = 1) =>
  served.client.seed({ batch, profile, maxAttempts }, rowsOf(prompts))

describe('seeding', () => {
  test('says what is new, and the second time that all is there', async () => {
    const finished = ended(served.node, 'plain', 3)
    const first = await seed('plain', 'echo', ['one', 'two', 'three'])
    expect(first).toEqual({
      batch: 'plain',
      id: served.node.batch('plain').id,
      new: 3,
      existing: 0,
      copies: 1,
      read: 3,
      blank: 0,
      bad: 0,
    })
    await finished
    expect(await seed('plain', 'echo', ['one', 'two', 'three', 'four'])).toMatchObject({ new: 1, existing: 3, read: 4 })
  })

  test('carries a name and prompts of any letters', async () => {
    const name = 'Möwen & "Füchse" 100% #1?'
    const prompt = 'a fox\n"quoted" $(rm -rf /) ; `x` 🦊\u0007'
    const finished = ended(served.node, name, 1)
    await seed(name, 'echo', [prompt])
    await finished
    const task = await served.client.task(name, '0')
    expect(task).toMatchObject({ batch: name, prompt, text: prompt, state: 'COMPLETED' })
  })

  test('keeps the settings of the batch', async () => {
    const request = { batch: 'set', profile: 'nobody', priority: -5, maxAttempts: 7, timeoutMs: 90_000 }
    await served.client.seed(request, rowsOf(['one']))
    expect(await served.client.batch('set')).toMatchObject({ profile: 'nobody', priority: -5, waiting: 1 })
  })

  test('of a batch whose name is not allowed is refused with the reason of the node', async () => {
    await expect(seed('.hidden', 'echo', ['one'])).rejects.toMatchObject({ code: 'MESH_BATCH_NAME' })
  })

  test('ends with what the rows throw, and what was sent before stays', async () => {
    async function* rows() {
      yield* rowsOf(['one', 'two'])
      await expect
        .poll(() => served.node.status().then(({ batches }) => batches.some(({ name }) => name === 'torn')))
        .toBe(true)
      throw new Error('the file is torn')
    }
    await expect(served.client.seed({ batch: 'torn', profile: 'nobody' }, rows())).rejects.toThrow('the file is torn')
    expect(await served.client.status()).toMatchObject({ asked: 'tester' })
  })
})

describe('batches', () => {
  test('are listed in the status and alone, the same', async () => {
    await seed('alone', 'nobody', ['one'])
    const { batches } = await served.client.status()
    expect(batches.find(({ name }) => name === 'alone')).toEqual(await served.client.batch('alone'))
  })

  test('that are not known are refused by name', async () => {
    const unknown = { code: 'MESH_BATCH_UNKNOWN', message: expect.stringContaining('nothing') }
    await expect(served.client.batch('nothing')).rejects.toMatchObject(unknown)
    await expect(served.client.tasks('nothing')).rejects.toMatchObject(unknown)
    await expect(served.client.setBatch('nothing', { paused: true })).rejects.toMatchObject(unknown)
    await expect(served.client.batch('..')).rejects.toMatchObject({ code: 'MESH_BAD_REQUEST' })
  })

  test('are paused, resumed and set in priority', async () => {
    await seed('held', 'nobody', ['one'])
    await served.client.setBatch('held', { paused: true, priority: 9 })
    expect(await served.client.batch('held')).toMatchObject({ paused: true, priority: 9 })
    await served.client.setBatch('held', { paused: false })
    expect(await served.client.batch('held')).toMatchObject({ paused: false, priority: 9 })
  })

  test('are cancelled, with what runs', async () => {
    await seed('hung', 'stuck', ['one', 'two'])
    await expect.poll(async () => (await served.client.batch('hung')).running).toBe(1)
    await served.client.setBatch('hung', { cancelled: true }, { stopRunning: true })
    expect(await served.client.batch('hung')).toMatchObject({ batchCancelled: true, waiting: 0 })
    await expect.poll(async () => (await served.client.status()).nodes[0]?.busy).toBe(0)
    expect(await served.client.batch('hung')).toMatchObject({ cancelled: 2, running: 0, waiting: 0 })
  })
})

describe('tasks', () => {
  test('come in pages, in the order of the file', async () => {
    const prompts = Array.from({ length: 25 }, (_, at) => `prompt ${at}`)
    await seed('paged', 'nobody', prompts)
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await served.client.tasks('paged', { limit: 10, ...(cursor !== undefined && { cursor }) })
      expect(page.tasks.length).toBeLessThanOrEqual(10)
      seen.push(...page.tasks.map(({ prompt }) => prompt))
      cursor = page.cursor ?? undefined
    } while (cursor !== undefined)
    expect(seen).toEqual(prompts)
  })

  test('are filtered by state', async () => {
    const finished = ended(served.node, 'mixed', 2)
    await seed('mixed', 'broken', ['one', 'two'])
    await finished
    expect((await served.client.tasks('mixed', { states: ['FAILED', 'CANCELLED'] })).tasks).toHaveLength(2)
    expect((await served.client.tasks('mixed', { states: ['COMPLETED'] })).tasks).toEqual([])
  })

  test('say every attempt, and why they do not run', async () => {
    const finished = ended(served.node, 'tried', 1)
    await seed('tried', 'broken', ['one'])
    await finished
    const task = await served.client.task('tried', '0')
    expect(task).toMatchObject({ state: 'FAILED', attempts: 1, error: expect.any(String) })
    expect(task.attemptList).toEqual([expect.objectContaining({ node: 'tester', outcome: 'failed' })])
    expect((await served.client.why('tried', task.id)).reasons.length).toBeGreaterThan(0)
    await expect(served.client.task('tried', '77')).rejects.toMatchObject({ code: 'MESH_TASK_UNKNOWN' })
  })

  test('are cancelled and retried, one by one or all', async () => {
    await seed('turned', 'nobody', ['one', 'two', 'three'])
    expect(await served.client.changeTasks('turned', 'cancel', ['0', '2'])).toBe(2)
    expect(await served.client.batch('turned')).toMatchObject({ cancelled: 2, waiting: 1 })
    expect(await served.client.changeTasks('turned', 'retry', 'all')).toBe(2)
    expect(await served.client.batch('turned')).toMatchObject({ cancelled: 0, waiting: 3 })
    await expect(served.client.changeTasks('turned', 'cancel', ['9'])).rejects.toMatchObject({
      code: 'MESH_TASK_UNKNOWN',
    })
  })
})

describe('an artifact', () => {
  const bytesOf = async (sha256: string): Promise<Buffer> => {
    const parts: Buffer[] = []
    for await (const part of (await served.client.artifact(sha256)) ?? []) parts.push(part)
    return Buffer.concat(parts)
  }

  test('arrives whole, and is shown inside a page only where it is a picture', async () => {
    const finished = ended(served.node, 'drawn', 1)
    await seed('drawn', 'sketch', ['a fox'])
    await finished
    const [artifact] = (await served.client.task('drawn', '0')).artifacts
    const bytes = await bytesOf(String(artifact?.sha256))
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(artifact?.sha256)
    const headers = { authorization: `Bearer ${served.server.token}` }
    const answer = await ask(served.server.url, `/api/artifacts/${artifact?.sha256}`, { headers })
    expect(answer.headers).toMatchObject({
      'content-type': 'image/png',
      'content-length': String(artifact?.bytes),
      'content-disposition': `inline; filename="${artifact?.sha256}.png"`,
      'x-content-type-options': 'nosniff',
    })
  })

  test('that only calls itself a picture is saved, not shown', async () => {
    const finished = ended(served.node, 'page', 1)
    await seed('page', 'page', ['<script>alert(1)</script>'])
    await finished
    const [artifact] = (await served.client.task('page', '0')).artifacts
    const headers = { authorization: `Bearer ${served.server.token}` }
    const answer = await ask(served.server.url, `/api/artifacts/${artifact?.sha256}`, { headers })
    expect(answer.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename="${artifact?.sha256}"`,
      'x-content-type-options': 'nosniff',
    })
    expect(answer.body).toContain('<script>')
  })

  test('that nobody here has is undefined', async () => {
    expect(await served.client.artifact('0'.repeat(64))).toBeUndefined()
  })
})

describe('stopping', () => {
  test('is handed on with its grace, and answered first', async () => {
    await served.client.stop(1_500)
    await served.client.stop()
    await expect.poll(() => served.stops).toEqual([1_500, undefined])
  })
})
