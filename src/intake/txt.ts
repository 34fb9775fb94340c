/** Reads plain text: one prompt a line, taken as it is. */
import { MESH_SETTINGS } from '../core/settings.ts'
import { LineSplitter } from './lines.ts'
import { NO_PARAMS, type RowSink } from './rows.ts'

/** A reader of text: `push` takes chunks of any size, `end` the end of the input. */
export function txtReader(sink: RowSink): LineSplitter {
  return new LineSplitter(MESH_SETTINGS.promptBytesMax, {
    line: (line, text) => {
      if (text.trim() === '') sink.blank(line)
      else sink.row(line, text, NO_PARAMS)
    },
    badLine: (line, reason) => sink.badLine(line, reason),
  })
}
