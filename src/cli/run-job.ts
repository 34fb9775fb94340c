/** One run: adds the prompts, follows them while they run, collects the results and says what came of it. */
import { formatCount, formatPlural } from '../control/format.ts'
import type { MissingFile, OutputFolder } from '../control/output-folder.ts'
import { type PullResult, pullBatch } from '../control/pull.ts'
import type { PromptSource } from '../intake/open.ts'
import type { BatchView, PromptRow, SeedAnswer, SeedRequest, TaskPage, TaskView } from '../node/api.ts'
import { EXIT } from './errors.ts'
import { followBatch } from './follow.ts'
import { startProgress } from './render/progress.ts'
import { renderEnd, renderFailures, renderRunning } from './render/run.ts'
import { renderSeeded, renderSeeding } from './render/seed.ts'
import { paint, say, warn } from './render/terminal.ts'
import { findBatch, type RunNode } from './run-node.ts'
import { quoteWord } from './same-node.ts'
import { keptSettings } from './seed-settings.ts'

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
  /** Rows that the node has acknowledged, if it tells. */
  acknowledged?: number
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
    await takeUp(job)
    view = await seedAndFollow(job, standing)
    await job.output.finish()
  } catch (error) {
    // On a disk that is full it fails too: why the run ended is what people are told.
    await job.output.finish().catch(() => undefined)
    throw error
  } finally {
    progress.end()
  }
  const result = await pullBatch(job.node.source, job.request.batch, job.out, { signal: job.signal })
  return await report(job, view, result, standing.written)
}

function describe({ input, startedMs }: RunJob, { view, seeded, acknowledged }: Standing): string | undefined {
  const seeding = seeded === undefined && (input.report.totalBytes !== undefined || view === undefined)
  return seeding || view === undefined ? renderSeeding(input.report, acknowledged, startedMs) : renderRunning(view)
}

/** Goes on with the batch of an earlier run, if there was one. */
async function takeUp({ node, request, retry }: RunJob): Promise<void> {
  const before = await findBatch(node.source, request.batch)
  if (before === undefined) return
  for (const note of keptSettings(before, request)) say(note)
  if (!retry) return
  if (before.batchCancelled) await node.source.setBatch(request.batch, { cancelled: false })
  const changed = await node.source.changeTasks(request.batch, 'retry', 'all')
  say(`${formatPlural(changed, 'task')} of earlier runs will be tried again`)
}

/** Seeding and running go on side by side: the first picture does not wait for the last prompt. */
async function seedAndFollow(job: RunJob, standing: Standing): Promise<BatchView> {
  const failed = new AbortController()
  const signal = AbortSignal.any([job.signal, failed.signal])
  const seeding = seed(job, standing, signal).then((answer) => {
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

async function seed({ node, request, input }: RunJob, standing: Standing, signal: AbortSignal): Promise<SeedAnswer> {
  const answer = await node.source.seed(request, untilAborted(input.rows, signal), (now) => {
    standing.acknowledged = now.new + now.existing
  })
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
  const data = quoteWord(node.dataDir)
  const up = node.own ? `\`promptmesh up --no-work --data ${data}\`, then in another terminal ` : ''
  return [
    `see all: ${up}\`promptmesh tasks ${quoteWord(name)} --state failed --data ${data}\``,
    'try them again: the same command with --retry',
  ]
}

function sayMissing({ request }: RunJob, missing: readonly MissingFile[], count: number): void {
  for (const { index, sha256, why } of missing.slice(0, MISSING_SHOWN)) {
    say(`  ${request.batch}/${formatCount(index)}  ${sha256}  ${why === 'damaged' ? 'damaged' : 'not found'}`)
  }
  warn(`${formatPlural(count, 'file')} missing: the same command later writes what has come back`)
}
