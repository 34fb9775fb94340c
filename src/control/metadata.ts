/**
 * metadata.jsonl of one folder: a line a file, `file_name` first; appended to while tasks complete, put in order at
 * the end.
 *
 * 1. A file is placed before its line is appended, so a line never tells of a file that was not there.
 * 2. Of two lines for one file the later counts. A line that cannot be read, as a crash may leave it, counts as none.
 * 3. After `tidy` there is one line for each file of ours, and none for one that is gone; lines of other people's files
 *    are kept byte for byte.
 */
import { appendFile, type FileHandle, stat } from 'node:fs/promises'
import path from 'node:path'
import type { TaskView } from '../node/api.ts'
import { writing } from './output-errors.ts'
import { filesIn, type OutputFile, replaceFile } from './output-files.ts'
import { openLines, readLines } from './output-lines.ts'
import { compareRows, isOurs, type MetadataRow, metadataLine, parseRow } from './output-rows.ts'

const NEWLINE = 0x0a
const COPY_BYTES = 1024 * 1024
/** How often the file is put in order anew because another process has written to it meanwhile. */
const REWRITES_MAX = 3

/** What is remembered of a line. */
export interface Listed {
  readonly id: unknown
  readonly sha256: unknown
}

export class MetadataFile {
  readonly #path: string
  readonly #rows: Map<string, Listed>
  /** False after a crash, or a write that failed: the next line must not go on with half a one. */
  #endsWhole: boolean
  #untidy: boolean
  #last: Promise<unknown> = Promise.resolve()

  private constructor(file: string, { rows, endsWhole, tidy }: Scan, there: ReadonlySet<string>) {
    const counting = [...rows.values()].filter((row) => isThere(row, there))
    this.#path = file
    this.#rows = new Map(counting.map(({ name, id, sha256 }) => [name, { id, sha256 }]))
    this.#endsWhole = endsWhole
    this.#untidy = !tidy || counting.length < rows.size
  }

  /** Reads what is there; no file is as good as an empty one. `names`: the files of the folder. @throws MESH_OUTPUT */
  static async open(folder: string, names: readonly string[]): Promise<MetadataFile> {
    const file = pathIn(folder)
    const handle = await openLines(file)
    try {
      return new MetadataFile(file, await scan(file, handle), new Set(names.map(lowerCase)))
    } finally {
      await handle?.close()
    }
  }

  /** The batch that the first line with one names. @throws MESH_OUTPUT */
  static async firstBatch(folder: string): Promise<string | undefined> {
    const file = pathIn(folder)
    const handle = await openLines(file)
    if (handle === undefined) return undefined
    try {
      for await (const line of readLines(file, handle)) {
        const batch = parseRow(line)?.batch
        if (typeof batch === 'string') return batch
      }
      return undefined
    } finally {
      await handle.close()
    }
  }

  /** True where `tidy` has something to do. */
  get untidy(): boolean {
    return this.#untidy
  }

  /** The files that have a line, in the order of the file. */
  get rows(): ReadonlyMap<string, Listed> {
    return this.#rows
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

  /** Notes that a file is not there, or no longer as it should be: `tidy` looks, and drops its line where it is gone. */
  doubt(name: string): void {
    if (this.#rows.delete(name)) this.#untidy = true
  }

  /** Orders the lines by index and drops what does not count; the file is replaced only where that changes it. @throws MESH_OUTPUT */
  async tidy(): Promise<void> {
    await this.#inTurn(async () => {
      for (let turn = 0; this.#untidy && turn < REWRITES_MAX; turn++) await this.#rewrite()
    })
  }

  async #rewrite(): Promise<void> {
    // First, so that a doubt that comes meanwhile is not forgotten.
    this.#untidy = false
    const handle = await openLines(this.#path)
    try {
      const found = await scan(this.#path, handle)
      // Looked at after the lines: whoever appends one has placed its file before.
      const there = new Set((await filesIn(path.dirname(this.#path))).map(lowerCase))
      const rows = [...found.rows.values()].filter((row) => isThere(row, there)).sort(compareRows)
      if (handle === undefined || (found.tidy && rows.length === found.rows.size)) return
      if (await replaceLines(this.#path, handle, found, rows)) this.#endsWhole = true
      else this.#untidy = true
    } catch (error) {
      this.#untidy = true
      throw error
    } finally {
      await handle?.close()
    }
  }

  /** One at a time, so that no line is appended to a file that is just being replaced. */
  async #inTurn(action: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(action)
    // Whoever asked hears of a failure; the next in turn goes on.
    this.#last = turn.catch(() => undefined)
    await turn
  }
}

function pathIn(folder: string): string {
  return path.join(folder, 'metadata.jsonl')
}

/** A disk may take file names as equal that differ in upper and lower case. */
function lowerCase(name: string): string {
  return name.toLowerCase()
}

function isThere(row: MetadataRow, there: ReadonlySet<string>): boolean {
  return !isOurs(row) || there.has(row.name)
}

interface Scan {
  readonly rows: ReadonlyMap<string, MetadataRow>
  readonly endsWhole: boolean
  /** True where the lines are in order, each for another file, and all readable. */
  readonly tidy: boolean
  readonly bytes: number
}

async function scan(file: string, handle: FileHandle | undefined): Promise<Scan> {
  const rows = new Map<string, MetadataRow>()
  let [endsWhole, tidy, bytes] = [true, true, 0]
  let before: MetadataRow | undefined
  for await (const line of handle === undefined ? [] : readLines(file, handle)) {
    const row = parseRow(line)
    endsWhole = line.whole
    bytes = line.offset + line.length + (line.whole ? 1 : 0)
    tidy &&=
      endsWhole && row !== undefined && !rows.has(row.name) && (before === undefined || compareRows(before, row) <= 0)
    if (row === undefined) continue
    rows.set(row.name, row)
    before = row
  }
  return { rows, endsWhole, tidy, bytes }
}

/** Replaces the file by these of its lines, byte for byte; false where another process has written to it meanwhile. */
async function replaceLines(
  file: string,
  source: FileHandle,
  { bytes }: Scan,
  rows: readonly MetadataRow[],
): Promise<boolean> {
  return await replaceFile(file, async (handle) => {
    for (let at = 0; at < rows.length; ) {
      const parts: Buffer[] = []
      for (let size = 0; at < rows.length && size < COPY_BYTES; at++) {
        const { offset, length } = rows[at] as MetadataRow
        const line = Buffer.alloc(length + 1, NEWLINE)
        const { bytesRead } = await writing(file, () => source.read(line, 0, length, offset))
        if (bytesRead < length) return false
        parts.push(line)
        size += line.length
      }
      await writing(file, () => handle.appendFile(Buffer.concat(parts)))
    }
    const [read, now] = await writing(file, () => Promise.all([source.stat(), stat(file)]))
    return read.ino === now.ino && now.size === bytes
  })
}
