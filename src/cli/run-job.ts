/** One run: adds the prompts, follows them while they run, collects the results and says what came of it. */
import { formatCount, formatPlural } from '../control/format.ts'
import type { MissingFile, OutputFolder } from '../control/output-folder.ts'
import { type PullResult, pullBatch } from '../control/pull.ts'
import { MeshError } from '../core/errors.ts'
import type { PromptSource } from '../intake/open.ts'
import type { BatchView, PromptRow, SeedAnswer, SeedRequest, TaskPage, TaskView } from '../node/api.ts'
import { EXIT } from './errors.ts'
import { followBatch } from './follow.ts'
import { startProgress } from './render/progress.ts'
import { renderEnd, renderFailures, renderRunning } from './render/run.ts'
import { renderSeeded, renderSeeding } from './render/seed.ts'
import { paint, say, warn } from './render/terminal.ts'
import type { RunNode } from './run-node.ts'

export interface RunJob {
  readonly node: RunNode
  readonly request: SeedRequest
  readonly input: PromptSource
  readonly output: OutputFolder
  /** The folder for the pictures, as the user wrote it. */
  readonly out: string
  /** Try again what failed or was cancelled before. */
  readonly retry: boolean
  /** When the command began, for the time that is told. */
  readonly startedMs: number
  readonly signal: AbortSignal
}

/** Missing files that are named. */
const MISSING_SHOWN = 5

/** Failed tasks that are looked at to group them. */
const FAILED_LOOKED_AT = 2_000
const PAGE_TASKS = 500

/** How far a run is. */
interface Standing {
  view?: BatchView
  seeded?: SeedAnswer
  /** Files written while the batch ran. */
  written: number
}

/**
 * Runs to the end; answers the exit code.
 * @throws MESH_CANNOT_RUN nothing of the batch can run; the signal's reason; and what seeding and writing throw
 */
export async function runJob(job: RunJob): Promise<number> {
  const standing: Standing = { written: 0 }
  const progress = await startProgress(() => describe(job, standing))
  let view: BatchView
  try {
    if (job.retry) await retryEarlier(job)
    view = await seedAndFollow(job, standing)
  } finally {
    await job.output.finish()
    progress.end()
  }
  const result = await pullBatch(job.node.source, job.request.batch, job.out, { signal: job.signal })
  return await report(job, view, result, standing.written)
}

function describe({ input, startedMs }: RunJob, { view, seeded }: Standing): string | undefined {
  const seeding = seeded === undefined && (input.report.totalBytes !== undefined || view === undefined)
  return seeding || view === undefined ? renderSeeding(input.report, startedMs) : renderRunning(view)
}

async function retryEarlier({ node, request }: RunJob): Promise<void> {
  try {
    if ((await node.source.batch(request.batch)).batchCancelled) {
      await node.source.setBatch(request.batch, { cancelled: false })
    }
    const changed = await node.source.changeTasks(request.batch, 'retry', 'all')
    say(`${formatPlural(changed, 'task')} of earlier runs will be tried again`)
  } catch (error) {
    // Nothing was run before, so nothing is to be tried again.
    if (!(error instanceof MeshError) || error.code !== 'MESH_BATCH_UNKNOWN') throw error
  }
}

/** Seeding and running go on side by side: the first picture does not wait for the last prompt. */
async function seedAndFollow(job: RunJob, standing: Standing): Promise<BatchView> {
  const failed = new AbortController()
  const signal = AbortSignal.any([job.signal, failed.signal])
  const seeding = seed(job, signal).then((answer) => {
    standing.seeded = answer
  })
  // A prompt that is awaited from a terminal may never come: an abort does not wait for it, and following tells why it ended.
  seeding.catch((error: unknown) => failed.abort(error))
  return await followBatch({
    source: job.node.source,
    batch: job.request.batch,
    output: job.output,
    seeded: () => standing.seeded !== undefined,
    onView: (view) => {
      standing.view = view
    },
    onWritten: (files) => {
      standing.written += files
    },
    signal,
  })
}

async function seed({ node, request, input }: RunJob, signal: AbortSignal): Promise<SeedAnswer> {
  const answer = await node.source.seed(request, untilAborted(input.rows, signal))
  for (const line of renderSeeded(answer, input.report)) say(line)
  const { paused, batchCancelled } = await node.source.batch(request.batch)
  if (batchCancelled) say(`batch ${request.batch} was cancelled: the same command with --retry takes it up again`)
  if (paused) {
    await node.source.setBatch(request.batch, { paused: false })
    say(`batch ${request.batch} was paused: it goes on`)
  }
  return answer
}

async function* untilAborted(
  rows: AsyncIterable<readonly PromptRow[]>,
  signal: AbortSignal,
): AsyncGenerator<readonly PromptRow[]> {
  for await (const chunk of rows) {
    signal.throwIfAborted()
    yield chunk
  }
}

async function report(job: RunJob, view: BatchView, result: PullResult, writtenBefore: number): Promise<number> {
  const now = writtenBefore + result.written
  const earlier = result.written + result.present - now
  say(renderEnd(result, job.out, Math.max(0, earlier), (performance.now() - job.startedMs) / 1000))
  if (view.cancelled > 0)
    warn(`${formatPlural(view.cancelled, 'task')} cancelled: the same command with --retry runs them`)
  if (view.failed > 0) {
    for (const line of renderFailures(await failedTasks(job), view)) say(paint('red', line))
    for (const line of remedies(job, view)) say(line)
  }
  if (result.missingCount > 0) sayMissing(job, result.missing, result.missingCount)
  if (result.missingCount > 0) return EXIT.error
  return view.completed === view.total ? EXIT.ok : EXIT.failures
}

async function failedTasks({ node, request }: RunJob): Promise<TaskView[]> {
  const failed: TaskView[] = []
  let cursor: string | null | undefined
  while (cursor !== null && failed.length < FAILED_LOOKED_AT) {
    const query = { states: ['FAILED'], limit: PAGE_TASKS, ...(cursor !== undefined && { cursor }) } as const
    const page: TaskPage = await node.source.tasks(request.batch, query)
    failed.push(...page.tasks)
    cursor = page.cursor
  }
  return failed
}

/** How to see more of the failures and to try them again; a node of our own is gone by then. */
function remedies({ node }: RunJob, { name }: BatchView): string[] {
  const up = node.own ? `\`promptmesh up --data ${node.dataDir}\`, then ` : ''
  return [
    `see all: ${up}\`promptmesh tasks ${name} --state failed --data ${node.dataDir}\``,
    'try them again: the same command with --retry',
  ]
}

function sayMissing({ request }: RunJob, missing: readonly MissingFile[], count: number): void {
  for (const { index, sha256, why } of missing.slice(0, MISSING_SHOWN)) {
    say(`  ${request.batch}/${formatCount(index)}  ${sha256}  ${why === 'damaged' ? 'damaged' : 'not found'}`)
  }
  warn(`${formatPlural(count, 'file')} missing: \`promptmesh pull\` later finds what has come back`)
}
