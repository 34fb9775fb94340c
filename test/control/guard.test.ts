/** Who is let in: the token, the Host and the Origin of a request. */
import { stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readApiFile } from '../../src/control/api-file.ts'
import { startControlServer } from '../../src/control/server.ts'
import { ask, QUIET, type Served, serve } from './harness.ts'

let served: Served
let token: string
let address: string

beforeAll(async () => {
  served = await serve()
  token = `Bearer ${served.server.token}`
  address = new URL(served.server.url).host
})
afterAll(() => served.close())

describe('a request to the control API', () => {
  test('is answered with the token', async () => {
    const answer = await ask(served.server.url, '/api/status', { headers: { authorization: token } })
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body)).toMatchObject({ schema: 'promptmesh.status/1', asked: 'tester' })
  })

  test.each([
    ['no token', {}],
    ['an empty one', { authorization: 'Bearer ' }],
    ['a wrong one', { authorization: `Bearer ${'0'.repeat(64)}` }],
    ['a longer one', { authorization: `Bearer ${'0'.repeat(64)}1` }],
    ['another scheme', { authorization: `Basic ${'0'.repeat(64)}` }],
  ])('is refused with 401 and tells nothing with %s', async (_, headers) => {
    for (const path of ['/api/status', '/api/batches/x', '/nowhere', `/api/artifacts/${'0'.repeat(64)}`]) {
      const answer = await ask(served.server.url, path, { headers })
      expect(answer.status).toBe(401)
      expect(JSON.parse(answer.body)).toMatchObject({ error: { code: 'MESH_NOT_ALLOWED' } })
      expect(answer.body).not.toContain(served.server.token)
    }
  })

  test.each(['evil.example', 'evil.example:7170', '127.0.0.1', '127.0.0.1:1', '127.0.0.1.evil.example:7170'])(
    'is refused with 403 where its Host is %j, whatever token it brings',
    async (host) => {
      for (const path of ['/api/status', '/healthz']) {
        const answer = await ask(served.server.url, path, { headers: { host, authorization: token } })
        expect(answer.status).toBe(403)
      }
    },
  )

  test.each(['127.0.0.1', 'localhost', '[::1]', 'LOCALHOST'])('passes with %s as Host', async (name) => {
    const host = `${name}:${new URL(served.server.url).port}`
    expect((await ask(served.server.url, '/api/status', { headers: { host, authorization: token } })).status).toBe(200)
  })

  test.each(['http://evil.example', 'null', 'https://127.0.0.1', 'file://'])(
    'is refused with 403 from a page of %s',
    async (origin) => {
      const answer = await ask(served.server.url, '/api/status', { headers: { origin, authorization: token } })
      expect(answer.status).toBe(403)
      expect(answer.headers['access-control-allow-origin']).toBeUndefined()
    },
  )

  test('passes from a page of our own', async () => {
    const headers = { origin: `http://${address}`, authorization: token }
    const answer = await ask(served.server.url, '/api/status', { headers })
    expect(answer.status).toBe(200)
    expect(answer.headers['access-control-allow-origin']).toBeUndefined()
  })

  test('is refused as a preflight', async () => {
    const headers = { origin: 'http://evil.example', 'access-control-request-method': 'POST' }
    const answer = await ask(served.server.url, '/api/stop', { method: 'OPTIONS', headers })
    expect(answer.status).toBe(403)
  })

  test('needs no token at /healthz, which says nothing else', async () => {
    const answer = await ask(served.server.url, '/healthz')
    expect(answer).toMatchObject({ status: 200, body: '{"ok":true}' })
  })

  test('is answered with headers that keep browsers from guessing, framing and keeping it', async () => {
    const { headers } = await ask(served.server.url, '/healthz')
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' })
    expect(headers['content-security-policy']).toContain("default-src 'none'")
  })
})

