/**
 * The mesh key: 256 random bits that make machines one mesh. Its file holds the join code, `pm1-` and the key in
 * base64url, as people pass it on.
 */
import { hash, randomBytes } from 'node:crypto'
import { MeshError } from '../../core/errors.ts'
import { readOrMakeSecret } from './secret-file.ts'

const PREFIX = 'pm1-'
const KEY_BYTES = 32

export interface MeshKey {
  readonly key: Uint8Array
  /** First 8 bytes of SHA-256 of the key, 16 hex digits: names the mesh without telling the key. */
  readonly meshId: string
}

/** @throws MESH_DATA_DIR where the file is damaged or open to others */
export async function readOrMakeMeshKey(path: string): Promise<MeshKey> {
  const content = await readOrMakeSecret(path, () =>
    Buffer.from(`${PREFIX}${randomBytes(KEY_BYTES).toString('base64url')}\n`),
  )
  const code = Buffer.from(content).toString('utf8').trim()
  const key = Buffer.from(code.slice(PREFIX.length), 'base64url')
  if (!code.startsWith(PREFIX) || key.length !== KEY_BYTES) {
    throw new MeshError(
      'MESH_DATA_DIR',
      `${path} holds no join code (pm1-…): restore it, or move the data directory away to start anew`,
    )
  }
  return { key, meshId: hash('sha256', key, 'hex').slice(0, 16) }
}
