/** Reads tsv with a header. Quotes have no meaning in tsv: a prompt may begin with one. */
import { LineSplitter } from './lines.ts'
import { RECORD_BYTES_MAX } from './rows.ts'
import type { Table } from './table.ts'

/** A reader of tsv: `push` takes chunks of any size, `end` the end of the input. */
export function tsvReader(table: Table): LineSplitter {
  return new LineSplitter(RECORD_BYTES_MAX, {
    line: (line, text) => table.record(line, text.split('\t')),
    badLine: (line, reason) => table.badLine(line, reason),
  })
}
