/** Says in one line why something in the output folder could not be written. */
import { MeshError } from '../core/errors.ts'

const REASONS: { readonly [code: string]: string } = {
  ENOENT: 'a part of the path is gone; run the same command again, it goes on where it stopped',
  EEXIST: 'there is a file of that name where a folder is needed; choose another folder or move it away',
  ENOTDIR: 'a part of the path is a file, not a folder; choose another folder',
  EISDIR: 'there is a folder of that name where a file is needed; move it away',
  ELOOP: 'symbolic links lead in a circle there; move them away',
  EACCES: 'no permission; change its permissions or choose another folder',
  EPERM: 'not permitted there; change its permissions or choose another folder',
  EROFS: 'the file system is read-only; choose another folder',
  ENOSPC: 'the disk is full; free some space and run the same command again, it goes on where it stopped',
  EDQUOT: 'your disk quota is used up; free some space and run the same command again, it goes on where it stopped',
  EMFILE: 'too many files are open; raise the limit (ulimit -n)',
  ENAMETOOLONG: 'the path is too long; choose another folder',
}

/** Runs an action of the file system on `path`. @throws MESH_OUTPUT in place of what the file system says */
export async function writing<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    throw outputError(path, error)
  }
}

/** What the file system says of `path`, as MESH_OUTPUT; other errors as they are. */
export function outputError(path: string, error: unknown): unknown {
  const code = error instanceof MeshError ? undefined : errnoOf(error)
  if (code === undefined) return error
  const why = REASONS[code] ?? `the file system says ${code}`
  return new MeshError('MESH_OUTPUT', `the output ${path} cannot be written: ${why}`, { cause: error })
}

/** The system's code of an error, such as ENOENT. */
export function errnoOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined
}
