/**
 * Names of files in an output folder: <00012>/<000012345>.png, a thousand tasks a folder. A name is a stem, which is
 * one task's alone, a number from the second file on, and an extension. Nothing of it comes from a prompt or from an
 * artifact's own name, and no two names differ in upper and lower case alone.
 */
import type { TaskView } from '../node/api.ts'

const TASKS_PER_FOLDER = 1_000
/** How many digits of its id tell a task from others of its index: as few as will do, in the end all. */
const ID_DIGITS = [4, 8, 16, 32]

const EXTENSIONS: { readonly [mime: string]: string } = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/webp': 'webp',
  'image/gif': 'gif',
  'image/svg+xml': 'svg',
  'text/plain': 'txt',
  'application/json': 'json',
}

/** The extension of a type that is not known. */
const UNKNOWN = 'bin'

/** The number of the folder that a task's files lie in. */
export function folderOf(index: number): number {
  return Math.floor(index / TASKS_PER_FOLDER)
}

/** The name of folder 12: `00012`. */
export function folderName(folder: number): string {
  return String(folder).padStart(5, '0')
}

/** The number of the folder of that name; undefined where it is no name of ours. */
export function folderNumber(name: string): number | undefined {
  return /^\d{5,}$/.test(name) && folderName(Number(name)) === name ? Number(name) : undefined
}

/** What all stems of an index begin with. */
export function indexStem(index: number): string {
  return String(index).padStart(9, '0')
}

/**
 * The stems that a task may have, best first: that of its label, then `000012345~0a1b` with more and more digits of
 * its id. The last one can be no other task's.
 */
export function stemsFor({ id, index, label }: TaskView): string[] {
  const suffix = /^\d+(~[0-9a-f]+)?$/.exec(label)
  if (suffix === null || !Number.isSafeInteger(index) || index < 0 || !/^[0-9a-f]+$/.test(id)) {
    throw new TypeError(`task ${id} has the index ${index} and the label ${JSON.stringify(label)}`)
  }
  const plain = indexStem(index)
  return [`${plain}${suffix[1] ?? ''}`, ...ID_DIGITS.map((digits) => `${plain}~${id.slice(0, digits)}`)]
}

/** The name of a task's first, second, … file (`position` from 0): `000012345.png`, `000012345-2.png`, … */
export function fileName(stem: string, position: number, mime: string): string {
  return nameOf(stem, position, extensionOf(mime))
}

/** All names that the first, second, … file of a stem may have. */
export function fileNames(stem: string, position: number): string[] {
  return [...new Set(Object.values(EXTENSIONS)), UNKNOWN].map((extension) => nameOf(stem, position, extension))
}

/** The stem of a file's name; undefined where it is no name of ours. */
export function stemIn(name: string): string | undefined {
  return splitName(name)?.stem
}

/** The extension of a type, without a dot. */
export function extensionOf(mime: string): string {
  return EXTENSIONS[mime.split(';')[0]?.trim().toLowerCase() ?? ''] ?? UNKNOWN
}

/** Orders the files of one index: the plain stem first, then by number; what is no name of ours by its text. */
export function compareNames(a: string, b: string): number {
  const [left, right] = [splitName(a), splitName(b)]
  if (left === undefined || right === undefined || left.stem !== right.stem) {
    const [first, second] = [left?.stem ?? a, right?.stem ?? b]
    return first === second ? compareTexts(a, b) : compareTexts(first, second)
  }
  return left.number - right.number || compareTexts(a, b)
}

function nameOf(stem: string, position: number, extension: string): string {
  return `${stem}${position === 0 ? '' : `-${position + 1}`}.${extension}`
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function splitName(name: string): { stem: string; number: number } | undefined {
  const match = /^(\d{9,}(?:~[0-9a-f]+)?)(?:-([1-9]\d*))?\.[a-z]+$/.exec(name)
  return match === null ? undefined : { stem: match[1] ?? name, number: Number(match[2] ?? 1) }
}
