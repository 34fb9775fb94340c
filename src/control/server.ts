/** Serves a node's control API on loopback, behind a token that only the user of the data directory can read. */
import { randomBytes } from 'node:crypto'
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { MeshError } from '../core/errors.ts'
import type { MeshNode } from '../node/api.ts'
import type { Log } from '../node/ports.ts'
import { removeApiFile, writeApiFile } from './api-file.ts'
import { addressesOf, refuse, refuseToken } from './guard.ts'
import { describeFailure, errorBody } from './http-errors.ts'
import { addArtifactRoutes } from './routes-artifacts.ts'
import { addBatchRoutes } from './routes-batches.ts'
import { addNodeRoutes } from './routes-node.ts'
import { addRowRoutes } from './routes-rows.ts'
import { addTaskRoutes } from './routes-tasks.ts'

export interface ServerOptions {
  readonly node: MeshNode
  /** Where api.json is written. */
  readonly dataDir: string
  /** A loopback address. */
  readonly host: string
  readonly port: number
  /** Whether the port was asked for by name: then it must be this one, else the next free one does. */
  readonly portNamed: boolean
  readonly log: Log
  /** Called when a client asks the node to stop; the answer has been sent by then. */
  readonly onStop: (graceMs: number | undefined) => void
}

export interface ControlServer {
  readonly url: string
  readonly token: string
  /** Ends open requests, stops listening and removes api.json; idempotent. */
  close(): Promise<void>
}

/** Longest JSON body; lists of tasks are the longest. Raising it costs that much memory for each request. */
const BODY_BYTES_MAX = 1024 * 1024
/** How many ports after the first are tried. */
const PORTS_TRIED = 100
/** Routes that need no token: they say nothing about prompts. */
const OPEN_ROUTES = new Set(['/healthz'])

/**
 * Starts to serve and writes api.json.
 * @throws MESH_PORT_TAKEN the named port is in use, or no port near the usual one is free
 * @throws MESH_DATA_DIR api.json cannot be written
 */
export async function startControlServer(options: ServerOptions): Promise<ControlServer> {
  const token = randomBytes(32).toString('hex')
  const app = Fastify({
    bodyLimit: BODY_BYTES_MAX,
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 1024 },
    frameworkErrors: (error, _request, reply) => {
      const answer = reply as FastifyReply
      answer.code(400).send(errorBody('MESH_BAD_REQUEST', error.message))
    },
  })
  // JSON only: plain text is what pages of other origins can send without asking.
  app.removeContentTypeParser('text/plain')
  const addresses: string[] = []
  addGuard(app, token, addresses)
  addAnswers(app, options.log)
  addNodeRoutes(app, options)
  addBatchRoutes(app, options.node)
  addRowRoutes(app, options)
  addTaskRoutes(app, options.node)
  addArtifactRoutes(app, options.node)
  const port = await listen(app, options)
  addresses.push(...addressesOf(options.host, port))
  const url = `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`
  try {
    await writeApiFile(options.dataDir, { url, token, pid: process.pid, nodeId: options.node.id })
  } catch (error) {
    await app.close()
    throw error
  }
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    await app.close()
    await removeApiFile(options.dataDir, token)
  }
  return {
    url,
    token,
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

function addGuard(app: FastifyInstance, token: string, addresses: readonly string[]): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
    })
    const refusal =
      refuse(request.headers, addresses) ??
      (OPEN_ROUTES.has(request.routeOptions.url ?? '') ? undefined : refuseToken(request.headers, token))
    if (refusal === undefined) return
    // The body of a request that is refused is not read: the connection ends with the answer.
    return reply.header('connection', 'close').code(refusal.status).send(errorBody('MESH_NOT_ALLOWED', refusal.message))
  })
}

function addAnswers(app: FastifyInstance, log: Log): void {
  app.setNotFoundHandler((request, reply) =>
    reply
      .code(404)
      .send(errorBody('MESH_BAD_REQUEST', `there is no ${request.method} ${request.url.slice(0, 200)} here`)),
  )
  app.setErrorHandler((error, request, reply) => {
    const { status, body } = describeFailure(error)
    if (status === 500)
      log.error({ err: error, route: request.routeOptions.url }, 'a request of the control API failed')
    return reply.code(status).send(body)
  })
}

/** Listens on the port, or on the next free one where none was named. */
async function listen(app: FastifyInstance, { host, port, portNamed }: ServerOptions): Promise<number> {
  const last = portNamed ? port : Math.min(port + PORTS_TRIED, 65_535)
  await app.ready()
  for (let tried = port; tried <= last; tried += 1) {
    try {
      await app.listen({ host, port: tried })
      const address = app.server.address()
      return typeof address === 'object' && address !== null ? address.port : tried
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error
    }
  }
  await app.close()
  const which = portNamed ? `port ${port} of ${host} is` : `ports ${port} to ${last} of ${host} are`
  throw new MeshError('MESH_PORT_TAKEN', `${which} in use or not allowed: choose another with --web ${host}:PORT`)
}
