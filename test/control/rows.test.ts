/** The stream of rows: what is counted, what is refused, and what stays when the stream breaks. */
import { once } from 'node:events'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, ask, rowsOf, type Served, serve } from './harness.ts'

let served: Served

beforeAll(async () => {
  served = await serve()
})
afterAll(() => served.close())

const headers = () => ({ authorization: `Bearer ${served.server.token}`, 'content-type': 'application/x-ndjson' })

const post = (path: string, body: string): Promise<Answer> =>
  ask(served.server.url, `/api/batches/${path}`, { method: 'POST', body, headers: headers() })

/** A request that is still being written. */
function begin(path: string) {
  return request(new URL(`/api/batches/${path}`, served.server.url), {
    method: 'POST',
    headers: headers(),
    agent: false,
  })
}

describe('rows', () => {
  test('that are blank or bad are counted, and stop nothing', async () => {
    const lines = [
      '{"prompt":"one","params":{"seed":7,"size":[512,512]}}',
      '',
      'not json',
      '["prompt"]',
      '{"params":{}}',
      '{"prompt":7}',
      '{"prompt":"  "}',
      '{"prompt":"two","params":[]}',
      '{"prompt":"two","extra":1}',
      '{"prompt":"two","params":{"__proto__":{"polluted":true}}}',
      '{"prompt":"a\\u0000b"}',
      '{"prompt":"\\ud800"}',
      `{"prompt":"${'x'.repeat(70_000)}"}`,
      '{"prompt":"last"}',
    ]
    const answer = await post('counted/rows?profile=nobody', lines.join('\r\n'))
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body)).toMatchObject({ read: 2, new: 2, existing: 0, blank: 1, bad: 11, copies: 1 })
    const { tasks } = await served.client.tasks('counted')
    expect(tasks.map(({ prompt, params }) => ({ prompt, params }))).toEqual([
      { prompt: 'one', params: { seed: 7, size: [512, 512] } },
      { prompt: 'last', params: {} },
    ])
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  test('may be many more than are kept at a time', async () => {
    const prompts = Array.from({ length: 12_345 }, (_, at) => `prompt ${at} ${'x'.repeat(at % 300)}`)
    expect(await served.client.seed({ batch: 'many', profile: 'nobody' }, rowsOf(prompts, 777))).toMatchObject({
      read: 12_345,
      new: 12_345,
    })
    expect((await served.client.batch('many')).total).toBe(12_345)
  })

  test.each([
    ['no profile', 'x/rows'],
    ['an unknown setting', 'x/rows?profile=echo&speed=9'],
    ['a wrong number', 'x/rows?profile=echo&maxAttempts=0'],
    ['a wrong unit', 'x/rows?profile=echo&timeoutMs=10s'],
    ['a setting twice', 'x/rows?profile=echo&profile=sketch'],
  ])('are refused with %s', async (_, path) => {
    const answer = await post(path, '{"prompt":"one"}\n')
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.body)).toMatchObject({ error: { code: 'MESH_BAD_REQUEST' } })
  })

  test('are refused as plain JSON', async () => {
    const json = { ...headers(), 'content-type': 'application/json' }
    const answer = await ask(served.server.url, '/api/batches/x/rows?profile=echo', {
      method: 'POST',
      body: '{}',
      headers: json,
    })
    expect(answer.status).toBe(400)
    expect(answer.body).toContain('application/x-ndjson')
  })
})

describe('a client that goes away in the middle', () => {
  test('ends its request, not the node, and what was taken stays', async () => {
    const outgoing = begin('broken/rows?profile=nobody')
    outgoing.on('error', () => undefined)
    const lines = Array.from({ length: 1_500 }, (_, at) => `{"prompt":"prompt ${at}"}\n`)
    outgoing.write(lines.join(''))
    await expect
      .poll(() => served.node.status().then(({ batches }) => batches.find(({ name }) => name === 'broken')?.total))
      .toBe(1_000)
    const closed = new Promise((resolve) => outgoing.once('close', resolve))
    outgoing.destroy()
    await closed
    expect(await served.client.batch('broken')).toMatchObject({ total: 1_000 })
    const prompts = Array.from({ length: 1_500 }, (_, at) => `prompt ${at}`)
    expect(await served.client.seed({ batch: 'broken', profile: 'nobody' }, rowsOf(prompts))).toMatchObject({
      new: 500,
      existing: 1_000,
    })
  })
})

describe('a refusal in the middle', () => {
  test('reaches a client that still sends', async () => {
    const outgoing = begin('.refused/rows?profile=echo')
    outgoing.write('{"prompt":"one"}\n')
    const [answer] = await once(outgoing, 'response')
    expect(answer.statusCode).toBe(400)
    outgoing.destroy()
  })

  test('ends the sending of our own client, however much there is to send', async () => {
    async function* endless() {
      for (;;) yield [{ prompt: 'again', params: {} }]
    }
    await expect(served.client.seed({ batch: '.refused', profile: 'echo' }, endless())).rejects.toMatchObject({
      code: 'MESH_BATCH_NAME',
    })
  })
})

describe('a client that wants to know how far it is', () => {
  test('is told what is acknowledged, never more than that, and the last time all of it', async () => {
    const prompts = Array.from({ length: 6_500 }, (_, at) => `told ${at}`)
    const told: { acknowledged: number; stored: number }[] = []
    const answer = await served.client.seed({ batch: 'told', profile: 'nobody' }, rowsOf(prompts), (now) => {
      told.push({ acknowledged: now.new + now.existing, stored: served.node.batch('told').total })
    })
    expect(answer).toMatchObject({ read: 6_500, new: 6_500 })
    expect(told.length).toBeGreaterThan(1)
    expect(told.at(-1)?.acknowledged).toBe(6_500)
    for (const { acknowledged, stored } of told) expect(acknowledged).toBeLessThanOrEqual(stored)
  })

  test('hears of steps before it has sent everything', async () => {
    const step = Promise.withResolvers<number>()
    async function* slow() {
      yield Array.from({ length: 1_000 }, (_, at) => ({ prompt: `slow ${at}`, params: {} }))
      await step.promise
      yield [{ prompt: 'last', params: {} }]
    }
    const answer = served.client.seed({ batch: 'slow', profile: 'nobody' }, slow(), (now) => step.resolve(now.new))
    expect(await step.promise).toBe(1_000)
    expect(await answer).toMatchObject({ new: 1_001 })
  })

  test('gets the error that ends it after the first steps', async () => {
    const other = await serve()
    const step = Promise.withResolvers<void>()
    async function* halfWay() {
      yield Array.from({ length: 1_000 }, (_, at) => ({ prompt: `half ${at}`, params: {} }))
      await step.promise
      await other.node.stop({ graceMs: 0 })
      yield [{ prompt: 'too late', params: {} }]
    }
    const answer = other.client.seed({ batch: 'half', profile: 'nobody' }, halfWay(), () => step.resolve())
    await expect(answer).rejects.toMatchObject({ code: 'MESH_STOPPING' })
    await other.close()
  })
})
