/** The output folder: results of completed tasks as files that people and trainers can use, resumable after any crash. */
import { createHash } from 'node:crypto'
import { readdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { TaskView } from '../node/api.ts'
import { MetadataFile } from './metadata.ts'
import { writing } from './output-errors.ts'
import { type ArtifactContent, isInPlace, makeFolder, placeFile, removeLeftovers } from './output-files.ts'
import { artifactFiles, folderName, folderOf, type OutputFile, textName } from './output-names.ts'

/** Folders whose metadata is kept in memory at a time; some 200 bytes a file, at least 1,000 files each. */
const OPEN_FOLDERS_MAX = 8

/** Gets an artifact's bytes; undefined where nobody who can be reached has them. */
export type ReadArtifact = (sha256: string) => Promise<ArtifactContent | undefined>

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
}

interface OpenFolder {
  readonly folder: Promise<Folder>
  users: number
}

/** One process at a time should write into a folder; its memory does not grow with the number of tasks. */
export class OutputFolder {
  readonly path: string
  readonly #verify: boolean
  /** In the order of their last use. */
  readonly #open = new Map<number, OpenFolder>()
  readonly #untidy = new Set<number>()

  private constructor(folder: string, verify: boolean) {
    this.path = folder
    this.#verify = verify
  }

  /**
   * Opens a folder, making it where there is none. `verify` reads and hashes files that are there already; without
   * it their size and the hash in metadata.jsonl are believed.
   * @throws MESH_OUTPUT it cannot be written
   */
  static async open(folder: string, options: { verify?: boolean } = {}): Promise<OutputFolder> {
    const full = path.resolve(folder)
    const probe = path.join(full, `.promptmesh.${process.pid}-0.part`)
    await makeFolder(full)
    await writing(full, async () => {
      await removeLeftovers(full)
      // A full disk shows only when bytes are written.
      await writeFile(probe, 'promptmesh was here\n', { flush: true }).finally(() => rm(probe, { force: true }))
    })
    return new OutputFolder(full, options.verify === true)
  }

  /**
   * Places the files of a COMPLETED task, and their metadata after them. Tasks may be written at the same time, in any order.
   * @throws MESH_OUTPUT a file cannot be written, or the folder holds another batch; MESH_STORAGE a local artifact cannot be read; or what `readArtifact` throws
   */
  async write(task: TaskView, readArtifact: ReadArtifact): Promise<WriteResult> {
    if (task.state !== 'COMPLETED') throw new TypeError(`task ${task.id} is ${task.state}: it has no result to write`)
    const number = folderOf(task.index)
    return await this.#use(number, async ({ path: folder, metadata }) => {
      metadata.claimFor(task.batch)
      const result = { written: 0, present: 0, missing: [] as MissingFile[] }
      const unlisted: OutputFile[] = []
      for (const { file, content } of resultFiles(task, readArtifact)) {
        const listed = metadata.get(file.name)
        const outcome = await this.#place(path.join(folder, file.name), file, content, listed?.sha256 === file.sha256)
        if (outcome === 'absent' || outcome === 'damaged') {
          result.missing.push({ index: task.index, sha256: file.sha256, why: outcome })
          await metadata.remove(file.name)
          continue
        }
        result[outcome] += 1
        if (listed?.sha256 !== file.sha256 || listed.id !== task.id) unlisted.push(file)
      }
      await metadata.append(task, unlisted)
      // After the append: a `finish` under way may have put the folder in order without these lines.
      if (unlisted.length > 0) this.#untidy.add(number)
      return result
    })
  }

  /**
   * Checks, before any work is done for it, that the folder is free for a batch.
   * @throws MESH_OUTPUT it holds the files of another batch
   */
  async claimFor(batch: string): Promise<void> {
    const names = (await readdir(this.path)).filter((name) => /^\d{5}$/.test(name)).sort()
    const first = names[0]
    if (first !== undefined) await this.#use(Number(first), async ({ metadata }) => metadata.claimFor(batch))
  }

  /** Puts the metadata in order of every folder that was written to, or of those before folder `before`. @throws MESH_OUTPUT */
  async finish(before = Infinity): Promise<void> {
    for (const number of [...this.#untidy].filter((number) => number < before)) {
      this.#untidy.delete(number)
      await this.#use(number, ({ metadata }) => metadata.tidy())
    }
  }

  async #place(
    target: string,
    file: OutputFile,
    read: () => Promise<ArtifactContent | undefined>,
    listed: boolean,
  ): Promise<'present' | 'written' | 'damaged' | 'absent'> {
    if (await isInPlace(target, file, listed && !this.#verify)) return 'present'
    const content = await read()
    if (content === undefined) return 'absent'
    const outcome = await placeFile(target, file, content)
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
      await writing(folder, () => removeLeftovers(folder))
      const metadata = await MetadataFile.open(folder)
      if (metadata.untidy) this.#untidy.add(number)
      return { path: folder, metadata }
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

interface ResultFile {
  readonly file: OutputFile
  readonly content: () => Promise<ArtifactContent | undefined>
}

/** Artifacts first, then the text; a task that left nothing at all has an empty text. */
function resultFiles(task: TaskView, readArtifact: ReadArtifact): ResultFile[] {
  const files: ResultFile[] = artifactFiles(task).map((file) => ({ file, content: () => readArtifact(file.sha256) }))
  const text = task.text ?? ''
  if (text === '' && files.length > 0) return files
  const bytes = Buffer.from(text)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const file = { name: textName(task), sha256, bytes: bytes.length, mime: 'text/plain' }
  return [...files, { file, content: async () => once(bytes) }]
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
