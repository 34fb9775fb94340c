/**
 * The output folder: results of completed tasks as files that people and trainers can use, resumable after any crash.
 *
 * 1. It holds the files of one batch; another one is refused before anything is written.
 * 2. Each file is one task's for as long as it lies there (output-stems.ts): tasks that come later, by a changed file of
 *    prompts, other parameters or another profile, get names of their own, and each line says whose file it is.
 * 3. What no line tells of is never replaced, unless it is what the task's file should be.
 *
 * One process at a time should write into a folder. Memory does not grow with the number of tasks.
 */
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { MeshError } from '../core/errors.ts'
import type { TaskView } from '../node/api.ts'
import { formatText } from './format.ts'
import { MetadataFile } from './metadata.ts'
import { writing } from './output-errors.ts'
import {
  filesIn,
  isInPlace,
  makeFolder,
  type OutputFile,
  placeFile,
  removeLeftovers,
  removeUnchanged,
  tryFolder,
} from './output-files.ts'
import { folderName, folderNumber, folderOf } from './output-names.ts'
import { type ReadArtifact, type ResultFile, resultFiles } from './output-results.ts'
import { FolderStems } from './output-stems.ts'

/** Folders whose metadata is kept in memory at a time; some 500 bytes a file, at least 1,000 files each. */
const OPEN_FOLDERS_MAX = 8

/** A file that could not be placed: nobody has it, or the bytes that came were not those of its hash. */
export interface MissingFile {
  readonly index: number
  readonly sha256: string
  readonly why: 'absent' | 'damaged'
}

export interface WriteResult {
  /** Files placed now. */
  readonly written: number
  /** Files that were there already. */
  readonly present: number
  readonly missing: readonly MissingFile[]
}

interface Folder {
  readonly path: string
  readonly metadata: MetadataFile
  readonly stems: FolderStems
}

interface OpenFolder {
  readonly folder: Promise<Folder>
  users: number
}

export class OutputFolder {
  readonly path: string
  readonly #verify: boolean
  /** In the order of their last use. */
  readonly #open = new Map<number, OpenFolder>()
  readonly #untidy = new Set<number>()
  /** The batch whose files lie here, as far as a line says it or a task has claimed it. */
  #batch: string | undefined

  private constructor(folder: string, verify: boolean, batch: string | undefined) {
    this.path = folder
    this.#verify = verify
    this.#batch = batch
  }

  /**
   * Opens a folder, making it where there is none. `verify` reads and hashes files that are there already, and those of
   * this machine before they are linked; without it their size and the hash in metadata.jsonl are believed.
   * @throws MESH_OUTPUT it cannot be written
   */
  static async open(folder: string, options: { verify?: boolean } = {}): Promise<OutputFolder> {
    const full = path.resolve(folder)
    await makeFolder(full)
    await removeLeftovers(full)
    await tryFolder(full)
    return new OutputFolder(full, options.verify === true, await batchIn(full))
  }

