/** A real node with its control API in a temporary directory, and raw requests to it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ControlClient, connect } from '../../src/control/client.ts'
import { type ControlServer, startControlServer } from '../../src/control/server.ts'
import { createNode } from '../../src/create-node.ts'
import type { MeshNode, PromptRow } from '../../src/node/api.ts'
import type { Log } from '../../src/node/ports.ts'

export const QUIET: Log = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** Echoes the prompt; fails at once; hangs; leaves a page that calls itself a picture; draws. Each has places of its own. */
const PROFILES = {
  echo: { executor: 'command', command: ['cat'], places: 2 },
  broken: { executor: 'command', command: ['false'], places: 2 },
  stuck: { executor: 'command', command: ['sleep', '600'], places: 1 },
  page: { executor: 'command', command: ['sh', '-c', 'cat > "$PROMPTMESH_OUT/page.png"'], places: 1 },
  sketch: { executor: 'sketch', places: 1 },
}

export interface Served {
  readonly dir: string
  readonly node: MeshNode
  readonly server: ControlServer
  readonly client: ControlClient
  /** Graces that clients asked to stop with. */
  readonly stops: (number | undefined)[]
  close(): Promise<void>
}

export async function serve(): Promise<Served> {
  const dir = await mkdtemp(join(tmpdir(), 'promptmesh-control-'))
  const node = await createNode({ data: dir, name: 'tester', profiles: PROFILES })
  const stops: (number | undefined)[] = []
  const onStop = (graceMs: number | undefined): void => void stops.push(graceMs)
  const port = 20_000 + (process.pid % 20_000)
  const server = await startControlServer({
    node,
    dataDir: dir,
    host: '127.0.0.1',
    port,
    portNamed: false,
    log: QUIET,
    onStop,
  })
  const client = await connect({ data: dir })
  const close = async (): Promise<void> => {
    await node.stop({ graceMs: 0 })
    await server.close()
    await rm(dir, { recursive: true, force: true })
  }
  return { dir, node, server, client, stops, close }
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Ask {
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string
}

/** A request as it is written: nothing is added, encoded or followed. */
export function ask(url: string, path: string, { method = 'GET', headers = {}, body }: Ask = {}): Promise<Answer> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, path, method, headers, agent: false }, (answer) => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => parts.push(part))
      answer.on('error', reject)
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: Buffer.concat(parts).toString('latin1'),
        }),
      )
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** Rows of these prompts, in chunks of `size`. */
export async function* rowsOf(prompts: readonly string[], size = 1_000): AsyncGenerator<PromptRow[]> {
  for (let at = 0; at < prompts.length; at += size) {
    yield prompts.slice(at, at + size).map((prompt) => ({ prompt, params: {} }))
  }
}

/** Resolves when so many tasks of the batch have ended. */
export function ended(node: MeshNode, batch: string, count: number): Promise<void> {
  return new Promise((resolve) => {
    const release = node.onTaskEnded(() => {
      const { completed, failed, cancelled } = node.batch(batch)
      if (completed + failed + cancelled < count) return
      release()
      resolve()
    })
  })
}
