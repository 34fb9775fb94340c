/** `wait`: until every task of some batches has ended; its exit code says how. */
import { setTimeout } from 'node:timers/promises'
import type { Command } from 'commander'
import type { ControlClient } from '../../control/client.ts'
import { formatCount, formatPlural, formatText } from '../../control/format.ts'
import { MeshError } from '../../core/errors.ts'
import type { BatchView } from '../../node/api.ts'
import { parseDuration } from '../duration.ts'
import { EXIT } from '../errors.ts'
import { startProgress } from '../render/progress.ts'
import { printJson, say, warn } from '../render/terminal.ts'
import {
  aboutBatch,
  addExamples,
  addNodeOptions,
  type Format,
  type NodeOptions,
  openClient,
  outputOption,
  quoteWord,
  type Run,
  sameNode,
} from './shared.ts'

interface WaitOptions extends NodeOptions {
  readonly timeout?: number
  readonly output: Format
}

/** Between two questions; the first come sooner, so that a short batch is not waited for longer than it runs. */
const POLL_MS_MIN = 50
const POLL_MS_MAX = 1_000

export function addWaitCommand(program: Command, run: Run): void {
  const wait = program
    .command('wait <batches...>')
    .description('wait until batches have ended: exit 0 all completed, 3 some not, 5 the time ran out')
  addExamples(addNodeOptions(wait), 'wait images', 'wait images paintings --timeout 2h')
    .option('--timeout <time>', 'give up after this time: seconds, or 30s, 5m, 1.5h', parseDuration)
    .addOption(outputOption('table', 'json'))
    .action(run(waitForBatches))
}

async function waitForBatches(names: readonly string[], options: WaitOptions): Promise<number> {
  const client = await openClient(options)
  const views = await pollUntilEnded(client, names, options)
  if (options.output === 'json') await printJson({ schema: 'promptmesh.wait/1', batches: views })
  for (const { name, completed, failed, cancelled } of views) {
    const ends = [
      `${formatCount(completed)} completed`,
      `${formatCount(failed)} failed`,
      `${formatCount(cancelled)} cancelled`,
    ]
    say(`${name} has ended: ${ends.join(', ')}`)
  }
  const failed = views.find((view) => view.failed > 0)
  if (failed !== undefined) {
    const list = `tasks ${quoteWord(failed.name)} --state failed${sameNode(options)}`
    say(
      `list them: \`promptmesh ${list}\`; try them again: \`promptmesh retry ${quoteWord(failed.name)}${sameNode(options)}\``,
    )
  }
  return views.every((view) => view.completed === view.total) ? EXIT.ok : EXIT.failures
}

async function pollUntilEnded(
  client: ControlClient,
  names: readonly string[],
  { timeout }: WaitOptions,
): Promise<readonly BatchView[]> {
  const until = timeout === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeout
  let views: readonly BatchView[] = []
  const warned = new Set<string>()
  const progress = await startProgress(() => describeOpen(views))
  try {
    for (let pollMs = POLL_MS_MIN; ; pollMs = Math.min(POLL_MS_MAX, pollMs * 1.5)) {
      views = await Promise.all(names.map((name) => aboutBatch(client, name, () => client.batch(name))))
      if (views.every((view) => openTasks(view) === 0)) return views
      warnOfBlocked(views, warned)
      const leftMs = until - performance.now()
      if (leftMs <= 0) throw timeIsUp(views, timeout ?? 0)
      await setTimeout(Math.min(pollMs, leftMs))
    }
  } finally {
    progress.end()
  }
}

/** Waiting for what cannot run may take for ever: once for each reason it is said. */
function warnOfBlocked(views: readonly BatchView[], warned: Set<string>): void {
  for (const { name, blocked } of views) {
    if (blocked === null || warned.has(`${name} ${blocked}`)) continue
    warned.add(`${name} ${blocked}`)
    warn(`${name}: ${formatText(blocked)}`)
  }
}

function openTasks(view: BatchView): number {
  return view.waiting + view.scheduled + view.running
}

function describeOpen(views: readonly BatchView[]): string | undefined {
  const open = views.filter((view) => openTasks(view) > 0)
  if (open.length === 0) return undefined
  return open
    .map((view) => `${view.name}: ${formatPlural(openTasks(view), 'task')} of ${formatCount(view.total)} to go`)
    .join('; ')
}

function timeIsUp(views: readonly BatchView[], timeoutMs: number): MeshError {
  return new MeshError(
    'MESH_TIMEOUT',
    `after ${timeoutMs / 1000} s not ended, ${describeOpen(views)}; wait again, or see \`promptmesh status\``,
  )
}
