/** Tasks, artifacts and folders for the tests of the output folder. */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { ReadArtifact } from '../../src/control/output-results.ts'
import type { PullSource } from '../../src/control/pull.ts'
import type { Artifact } from '../../src/core/facts.ts'
import type { TaskView } from '../../src/node/api.ts'

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** An artifact whose bytes are this text. */
export function artifactOf(content: string, mime = 'image/png'): Artifact {
  return { sha256: sha256(content), bytes: Buffer.byteLength(content), mime, name: 'whatever.xyz' }
}

/** A COMPLETED task of one picture, whose bytes are `picture INDEX`. */
export function taskOf(index: number, changes: Partial<TaskView> = {}): TaskView {
  return {
    batch: 'demo',
    index,
    label: String(index),
    id: index.toString(16).padStart(32, '0'),
    prompt: `prompt ${index}`,
    params: {},
    profile: 'sketch',
    seed: index + 1,
    state: 'COMPLETED',
    attempts: 1,
    node: 'gpu-01',
    seconds: 0.5,
    error: null,
    text: null,
    artifacts: [artifactOf(`picture ${index}`)],
    ...changes,
  }
}

/** Artifacts as bytes that come over a connection, in pieces; those not among `contents` nobody has. */
export function streamOf(contents: readonly string[]): ReadArtifact {
  const byHash = new Map(contents.map((content) => [sha256(content), Buffer.from(content)]))
  return async (hash) => {
    const bytes = byHash.get(hash)
    return bytes === undefined ? undefined : chunksOf(bytes)
  }
}

export async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const piece = Math.ceil(bytes.length / 3)
  for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece)
}

/** The pictures of taskOf for some indexes, as a stream each. */
export function picturesOf(...indexes: readonly number[]): ReadArtifact {
  return streamOf(indexes.map((index) => `picture ${index}`))
}

/** A store of files named by their hash, as a node of this machine has it. */
export async function localStore(folder: string, contents: readonly string[]): Promise<ReadArtifact> {
  await mkdir(folder, { recursive: true })
  for (const content of contents) await writeFile(path.join(folder, sha256(content)), content)
  const known = new Set(contents.map(sha256))
  return async (hash) => (known.has(hash) ? path.join(folder, hash) : undefined)
}

/** Pages over an array of tasks; `asked` counts the artifacts that were asked for. */
export function sourceOf(tasks: readonly TaskView[], read: ReadArtifact): PullSource & { asked: number } {
  const source = {
    asked: 0,
    tasks: async (_name: string, { cursor = '0', limit = 100 }: { cursor?: string; limit?: number }) => {
      const next = Number(cursor) + limit
      return { tasks: tasks.slice(Number(cursor), next), cursor: next < tasks.length ? String(next) : null }
    },
    artifact: (hash: string) => {
      source.asked += 1
      return read(hash)
    },
  }
  return source
}

/** All files under a folder with their content as text, by relative path. */
export async function contentsOf(folder: string): Promise<{ [file: string]: string }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name))
  const contents = await Promise.all(files.sort().map((file) => readFile(file, 'utf8')))
  return Object.fromEntries(files.map((file, at) => [path.relative(folder, file), contents[at] ?? '']))
}

/** The lines of a metadata.jsonl, parsed. */
export async function metadataOf(folder: string, name = '00000'): Promise<{ [column: string]: unknown }[]> {
  const text = await readFile(path.join(folder, name, 'metadata.jsonl'), 'utf8')
  if (!text.endsWith('\n')) throw new Error('metadata.jsonl ends with half a line')
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line) as { [column: string]: unknown })
}

/** The file names in a metadata.jsonl, in its order. */
export async function listedIn(folder: string, name = '00000'): Promise<unknown[]> {
  return (await metadataOf(folder, name)).map((row) => row['file_name'])
}
