/** Text chunks of PNG files: added behind the header and read back without touching the picture itself. */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import type { Provenance } from '../../node/ports.ts'

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const KEYWORD = 'promptmesh'

interface Chunk {
  readonly type: string
  readonly data: Buffer
  /** Where the next chunk begins. */
  readonly end: number
}

/**
 * Puts one iTXt chunk behind the header of a PNG and keeps every other byte.
 * @param keyword 1 to 79 printable ASCII characters
 * @returns undefined where the bytes are no PNG or a chunk of it is damaged
 */
export function addPngText(bytes: Uint8Array, keyword: string, text: string): Uint8Array | undefined {
  if (!/^[!-~]([ -~]{0,77}[!-~])?$/.test(keyword)) throw new TypeError(`no keyword of a PNG chunk: ${keyword}`)
  const header = readChunks(bytes)?.[0]
  if (header === undefined) return undefined
  // Behind the keyword: its end, not compressed, method 0, no language, no translated keyword.
  const data = Buffer.concat([Buffer.from(keyword, 'latin1'), Buffer.alloc(5), Buffer.from(text, 'utf8')])
  return Buffer.concat([bytes.subarray(0, header.end), makeChunk('iTXt', data), bytes.subarray(header.end)])
}

/** The first uncompressed text (iTXt or tEXt) of that keyword; undefined where there is none or the PNG is damaged. */
export function readPngText(bytes: Uint8Array, keyword: string): string | undefined {
  for (const { type, data } of readChunks(bytes) ?? []) {
    if (type !== 'iTXt' && type !== 'tEXt') continue
    const end = data.indexOf(0)
    if (end < 0 || data.toString('latin1', 0, end) !== keyword) continue
    if (type === 'tEXt') return data.toString('latin1', end + 1)
    if (data[end + 1] !== 0) continue
    const language = data.indexOf(0, end + 3)
    const translated = language < 0 ? -1 : data.indexOf(0, language + 1)
    if (translated >= 0) return data.toString('utf8', translated + 1)
  }
  return undefined
}

/**
 * Writes the record into the PNG at `path`, as JSON in a chunk `promptmesh`; the file is replaced in one move.
 * @returns false where the file is no whole PNG: it is left as it is
 */
export async function stampPng(path: string, record: Provenance): Promise<boolean> {
  const { batch, index, prompt, seed, node, attempt } = record
  const stamped = addPngText(
    await readFile(path),
    KEYWORD,
    JSON.stringify({ batch, index, prompt, seed, node, attempt }),
  )
  if (stamped === undefined) return false
  const fresh = `${path}.stamped`
  await writeFile(fresh, stamped, { flag: 'wx' })
  await rename(fresh, path)
  return true
}

/** All chunks from the header to the end; undefined where that is not a whole PNG with right checksums. */
function readChunks(bytes: Uint8Array): Chunk[] | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!file.subarray(0, SIGNATURE.length).equals(SIGNATURE)) return undefined
  const chunks: Chunk[] = []
  let at = SIGNATURE.length
  while (chunks.at(-1)?.type !== 'IEND') {
    const chunk = readChunk(file, at)
    if (chunk === undefined || (chunks.length === 0) !== (chunk.type === 'IHDR')) return undefined
    chunks.push(chunk)
    at = chunk.end
  }
  return chunks
}

function readChunk(file: Buffer, at: number): Chunk | undefined {
  if (at + 12 > file.length) return undefined
  const end = at + 12 + file.readUInt32BE(at)
  if (end > file.length) return undefined
  if (crc32(file.subarray(at + 4, end - 4)) !== file.readUInt32BE(end - 4)) return undefined
  return { type: file.toString('latin1', at + 4, at + 8), data: file.subarray(at + 8, end - 4), end }
}

function makeChunk(type: string, data: Buffer): Buffer {
  const chunk = Buffer.alloc(12 + data.length)
  chunk.writeUInt32BE(data.length, 0)
  chunk.write(type, 4, 'latin1')
  data.copy(chunk, 8)
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length)
  return chunk
}
