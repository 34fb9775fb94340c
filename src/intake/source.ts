/** Where the bytes come from: a file or a stream, unpacked if they are gzip, without byte order mark, with line feeds. */
import { type FileHandle, open, readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { MeshError } from '../core/errors.ts'
import { unpacked } from './gzip.ts'
import { withLineFeeds } from './line-ends.ts'
import { nearest } from './nearest.ts'
import { bomBytes, isGzip, notText, SIGNATURE_BYTES } from './sniff.ts'

/** How much is read and unpacked at a time. */
export const READ_BYTES = 256 * 1024
/** How much of a file is looked at to tell whether it is text; of a stream only a signature, lest its first lines wait. */
const FILE_HEAD_BYTES = 4_096

/** Bytes on their way, and how many of them have been taken. */
export interface ByteSource {
  /** How messages call it. */
  readonly name: string
  /** Size of a file, before unpacking; undefined where it is not known. */
  readonly totalBytes: number | undefined
  /** Bytes taken so far, before unpacking. */
  readonly taken: { bytes: number }
  /** Whether it comes as somebody writes it, so that what is there should be handed on. */
  readonly live: boolean
  readonly bytes: AsyncIterable<Buffer>
  /** Lets go of the file or stream; idempotent. */
  close(): Promise<void>
}

/** Opens a file. @throws MESH_INPUT not found, a folder, no permission and the like */
export async function openFile(path: string): Promise<ByteSource> {
  let handle: FileHandle | undefined
  try {
    handle = await open(path)
    const stat = await handle.stat()
    if (stat.isDirectory()) throw Object.assign(new Error('is a folder'), { code: 'EISDIR' })
    const taken = { bytes: 0 }
    const file = handle
    return {
      name: path,
      totalBytes: stat.isFile() ? stat.size : undefined,
      taken,
      live: !stat.isFile(),
      bytes: counted(stat.isFile() ? wholeFile(file, path, stat.size) : chunksOf(file), taken, path),
      close: () => file.close(),
    }
  } catch (error) {
    await handle?.close()
    const similar = errnoOf(error) === 'ENOENT' ? await similarFile(path) : undefined
    throw fileProblem(path, error, similar)
  }
}

/** Takes a stream, such as the standard input. */
export function openStream(stream: AsyncIterable<Uint8Array>): ByteSource {
  const name = 'the standard input'
  const taken = { bytes: 0 }
  const bytes = counted(stream, taken, name)
  // Not awaited: where a read is under way, the stream lets go only when its next bytes come.
  const close = async (): Promise<void> => void bytes.return(undefined)
  return { name, totalBytes: undefined, taken, live: true, bytes, close }
}

/**
 * The text of a source: unpacked, without a byte order mark, each line with a line feed. `gzip`: its name says that it is packed.
 * @throws MESH_INPUT it is empty or is not text
 */
export async function openText(source: ByteSource, gzip: boolean): Promise<AsyncIterable<Buffer>> {
  const { name } = source
  const headBytes = source.live ? SIGNATURE_BYTES : FILE_HEAD_BYTES
  const raw = await peek(source.bytes, headBytes)
  const packed = isGzip(raw.head)
  const text = packed ? await peek(unpacked(raw.bytes, READ_BYTES), headBytes) : raw
  const problem = headProblem(raw.head, text.head, gzip)
  if (problem === undefined) return withLineFeeds(without(text.bytes, bomBytes(text.head)))
  await text.rest.return?.()
  throw new MeshError('MESH_INPUT', `${name} ${problem}`)
}

function headProblem(raw: Buffer, text: Buffer, gzip: boolean): string | undefined {
  if (raw.length === 0) return 'is empty; put one prompt on each line'
  if (text.length === 0) return 'is empty once unpacked; put one prompt on each line'
  if (gzip && raw === text) return 'is named .gz but is not gzip; take .gz off its name or pack it again'
  return notText(text)
}

/** The error that tells a user why a file cannot be read; `similar` is a file that may have been meant. */
export function fileProblem(path: string, cause: unknown, similar?: string): MeshError {
  if (cause instanceof MeshError) return cause
  const code = errnoOf(cause)
  const instead = similar === undefined ? 'check the path' : `did you mean ${similar}?`
  const known: { readonly [code: string]: string } = {
    ENOENT: `${path} was not found; ${instead}`,
    ENOTDIR: `${path} was not found: a part of the path is a file; check the path`,
    EISDIR: `${path} is a folder; give a file of prompts`,
    EACCES: `no permission to read ${path}; allow it with chmod, or copy the file`,
    EPERM: `no permission to read ${path}; allow it with chmod, or copy the file`,
    EMFILE: `${path} cannot be opened: too many files are open; raise the limit with ulimit -n`,
    EIO: `${path} cannot be read: the disk reports an error; copy the file elsewhere`,
  }
  const message =
    known[code ?? ''] ?? `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`
  return new MeshError('MESH_INPUT', message, { cause })
}

function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

async function similarFile(path: string): Promise<string | undefined> {
  const folder = dirname(path)
  // A folder that cannot be listed has no name to suggest; the file itself was reported already.
  const names = await readdir(folder).catch(() => [])
  const name = nearest(basename(path), names)
  return name === undefined ? undefined : join(folder, name)
}

async function* chunksOf(file: FileHandle): AsyncGenerator<Buffer> {
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(READ_BYTES))
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
  }
}

/**
 * The chunks of a file that had that size when it was opened; the kernel's own files say 0. One that is being written
 * is read no further: its last line may be half a prompt, and it may grow as fast as it is read.
 */
async function* wholeFile(file: FileHandle, path: string, size: number): AsyncGenerator<Buffer> {
  let bytes = 0
  for await (const chunk of chunksOf(file)) {
    bytes += chunk.length
    if (bytes > size && size > 0) throw changedFile(path, 'has grown')
    yield chunk
  }
  if (bytes < size) throw changedFile(path, 'has shrunk')
}

function changedFile(path: string, how: string): MeshError {
  const message = `${path} ${how} while it was read; run the same command again when it is complete, it adds what is new`
  return new MeshError('MESH_INPUT', message)
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  taken: { bytes: number },
  name: string,
): AsyncGenerator<Buffer, void> {
  try {
    for await (const chunk of chunks) {
      taken.bytes += chunk.length
      yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    }
  } catch (error) {
    throw fileProblem(name, error)
  }
}

interface Peeked {
  /** The first bytes. */
  readonly head: Buffer
  /** All bytes from the start. */
  readonly bytes: AsyncIterable<Buffer>
  /** Where the bytes behind the head come from. */
  readonly rest: AsyncIterator<Buffer>
}

/** Looks at the first `size` bytes, fewer only where there are no more. */
async function peek(bytes: AsyncIterable<Buffer>, size: number): Promise<Peeked> {
  const rest = bytes[Symbol.asyncIterator]()
  const chunks: Buffer[] = []
  let length = 0
  while (length < size) {
    const next = await rest.next()
    if (next.done === true) break
    chunks.push(next.value)
    length += next.value.length
  }
  const start = Buffer.concat(chunks)
  return { head: start.subarray(0, size), bytes: resumed(start, rest), rest }
}

async function* resumed(start: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield start
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
  } finally {
    await rest.return?.()
  }
}

async function* without(bytes: AsyncIterable<Buffer>, skipped: number): AsyncGenerator<Buffer> {
  let skip = skipped
  for await (const chunk of bytes) {
    yield chunk.subarray(skip)
    skip = 0
  }
}
