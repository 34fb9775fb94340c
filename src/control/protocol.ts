/** What the control server and its clients agree on besides the views of node/api.ts. */
import type { SeedAnswer, SeedProgress } from '../node/api.ts'

/** Media type of a stream of rows: one JSON object {prompt, params} a line. */
export const ROWS_TYPE = 'application/x-ndjson'

/** Most tasks of a page. Raising it costs memory: a task may carry a prompt of 64 KiB. */
export const PAGE_TASKS_MAX = 1_000

/** Most tasks that one request may change by name. */
export const CHANGED_TASKS_MAX = 10_000

/** The answer to a stream of rows: what became of them, and what the node counted while it read. */
export interface RowsAnswer extends SeedAnswer {
  readonly read: number
  readonly blank: number
  readonly bad: number
}

/** A line of the answer to a sender of rows that accepts ROWS_TYPE: what is acknowledged so far; the last says how it ended. */
export type RowsLine = { readonly progress: SeedProgress } | { readonly answer: RowsAnswer } | ErrorBody

/** The body of every answer that is not a success. */
export interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string }
}
