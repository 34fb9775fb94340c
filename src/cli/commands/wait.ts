/** `wait`: until every task of some batches has ended; its exit code says how. */
import { setTimeout } from 'node:timers/promises'
import type { Command } from 'commander'
import type { ControlClient } from '../../control/client.ts'
import { formatCount, formatPlural, formatText } from '../../control/format.ts'
import { MeshError } from '../../core/errors.ts'
import type { BatchView } from '../../node/api.ts'
import { DURATION_MS_MAX } from '../duration.ts'
import { EXIT } from '../errors.ts'
import { startProgress } from '../render/progress.ts'
import { printJson, say, warn } from '../render/terminal.ts'
import { type NodeOptions, onSameNode, quoteWord, sameNode } from '../same-node.ts'
import { aboutBatch, asksNode, duration, type Format, openClient, type Run } from './shared.ts'

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
    .option(
      '--timeout <time>',
      'give up after this time: seconds, or 30s, 5m, 1.5h',
      duration(0, DURATION_MS_MAX, '10000d at most'),
    )
  asksNode(wait, ['table', 'json'], 'wait images', 'wait images paintings --timeout 2h').action(run(waitForBatches))
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
  options: WaitOptions,
): Promise<readonly BatchView[]> {
  const { timeout } = options
  const until = timeout === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeout
  let views: readonly BatchView[] = []
  const warned = new Set<string>()
  const progress = await startProgress(() => describeOpen(views))
  try {
    for (let pollMs = POLL_MS_MIN; ; pollMs = Math.min(POLL_MS_MAX, pollMs * 1.5)) {
      views = await Promise.all(names.map((name) => aboutBatch(client, name, () => client.batch(name))))
      if (views.every((view) => view.settled && openTasks(view) === 0)) return views
      warnOfStanding(views, warned, options)
      const leftMs = until - performance.now()
      if (leftMs <= 0) throw timeIsUp(views, timeout ?? 0)
      await setTimeout(Math.min(pollMs, leftMs))
    }
  } finally {
    progress.end()
  }
}

/** Waiting for what cannot run may take for ever: once for each reason it is said. */
function warnOfStanding(views: readonly BatchView[], warned: Set<string>, options: NodeOptions): void {
  for (const view of views) {
    const why = openTasks(view) === 0 ? undefined : standsBecause(view, options)
    if (why === undefined || warned.has(`${view.name} ${why}`)) continue
    warned.add(`${view.name} ${why}`)
    warn(`${view.name}: ${why}`)
  }
}

function standsBecause({ name, paused, blocked }: BatchView, options: NodeOptions): string | undefined {
  if (paused) return `it is paused; \`promptmesh resume ${quoteWord(name)}${sameNode(options)}\` goes on with it`
  return blocked === null ? undefined : formatText(onSameNode(blocked, options))
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
    `after ${timeoutMs / 1000} s not ended, ${describeOpen(views) ?? 'some nodes have not told their counts'}; wait again, or see \`promptmesh status\``,
  )
}
