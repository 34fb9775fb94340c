/** Small files that only their owner may read: keys and tokens, mode 0600. */
import { randomBytes } from 'node:crypto'
import { link, open, readFile, stat, unlink } from 'node:fs/promises'
import { MeshError } from '../../core/errors.ts'

/**
 * The content of a secret file, made by `make` where there is none. Two processes that start at once get the same.
 * @throws MESH_DATA_DIR where others may read the file, or it cannot be read or written
 */
export async function readOrMakeSecret(
  path: string,
  make: () => Promise<Uint8Array> | Uint8Array,
): Promise<Uint8Array> {
  try {
    return (await readSecret(path)) ?? (await makeSecret(path, await make()))
  } catch (error) {
    if (error instanceof MeshError) throw error
    throw new MeshError('MESH_DATA_DIR', `${path} cannot be used: ${messageOf(error)}`, { cause: error })
  }
}

async function readSecret(path: string): Promise<Uint8Array | undefined> {
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (stats === undefined) return undefined
  if ((stats.mode & 0o077) !== 0) {
    throw new MeshError(
      'MESH_DATA_DIR',
      `${path} can be read by others: chmod 600 it, and change the key if it may be known`,
    )
  }
  return readFile(path)
}

/** Writes a temporary file and links it into place: whoever comes first wins. */
async function makeSecret(path: string, content: Uint8Array): Promise<Uint8Array> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`
  const file = await open(temporary, 'wx', 0o600)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  try {
    await link(temporary, path)
    return content
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return (await readSecret(path)) ?? content
  } finally {
    await unlink(temporary)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
