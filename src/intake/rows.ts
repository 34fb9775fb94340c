/** What the readers hand out: rows in chunks, and a report that counts what was read and what was wrong. */

import type { Json, Params } from '../core/facts.ts'
import { MESH_SETTINGS } from '../core/settings.ts'

/** One accepted row of a prompt file. */
export interface PromptRow {
  readonly prompt: string
  readonly params: Params
}

/** A line (counted from 1) that gave no row, and why. */
export interface BadLine {
  readonly line: number
  readonly reason: string
}

/** What has been read so far; it changes while rows are read. */
export interface InputReport {
  /** Accepted rows. */
  readonly read: number
  readonly blank: number
  readonly bad: number
  /** The first bad lines, BAD_LINES_KEPT at most. */
  readonly badLines: readonly BadLine[]
  /** Bytes of the file or stream, before unpacking. */
  readonly bytesRead: number
  /** Size of the file, before unpacking; undefined for a stream. */
  readonly totalBytes: number | undefined
}

/** How many bad lines a report names. */
export const BAD_LINES_KEPT = 20
/** Most rows of a chunk. */
const CHUNK_ROWS_MAX = 1_000
/** Most bytes of prompts and parameters of a chunk. */
const CHUNK_BYTES_MAX = 4 * 1024 * 1024
/** Longest csv record or jsonl line, bytes. Raising it costs that much memory; escapes make a row longer than its values. */
export const RECORD_BYTES_MAX = 1024 * 1024
/** Deepest nesting of a parameter. */
const DEPTH_MAX = 32
/** By how much a fraction may take more bytes as CBOR (9) than as JSON (3 and a comma). */
const FRACTION_EXTRA_BYTES = 6

/** Collects rows into chunks and counts what the readers meet. */
export class RowSink {
  /** The last line that was looked at. */
  line = 0
  read = 0
  blankLines = 0
  bad = 0
  readonly badLines: BadLine[] = []
  private rows: PromptRow[] = []
  private rowBytes = 0
  private readonly full: PromptRow[][] = []

  /** Checks the limits of a row and takes it, or counts its line as bad. `line` is where the row starts. */
  row(line: number, prompt: string, params: Params): void {
    this.line = line
    const promptBytes = Buffer.byteLength(prompt)
    const paramsBytes = params === NO_PARAMS ? 0 : measureParams(params)
    const problem = typeof paramsBytes === 'string' ? paramsBytes : promptProblem(prompt, promptBytes)
    if (problem !== undefined) this.badLine(line, problem)
    else this.take({ prompt, params }, promptBytes + (paramsBytes as number))
  }

  blank(line: number): void {
    this.line = line
    this.blankLines += 1
  }

  badLine(line: number, reason: string): void {
    this.line = line
    this.bad += 1
    if (this.badLines.length < BAD_LINES_KEPT) this.badLines.push({ line, reason })
  }

  /** The chunks that are full; with `all`, also the one that is not. */
  chunks(all: boolean): PromptRow[][] {
    if (all) this.close()
    return this.full.splice(0)
  }

  private take(row: PromptRow, bytes: number): void {
    if (this.rowBytes + bytes > CHUNK_BYTES_MAX) this.close()
    this.rows.push(row)
    this.rowBytes += bytes
    this.read += 1
    if (this.rows.length === CHUNK_ROWS_MAX) this.close()
  }

  private close(): void {
    if (this.rows.length > 0) this.full.push(this.rows)
    this.rows = []
    this.rowBytes = 0
  }
}

/** The parameters of a row that has none. */
export const NO_PARAMS: Params = Object.freeze({})

/** Text from a file as an error message may show it: one line, no control characters, at most `max` characters. */
export function shown(text: string, max = 40): string {
  const clean = text.replace(/\p{Cc}/gu, ' ')
  return clean.length > max ? `${clean.slice(0, max).toWellFormed()}…` : clean
}

function promptProblem(prompt: string, bytes: number): string | undefined {
  const max = MESH_SETTINGS.promptBytesMax
  if (bytes > max) return `the prompt has ${bytes} bytes, ${max} at most`
  if (prompt.trim() === '') return 'the prompt is empty'
  return textProblem(prompt)
}

function textProblem(text: string): string | undefined {
  if (text.includes('\0')) return 'contains a NUL character'
  if (!text.isWellFormed()) return 'contains half of a surrogate pair, which is not a character'
  return undefined
}

/**
 * Bytes of the parameters as JSON, or why they cannot be taken. Fractions count a little more, so that the same
 * limit holds for their CBOR.
 */
function measureParams(params: Params): number | string {
  const seen = { fractions: 0 }
  const problem = valueProblem(params, 0, seen)
  if (problem !== undefined) return problem
  const bytes = Buffer.byteLength(JSON.stringify(params)) + seen.fractions * FRACTION_EXTRA_BYTES
  const max = MESH_SETTINGS.paramsBytesMax
  return bytes > max ? `the parameters have ${bytes} bytes, ${max} at most` : bytes
}

function valueProblem(value: Json, depth: number, seen: { fractions: number }): string | undefined {
  if (typeof value === 'string') return textProblem(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return 'contains a number that is too large'
    if (!Number.isSafeInteger(value)) seen.fractions += 1
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  if (depth === DEPTH_MAX) return `is nested deeper than ${DEPTH_MAX} levels`
  for (const [key, inner] of Object.entries(value as { readonly [key: string]: Json })) {
    if (key === '__proto__') return 'contains the key __proto__, which is not allowed'
    const problem = textProblem(key) ?? valueProblem(inner, depth + 1, seen)
    if (problem !== undefined) return problem
  }
  return undefined
}
