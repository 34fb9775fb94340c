/** Storage failures as the errors that a caller can act on. */
import { MeshError } from '../../core/errors.ts'

const NO_SPACE = /No space left on device|Disk quota exceeded|ENOSPC|EDQUOT/

/** The failure as MESH_DISK_FULL or MESH_STORAGE; a MeshError stays as it is. `what` begins the message: 'facts cannot be written to /x'. */
export function storageError(error: unknown, what: string): MeshError {
  if (error instanceof MeshError) return error
  const reason = reasonOf(error)
  if (NO_SPACE.test(reason)) {
    return new MeshError(
      'MESH_DISK_FULL',
      `${what}: the disk is full; free some space (a node that runs goes on by itself)`,
      {
        cause: error,
      },
    )
  }
  const advice = 'check the disk and the permissions, then start again'
  return new MeshError('MESH_STORAGE', `${what}: ${reason}; ${advice}`, { cause: error })
}

/** The innermost message: the database wraps what the operating system said. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message
}
