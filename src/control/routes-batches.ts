/** Routes about batches: list, look at one, pause, cancel, set its priority, delete. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { MeshNode } from '../node/api.ts'
import { batchPath, parseInput } from './input.ts'

const PRIORITY_MAX = 1_000_000

const changeSchema = z.strictObject({
  paused: z.boolean().optional(),
  cancelled: z.boolean().optional(),
  priority: z.int().min(-PRIORITY_MAX).max(PRIORITY_MAX).optional(),
  stopRunning: z.boolean().optional(),
})

export function addBatchRoutes(app: FastifyInstance, node: MeshNode): void {
  app.get('/api/batches', async () => ({ batches: (await node.status()).batches }))
  app.get('/api/batches/:name', (request) => node.batch(parseInput(batchPath, request.params).name))
  app.post('/api/batches/:name', async (request) => {
    const { name } = parseInput(batchPath, request.params)
    const { paused, cancelled, priority, stopRunning } = parseInput(changeSchema, request.body)
    const change = {
      ...(paused !== undefined && { paused }),
      ...(cancelled !== undefined && { cancelled }),
      ...(priority !== undefined && { priority }),
    }
    await node.setBatch(name, change, { stopRunning: stopRunning === true })
    return node.batch(name)
  })
  app.delete('/api/batches/:name', async (request) => {
    await node.deleteBatch(parseInput(batchPath, request.params).name)
    return {}
  })
}
