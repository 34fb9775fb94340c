/** The route that streams an artifact; only bytes that really are a picture are shown inside a page. */
import { type FileHandle, open } from 'node:fs/promises'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { MeshNode } from '../node/api.ts'
import { errorBody } from './http-errors.ts'
import { parseInput } from './input.ts'

const artifactPath = z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits') })

export function addArtifactRoutes(app: FastifyInstance, node: MeshNode): void {
  app.get('/api/artifacts/:sha256', async (request, reply) => {
    const { sha256 } = parseInput(artifactPath, request.params)
    const path = await node.artifactPath(sha256)
    if (path === undefined) {
      return reply.code(404).send(errorBody('MESH_BAD_REQUEST', `this node holds no artifact ${sha256}`))
    }
    const file = await open(path)
    try {
      const [{ size }, image] = await Promise.all([file.stat(), imageType(file)])
      reply.header('content-length', size)
      reply.header('content-type', image === undefined ? 'application/octet-stream' : `image/${image}`)
      const how = image === undefined ? 'attachment' : 'inline'
      reply.header('content-disposition', `${how}; filename="${sha256}${image === undefined ? '' : `.${image}`}"`)
      // A name that is a hash of the content never comes to mean other bytes.
      reply.header('cache-control', 'private, max-age=31536000, immutable')
    } catch (error) {
      await file.close()
      throw error
    }
    return reply.send(file.createReadStream({ start: 0 }))
  })
}

/** What the first bytes say that it is; the name and the type that an executor gave are not believed. */
async function imageType(file: FileHandle): Promise<'png' | 'jpeg' | 'webp' | undefined> {
  const { buffer } = await file.read(Buffer.alloc(12), 0, 12, 0)
  if (buffer.subarray(0, 8).equals(PNG)) return 'png'
  if (buffer.subarray(0, 3).equals(JPEG)) return 'jpeg'
  return buffer.toString('latin1', 0, 4) === 'RIFF' && buffer.toString('latin1', 8, 12) === 'WEBP' ? 'webp' : undefined
}

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const JPEG = Buffer.from([0xff, 0xd8, 0xff])
