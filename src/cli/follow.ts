/**
 * Follows a batch while it runs: watches its counts, and writes results into the output folder as they come.
 *
 * Results come about in the order of the file, so each look begins where the first open task was at the look
 * before. What a look leaves out, because tasks hang far behind, a pull of the whole batch finds at the end.
 */
import type { OutputFolder } from '../control/output-folder.ts'
import { MeshError } from '../core/errors.ts'
import type { BatchView, TaskPage } from '../node/api.ts'
import { rest } from './rest.ts'
import { findBatch, type RunSource } from './run-node.ts'

export interface Following {
  readonly source: RunSource
  readonly batch: string
  readonly output: OutputFolder
  /** False while rows are still added: then a batch without open tasks is not at its end. */
  readonly seeded: () => boolean
  readonly onView: (view: BatchView) => void
  /** Files were written now. */
  readonly onWritten: (files: number) => void
  readonly signal: AbortSignal
}

const WATCH_MS = 100
const LOOK_MS_MIN = 100
/** A look at many tasks may take long: at most a fifth of the time is spent looking. */
const REST_SHARE = 4
const PAGE_TASKS = 200
/** How many pages behind the furthest one an open task may hold back the beginning of the next look. */
const PAGES_BACK_MAX = 20
/** Nothing runs and nothing can, before it is believed. */
const BLOCKED_MS = 1_000

/**
 * Resolves with the last counts when every task has ended.
 * @throws MESH_CANNOT_RUN nothing of the batch can run; the signal's reason; or what the source or the folder throws
 */
export async function followBatch(following: Following): Promise<BatchView> {
  const ended = new AbortController()
  const signal = AbortSignal.any([following.signal, ended.signal])
  const watching = watchUntilEnded({ ...following, signal })
  const writing = writeUntil({ ...following, signal })
  try {
    // Writing ends by itself only when it fails.
    await Promise.race([watching, writing])
  } finally {
    ended.abort()
    await Promise.allSettled([watching, writing])
  }
  following.signal.throwIfAborted()
  return await watching
}

async function watchUntilEnded({ source, batch, seeded, onView, signal }: Following): Promise<BatchView> {
  let blockedSince: number | undefined
  for (;;) {
    signal.throwIfAborted()
    // Asked before the counts, so that no row can come between the two.
    const complete = seeded()
    const view = await viewOf(source, batch, complete)
    if (view !== undefined) {
      onView(view)
      if (complete && view.waiting + view.scheduled + view.running === 0) return view
      blockedSince = complete && view.blocked !== null ? (blockedSince ?? performance.now()) : undefined
      if (blockedSince !== undefined && performance.now() - blockedSince >= BLOCKED_MS) {
        throw new MeshError('MESH_CANNOT_RUN', `batch ${batch} cannot run: ${view.blocked}`)
      }
    }
    await rest(WATCH_MS, signal)
  }
}

/** The batch's counts; undefined before its first row has arrived. */
function viewOf(source: RunSource, batch: string, complete: boolean): Promise<BatchView | undefined> {
  return complete ? source.batch(batch) : findBatch(source, batch)
}

async function writeUntil(following: Following): Promise<void> {
  const { source, batch, seeded, signal } = following
  let known: readonly Page[] = []
  while (!signal.aborted) {
    const started = performance.now()
    const complete = seeded()
    if ((await viewOf(source, batch, complete)) !== undefined) known = await look(following, known)
    await rest(Math.max(LOOK_MS_MIN, REST_SHARE * (performance.now() - started)), signal)
  }
}

interface Page {
  /** Undefined for the first one. */
  readonly cursor: string | undefined
  /** Tasks whose results are in the folder. */
  readonly written: ReadonlySet<string>
  readonly open: boolean
}

/** One look, from the first of the `known` pages on; returns the pages that the next one begins with. */
async function look(following: Following, known: readonly Page[]): Promise<readonly Page[]> {
  const { source, batch, signal } = following
  const before = new Set(known.flatMap(({ written }) => [...written]))
  const pages: Page[] = []
  let cursor: string | null | undefined = known[0]?.cursor
  while (cursor !== null && !signal.aborted) {
    const { tasks, cursor: next }: TaskPage = await source.tasks(batch, {
      limit: PAGE_TASKS,
      ...(cursor !== undefined && { cursor }),
    })
    const written = await writePage(following, tasks, before)
    pages.push({ cursor, written, open: tasks.some(({ state }) => OPEN.has(state)) })
    if (pages.length > PAGES_BACK_MAX) pages.shift()
    if (tasks.every(({ state }) => state === 'WAITING')) break
    cursor = next
  }
  const firstOpen = pages.findIndex(({ open }) => open)
  // Rows that are added later come at the end.
  return pages.slice(firstOpen === -1 ? -1 : firstOpen)
}

async function writePage(
  { source, output, onWritten, signal }: Following,
  tasks: TaskPage['tasks'],
  before: ReadonlySet<string>,
): Promise<Set<string>> {
  const completed = tasks.filter(({ state }) => state === 'COMPLETED')
  const fresh = completed.filter(({ id }) => !before.has(id))
  const written = new Set(completed.filter(({ id }) => before.has(id)).map(({ id }) => id))
  for (const task of fresh) {
    if (signal.aborted) break
    const result = await output.write(task, source.artifact)
    onWritten(result.written)
    written.add(task.id)
  }
  return written
}

const OPEN: ReadonlySet<string> = new Set(['WAITING', 'SCHEDULED', 'RUNNING'])
