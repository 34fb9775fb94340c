/** Reads the rows of a seeding request: one JSON object {prompt, params} a line, checked like a prompt file. */

import type { Params } from '../core/facts.ts'
import { LineSplitter } from '../intake/lines.ts'
import { NO_PARAMS, type PromptRow, RECORD_BYTES_MAX, type RowSink } from '../intake/rows.ts'

/** Chunks of rows, each read when the one before was taken; what is wrong is counted in `sink`. */
export async function* readRows(body: AsyncIterable<Buffer>, sink: RowSink): AsyncGenerator<PromptRow[]> {
  const splitter = new LineSplitter(RECORD_BYTES_MAX, {
    line: (number, text) => readRow(sink, number, text),
    badLine: (number, reason) => sink.badLine(number, reason),
  })
  for await (const bytes of body) {
    splitter.push(bytes)
    yield* sink.chunks(false)
  }
  splitter.end()
  yield* sink.chunks(true)
}

function readRow(sink: RowSink, line: number, text: string): void {
  if (text.trim() === '') return sink.blank(line)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return sink.badLine(line, 'is not JSON')
  }
  if (!isObject(value)) return sink.badLine(line, 'is not an object {"prompt": …, "params": …}')
  const { prompt, params = NO_PARAMS, ...others } = value
  const stranger = Object.keys(others)[0]
  if (stranger !== undefined) return sink.badLine(line, 'has keys besides prompt and params')
  if (typeof prompt !== 'string') return sink.badLine(line, 'has no prompt')
  if (!isObject(params)) return sink.badLine(line, 'has params that are not an object')
  // JSON.parse gives nothing but JSON values.
  sink.row(line, prompt, params as Params)
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
