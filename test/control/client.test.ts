/** How a client finds its node, and what it says where there is none. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ApiFile, processExists, readApiFile, writeApiFile } from '../../src/control/api-file.ts'
import { connect } from '../../src/control/client.ts'
import { type Served, serve } from './harness.ts'

let served: Served
let dir: string

beforeAll(async () => {
  served = await serve()
  dir = await mkdtemp(join(tmpdir(), 'promptmesh-client-'))
})
afterAll(async () => {
  await served.close()
  await rm(dir, { recursive: true, force: true })
})

const file = (changes: Partial<ApiFile> = {}): ApiFile => ({
  url: served.server.url,
  token: served.server.token,
  pid: process.pid,
  nodeId: 'any',
  ...changes,
})

/** The id of a process that has just ended. */
async function endedPid(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
  await once(child, 'exit')
  return child.pid ?? 0
}

const noNode = (part: string) => ({ code: 'MESH_NO_NODE', message: expect.stringContaining(part) })

describe('a client', () => {
  test('finds the node of a data directory', async () => {
    const client = await connect({ data: served.dir })
    expect(client).toMatchObject({ url: served.server.url, pid: process.pid })
    expect((await client.status()).asked).toBe('tester')
  })

  test('finds a node by its address, with a file of its token or its api.json', async () => {
    const tokenFile = join(dir, 'token')
    await writeFile(tokenFile, `${served.server.token}\n`)
    for (const path of [tokenFile, join(served.dir, 'api.json')]) {
      const client = await connect({ node: served.server.url, tokenFile: path })
      expect((await client.status()).asked).toBe('tester')
      expect(client.pid).toBeUndefined()
    }
  })

  test('says how to start a node where none runs', async () => {
    const empty = join(dir, 'empty')
    await expect(connect({ data: empty })).rejects.toMatchObject(
      noNode(`no node runs in ${empty}; start one with \`promptmesh up --data ${empty}\``),
    )
  })

  test('believes no api.json whose process is gone, even where its port is served again', async () => {
    const pid = await endedPid()
    expect(processExists(pid)).toBe(false)
    await writeApiFile(dir, file({ pid }))
    await expect(connect({ data: dir })).rejects.toMatchObject(noNode('no node runs in'))
  })

  test('says where nothing listens, where the token is wrong, and where something else answers', async () => {
    const other = createServer((_, answer) => answer.end('<html>'))
    other.listen(0, '127.0.0.1')
    await once(other, 'listening')
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
    await writeApiFile(dir, file({ url }))
    await expect((await connect({ data: dir })).status()).rejects.toMatchObject(noNode('no promptmesh node'))
    other.close()
    await once(other, 'close')
    await expect((await connect({ data: dir })).status()).rejects.toMatchObject(noNode(`no node answers at ${url}`))
    await writeApiFile(dir, file({ token: 'wrong' }))
    await expect((await connect({ data: dir })).status()).rejects.toMatchObject({ code: 'MESH_NOT_ALLOWED' })
  })

  test.each(['', '{', '[]', '{"url":7}', '{"url":"http://127.0.0.1:1","token":"t","nodeId":"n","pid":"1"}'])(
    'says what to do with a damaged api.json: %s',
    async (text) => {
      await writeFile(join(dir, 'api.json'), text)
      await expect(connect({ data: dir })).rejects.toMatchObject({ code: 'MESH_DATA_DIR' })
    },
  )

  test.each([
    ['an address that is none', 'nowhere', 'token'],
    ['another protocol', 'ftp://127.0.0.1', 'token'],
    ['a token file that is not there', 'http://127.0.0.1:1', 'no-such-file'],
  ])('refuses %s', async (_, node, name) => {
    await writeFile(join(dir, 'token'), 'secret')
    await expect(connect({ node, tokenFile: join(dir, name) })).rejects.toMatchObject({ code: 'MESH_BAD_REQUEST' })
  })

  test('refuses an empty token file', async () => {
    await writeFile(join(dir, 'token'), '\n')
    const promise = connect({ node: 'http://127.0.0.1:1', tokenFile: join(dir, 'token') })
    await expect(promise).rejects.toMatchObject({
      code: 'MESH_BAD_REQUEST',
      message: expect.stringContaining('holds no token'),
    })
  })
})

describe('api.json', () => {
  test('is read back as it was written, and replaces what a killed process left', async () => {
    await writeFile(join(dir, `api.json.${process.pid}.tmp`), 'left', { mode: 0o644 })
    await writeApiFile(dir, file({ nodeId: 'n' }))
    expect(await readApiFile(dir)).toEqual(file({ nodeId: 'n' }))
  })

  test('in a place that cannot be written says so', async () => {
    await expect(writeApiFile(join(dir, 'not', 'there'), file())).rejects.toMatchObject({
      code: 'MESH_DATA_DIR',
      message: expect.stringContaining('ENOENT'),
    })
  })
})
