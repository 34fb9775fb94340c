/** Routes about the node itself: is it there, how does everything stand, stop. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { MeshNode } from '../node/api.ts'
import { parseInput } from './input.ts'

const stopSchema = z.strictObject({ graceMs: z.int().min(0).max(86_400_000).optional() }).prefault({})

export function addNodeRoutes(
  app: FastifyInstance,
  { node, onStop }: { readonly node: MeshNode; readonly onStop: (graceMs: number | undefined) => void },
): void {
  app.get('/healthz', () => ({ ok: true }))
  app.get('/api/status', () => node.status())
  app.post('/api/stop', async (request, reply) => {
    const { graceMs } = parseInput(stopSchema, request.body ?? undefined)
    // Stopping begins when the answer is out, so that the client hears of it whatever happens next.
    reply.raw.once('finish', () => onStop(graceMs))
    return reply.code(202).send({ stopping: true })
  })
}
