/** A node over a database in memory, with nothing else of a machine: for tests of what stands between core and world. */
import { hash } from 'node:crypto'
import { MemoryLevel } from 'memory-level'
import type { DatabaseSource } from '../../src/adapters/level/database.ts'
import { createFactStore } from '../../src/adapters/level/fact-store.ts'
import { MESH_SETTINGS, NODE_SETTINGS } from '../../src/core/settings.ts'
import type { PromptRow } from '../../src/node/api.ts'
import type { NodeParts } from '../../src/node/mesh-node.ts'
import type { ArtifactStore, Clock, Executor, FactStore, Log } from '../../src/node/ports.ts'

const SILENT: Log = { info: () => undefined, warn: () => undefined, error: () => undefined }

const NO_FILES: ArtifactStore = {
  put: () => Promise.reject(new Error('no attempt of this test leaves a file')),
  find: async () => undefined,
  makeFolder: async () => '',
  removeFolder: async () => undefined,
}

export type MemoryDatabase = MemoryLevel<Uint8Array, Uint8Array>

export function memoryDatabase(): MemoryDatabase {
  return new MemoryLevel({ keyEncoding: 'view', valueEncoding: 'view' })
}

export function memoryStore(database: MemoryDatabase): FactStore {
  const source: DatabaseSource = {
    place: 'memory',
    open: async () => {
      await database.open()
      return { database, repaired: false }
    },
  }
  return createFactStore({ source, sha256, log: SILENT })
}

export interface LoneNode {
  readonly store: FactStore
  readonly executor: Executor
  readonly clock: Clock
}

/** The parts of a node that performs `draw` in two places. */
export function loneNodeParts({ store, executor, clock }: LoneNode): NodeParts {
  return {
    id: 'node-under-test',
    name: 'tester',
    version: '0',
    boot: Math.random().toString(16).slice(2).padEnd(16, '0').slice(0, 16),
    meshId: '0011223344556677',
    settings: MESH_SETTINGS,
    nodeSettings: { ...NODE_SETTINGS, profiles: { draw: { places: 2, timeoutMs: 900_000 } } },
    sha256,
    store,
    artifacts: NO_FILES,
    performers: new Map([['draw', { executor, defaults: {} }]]),
    stamp: async () => undefined,
    clock,
    log: SILENT,
    diskFreeBytes: async () => null,
    close: async () => undefined,
  }
}

export async function* rowsOf(prompts: readonly string[]): AsyncIterable<readonly PromptRow[]> {
  yield prompts.map((prompt) => ({ prompt, params: {} }))
}

function sha256(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex')
}

/** A clock that stands still until it is moved. */
export class StandingClock implements Clock {
  #nowMs = 0
  readonly #timers = new Set<{ readonly atMs: number; readonly callback: () => void }>()

  nowMs(): number {
    return this.#nowMs
  }

  at(atMs: number, callback: () => void): () => void {
    const timer = { atMs, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Calls back what is due in between, in its order. */
  advance(durationMs: number): void {
    const endMs = this.#nowMs + durationMs
    for (let next = this.#next(); next !== undefined && next.atMs <= endMs; next = this.#next()) {
      this.#timers.delete(next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.callback()
    }
    this.#nowMs = endMs
  }

  #next() {
    return [...this.#timers].sort((a, b) => a.atMs - b.atMs).at(0)
  }
}
