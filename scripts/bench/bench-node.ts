/** A node as `createNode` makes it, on a real LevelDB with synced batches, but with an executor that does nothing. */
import { hash, randomBytes } from 'node:crypto'
import { openArtifactStore } from '../../src/adapters/files/artifact-store.ts'
import { levelSource } from '../../src/adapters/level/database.ts'
import { createFactStore } from '../../src/adapters/level/fact-store.ts'
import { MESH_SETTINGS, NODE_SETTINGS } from '../../src/core/settings.ts'
import type { MeshNode } from '../../src/node/api.ts'
import { startNode } from '../../src/node/mesh-node.ts'
import type { Log } from '../../src/node/ports.ts'
import { systemClock } from '../../src/node/system-clock.ts'
import { createNoopExecutor } from '../../test/support/noop-executor.ts'

const log: Log = {
  info: () => undefined,
  warn: (fields, message) => console.error(message, fields),
  error: (fields, message) => console.error(message, fields),
}

/** `places` attempts run at a time; 0: nothing runs. */
export async function startBenchNode(data: string, places: number): Promise<MeshNode> {
  const sha256 = (bytes: Uint8Array) => hash('sha256', bytes, 'hex')
  return startNode({
    id: 'bench-node',
    name: 'bench',
    version: '0',
    boot: randomBytes(8).toString('hex'),
    meshId: '0011223344556677',
    settings: MESH_SETTINGS,
    nodeSettings: { ...NODE_SETTINGS, profiles: { noop: { places, timeoutMs: 60_000 } } },
    sha256,
    store: createFactStore({ source: levelSource(`${data}/store`, log), sha256, log }),
    artifacts: openArtifactStore({ directory: data }),
    performers: new Map([['noop', { executor: createNoopExecutor(), defaults: {} }]]),
    stamp: async () => undefined,
    clock: systemClock,
    log,
    diskFreeBytes: async () => null,
    close: async () => undefined,
  })
}

/** Resolves once the batch has no open task; looks every 10 ms. */
export async function untilDone(node: MeshNode, batch: string): Promise<void> {
  for (;;) {
    const { total, completed, failed, cancelled } = node.batch(batch)
    if (total > 0 && completed + failed + cancelled === total) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
