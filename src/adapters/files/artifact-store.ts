/** Artifacts as files named by the SHA-256 of their bytes, and the folders in which attempts leave them. */
import { createHash, type Hash, randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, type FileHandle, lstat, mkdir, open, readdir, realpath, rename, rm, unlink } from 'node:fs/promises'
import path from 'node:path'
import { MeshError } from '../../core/errors.ts'
import type { Artifact } from '../../core/facts.ts'
import type { ArtifactStore, OutputFile } from '../../node/ports.ts'

export interface ArtifactStoreOptions {
  /** The data directory: files go to `artifacts/<first 2 digits>/<sha256>`, attempts get `attempts/<random>`. */
  readonly directory: string
  /** Longest artifact, bytes; 256 MiB unless given. A longer one costs disk here and on every node that copies it. */
  readonly artifactBytesMax?: number
}

const ARTIFACT_BYTES_MAX = 256 * 1024 * 1024
const READ_BYTES = 256 * 1024
const SHA256 = /^[0-9a-f]{64}$/
/** Neither a link is followed, nor is a pipe waited for. */
const READ_PLAIN_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * The artifacts in a data directory. It touches nothing there before it is used, so whoever does not hold the
 * data directory does no harm; at the first `makeFolder`, folders that an earlier process left are removed.
 */
export function openArtifactStore(options: ArtifactStoreOptions): ArtifactStore {
  return new FileArtifactStore(path.resolve(options.directory), options.artifactBytesMax ?? ARTIFACT_BYTES_MAX)
}

class FileArtifactStore implements ArtifactStore {
  readonly #artifacts: string
  readonly #attempts: string
  readonly #bytesMax: number
  #prepared: Promise<void> | undefined

  constructor(directory: string, bytesMax: number) {
    this.#artifacts = path.join(directory, 'artifacts')
    this.#attempts = path.join(directory, 'attempts')
    this.#bytesMax = bytesMax
  }

