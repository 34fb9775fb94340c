/** What a process prints, kept within limits: a little in memory, more in a file, the last lines for messages. */
import { type FileHandle, open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'

/** How much of the end of a stream is kept for messages. */
const TAIL_BYTES = 8_192
const TAIL_CHARS = 2_000

export interface CaptureLimits {
  /** Where output beyond `memoryBytes` goes, all of it from its beginning. */
  readonly spillPath: string
  readonly memoryBytes: number
  /** More than this is not taken: reading ends. */
  readonly totalBytes: number
}

export interface Captured {
  /** All of the output where it fits in memory; undefined where it is in the file. */
  readonly bytes: Buffer | undefined
  /** False where the output is no UTF-8. */
  readonly utf8: boolean
  readonly tooLong: boolean
  /** The last lines, made fit for a message. */
  readonly tail: string
}

/** Reads a stream to its end or to the limit. Rejects only with the error of a failed write. */
export async function captureOutput(stream: Readable, limits: CaptureLimits): Promise<Captured> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const tail = new Tail()
  let kept: Buffer[] = []
  let file: FileHandle | undefined
  let total = 0
  let utf8 = true
  try {
    for await (const chunk of untilClosed(stream)) {
      total += chunk.length
      tail.add(chunk)
      utf8 &&= decodes(decoder, chunk)
      if (total > limits.totalBytes) break
      if (file === undefined && total > limits.memoryBytes) {
        file = await open(limits.spillPath, 'wx')
        for (const early of kept) await file.write(early)
        kept = []
      }
      if (file === undefined) kept.push(chunk)
      else await file.write(chunk)
    }
  } finally {
    await file?.close()
  }
  utf8 &&= decodes(decoder)
  const bytes = file === undefined ? Buffer.concat(kept) : undefined
  return { bytes, utf8, tooLong: total > limits.totalBytes, tail: tail.text() }
}

/** Reads a stream to its end and keeps only its last lines, made fit for a message. */
export async function captureTail(stream: Readable): Promise<string> {
  const tail = new Tail()
  for await (const chunk of untilClosed(stream)) tail.add(chunk)
  return tail.text()
}

/** The chunks of a stream; one that was destroyed on our side ends like any other. */
async function* untilClosed(stream: Readable): AsyncGenerator<Buffer> {
  try {
    yield* stream
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  }
}

interface Decoder {
  decode(chunk?: Buffer, options?: { stream: boolean }): string
}

/** Feeds the decoder, or ends its input where no chunk is given; false where the bytes so far are no UTF-8. */
function decodes(decoder: Decoder, chunk?: Buffer): boolean {
  try {
    decoder.decode(chunk, { stream: chunk !== undefined })
    return true
  } catch (error) {
    if (error instanceof TypeError) return false
    throw error
  }
}

class Tail {
  #bytes: Buffer = Buffer.alloc(0)

  add(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk.subarray(-TAIL_BYTES)]).subarray(-TAIL_BYTES)
  }

  /** The last lines as plain text: without colours, control characters and lines that a progress bar overwrote. */
  text(): string {
    const plain = stripVTControlCharacters(this.#bytes.toString('utf8'))
      .replace(/\r\n/g, '\n')
      .replace(/[^\n]*\r/g, '')
      .replace(/\t/g, ' ')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must go
      .replace(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/g, '')
      .replace(/^\ufffd+/, '')
      .trim()
    if (plain.length <= TAIL_CHARS) return plain
    const cut = plain.slice(-TAIL_CHARS)
    const line = cut.indexOf('\n')
    return (line >= 0 && line < cut.length - 1 ? cut.slice(line + 1) : cut).trim()
  }
}
