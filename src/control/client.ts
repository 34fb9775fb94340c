/** Speaks to a running node through its control API; the methods are those of MeshNode, answered over HTTP. */
import { readFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { MeshError } from '../core/errors.ts'
import type {
  BatchView,
  PromptRow,
  SeedProgress,
  SeedRequest,
  StatusView,
  TaskDetail,
  TaskPage,
  TaskQuery,
  WhyView,
} from '../node/api.ts'
import { processExists, readApiFile } from './api-file.ts'
import { callJson, callStream, type Endpoint, sendRows } from './http-client.ts'
import { CHANGED_TASKS_MAX, type RowsAnswer } from './protocol.ts'

/** Which node to speak to: that of a data directory, or one at an address. */
export type NodeAddress = { readonly data: string } | { readonly node: string; readonly tokenFile: string }

/** How a batch may be changed. */
export interface BatchChange {
  readonly paused?: boolean
  readonly cancelled?: boolean
  readonly priority?: number
}

export interface ControlClient {
  readonly url: string
  /** The process of the node; undefined where only its address is known. */
  readonly pid: number | undefined
  status(): Promise<StatusView>
  /** @throws MESH_BATCH_UNKNOWN */
  batch(name: string): Promise<BatchView>
  setBatch(name: string, change: BatchChange, options?: { stopRunning?: boolean }): Promise<void>
  deleteBatch(name: string): Promise<void>
  changeTasks(
    name: string,
    change: 'cancel' | 'retry',
    tasks: readonly string[] | 'all',
    options?: { stopRunning?: boolean },
  ): Promise<number>
  /** Sends rows as fast as the node syncs them, and tells what it has acknowledged. @throws what the node refuses with, or what `rows` throws */
  seed(
    request: SeedRequest,
    rows: AsyncIterable<readonly PromptRow[]>,
    onProgress?: (progress: SeedProgress) => void,
  ): Promise<RowsAnswer>
  tasks(name: string, query?: TaskQuery): Promise<TaskPage>
  task(name: string, ref: string): Promise<TaskDetail>
  why(name: string, ref: string): Promise<WhyView>
  /** The bytes of an artifact, or undefined where the node does not hold it. */
  artifact(sha256: string): Promise<Readable | undefined>
  /** Asks the node to stop; answers when it has heard, not when it has stopped. */
  stop(graceMs?: number): Promise<void>
}

/**
 * Finds the node and reads its token; nothing is sent yet.
 * @throws MESH_NO_NODE no node runs there
 * @throws MESH_BAD_REQUEST the address or the token file cannot be used
 */
export async function connect(address: NodeAddress): Promise<ControlClient> {
  if ('node' in address) return makeClient(await namedEndpoint(address.node, address.tokenFile), undefined)
  const file = await readApiFile(address.data)
  // The file of a node that was killed stays behind; its port may be another node's by now.
  if (file !== undefined && processExists(file.pid)) return makeClient(file, file.pid)
  const remedy = `start one with \`promptmesh up --data ${address.data}\``
  throw new MeshError('MESH_NO_NODE', `no node runs in ${address.data}; ${remedy}`)
}

async function namedEndpoint(node: string, tokenFile: string): Promise<Endpoint> {
  const url = URL.canParse(node) ? new URL(node) : undefined
  if (url?.protocol !== 'http:') {
    throw new MeshError('MESH_BAD_REQUEST', `--node ${node} is not an address such as http://127.0.0.1:7170`)
  }
  try {
    const text = (await readFile(tokenFile, 'utf8')).trim()
    // An api.json serves as well as a file that holds nothing but the token.
    const token = text.startsWith('{') ? (JSON.parse(text) as { readonly token?: unknown }).token : text
    if (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)) return { url: url.origin, token }
  } catch (cause) {
    throw new MeshError('MESH_BAD_REQUEST', `the token file ${tokenFile} cannot be read (${describe(cause)})`, {
      cause,
    })
  }
  throw new MeshError('MESH_BAD_REQUEST', `the token file ${tokenFile} holds no token`)
}

function describe(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'it is not JSON'
}

function makeClient(endpoint: Endpoint, pid: number | undefined): ControlClient {
  const get = <T>(path: string): Promise<T> => callJson(endpoint, 'GET', path) as Promise<T>
  const post = <T>(path: string, body: unknown): Promise<T> => callJson(endpoint, 'POST', path, body) as Promise<T>
  const changeTasks: ControlClient['changeTasks'] = async (name, change, tasks, options) => {
    let changed = 0
    for (const some of tasks === 'all' ? [tasks] : chunksOf(tasks, CHANGED_TASKS_MAX)) {
      const body = { change, tasks: some, ...options }
      changed += (await post<{ changed: number }>(`${batchPath(name)}/tasks`, body)).changed
    }
    return changed
  }
  return {
    url: endpoint.url,
    pid,
    status: async () => get('/api/status'),
    batch: async (name) => get(batchPath(name)),
    setBatch: async (name, change, options) => {
      await post(batchPath(name), { ...change, ...options })
    },
    deleteBatch: async (name) => {
      await callJson(endpoint, 'DELETE', batchPath(name))
    },
    changeTasks,
    seed: async (request, rows, onProgress = () => undefined) => {
      const { batch, ...settings } = request
      const path = `${batchPath(batch)}/rows?${query(settings)}`
      return await sendRows(endpoint, path, rowLines(rows), onProgress)
    },
    tasks: async (name, { states, cursor, limit } = {}) =>
      get(`${batchPath(name)}/tasks?${query({ state: states?.join(','), cursor, limit })}`),
    task: async (name, ref) => get(taskPath(name, ref)),
    why: async (name, ref) => get(`${taskPath(name, ref)}/why`),
    artifact: async (sha256) => callStream(endpoint, `/api/artifacts/${encodeURIComponent(sha256)}`),
    stop: async (graceMs) => {
      await post('/api/stop', graceMs === undefined ? {} : { graceMs })
    },
  }
}

async function* rowLines(rows: AsyncIterable<readonly PromptRow[]>): AsyncGenerator<string> {
  for await (const chunk of rows) {
    const lines = chunk.map(({ prompt, params }) => `${JSON.stringify({ prompt, params })}\n`)
    if (lines.length > 0) yield lines.join('')
  }
}

function batchPath(name: string): string {
  return `/api/batches/${encodeSegment(name)}`
}

function taskPath(name: string, ref: string): string {
  return `${batchPath(name)}/tasks/${encodeSegment(ref)}`
}

/** A dot segment would be resolved away by whoever parses the URL, encoded or not. */
function encodeSegment(text: string): string {
  if (text === '' || text === '.' || text === '..') {
    throw new MeshError('MESH_BAD_REQUEST', `"${text}" names nothing; \`promptmesh batches\` lists what there is`)
  }
  return encodeURIComponent(text.toWellFormed())
}

function query(values: { readonly [name: string]: string | number | undefined }): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) parameters.set(name, String(value))
  }
  return parameters.toString()
}

function* chunksOf<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size)
}
