/** Reads csv with a header. */
import { type Options, parse } from 'csv-parse/sync'
import { CsvRecords } from './csv-records.ts'
import type { Table } from './table.ts'

/**
 * Every option on which the places of record ends depend is set to what csv-records.ts does: quotes inside a plain
 * field are text, a line end is LF or CRLF, an empty line is a record.
 */
const OPTIONS: Options = {
  columns: false,
  record_delimiter: ['\r\n', '\n'],
  relax_quotes: true,
  relax_column_count: true,
  skip_empty_lines: false,
}

/** A reader of csv: `push` takes chunks of any size, `end` the end of the input. */
export function csvReader(table: Table): CsvRecords {
  return new CsvRecords({
    records: (block, lines) => {
      const rows: readonly (readonly string[])[] = parse(block, OPTIONS)
      if (rows.length !== lines.length)
        throw new TypeError(`csv: ${lines.length} records were parsed as ${rows.length}`)
      for (const [at, cells] of rows.entries()) table.record(lines[at] as number, cells)
    },
    badLine: (line, reason) => table.badLine(line, reason),
  })
}
