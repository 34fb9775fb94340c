/** One request to a node's control API and its answer; over node:http, for fetch gives up on long seedings. */
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { ERROR_CODES, MeshError, type MeshErrorCode } from '../core/errors.ts'
import type { SeedProgress } from '../node/api.ts'
import { type ErrorBody, ROWS_TYPE, type RowsAnswer, type RowsLine } from './protocol.ts'

/** A node's API and what opens it. */
export interface Endpoint {
  readonly url: string
  readonly token: string
}

/** How long a node may be silent before it counts as gone; seeding and changes of many tasks have no limit. */
const SILENCE_MS = 30_000
/** Longest answer that is kept in memory: a page of tasks with their prompts. */
const ANSWER_BYTES_MAX = 256 * 1024 * 1024

/**
 * Asks and reads the answer as JSON.
 * @throws MESH_NO_NODE, or the error that the node answered with
 */
export async function callJson(
  endpoint: Endpoint,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<unknown> {
  const outgoing = open(endpoint, method, path, body === undefined ? undefined : 'application/json')
  if (method === 'GET') {
    outgoing.setTimeout(SILENCE_MS, () => outgoing.destroy(silent(endpoint)))
  }
  outgoing.end(body === undefined ? undefined : JSON.stringify(body))
  return readJson(await answerOf(outgoing, endpoint))
}

/** Asks for bytes; undefined where there are none of that name. @throws as callJson */
export async function callStream(endpoint: Endpoint, path: string): Promise<IncomingMessage | undefined> {
  const outgoing = open(endpoint, 'GET', path)
  outgoing.setTimeout(SILENCE_MS, () => outgoing.destroy(silent(endpoint)))
  outgoing.end()
  const answer = await answerOf(outgoing, endpoint)
  if (answer.statusCode === 200) return answer
  if (answer.statusCode !== 404) return (await readJson(answer)) as never
  answer.resume()
  return undefined
}

/** Sends rows piece by piece, as fast as the node takes them, and reads what it acknowledges. @throws as callJson, or what `pieces` throws */
export async function sendRows(
  endpoint: Endpoint,
  path: string,
  pieces: AsyncIterable<string>,
  onProgress: (progress: SeedProgress) => void,
): Promise<RowsAnswer> {
  const outgoing = open(endpoint, 'POST', path, ROWS_TYPE)
  outgoing.setHeader('accept', ROWS_TYPE)
  const result = answerOf(outgoing, endpoint).then((answer) => readRowsAnswer(answer, endpoint, onProgress))
  // A result or an error that comes before the end ends the sending.
  const over = result.then(
    () => true,
    () => true,
  )
  try {
    for await (const piece of pieces) {
      if (outgoing.destroyed) break
      if (!outgoing.write(piece) && (await Promise.race([over, drained(outgoing)]))) break
    }
  } catch (error) {
    outgoing.destroy()
    await over
    throw error
  }
  if (!outgoing.destroyed) outgoing.end()
  try {
    return await result
  } finally {
    outgoing.destroy()
  }
}

/** Lines of progress and the answer at their end; an answer without steps is plain JSON. */
async function readRowsAnswer(
  answer: IncomingMessage,
  endpoint: Endpoint,
  onProgress: (progress: SeedProgress) => void,
): Promise<RowsAnswer> {
  if (answer.headers['content-type'] !== ROWS_TYPE) return (await readJson(answer)) as RowsAnswer
  const unfinished = new Error('the answer has no end')
  try {
    let rest = ''
    for await (const text of answer.setEncoding('utf8') as AsyncIterable<string>) {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines.map((each) => JSON.parse(each) as RowsLine)) {
        if ('answer' in line) return line.answer
        if ('error' in line) throw errorOf(line, 200)
        onProgress(line.progress)
      }
    }
    throw unfinished
  } catch (error) {
    const broken = error === unfinished || (error instanceof Error && 'code' in error && error.code === 'ECONNRESET')
    throw broken ? unreachable(endpoint, error as Error) : error
  }
}

function drained(outgoing: ClientRequest): Promise<false> {
  return new Promise((resolve) => outgoing.once('drain', () => resolve(false)))
}

function open({ url, token }: Endpoint, method: string, path: string, type?: string): ClientRequest {
  const headers = { authorization: `Bearer ${token}`, ...(type !== undefined && { 'content-type': type }) }
  return request(new URL(path, url), { method, headers })
}

function answerOf(outgoing: ClientRequest, endpoint: Endpoint): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', resolve)
    outgoing.on('error', (cause) => reject(cause instanceof MeshError ? cause : unreachable(endpoint, cause)))
  })
}

function unreachable({ url }: Endpoint, cause: Error): MeshError {
  const reason = 'code' in cause ? String(cause.code) : cause.message
  return new MeshError('MESH_NO_NODE', `no node answers at ${url} (${reason}): is it still running?`, { cause })
}

function silent({ url }: Endpoint): MeshError {
  return new MeshError(
    'MESH_NO_NODE',
    `the node at ${url} has said nothing for ${SILENCE_MS / 1000} s: is it suspended?`,
  )
}

async function readJson(answer: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of answer as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > ANSWER_BYTES_MAX) throw new MeshError('MESH_NO_NODE', 'the answer is too long to come from a node')
    parts.push(part)
  }
  const text = Buffer.concat(parts).toString('utf8')
  const status = answer.statusCode ?? 0
  const value = parse(text)
  if (status >= 200 && status < 300 && value !== undefined) return value
  throw errorOf(value, status)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The error that the node answered with; a code that is unknown here becomes a plain error. */
function errorOf(value: unknown, status: number): Error {
  const { code, message } = (value as Partial<ErrorBody> | undefined)?.error ?? {}
  if (typeof code !== 'string' || typeof message !== 'string') {
    return new MeshError('MESH_NO_NODE', `what answers there is no promptmesh node (HTTP status ${status})`)
  }
  return Object.hasOwn(ERROR_CODES, code) ? new MeshError(code as MeshErrorCode, message) : new Error(message)
}
