/** One line of metadata.jsonl: what it says about a file beside it. */
import type { Json } from '../core/facts.ts'
import type { TaskView } from '../node/api.ts'
import type { OutputFile } from './output-files.ts'
import type { Line } from './output-lines.ts'
import { compareNames, stemIn } from './output-names.ts'

export interface MetadataRow {
  readonly name: string
  readonly id: unknown
  readonly sha256: unknown
  readonly batch: unknown
  /** Infinity where a line has none, so that it goes last. */
  readonly index: number
  readonly offset: number
  readonly length: number
}

/** Characters that JSON may hold as they are and that some readers take for the end of a line. */
const LINE_ENDS = /[\u0085\u2028\u2029]/g

/** The line of one file: our columns, then the task's parameters; one of those that has our name gets `param_` before it. */
export function metadataLine(task: TaskView, file: OutputFile): string {
  const columns = new Map<string, Json>([
    ['file_name', file.name],
    ['batch', task.batch],
    ['index', task.index],
    ['id', task.id],
    ['prompt', task.prompt],
    ['profile', task.profile],
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
  const text = [...columns].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')
  return `{${text.replace(LINE_ENDS, (end) => `\\u${end.charCodeAt(0).toString(16).padStart(4, '0')}`)}}\n`
}

/** What a line says; undefined where it cannot be read or names no file. */
export function parseRow({ offset, length, bytes }: Line): MetadataRow | undefined {
  const value = bytes === undefined ? undefined : parseJson(bytes)
  if (typeof value !== 'object' || value === null) return undefined
  const { file_name: name, id, sha256, batch, index } = value as { [column: string]: unknown }
  if (typeof name !== 'string') return undefined
  return { name, id, sha256, batch, index: typeof index === 'number' ? index : Infinity, offset, length }
}

/** Whether a row is about a file of ours; others are kept as they are. */
export function isOurs({ name, id, batch }: MetadataRow): boolean {
  return stemIn(name) !== undefined && typeof id === 'string' && typeof batch === 'string'
}

/** Orders rows as the file of prompts is, then as their names. */
export function compareRows(a: MetadataRow, b: MetadataRow): number {
  return a.index === b.index ? compareNames(a.name, b.name) : a.index < b.index ? -1 : 1
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
