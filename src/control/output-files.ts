/** Puts one file into the output folder, whole or not at all: temporary name, fsync, rename; bytes are checked by hash. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { MeshError } from '../core/errors.ts'
import { errnoOf, writing } from './output-errors.ts'

/** A file that a completed task should have in the output folder. */
export interface OutputFile {
  /** Without its folder. */
  readonly name: string
  readonly sha256: string
  readonly bytes: number
  readonly mime: string
}

/** The bytes of an artifact: the path of a file on this machine, which is linked or copied, or the bytes as they come. */
export type ArtifactContent = string | AsyncIterable<Uint8Array>

/** Errors of link(2) after which a copy may still work: other file system, links not supported, too many of them. */
const LINK_REFUSED = new Set(['EXDEV', 'EPERM', 'EACCES', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL'])

const temporaries = new Set<string>()
let temporaryCount = 0

/**
 * Places a file at `target`, replacing what is there. A local file is hard-linked where the file system allows; it is
 * hashed first where `verify` asks for that, else its size is believed.
 * @returns 'damaged' where the bytes are not those of `sha256`, 'absent' where the local file is gone; nothing is placed then
 * @throws MESH_OUTPUT it cannot be written; MESH_STORAGE the local file cannot be read
 */
export async function placeFile(
  target: string,
  file: OutputFile,
  content: ArtifactContent,
  verify: boolean,
): Promise<'placed' | 'damaged' | 'absent'> {
  if (typeof content !== 'string') return await placeBytes(target, file, content)
  const state = await stateOf(content, file, verify).catch((error: unknown) => {
    throw readError(content, error)
  })
  if (state !== 'sound') return state
  if (await placeLink(target, content)) return 'placed'
  return await placeBytes(target, file, readLocal(content))
}

/** True where `target` is a file of the size, and unless `trusted` of the hash, that it should have. */
export async function isInPlace(target: string, file: OutputFile, trusted: boolean): Promise<boolean> {
  return (await writing(target, () => stateOf(target, file, !trusted))) === 'sound'
}

/** Removes a file where its bytes are still those of `sha256`. @throws MESH_OUTPUT */
export async function removeUnchanged(target: string, sha256: unknown): Promise<void> {
  await writing(target, async () => {
    if (((await sizeOf(target)) ?? -1) >= 0 && (await hashFile(target)) === sha256) await rm(target)
  })
}

/**
 * Makes a folder and those above it; one that is there is fine. Node's own recursive mkdir says ENOENT also where
 * the file system is read-only.
 * @throws MESH_OUTPUT
 */
export async function makeFolder(folder: string): Promise<void> {
  await writing(folder, async () => {
    if (await isFolder(folder)) return
    await makeFolder(path.dirname(folder))
    try {
      await mkdir(folder)
    } catch (error) {
      // Somebody else may have made it meanwhile.
      if (errnoOf(error) !== 'EEXIST' || !(await isFolder(folder))) throw error
    }
  })
}

/** Finds out whether a folder takes files: a full disk shows only when bytes are written. @throws MESH_OUTPUT */
export async function tryFolder(folder: string): Promise<void> {
  await replaceFile(path.join(folder, 'promptmesh'), async (handle) => {
    await writing(folder, () => handle.writeFile('promptmesh was here\n'))
    await writing(folder, () => handle.sync())
    return false
  })
}

async function isFolder(folder: string): Promise<boolean> {
  try {
    return (await stat(folder)).isDirectory()
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}

/** Removes temporary files that a process of this machine left when it was killed. @throws MESH_OUTPUT */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await filesIn(folder)) {
    const pid = Number(/^\..+\.(\d+)-\d+\.part$/.exec(name)?.[1])
    const file = path.join(folder, name)
    if (!(pid > 0) || temporaries.has(file) || (pid !== process.pid && isRunning(pid))) continue
    await writing(file, () => rm(file, { force: true }))
  }
}

/** The names of what lies in a folder and is no folder itself. @throws MESH_OUTPUT */
export async function filesIn(folder: string): Promise<string[]> {
  const entries = await writing(folder, () => readdir(folder, { withFileTypes: true }))
  return entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name)
}

/** Makes `target` of what `fill` writes: under a temporary name, synced, then renamed. `fill` answers whether to keep it. */
export async function replaceFile(target: string, fill: (handle: FileHandle) => Promise<boolean>): Promise<boolean> {
  return await withTemporary(target, async (temporary) => {
    const handle = await writing(target, () => open(temporary, 'wx'))
    try {
      if (!(await fill(handle))) return false
      await writing(target, () => handle.sync())
    } finally {
      await writing(target, () => handle.close())
    }
    await writing(target, () => rename(temporary, target))
    return true
  })
}

async function placeBytes(
  target: string,
  file: OutputFile,
  chunks: AsyncIterable<Uint8Array>,
): Promise<'placed' | 'damaged'> {
  const kept = await replaceFile(target, async (handle) => {
    const hash = createHash('sha256')
    let bytes = 0
    for await (const chunk of chunks) {
      bytes += chunk.byteLength
      // What is longer than it should be is wrong already, and may be endless.
      if (bytes > file.bytes) return false
      hash.update(chunk)
      await writing(target, () => handle.appendFile(chunk))
    }
    return bytes === file.bytes && hash.digest('hex') === file.sha256
  })
  return kept ? 'placed' : 'damaged'
}

async function placeLink(target: string, source: string): Promise<boolean> {
  return await withTemporary(target, async (temporary) => {
    try {
      await link(source, temporary)
    } catch (error) {
      if (LINK_REFUSED.has(errnoOf(error) ?? '')) return false
      return await writing(target, () => Promise.reject(error))
    }
    await writing(target, () => rename(temporary, target))
    return true
  })
}

async function withTemporary<T>(target: string, action: (temporary: string) => Promise<T>): Promise<T> {
  temporaryCount += 1
  const name = `.${path.basename(target)}.${process.pid}-${temporaryCount}.part`
  const temporary = path.join(path.dirname(target), name)
  temporaries.add(temporary)
  try {
    return await action(temporary)
  } finally {
    // Also after a rename: where both names were links to one file, rename leaves the old one.
    await writing(target, () => rm(temporary, { force: true })).finally(() => temporaries.delete(temporary))
  }
}

async function* readLocal(source: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(source)
  } catch (error) {
    throw readError(source, error)
  }
}

function readError(source: string, error: unknown): unknown {
  const why = errnoOf(error)
  if (why === undefined) return error
  return new MeshError('MESH_STORAGE', `the artifact ${source} cannot be read: ${why}`, { cause: error })
}

async function stateOf(path: string, file: OutputFile, verify: boolean): Promise<'sound' | 'damaged' | 'absent'> {
  const size = await sizeOf(path)
  if (size === undefined) return 'absent'
  return size === file.bytes && (!verify || (await hashFile(path)) === file.sha256) ? 'sound' : 'damaged'
}

/** The size of a file; -1 for what is there but is none, undefined for what is not there. */
async function sizeOf(file: string): Promise<number | undefined> {
  try {
    const found = await stat(file)
    return found.isFile() ? found.size : -1
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

async function hashFile(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk)
  return hash.digest('hex')
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return errnoOf(error) === 'EPERM'
  }
}
