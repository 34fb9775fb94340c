/** Pulls the results of a batch into an output folder: only what is missing there, checked by hash. */
import type { TaskPage, TaskQuery, TaskView } from '../node/api.ts'
import { type MissingFile, OutputFolder } from './output-folder.ts'
import { folderOf } from './output-names.ts'
import type { ReadArtifact } from './output-results.ts'

/** Tasks asked for at a time: with the longest prompts and parameters some 25 MB. */
const PAGE_TASKS = 200
/** Tasks written at the same time, so that one waiting for its disk or its peer does not hold up the rest. */
const PARALLEL_TASKS = 8
/** Missing files that are listed one by one; beyond that they are only counted. */
const MISSING_LISTED_MAX = 10_000

/** Where results come from: a node in this process, or one asked over HTTP. */
export interface PullSource {
  /** Tasks in the order of their index. */
  tasks(name: string, query: TaskQuery): Promise<TaskPage>
  artifact: ReadArtifact
}

export interface PullProgress {
  /** Tasks of the batch looked at so far. */
  readonly tasks: number
  /** Files placed. */
  readonly written: number
  /** Files that were there already. */
  readonly present: number
  /** Files that nobody has, or whose bytes came wrong: pull again when their holder is back. */
  readonly missingCount: number
  /** Tasks that are FAILED. */
  readonly failed: number
  /** Tasks that are neither COMPLETED nor FAILED. */
  readonly notDone: number
  readonly cancelled: number
}

export interface PullResult extends PullProgress {
  /** The first 10,000 of the missing. */
  readonly missing: readonly MissingFile[]
}

export interface PullOptions {
  /** Hash files that are there already instead of believing their size and metadata. */
  readonly verify?: boolean
  readonly onProgress?: (progress: PullProgress) => void
  /** Ends the pull after the files at hand; the folder is left in order. */
  readonly signal?: AbortSignal
}

/**
 * Writes the results of all COMPLETED tasks that are not in `folder` yet. Stopped at any moment and called again it goes on.
 * @throws MESH_OUTPUT the folder cannot be written or holds another batch; the signal's reason; or what `source` throws
 */
export async function pullBatch(
  source: PullSource,
  name: string,
  folder: string,
  options: PullOptions = {},
): Promise<PullResult> {
  const output = await OutputFolder.open(folder, { verify: options.verify === true })
  output.claimFor(name)
  const counts = { tasks: 0, written: 0, present: 0, missingCount: 0, failed: 0, notDone: 0, cancelled: 0 }
  const missing: MissingFile[] = []
  const take = async (task: TaskView): Promise<void> => {
    counts.tasks += 1
    if (task.state !== 'COMPLETED') {
      counts[task.state === 'FAILED' ? 'failed' : task.state === 'CANCELLED' ? 'cancelled' : 'notDone'] += 1
      return
    }
    const result = await output.write(task, source.artifact)
    counts.written += result.written
    counts.present += result.present
    counts.missingCount += result.missing.length
    missing.push(...result.missing.slice(0, MISSING_LISTED_MAX - missing.length))
  }
  for await (const page of readPages(source, name, options.signal)) {
    await eachInParallel(page.tasks, take, options.signal)
    const last = page.tasks.at(-1)
    if (last !== undefined) await output.finish(folderOf(last.index))
    options.onProgress?.({ ...counts })
  }
  await output.finish()
  options.signal?.throwIfAborted()
  return { ...counts, missing: missing.sort((a, b) => a.index - b.index) }
}

async function* readPages(source: PullSource, name: string, signal?: AbortSignal): AsyncGenerator<TaskPage> {
  let cursor: string | null | undefined
  while (cursor !== null && signal?.aborted !== true) {
    const page = await source.tasks(name, { limit: PAGE_TASKS, ...(cursor !== undefined && { cursor }) })
    yield page
    cursor = page.cursor
  }
}

/** Runs the action on every item, some at a time; after a failure or an abort none is begun, and those begun are awaited. */
async function eachInParallel<T>(
  items: readonly T[],
  action: (item: T) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const queue = items.values()
  const failures: unknown[] = []
  const lanes = Array.from({ length: PARALLEL_TASKS }, async () => {
    for (const item of queue) {
      if (failures.length > 0 || signal?.aborted === true) return
      await action(item).catch((error: unknown) => failures.push(error))
    }
  })
  await Promise.all(lanes)
  if (failures.length > 0) throw failures[0]
}