describe('what a request brings', () => {
  const post = (path: string, body: string, type = 'application/json') =>
    ask(served.server.url, path, { method: 'POST', body, headers: { authorization: token, 'content-type': type } })

  test.each([
    ['a form', 'paused=true', 'application/x-www-form-urlencoded', 415],
    ['plain text', '{"paused":true}', 'text/plain', 415],
    ['half a JSON', '{"paused":', 'application/json', 400],
    ['an unknown key', '{"pausd":true}', 'application/json', 400],
    ['a wrong type', '{"paused":"yes"}', 'application/json', 400],
    ['a prototype', '{"__proto__":{"paused":true}}', 'application/json', 400],
    ['a constructor', '{"constructor":{"prototype":{"paused":true}}}', 'application/json', 400],
    ['too much', JSON.stringify({ paused: 'x'.repeat(2 * 1024 * 1024) }), 'application/json', 413],
  ])('is refused where it is %s', async (_, body, type, status) => {
    const answer = await post('/api/batches/any', body, type)
    expect(answer.status).toBe(status)
    expect(JSON.parse(answer.body)).toMatchObject({ error: { code: 'MESH_BAD_REQUEST' } })
    expect(({} as { paused?: boolean }).paused).toBeUndefined()
  })

  test.each([
    '/api/artifacts/../../node.key',
    '/api/artifacts/..%2f..%2fnode.key',
    '/api/artifacts/%2e%2e%2fapi.json',
    `/api/artifacts/${'A'.repeat(64)}`,
    `/api/artifacts/${'0'.repeat(64)}`,
    '/api/batches/%00',
    '/api/batches/..%2f..%2fetc',
    '/api/batches/%',
    '/api/batches/x/tasks?limit=0',
    '/api/batches/x/tasks?limit=1e3',
    '/api/batches/x/tasks?state=constructor',
    '/api/batches/x/tasks?unknown=1',
    '/api/nowhere',
  ])('%s reaches no file and no batch', async (path) => {
    const answer = await ask(served.server.url, path, { headers: { authorization: token } })
    expect([400, 404, 414]).toContain(answer.status)
    expect(JSON.parse(answer.body)).toMatchObject({ error: { message: expect.any(String) } })
    expect(answer.body).not.toContain(served.server.token)
  })
})

test('a name of any length reaches no batch', async () => {
  const path = `/api/batches/${'x'.repeat(2_000)}`
  const answer = await ask(served.server.url, path, { headers: { authorization: token } })
  expect(answer.status).toBe(400)
})

describe('api.json', () => {
  test('names address, token, process and node, for its user alone', async () => {
    expect(await readApiFile(served.dir)).toEqual({
      url: served.server.url,
      token: served.server.token,
      pid: process.pid,
      nodeId: served.node.id,
    })
    expect((await stat(join(served.dir, 'api.json'))).mode & 0o777).toBe(0o600)
    expect(served.server.token).toMatch(/^[0-9a-f]{64}$/)
  })

  test('is gone when the server has closed, and a server that takes its place is left alone', async () => {
    const own = await serve()
    const first = await readApiFile(own.dir)
    const options = {
      node: own.node,
      dataDir: own.dir,
      host: '127.0.0.1',
      port: 0,
      portNamed: true,
      log: QUIET,
      onStop: () => undefined,
    }
    const second = await startControlServer(options)
    await own.server.close()
    expect((await readApiFile(own.dir))?.token).toBe(second.token)
    expect(first?.token).not.toBe(second.token)
    await second.close()
    await second.close()
    expect(await readApiFile(own.dir)).toBeUndefined()
    await own.close()
  })
})

describe('a port that is taken', () => {
  test('is an error where it was named, and passed over where not', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as { port: number }
    const options = {
      node: served.node,
      dataDir: served.dir,
      host: '127.0.0.1',
      port,
      log: QUIET,
      onStop: () => undefined,
    }
    await expect(startControlServer({ ...options, portNamed: true })).rejects.toMatchObject({
      code: 'MESH_PORT_TAKEN',
      message: expect.stringContaining(`port ${port} of 127.0.0.1`),
    })
    const moved = await startControlServer({ ...options, portNamed: false })
    expect(Number(new URL(moved.url).port)).toBeGreaterThan(port)
    await moved.close()
    other.close()
  })
})
