/** `run`: node, seed, wait and pull in one foreground command, which goes on where it stopped when it is given again. */
import path from 'node:path'
import type { Command } from 'commander'
import type { OutputFolder } from '../../control/output-folder.ts'
import type { PromptSource } from '../../intake/open.ts'
import { say, warn } from '../render/terminal.ts'
import type { RunNode } from '../run-node.ts'
import { batchNameOf } from '../seed-settings.ts'
import { INTERRUPTED, leave, onStopSignals } from '../signals.ts'
import { addBatchOptions, type BatchOptions, seedRequest } from './batch-options.ts'
import { addExamples, checkFolder, dataDirOf, type Run } from './shared.ts'
import { GRACE_MS } from './up.ts'

interface RunOptions extends BatchOptions {
  readonly out: string
  readonly data?: string
  readonly config?: string
  readonly places?: string
  readonly retry?: boolean
}

export function addRunCommand(program: Command, run: Run): void {
  const command = program
    .command('run <file>')
    .description('run the prompts of a file here and write the pictures; given again, it goes on where it stopped')
  addExamples(
    command,
    'run prompts.txt --out images',
    'run prompts.csv --out images --profile sdxl',
    'run - --out images < prompts.txt',
  )
  addBatchOptions(command)
    .requiredOption('--out <dir>', 'folder for the pictures and their metadata.jsonl')
    .option('--data <dir>', "use the node that runs in this data directory (default: the user's), if one does")
    .option('--config <file>', 'read this file in place of ./promptmesh.json')
    .option('--places <n>', 'attempts at a time, in place of what the profile says')
    .option('--retry', 'try again what failed or was cancelled in an earlier run')
    .action(run(runFile))
}

/** Thrown through everything that waits when the run is to stop. */
class Interrupted extends Error {}

async function runFile(file: string, options: RunOptions): Promise<number> {
  const startedMs = performance.now()
  checkFolder('--out', options.out)
  say(`promptmesh: running ${file}`)
  const interrupt = new AbortController()
  let node: RunNode | undefined
  let input: PromptSource | undefined
  let graceMs = GRACE_MS
  const release = onStopSignals((count) => {
    interrupt.abort(new Interrupted())
    if (count === 2) void node?.stop(0)
    // Before there is a node nothing has to be put in order, and a terminal may be awaited that says nothing.
    if (input === undefined || count > 2 || (count === 2 && node === undefined)) leave(lastWords(node))
  })
  try {
    // A file that cannot be read and a folder that cannot be written are told before a node is started.
    const [{ openInput, readFormat }, { OutputFolder }] = await Promise.all([
      import('../input.ts'),
      import('../../control/output-folder.ts'),
    ])
    input = await openInput(file, readFormat(options.format))
    const output = await OutputFolder.open(options.out)
    node = await openNode(options, (asked) => {
      graceMs = asked ?? GRACE_MS
      interrupt.abort(new Interrupted())
    })
    const work = runOn({ node, file, input, output, options, startedMs, signal: interrupt.signal })
    return await Promise.race([work, defect(node)])
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error
    const own = node?.own === true
    say(own ? 'stopping: running attempts may finish; Ctrl-C once more stops them at once' : 'stopping')
  } finally {
    await node?.stop(interrupt.signal.aborted ? graceMs : 0)
    await input?.close()
    // A read from a terminal that is under way would keep the process.
    if (file === '-') process.stdin.destroy()
    release()
  }
  say(lastWords(node))
  return INTERRUPTED
}

/** What a run that was stopped leaves. */
function lastWords(node: RunNode | undefined): string {
  if (node?.own === false) return 'stopped: the node goes on with the prompts; the same command collects the results'
  return 'stopped: the same command goes on where it stopped'
}

async function openNode(options: RunOptions, onStop: (graceMs: number | undefined) => void): Promise<RunNode> {
  const dataDir = await dataDirOf(options)
  const { openRunNode } = await import('../run-node.ts')
  return await openRunNode({
    dataDir,
    ownDir: path.resolve(options.out, '.promptmesh'),
    config: options.config,
    places: options.places,
    profile: options.profile,
    say,
    warn,
    onStop,
  })
}

async function runOn(parts: {
  readonly node: RunNode
  readonly file: string
  readonly input: PromptSource
  readonly output: OutputFolder
  readonly options: RunOptions
  readonly startedMs: number
  readonly signal: AbortSignal
}): Promise<number> {
  const { node, file, input, output, options, startedMs, signal } = parts
  const { runJob } = await import('../run-job.ts')
  const batch = options.name ?? batchNameOf(file)
  output.claimFor(batch)
  const { profile, note } = await node.chooseProfile(batch)
  if (note !== undefined) say(note)
  const request = seedRequest(batch, profile, options)
  const retry = options.retry === true
  return await runJob({ node, request, input, output, out: options.out, retry, startedMs, signal })
}

/** Never resolves; rejects where a node of our own has met a defect and is gone. */
async function defect(node: RunNode): Promise<never> {
  await node.stopped
  return await new Promise<never>(() => undefined)
}