  async makeFolder(): Promise<string> {
    const folder = path.join(this.#attempts, randomBytes(8).toString('hex'))
    try {
      // Tried again only where it failed: later on, the folders there are those of attempts that run.
      this.#prepared ??= this.#removeLeftovers().catch((error: unknown) => {
        this.#prepared = undefined
        throw error
      })
      await this.#prepared
      await mkdir(folder, { mode: 0o700 })
    } catch (error) {
      throw fileError(error, `a folder for an attempt cannot be made in ${this.#attempts}`)
    }
    return folder
  }

  async #removeLeftovers(): Promise<void> {
    await mkdir(this.#attempts, { recursive: true, mode: 0o700 })
    for (const name of await readdir(this.#attempts))
      await rm(path.join(this.#attempts, name), { recursive: true, force: true })
  }

  /** @throws TypeError where the folder is none that `makeFolder` gave */
  async removeFolder(folder: string): Promise<void> {
    if (path.dirname(path.resolve(folder)) !== this.#attempts)
      throw new TypeError(`${folder} is no folder of an attempt`)
    try {
      await rm(folder, { recursive: true, force: true })
    } catch (error) {
      throw fileError(error, `the folder ${folder} cannot be removed`)
    }
  }

  async find(sha256: string): Promise<string | undefined> {
    if (!SHA256.test(sha256)) return undefined
    const file = this.#pathOf(sha256)
    try {
      return (await lstat(file)).isFile() ? file : undefined
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw fileError(error, `the artifact ${sha256} cannot be read`)
    }
  }

  /**
   * @throws MESH_BAD_REQUEST where it is no plain file inside the folder of an attempt, or too long
   * @throws MESH_DISK_FULL MESH_STORAGE
   */
  async put(file: OutputFile): Promise<Artifact> {
    try {
      const source = await this.#plainPath(file.path)
      const { sha256, bytes } = await this.#hashAndSync(source)
      await this.#moveIn(source, sha256, bytes)
      return { sha256, bytes, mime: file.mime, name: file.name }
    } catch (error) {
      throw fileError(error, `the output file ${JSON.stringify(file.path)} cannot be kept as an artifact`)
    }
  }

  /** The path without links in its folders. */
  async #plainPath(file: string): Promise<string> {
    const folder = await realpath(path.dirname(file)).catch((error: unknown) => {
      throw refusal(file, error) ?? error
    })
    const plain = path.join(folder, path.basename(file))
    const [attempt, ...inside] = path.relative(await realpath(this.#attempts), plain).split(path.sep)
    if (attempt === '..' || inside.length === 0) throw refused(file, 'lies outside of the folder of its attempt')
    return plain
  }

  async #hashAndSync(file: string): Promise<{ sha256: string; bytes: number }> {
    const handle = await open(file, READ_PLAIN_FILE).catch((error: unknown) => {
      throw refusal(file, error) ?? error
    })
    try {
      const stats = await handle.stat()
      if (!stats.isFile()) throw refused(file, 'is not a plain file')
      const hash = createHash('sha256')
      const bytes = stats.size > this.#bytesMax ? stats.size : await hashFile(handle, hash, this.#bytesMax)
      if (bytes > this.#bytesMax)
        throw refused(file, `is longer than the ${this.#bytesMax} bytes that an artifact may have`)
      await handle.sync()
      return { sha256: hash.digest('hex'), bytes }
    } finally {
      await handle.close()
    }
  }

  /** Moves the file to its place, or drops it where the same bytes are there already; either is on disk afterwards. */
  async #moveIn(source: string, sha256: string, bytes: number): Promise<void> {
    const target = this.#pathOf(sha256)
    const folder = path.dirname(target)
    const made = await mkdir(folder, { recursive: true, mode: 0o700 })
    if (made !== undefined) await syncFolders(folder, path.dirname(made))
    if ((await sizeOf(target)) === bytes) await unlink(source)
    else await rename(await withoutOtherNames(source), target)
    await syncFolder(folder)
  }

  #pathOf(sha256: string): string {
    return path.join(this.#artifacts, sha256.slice(0, 2), sha256)
  }
}

/** Feeds the file to the hash; answers its length, or some length over the limit once it is longer. */
async function hashFile(handle: FileHandle, hash: Hash, bytesMax: number): Promise<number> {
  const buffer = Buffer.allocUnsafe(READ_BYTES)
  let bytes = 0
  while (bytes <= bytesMax) {
    const { bytesRead } = await handle.read(buffer, 0, READ_BYTES, bytes)
    if (bytesRead === 0) break
    hash.update(buffer.subarray(0, bytesRead))
    bytes += bytesRead
  }
  return bytes
}

/** The size of a plain file, or undefined where there is none. */
async function sizeOf(file: string): Promise<number | undefined> {
  try {
    const stats = await lstat(file)
    return stats.isFile() ? stats.size : undefined
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** A file that has a second name could be changed through it later: then a copy of it. */
async function withoutOtherNames(file: string): Promise<string> {
  if ((await lstat(file)).nlink === 1) return file
  const copy = `${file}.${randomBytes(4).toString('hex')}`
  await copyFile(file, copy, constants.COPYFILE_EXCL)
  const handle = await open(copy, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
  await unlink(file)
  return copy
}

/** Syncs a folder and those above it, up to and with `top`. */
async function syncFolders(folder: string, top: string): Promise<void> {
  await syncFolder(folder)
  if (folder !== top) await syncFolders(path.dirname(folder), top)
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The error for a file that cannot be read by the fault of whoever named it. */
function refusal(file: string, error: unknown): MeshError | undefined {
  switch (codeOf(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ENAMETOOLONG':
    case 'ERR_INVALID_ARG_VALUE':
      return refused(file, 'is not there')
    case 'ELOOP':
      return refused(file, 'is a link')
    case 'EACCES':
      return refused(file, 'may not be read')
    case 'ENXIO':
    case 'ENODEV':
      return refused(file, 'is not a plain file')
    default:
      return undefined
  }
}

function refused(file: string, problem: string): MeshError {
  return new MeshError(
    'MESH_BAD_REQUEST',
    `the output file ${JSON.stringify(file)} ${problem}: an attempt must leave plain files in its own folder`,
  )
}

/** A failure of the file system as MESH_DISK_FULL or MESH_STORAGE; a MeshError stays as it is. */
function fileError(error: unknown, what: string): MeshError {
  if (error instanceof MeshError) return error
  const code = codeOf(error)
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new MeshError('MESH_DISK_FULL', `${what}: the disk is full; free some space`, { cause: error })
  }
  const reason = error instanceof Error ? error.message : String(error)
  return new MeshError('MESH_STORAGE', `${what}: ${reason}; check the disk and the permissions`, { cause: error })
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
