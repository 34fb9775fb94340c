/** The route that seeds: rows stream in as fast as the node syncs them, and what was taken stays taken. */
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { MeshError } from '../core/errors.ts'
import { RowSink } from '../intake/rows.ts'
import type { MeshNode, PromptRow, SeedRequest } from '../node/api.ts'
import { batchPath, parseInput, wholeNumber } from './input.ts'
import { ROWS_TYPE, type RowsAnswer } from './protocol.ts'
import { readRows } from './row-stream.ts'

const querySchema = z.strictObject({
  profile: z.string().min(1).max(100),
  priority: wholeNumber(-1_000_000, 1_000_000).optional(),
  maxAttempts: wholeNumber(1, 1_000).optional(),
  timeoutMs: wholeNumber(1, 10_000 * 86_400_000).optional(),
})

export function addRowRoutes(app: FastifyInstance, node: MeshNode): void {
  // The stream itself is the body: nothing of it is kept, so no limit applies to the whole.
  app.addContentTypeParser(ROWS_TYPE, (_request, stream, done) => done(null, stream))
  app.post('/api/batches/:name/rows', async (request): Promise<RowsAnswer> => {
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
    const answer = await node.seed(seed, rowsOf(request.raw, sink))
    return { ...answer, read: sink.read, blank: sink.blankLines, bad: sink.bad }
  })
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
