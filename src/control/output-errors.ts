/** Says in one line why something in the output folder could not be written. */
import { MeshError } from '../core/errors.ts'

const REASONS: { readonly [code: string]: string } = {
  ENOENT: 'a part of the path is gone; run the same command again, it goes on where it stopped',
  EEXIST: 'there is a file of that name where a folder is needed; choose another folder or move it away',
  ENOTDIR: 'a part of the path is a file, not a folder; choose another folder',
  EISDIR: 'there is a folder of that name where a file is needed; move it away',
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
    if (error instanceof MeshError) throw error
    const code = errnoOf(error)
    if (code === undefined) throw error
    const why = REASONS[code] ?? `the file system says ${code}`
    throw new MeshError('MESH_OUTPUT', `the output ${path} cannot be written: ${why}`, { cause: error })
  }
}

/** The system's code of an error, such as ENOENT. */
export function errnoOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined
}
