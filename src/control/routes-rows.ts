/** The route that seeds: rows stream in as fast as the node syncs them, and what was taken stays taken. */
import type { IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import { MeshError } from '../core/errors.ts'
import { RowSink } from '../intake/rows.ts'
import type { MeshNode, PromptRow, SeedProgress, SeedRequest } from '../node/api.ts'
import type { Log } from '../node/ports.ts'
import { describeFailure } from './http-errors.ts'
import { batchPath, parseInput, wholeNumber } from './input.ts'
import { ROWS_TYPE, type RowsAnswer, type RowsLine } from './protocol.ts'
import { readRows } from './row-stream.ts'

const querySchema = z.strictObject({
  profile: z.string().min(1).max(100),
  priority: wholeNumber(-1_000_000, 1_000_000).optional(),
  maxAttempts: wholeNumber(1, 1_000).optional(),
  timeoutMs: wholeNumber(1, 10_000 * 86_400_000).optional(),
})

export function addRowRoutes(
  app: FastifyInstance,
  { node, log }: { readonly node: MeshNode; readonly log: Log },
): void {
  // The stream itself is the body: nothing of it is kept, so no limit applies to the whole.
  app.addContentTypeParser(ROWS_TYPE, (_request, stream, done) => done(null, stream))
  app.post('/api/batches/:name/rows', async (request, reply) => {
    const { name } = parseInput(batchPath, request.params)
    const { profile, priority, maxAttempts, timeoutMs } = parseInput(querySchema, request.query)
    if (request.headers['content-type']?.split(';')[0]?.trim() !== ROWS_TYPE) {
      throw new MeshError('MESH_BAD_REQUEST', `rows are sent as ${ROWS_TYPE}, one JSON object {prompt, params} a line`)
    }
    const seed: SeedRequest = {
      batch: name,
      profile,
      ...(priority !== undefined && { priority }),
      ...(maxAttempts !== undefined && { maxAttempts }),
      ...(timeoutMs !== undefined && { timeoutMs }),
    }
    const sink = new RowSink()
    const work: Work = async (onProgress) => {
      const answer = await node.seed(seed, rowsOf(request.raw, sink), onProgress)
      return { ...answer, read: sink.read, blank: sink.blankLines, bad: sink.bad }
    }
    return request.headers.accept === ROWS_TYPE ? await answerInLines(reply, work, log) : await work(() => undefined)
  })
}

type Work = (onProgress: (progress: SeedProgress) => void) => Promise<RowsAnswer>

/** Answers with a line at each step and one at the end; what fails before the first step is answered with its own status. */
async function answerInLines(reply: FastifyReply, work: Work, log: Log): Promise<FastifyReply> {
  const lines = new PassThrough()
  const begun = Promise.withResolvers<void>()
  const write = (line: RowsLine): void => void lines.write(`${JSON.stringify(line)}\n`)
  const working = work((progress) => {
    write({ progress })
    begun.resolve()
  })
  await Promise.race([begun.promise, working])
  void working
    .then(
      (answer) => write({ answer }),
      (error: unknown) => {
        const { status, body } = describeFailure(error)
        if (status === 500) log.error({ err: error }, 'a seeding over the control API failed')
        write(body)
      },
    )
    .finally(() => lines.end())
  return reply.type(ROWS_TYPE).send(lines)
}

/** A client that goes away ends its request, not the node. */
async function* rowsOf(body: IncomingMessage, sink: RowSink): AsyncGenerator<readonly PromptRow[]> {
  try {
    // Where seeding fails, the rest of the body is left to the server, for destroying it would take the answer along.
    yield* readRows(body.iterator({ destroyOnReturn: false }), sink)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ECONNRESET') throw cause
    throw new MeshError('MESH_BAD_REQUEST', `the client went away after ${sink.read} rows; those taken stay`, { cause })
  }
}
