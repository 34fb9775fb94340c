/** Names of files in an output folder: <00012>/<000012345>.png, a thousand tasks a folder. */
import path from 'node:path'
import type { TaskView } from '../node/api.ts'

const TASKS_PER_FOLDER = 1_000

const EXTENSIONS: { readonly [mime: string]: string } = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/webp': 'webp',
  'image/gif': 'gif',
  'image/svg+xml': 'svg',
  'text/plain': 'txt',
  'application/json': 'json',
}

/** A file that a completed task should have in the output folder. */
export interface OutputFile {
  /** Without its folder. */
  readonly name: string
  readonly sha256: string
  readonly bytes: number
  readonly mime: string
}

/** The number of the folder that a task's files lie in. */
export function folderOf(index: number): number {
  return Math.floor(index / TASKS_PER_FOLDER)
}

/** The name of folder 12: `00012`. */
export function folderName(folder: number): string {
  return String(folder).padStart(5, '0')
}

/**
 * The files of a task's artifacts, in their order: `000012345.png`, `000012345-2.png`, …; for a task that shares
 * its index, `000012345~0a1b.png`. Nothing of a name comes from a prompt or from the artifact's own name.
 */
export function artifactFiles(task: TaskView): OutputFile[] {
  return task.artifacts.map(({ sha256, bytes, mime }, position) => {
    return { name: fileName(task, position, extensionOf(mime)), sha256, bytes, mime }
  })
}

/** The name of a task's text: its own stem with `.txt`, or the next number where an artifact has that name. */
export function textName(task: TaskView): string {
  const [first] = task.artifacts
  const taken = first !== undefined && extensionOf(first.mime) === 'txt'
  return fileName(task, taken ? task.artifacts.length : 0, 'txt')
}

function fileName(task: TaskView, position: number, extension: string): string {
  const suffix = /^\d+(~[0-9a-f]+)?$/.exec(task.label)
  if (suffix === null || !Number.isSafeInteger(task.index) || task.index < 0) {
    throw new TypeError(`task ${task.id} has the index ${task.index} and the label ${JSON.stringify(task.label)}`)
  }
  const number = position === 0 ? '' : `-${position + 1}`
  return `${String(task.index).padStart(9, '0')}${suffix[1] ?? ''}${number}.${extension}`
}

function extensionOf(mime: string): string {
  return EXTENSIONS[mime.split(';')[0]?.trim().toLowerCase() ?? ''] ?? 'bin'
}

/** Orders file names of one index: the plain label first, then by number. */
export function compareNames(a: string, b: string): number {
  const [left, right] = [splitName(a), splitName(b)]
  if (left.label !== right.label) return left.label < right.label ? -1 : 1
  return left.number - right.number || (a < b ? -1 : 1)
}

function splitName(name: string): { label: string; number: number } {
  const match = /^(.*?)(?:-(\d+))?$/.exec(path.parse(name).name)
  return { label: match?.[1] ?? name, number: Number(match?.[2] ?? 1) }
}
