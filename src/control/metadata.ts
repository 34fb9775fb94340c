/** metadata.jsonl of one folder: a line a file, `file_name` first; appended to while tasks complete, put in order at the end. */
import { appendFile, type FileHandle, open } from 'node:fs/promises'
import path from 'node:path'
import { MeshError } from '../core/errors.ts'
import type { Json } from '../core/facts.ts'
import type { TaskView } from '../node/api.ts'
import { errnoOf, writing } from './output-errors.ts'
import { replaceFile } from './output-files.ts'
import { compareNames, type OutputFile } from './output-names.ts'

const READ_BYTES = 1024 * 1024
const NEWLINE = 0x0a

/** What the file says about a file beside it. */
interface MetadataRow {
  readonly name: string
  readonly id: unknown
  readonly sha256: unknown
  readonly batch: unknown
  /** Infinity where a line has none, so that it goes last. */
  readonly index: number
  readonly offset: number
  readonly length: number
}

/** The line of one file: our columns, then the task's parameters; one of those that has our name gets `param_` before it. */
function metadataLine(task: TaskView, file: OutputFile): string {
  const columns = new Map<string, Json>([
    ['file_name', file.name],
    ['batch', task.batch],
    ['index', task.index],
    ['id', task.id],
    ['prompt', task.prompt],
    ['seed', task.seed],
    ['node', task.node],
    ['attempts', task.attempts],
    ['seconds', task.seconds],
    ['sha256', file.sha256],
    ['bytes', file.bytes],
    ['mime', file.mime],
  ])
  for (const [name, value] of Object.entries(task.params)) {
    // The user's own seed is the task's seed: once is enough.
    if (JSON.stringify(columns.get(name)) === JSON.stringify(value)) continue
    let column = name
    while (columns.has(column)) column = `param_${column}`
    columns.set(column, value)
  }
  // Not an object: that would put columns named by a number before file_name, and lose one named __proto__.
  return `{${[...columns].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}\n`
}

/**
 * One metadata.jsonl. Of two lines for one file the later counts. A line that cannot be read, as a crash may
 * leave it, counts as missing: its file's line is written anew, and `tidy` drops it.
 */
export class MetadataFile {
  readonly #path: string
  readonly #rows: Map<string, { id: unknown; sha256: unknown }>
  /** False after a crash, or a write that failed: the next line must not go on with half a one. */
  #endsWhole: boolean
  /** The batch whose files lie in this folder, as far as a line says it. */
  #batch: unknown
  #untidy: boolean
  #last: Promise<unknown> = Promise.resolve()

  private constructor(file: string, scan: Scan) {
    this.#path = file
    this.#rows = new Map([...scan.rows].map(([name, { id, sha256 }]) => [name, { id, sha256 }]))
    this.#endsWhole = scan.endsWhole
    this.#batch = [...scan.rows.values()].find(({ batch }) => typeof batch === 'string')?.batch
    this.#untidy = !scan.tidy
  }

  /** Reads what is there; no file is as good as an empty one. @throws MESH_OUTPUT */
  static async open(folder: string): Promise<MetadataFile> {
    const file = path.join(folder, 'metadata.jsonl')
    return new MetadataFile(file, await scanFile(file))
  }

  /** True where `tidy` has something to do. */
  get untidy(): boolean {
    return this.#untidy
  }

  get(name: string): { readonly id: unknown; readonly sha256: unknown } | undefined {
    return this.#rows.get(name)
  }

  /** Files of two batches would have the same names. @throws MESH_OUTPUT the folder holds another batch */
  claimFor(batch: string): void {
    this.#batch ??= batch
    if (this.#batch === batch) return
    const folder = path.dirname(path.dirname(this.#path))
    const message = `the output folder ${folder} holds the files of batch "${this.#batch}"; choose another folder for "${batch}"`
    throw new MeshError('MESH_OUTPUT', message)
  }

  /** Appends the lines of a task's files. @throws MESH_OUTPUT */
  async append(task: TaskView, files: readonly OutputFile[]): Promise<void> {
    if (files.length === 0) return
    await this.#inTurn(async () => {
      const text = `${this.#endsWhole ? '' : '\n'}${files.map((file) => metadataLine(task, file)).join('')}`
      this.#endsWhole = false
      this.#untidy = true
      await writing(this.#path, () => appendFile(this.#path, text))
      this.#endsWhole = true
      for (const { name, sha256 } of files) this.#rows.set(name, { id: task.id, sha256 })
    })
  }

  /** Takes out the line of a file that is not there. @throws MESH_OUTPUT */
  async remove(name: string): Promise<void> {
    if (this.#rows.has(name)) await this.#inTurn(() => this.#rewrite(name))
  }

  /** Orders the lines by index and drops what does not count; the file is replaced only where that changes it. @throws MESH_OUTPUT */
  async tidy(): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#untidy) await this.#rewrite()
    })
  }

