/** `pull`: writes the results of a batch into a folder; what is there already is left alone. */
import type { Command } from 'commander'
import type { ControlClient } from '../../control/client.ts'
import { formatCount, formatPlural } from '../../control/format.ts'
import type { PullProgress, PullResult } from '../../control/pull.ts'
import { EXIT } from '../errors.ts'
import { startProgress } from '../render/progress.ts'
import { printJson, say, warn } from '../render/terminal.ts'
import { type NodeOptions, quoteWord, sameNode } from '../same-node.ts'
import { interruptible } from '../signals.ts'
import { aboutBatch, asksNode, checkFolder, type Format, openClient, type Run } from './shared.ts'

interface PullOptions extends NodeOptions {
  readonly verify?: boolean
  readonly output: Format
}

/** Missing files that are named; -o json names them all. */
const MISSING_SHOWN = 5

export function addPullCommand(program: Command, run: Run): void {
  const pull = program
    .command('pull <batch> <dir>')
    .description('write the results of a batch into a folder; run it again for the rest')
    .option('--verify', 'hash the files that are there already, instead of believing their size')
  asksNode(pull, ['table', 'json'], 'pull images ./images', 'pull images ./images --verify').action(run(pullResults))
}

async function pullResults(batch: string, folder: string, options: PullOptions): Promise<number> {
  checkFolder('<dir>', folder)
  const client = await openClient(options)
  const { total } = await aboutBatch(client, batch, () => client.batch(batch))
  const lastWords = 'stopped: the same command goes on where it stopped'
  const result = await interruptible(lastWords, () => pullAll(client, batch, folder, total, options))
  if (options.output === 'json') await printJson({ schema: 'promptmesh.pull/1', batch, folder, ...result })
  return report(batch, folder, result, options)
}

async function pullAll(
  client: ControlClient,
  batch: string,
  folder: string,
  total: number,
  { verify = false }: PullOptions,
): Promise<PullResult> {
  const { pullBatch } = await import('../../control/pull.ts')
  let seen: PullProgress | undefined
  const progress = await startProgress(
    () =>
      seen &&
      `${formatCount(seen.tasks)} / ${formatCount(total)} tasks looked at, ${formatPlural(seen.written, 'file')} written`,
  )
  const onProgress = (now: PullProgress): void => {
    seen = now
  }
  try {
    return await pullBatch(client, batch, folder, { verify, onProgress })
  } finally {
    progress.end()
  }
}

function report(batch: string, folder: string, result: PullResult, options: PullOptions): number {
  const { written, present, missingCount, missing, failed, notDone, cancelled } = result
  say(`${formatPlural(written, 'file')} written to ${folder}, ${formatCount(present)} were there already`)
  if (failed > 0)
    say(
      `${formatPlural(failed, 'task')} failed: \`promptmesh tasks ${quoteWord(batch)} --state failed${sameNode(options)}\``,
    )
  if (notDone > 0) say(`${formatPlural(notDone, 'task')} not done yet: pull again later, it goes on where it stopped`)
  if (cancelled > 0)
    say(
      `${formatPlural(cancelled, 'task')} cancelled: \`promptmesh retry ${quoteWord(batch)}${sameNode(options)}\` runs them`,
    )
  if (missingCount === 0) return EXIT.ok
  for (const { index, sha256, why } of missing.slice(0, MISSING_SHOWN)) {
    say(
      `  ${batch}/${index}  ${sha256}  ${why === 'damaged' ? 'came with wrong bytes' : 'nobody who can be reached has it'}`,
    )
  }
  warn(`${formatPlural(missingCount, 'file')} missing: no node that can be reached has them`)
  return EXIT.error
}
