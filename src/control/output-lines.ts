/** Reads the lines of a metadata.jsonl, which may be torn, foreign or hostile: in bounded memory, with their places. */
import { type FileHandle, lstat, open } from 'node:fs/promises'
import { MeshError } from '../core/errors.ts'
import { errnoOf, outputError, writing } from './output-errors.ts'

const READ_BYTES = 1024 * 1024
/** Four times the longest line that we write; the content of a longer one is not looked at. */
const LINE_BYTES_MAX = 4 * 1024 * 1024
const NEWLINE = 0x0a

export interface Line {
  readonly offset: number
  /** Without its newline. */
  readonly length: number
  /** Undefined where it is longer than LINE_BYTES_MAX. */
  readonly bytes: Buffer | undefined
  /** False for a last line that has no newline. */
  readonly whole: boolean
}

/**
 * Opens a file to read it; undefined where there is none. A link is not followed: what is appended would land outside
 * of the folder.
 * @throws MESH_OUTPUT it is no plain file or cannot be read
 */
export async function openLines(file: string): Promise<FileHandle | undefined> {
  return await writing(file, async () => {
    try {
      if ((await lstat(file)).isFile()) return await open(file, 'r')
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined
      throw error
    }
    throw new MeshError('MESH_OUTPUT', `the output ${file} cannot be written: it is a link or a folder; move it away`)
  })
}

/** The lines from the start of an open file. @throws MESH_OUTPUT it cannot be read */
export async function* readLines(file: string, handle: FileHandle): AsyncGenerator<Line> {
  let offset = 0
  let length = 0
  let parts: Buffer[] = []
  const keep = (piece: Buffer): void => {
    length += piece.length
    if (length > LINE_BYTES_MAX) parts = []
    else parts.push(piece)
  }
  const line = (whole: boolean): Line => {
    return { offset, length, bytes: length > LINE_BYTES_MAX ? undefined : Buffer.concat(parts), whole }
  }
  try {
    for await (const chunk of handle.createReadStream({ autoClose: false, start: 0, highWaterMark: READ_BYTES })) {
      let rest: Buffer = chunk
      for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
        keep(rest.subarray(0, end))
        yield line(true)
        offset += length + 1
        length = 0
        parts = []
        rest = rest.subarray(end + 1)
      }
      keep(rest)
    }
  } catch (error) {
    throw outputError(file, error)
  }
  if (length > 0) yield line(false)
}