  async #rewrite(without?: string): Promise<void> {
    const scan = await scanFile(this.#path)
    const dropped = without !== undefined && scan.rows.delete(without)
    if (!scan.tidy || dropped) {
      const rows = [...scan.rows.values()].sort((a, b) => compareIndexes(a, b) || compareNames(a.name, b.name))
      await copyRows(this.#path, rows)
      this.#endsWhole = true
    }
    if (without !== undefined) this.#rows.delete(without)
    this.#untidy = false
  }

  /** One at a time, so that no line is appended to a file that is just being replaced. */
  async #inTurn(action: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(action)
    // Whoever asked hears of a failure; the next in turn goes on.
    this.#last = turn.catch(() => undefined)
    await turn
  }
}

function compareIndexes(a: MetadataRow, b: MetadataRow): number {
  return a.index === b.index ? 0 : a.index < b.index ? -1 : 1
}

interface Scan {
  readonly rows: Map<string, MetadataRow>
  readonly endsWhole: boolean
  /** True where the lines are in order, each for another file, and all readable. */
  readonly tidy: boolean
}

async function scanFile(file: string): Promise<Scan> {
  const rows = new Map<string, MetadataRow>()
  let endsWhole = true
  let tidy = true
  let before: MetadataRow | undefined
  for await (const line of readLines(file)) {
    const row = parseRow(line)
    endsWhole = line.whole
    tidy &&= endsWhole && row !== undefined && !rows.has(row.name) && !isAfter(before, row)
    if (row === undefined) continue
    rows.set(row.name, row)
    before = row
  }
  return { rows, endsWhole, tidy }
}

function isAfter(before: MetadataRow | undefined, row: MetadataRow): boolean {
  return before !== undefined && (compareIndexes(before, row) || compareNames(before.name, row.name)) > 0
}

interface Line {
  readonly offset: number
  readonly bytes: Buffer
  /** False for a last line that has no newline. */
  readonly whole: boolean
}

function parseRow({ offset, bytes }: Line): MetadataRow | undefined {
  let value: unknown
  try {
    value = JSON.parse(bytes.toString())
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { file_name: name, id, sha256, batch, index } = value as { [column: string]: unknown }
  if (typeof name !== 'string') return undefined
  return { name, id, sha256, batch, index: typeof index === 'number' ? index : Infinity, offset, length: bytes.length }
}

async function* readLines(file: string): AsyncGenerator<Line> {
  const handle = await openIfThere(file)
  if (handle === undefined) return
  let offset = 0
  let parts: Buffer[] = []
  try {
    for await (const chunk of handle.createReadStream({ autoClose: false, highWaterMark: READ_BYTES })) {
      let rest: Buffer = chunk
      for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
        const bytes = Buffer.concat([...parts, rest.subarray(0, end)])
        yield { offset, bytes, whole: true }
        offset += bytes.length + 1
        rest = rest.subarray(end + 1)
        parts = []
      }
      parts.push(rest)
    }
    const bytes = Buffer.concat(parts)
    if (bytes.length > 0) yield { offset, bytes, whole: false }
  } finally {
    await handle.close()
  }
}

async function openIfThere(file: string): Promise<FileHandle | undefined> {
  return await writing(file, async () => {
    try {
      return await open(file, 'r')
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined
      throw error
    }
  })
}

/** Replaces the file by these of its lines, byte for byte. */
async function copyRows(file: string, rows: readonly MetadataRow[]): Promise<void> {
  const source = await open(file, 'r')
  try {
    await replaceFile(file, async (handle) => {
      let parts: Buffer[] = []
      let bytes = 0
      for (const { offset, length } of rows) {
        const line = Buffer.alloc(length + 1, NEWLINE)
        await writing(file, () => source.read(line, 0, length, offset))
        parts.push(line)
        bytes += line.length
        if (bytes < READ_BYTES) continue
        await writing(file, () => handle.appendFile(Buffer.concat(parts)))
        parts = []
        bytes = 0
      }
      await writing(file, () => handle.appendFile(Buffer.concat(parts)))
      return true
    })
  } finally {
    await source.close()
  }
}
