/** Routes about tasks: pages of a batch, one with its attempts, why it waits, cancel and retry. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { MeshNode } from '../node/api.ts'
import { batchPath, parseInput, taskPath, wholeNumber } from './input.ts'
import { CHANGED_TASKS_MAX, PAGE_TASKS_MAX } from './protocol.ts'

const STATES = ['WAITING', 'SCHEDULED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const

const pageSchema = z.strictObject({
  state: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(STATES)).min(1).max(STATES.length))
    .optional(),
  cursor: z.string().max(400).optional(),
  limit: wholeNumber(1, PAGE_TASKS_MAX).optional(),
})

const changeSchema = z.strictObject({
  change: z.enum(['cancel', 'retry']),
  tasks: z.union([z.literal('all'), z.array(z.string().min(1).max(64)).min(1).max(CHANGED_TASKS_MAX)]),
  stopRunning: z.boolean().optional(),
})

export function addTaskRoutes(app: FastifyInstance, node: MeshNode): void {
  app.get('/api/batches/:name/tasks', (request) => {
    const { state, cursor, limit } = parseInput(pageSchema, request.query)
    return node.tasks(parseInput(batchPath, request.params).name, {
      ...(state !== undefined && { states: state }),
      ...(cursor !== undefined && { cursor }),
      ...(limit !== undefined && { limit }),
    })
  })
  app.get('/api/batches/:name/tasks/:ref', (request) => {
    const { name, ref } = parseInput(taskPath, request.params)
    return node.task(name, ref)
  })
  app.get('/api/batches/:name/tasks/:ref/why', (request) => {
    const { name, ref } = parseInput(taskPath, request.params)
    return node.why(name, ref)
  })
  app.post('/api/batches/:name/tasks', async (request) => {
    const { name } = parseInput(batchPath, request.params)
    const { change, tasks, stopRunning } = parseInput(changeSchema, request.body)
    return { changed: await node.changeTasks(name, change, tasks, { stopRunning: stopRunning === true }) }
  })
}
