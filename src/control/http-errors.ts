/** Gives every error its HTTP status, and the body that the client turns back into the same error. */
import { MeshError, type MeshErrorCode } from '../core/errors.ts'
import type { ErrorBody } from './protocol.ts'

/** The code of a defect of the node itself; what it was stands in the node's log only. */
const INTERNAL = 'INTERNAL'

const STATUS: { readonly [K in MeshErrorCode]?: number } = {
  MESH_BAD_REQUEST: 400,
  MESH_BATCH_NAME: 400,
  MESH_INPUT: 400,
  MESH_NOT_ALLOWED: 403,
  MESH_BATCH_UNKNOWN: 404,
  MESH_TASK_UNKNOWN: 404,
  MESH_TIMEOUT: 408,
  MESH_CANNOT_RUN: 409,
  MESH_PROFILE_UNKNOWN: 422,
  MESH_BUSY: 429,
  MESH_STOPPING: 503,
  MESH_DISK_FULL: 507,
}

/** Status and body for an error that a handler threw. */
export function describeFailure(error: unknown): { status: number; body: ErrorBody } {
  if (error instanceof MeshError)
    return { status: STATUS[error.code] ?? 500, body: errorBody(error.code, error.message) }
  const status = clientFault(error)
  if (status !== undefined) return { status, body: errorBody('MESH_BAD_REQUEST', (error as Error).message) }
  return { status: 500, body: errorBody(INTERNAL, 'the node met an error of its own; its log says more') }
}

export function errorBody(code: MeshErrorCode | typeof INTERNAL, message: string): ErrorBody {
  return { error: { code, message } }
}

/** Fastify's own refusals (body too long, not JSON, wrong media type) carry a status of the 400s. */
function clientFault(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined
  const status = error.statusCode
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined
}