  /**
   * Places the files of a COMPLETED task, and their metadata after them. Tasks may be written at the same time, in any order.
   * @throws MESH_OUTPUT a file cannot be written, or the folder holds another batch; MESH_STORAGE a local artifact cannot be read; or what `readArtifact` throws
   */
  async write(task: TaskView, readArtifact: ReadArtifact): Promise<WriteResult> {
    if (task.state !== 'COMPLETED') throw new TypeError(`task ${task.id} is ${task.state}: it has no result to write`)
    this.claimFor(task.batch)
    const number = folderOf(task.index)
    return await this.#use(number, async (folder) => {
      const plan = (stem: string): ResultFile[] => resultFiles(task, stem, readArtifact)
      const stem = await folder.stems.stemOf(task, (other) => plan(other).map(({ file }) => file))
      const result = await this.#writeFiles(folder, task, plan(stem))
      // After the lines: a `finish` under way may have put the folder in order without them.
      if (folder.metadata.untidy) this.#untidy.add(number)
      return result
    })
  }

  /**
   * Says that the folder is to hold that batch; to be asked before any work is done for it.
   * @throws MESH_OUTPUT it holds the files of another batch, whose tasks have the same numbers
   */
  claimFor(batch: string): void {
    this.#batch ??= batch
    if (this.#batch === batch) return
    const [held, asked] = [this.#batch, batch].map((name) => formatText(name, 100))
    const message = `the output folder ${this.path} holds the files of batch "${held}"; choose another folder for "${asked}"`
    throw new MeshError('MESH_OUTPUT', message)
  }

  /** Puts the metadata in order of every folder that was written to, or of those before folder `before`. @throws MESH_OUTPUT */
  async finish(before = Infinity): Promise<void> {
    for (const number of [...this.#untidy].filter((number) => number < before)) {
      this.#untidy.delete(number)
      await this.#use(number, ({ metadata }) => metadata.tidy())
    }
  }

  async #writeFiles(folder: Folder, task: TaskView, files: readonly ResultFile[]): Promise<WriteResult> {
    const { metadata } = folder
    const result = { written: 0, present: 0, missing: [] as MissingFile[] }
    const unlisted: OutputFile[] = []
    for (const { file, content } of files) {
      const row = metadata.rows.get(file.name)
      const listed = row?.id === task.id && row.sha256 === file.sha256
      const outcome = await this.#place(path.join(folder.path, file.name), file, content, listed)
      if (outcome === 'absent' || outcome === 'damaged') {
        result.missing.push({ index: task.index, sha256: file.sha256, why: outcome })
        metadata.doubt(file.name)
        continue
      }
      result[outcome] += 1
      if (!listed) unlisted.push(file)
    }
    await metadata.append(task, unlisted)
    if (result.missing.length === 0) await removeFormer(folder, task, files)
    return result
  }

  async #place(
    target: string,
    file: OutputFile,
    read: ResultFile['content'],
    listed: boolean,
  ): Promise<'present' | 'written' | 'damaged' | 'absent'> {
    if (await isInPlace(target, file, listed && !this.#verify)) return 'present'
    const content = await read()
    if (content === undefined) return 'absent'
    const outcome = await placeFile(target, file, content, this.#verify)
    return outcome === 'placed' ? 'written' : outcome
  }

  /** Runs an action on a folder, which stays open meanwhile. */
  async #use<T>(number: number, action: (folder: Folder) => Promise<T>): Promise<T> {
    const entry = this.#open.get(number) ?? { folder: this.#openFolder(number), users: 0 }
    this.#open.delete(number)
    this.#open.set(number, entry)
    entry.users += 1
    try {
      return await action(await entry.folder)
    } finally {
      entry.users -= 1
      this.#closeIdle()
    }
  }

  async #openFolder(number: number): Promise<Folder> {
    const folder = path.join(this.path, folderName(number))
    try {
      await makeFolder(folder)
      await removeLeftovers(folder)
      const names = await filesIn(folder)
      const metadata = await MetadataFile.open(folder, names)
      if (metadata.untidy) this.#untidy.add(number)
      return { path: folder, metadata, stems: new FolderStems(folder, names, metadata.rows) }
    } catch (error) {
      // Whoever asks next tries again.
      this.#open.delete(number)
      throw error
    }
  }

  #closeIdle(): void {
    for (const [number, { users }] of this.#open) {
      if (this.#open.size <= OPEN_FOLDERS_MAX) return
      if (users === 0) this.#open.delete(number)
    }
  }
}

/** The batch that the metadata of the first folder with a line names. @throws MESH_OUTPUT */
async function batchIn(root: string): Promise<string | undefined> {
  const entries = await writing(root, () => readdir(root, { withFileTypes: true }))
  const numbers = entries.filter((entry) => !entry.isFile()).flatMap(({ name }) => folderNumber(name) ?? [])
  for (const number of numbers.sort((a, b) => a - b)) {
    const batch = await MetadataFile.firstBatch(path.join(root, folderName(number)))
    if (batch !== undefined) return batch
  }
  return undefined
}

/** Removes files that were the task's and are no more, as long as they are what their line says. */
async function removeFormer(folder: Folder, { id }: TaskView, files: readonly ResultFile[]): Promise<void> {
  const { metadata, stems } = folder
  const now = new Set(files.map(({ file }) => file.name))
  for (const name of stems.formerOf(id, now, metadata.rows)) {
    await removeUnchanged(path.join(folder.path, name), metadata.rows.get(name)?.sha256)
    metadata.doubt(name)
  }
}
