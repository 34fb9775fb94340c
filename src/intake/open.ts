/** Opens a prompt file or stream of any format and hands out its rows in chunks. */
import { MeshError } from '../core/errors.ts'
import { csvReader } from './csv.ts'
import { gzipDamage } from './gzip.ts'
import { jsonlReader } from './jsonl.ts'
import { type BadLine, type InputReport, type PromptRow, RowSink } from './rows.ts'
import { type ByteSource, openFile, openStream, openText, READ_BYTES } from './source.ts'
import { Table } from './table.ts'
import { tsvReader } from './tsv.ts'
import { txtReader } from './txt.ts'

/** The formats that can be read, each also packed with gzip. */
export const PROMPT_FORMATS = ['txt', 'csv', 'tsv', 'jsonl'] as const
export type PromptFormat = (typeof PROMPT_FORMATS)[number]

export interface PromptOptions {
  /** The stream to read where the source is `-`. */
  readonly stdin?: AsyncIterable<Uint8Array>
  /** The format, where the name does not tell; without it a stream and a file without extension are txt. */
  readonly format?: PromptFormat
}

export interface PromptSource {
  readonly format: PromptFormat
  /** Chunks of rows, to be read once. @throws MESH_INPUT the file is damaged or has no prompts */
  readonly rows: AsyncIterable<readonly PromptRow[]>
  /** What has been read so far; final when `rows` has ended. */
  readonly report: InputReport
  /** Lets go of the file; needed only where `rows` is not read. Idempotent. */
  close(): Promise<void>
}

interface RowReader {
  push(chunk: Buffer): void
  end(): void
}

const EXTENSIONS: { readonly [extension: string]: PromptFormat } = {
  '': 'txt',
  txt: 'txt',
  text: 'txt',
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
}

/**
 * Opens prompts: `source` is the path of a file, or `-` for `options.stdin`. The first rows are read before it
 * answers, so that a file which cannot be read is known before anything is done with it.
 * @throws MESH_INPUT it cannot be read; the message says why and what to do
 */
export async function openPrompts(source: string, options: PromptOptions = {}): Promise<PromptSource> {
  const bytes = source === '-' ? openStream(stdinOf(options)) : await openFile(source)
  const sink = new RowSink()
  try {
    const format = options.format ?? (source === '-' ? 'txt' : formatOf(source))
    const text = await openText(bytes, source !== '-' && /\.gz$/i.test(source))
    const chunks = readRows(bytes, text, readerOf(format, sink, bytes.name), sink)
    const first = await chunks.next()
    const rows = resumed(first.done === true ? [] : first.value, chunks)
    return { format, rows, report: new Report(bytes, sink), close: () => bytes.close() }
  } catch (error) {
    await bytes.close()
    throw explained(error, bytes.name, sink.line)
  }
}

/** The format that a file's name promises. @throws MESH_INPUT none that can be read */
export function formatOf(path: string): PromptFormat {
  const name = path.replace(/^.*[/\\]/, '').replace(/\.gz$/i, '')
  const extension = /[^.]\.([^.]*)$/.exec(name)?.[1]?.toLowerCase() ?? ''
  const format = Object.hasOwn(EXTENSIONS, extension) ? EXTENSIONS[extension] : undefined
  if (format !== undefined) return format
  const readable = `${PROMPT_FORMATS.join(', ')}, each also .gz`
  throw new MeshError(
    'MESH_INPUT',
    `${path}: the format .${extension} cannot be read; convert it to one of ${readable}`,
  )
}

/** Live view of what has been read. */
class Report implements InputReport {
  private readonly source: ByteSource
  private readonly sink: RowSink

  constructor(source: ByteSource, sink: RowSink) {
    this.source = source
    this.sink = sink
  }
  get read(): number {
    return this.sink.read
  }
  get blank(): number {
    return this.sink.blankLines
  }
  get bad(): number {
    return this.sink.bad
  }
  get badLines(): readonly BadLine[] {
    return this.sink.badLines
  }
  get bytesRead(): number {
    return this.source.taken.bytes
  }
  get totalBytes(): number | undefined {
    return this.source.totalBytes
  }
}

function stdinOf(options: PromptOptions): AsyncIterable<Uint8Array> {
  if (options.stdin === undefined) throw new TypeError("openPrompts('-') needs the option stdin")
  return options.stdin
}

function readerOf(format: PromptFormat, sink: RowSink, name: string): RowReader {
  switch (format) {
    case 'txt':
      return txtReader(sink)
    case 'jsonl':
      return jsonlReader(sink)
    case 'csv':
      return csvReader(new Table(sink, { name, shortRows: false }))
    case 'tsv':
      return tsvReader(new Table(sink, { name, shortRows: true }))
  }
}

async function* readRows(
  source: ByteSource,
  text: AsyncIterable<Buffer>,
  reader: RowReader,
  sink: RowSink,
): AsyncGenerator<readonly PromptRow[], void> {
  try {
    for await (const chunk of text) {
      for (let at = 0; at < chunk.length; at += READ_BYTES) {
        reader.push(chunk.subarray(at, at + READ_BYTES))
        yield* sink.chunks(source.live)
      }
    }
    reader.end()
    yield* sink.chunks(true)
    if (sink.read === 0) throw noPrompts(source.name, sink)
  } catch (error) {
    throw explained(error, source.name, sink.line)
  } finally {
    await source.close()
  }
}

async function* resumed<T>(first: T, rest: AsyncGenerator<T, void>): AsyncGenerator<T, void> {
  try {
    yield first
    yield* rest
  } finally {
    await rest.return()
  }
}

function noPrompts(name: string, sink: RowSink): MeshError {
  const first = sink.badLines[0]
  const why = first === undefined ? '' : `; line ${first.line}: ${first.reason}`
  return new MeshError('MESH_INPUT', `${name} has no prompts (${sink.blankLines} blank, ${sink.bad} bad)${why}`)
}

/** An error of unpacking, as an error of the file; others as they are. */
function explained(error: unknown, name: string, line: number): unknown {
  const damage = gzipDamage(error, line)
  return damage === undefined ? error : new MeshError('MESH_INPUT', `${name} ${damage}`, { cause: error })
}
