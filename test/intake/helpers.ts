/** Runs the readers on bytes given in a test. */
import { expect } from 'vitest'
import { MeshError } from '../../src/core/errors.ts'
import { openPrompts, type PromptFormat, type PromptSource } from '../../src/intake/open.ts'
import type { BadLine, PromptRow } from '../../src/intake/rows.ts'

export interface Reading {
  readonly rows: readonly PromptRow[]
  readonly read: number
  readonly blank: number
  readonly bad: number
  readonly badLines: readonly BadLine[]
}

/** What is read from a stream of these bytes, or of these chunks. */
export async function readStream(format: PromptFormat, input: string | Buffer | readonly Buffer[]): Promise<Reading> {
  const chunks = typeof input === 'string' ? [Buffer.from(input)] : Buffer.isBuffer(input) ? [input] : input
  return readAll(await openPrompts('-', { stdin: streamOf(chunks), format }))
}

export async function readAll(source: PromptSource): Promise<Reading> {
  const rows: PromptRow[] = []
  for await (const chunk of source.rows) rows.push(...chunk)
  const { read, blank, bad, badLines } = source.report
  expect(read).toBe(rows.length)
  return { rows, read, blank, bad, badLines }
}

export async function* streamOf(chunks: Iterable<Buffer>): AsyncGenerator<Buffer> {
  yield* chunks
}

export function promptsOf(reading: Reading): string[] {
  return reading.rows.map((row) => row.prompt)
}

/** The message of the MESH_INPUT error that `work` ends with; it must be one line. */
export async function inputProblem(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => expect.unreachable('an error was expected'),
    (reason: unknown) => reason,
  )
  if (!(error instanceof MeshError)) throw error
  expect(error.code).toBe('MESH_INPUT')
  expect(error.message).not.toContain('\n')
  return error.message
}
