/** The file DIR/api.json by which the commands find the node that runs in a data directory, and its token. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MeshError } from '../core/errors.ts'

export interface ApiFile {
  readonly url: string
  readonly token: string
  readonly pid: number
  readonly nodeId: string
}

const NAME = 'api.json'

/** Writes the file so that readers see the old one or the new one, and nobody else can read it. @throws MESH_DATA_DIR */
export async function writeApiFile(dataDir: string, content: ApiFile): Promise<void> {
  const path = join(dataDir, NAME)
  const temporary = `${path}.${process.pid}.tmp`
  try {
    // What a process of this id left when it was killed must not lend the file its mode.
    await rm(temporary, { force: true })
    await writeFile(temporary, `${JSON.stringify(content)}\n`, { mode: 0o600, flag: 'wx' })
    await rename(temporary, path)
  } catch (cause) {
    await rm(temporary, { force: true })
    throw new MeshError('MESH_DATA_DIR', `cannot write ${path} (${reasonOf(cause)}): make the directory writable`, {
      cause,
    })
  }
}

/** What the file says, or undefined where there is none. @throws MESH_DATA_DIR where it cannot be read or is damaged */
export async function readApiFile(dataDir: string): Promise<ApiFile | undefined> {
  const path = join(dataDir, NAME)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    const reason = reasonOf(cause)
    if (reason === 'ENOENT' || reason === 'ENOTDIR') return undefined
    throw new MeshError('MESH_DATA_DIR', `cannot read ${path} (${reason}): run as the user who started the node`, {
      cause,
    })
  }
  const content = parse(text)
  if (content === undefined) {
    throw new MeshError('MESH_DATA_DIR', `${path} is damaged: stop the node, remove the file and start the node again`)
  }
  return content
}

/** Removes the file if it is still the one of this token. */
export async function removeApiFile(dataDir: string, token: string): Promise<void> {
  const content = await readApiFile(dataDir)
  if (content?.token === token) await rm(join(dataDir, NAME), { force: true })
}

/** Whether a process of that id exists, be it ours or another user's. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return reasonOf(error) === 'EPERM'
  }
}

function parse(text: string): ApiFile | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { url, token, pid, nodeId } = value as Record<string, unknown>
  if (typeof url !== 'string' || typeof token !== 'string' || typeof nodeId !== 'string') return undefined
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 1) return undefined
  return { url, token, pid, nodeId }
}

function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
