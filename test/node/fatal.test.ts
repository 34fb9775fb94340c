/** A node whose core says that it must not go on: its driver tells why, and carries out nothing more. */
import { hash } from 'node:crypto'
import { expect, test } from 'vitest'
import { encodeMessage } from '../../src/codec/messages.ts'
import { MeshError } from '../../src/core/errors.ts'
import { PROTOCOL, settingsHash } from '../../src/core/hello.ts'
import { MeshCore } from '../../src/core/mesh-core.ts'
import { MESH_SETTINGS, NODE_SETTINGS } from '../../src/core/settings.ts'
import { Driver } from '../../src/node/driver.ts'
import { memoryDatabase, memoryStore, StandingClock } from '../support/lone-node.ts'
import { hello } from '../support/sample-messages.ts'

const sha256 = (bytes: Uint8Array) => hash('sha256', bytes, 'hex')

test('a node whose identity lives twice fails with MESH_CLONED_ID, once', async () => {
  const store = memoryStore(memoryDatabase())
  await store.open()
  const failures: unknown[] = []
  const silent = () => undefined
  const driver = new Driver({
    core: new MeshCore({
      settings: MESH_SETTINGS,
      nodeSettings: NODE_SETTINGS,
      sha256,
      meshId: '0011223344556677',
      random: () => 0,
    }),
    store,
    clock: new StandingClock(),
    log: { info: silent, warn: silent, error: silent },
    execute: () => Promise.reject(new Error('nothing is executed here')),
    kill: silent,
    onReply: silent,
    onNotice: silent,
    onStopped: silent,
    onFailed: (error) => failures.push(error),
  })
  driver.post({ type: 'start', nodeId: 'node-a', boot: 'aa'.repeat(8), batches: [], tallies: [], promises: [] })
  driver.post({ type: 'connected', peer: 'node-b' })
  const greeting = { ...hello('b'), ...PROTOCOL, meshId: '0011223344556677' }
  const bytes = encodeMessage({ ...greeting, settingsHash: settingsHash(MESH_SETTINGS, sha256) })
  driver.post({ type: 'received', from: 'node-b', bytes })
  const refused = encodeMessage({ type: 'refused', why: 'cloned' })
  driver.post({ type: 'received', from: 'node-b', bytes: refused })
  driver.post({ type: 'received', from: 'node-b', bytes: refused })
  expect(failures).toHaveLength(1)
  const [error] = failures
  expect(error).toBeInstanceOf(MeshError)
  expect(error).toMatchObject({ code: 'MESH_CLONED_ID', message: expect.stringContaining('node-a') })
})
