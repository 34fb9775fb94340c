/** `seed`: streams a file of prompts to a node. */
import type { Command } from 'commander'
import type { InputReport } from '../../intake/rows.ts'
import type { SeedAnswer, SeedRequest } from '../../node/api.ts'
import { parseDuration } from '../duration.ts'
import { startProgress } from '../render/progress.ts'
import { renderSeeded, renderSeeding } from '../render/seed.ts'
import { printJson, say, warn } from '../render/terminal.ts'
import {
  addExamples,
  addNodeOptions,
  type Format,
  type NodeOptions,
  openClient,
  outputOption,
  quoteWord,
  type Run,
  sameNode,
  wholeNumber,
} from './shared.ts'

/** The options of a batch that `seed` and `run` share. */
export interface BatchOptions {
  readonly name?: string
  readonly profile?: string
  readonly priority?: number
  readonly maxAttempts?: number
  readonly taskTimeout?: number
  readonly format?: string
}

interface SeedOptions extends NodeOptions, BatchOptions {
  readonly output: Format
}

export function addSeedCommand(program: Command, run: Run): void {
  const seed = program
    .command('seed <file>')
    .description('add the prompts of a file to a batch; what is there already is not added again')
  addExamples(
    addNodeOptions(seed),
    'seed prompts.txt',
    'seed prompts.csv --name paintings --profile sdxl',
    'seed - < prompts.txt',
  )
  addBatchOptions(seed).addOption(outputOption('table', 'json')).action(run(seedFile))
}

/** Adds what BatchOptions has. */
export function addBatchOptions(command: Command): Command {
  return command
    .option('--name <batch>', 'name of the batch (default: the file name without its extension)')
    .option('--profile <name>', 'what runs these prompts (default: the only profile there is)')
    .option('--priority <n>', 'higher runs first (default: 0)', wholeNumber(-1_000_000))
    .option('--max-attempts <n>', 'attempts that may fail before a task is FAILED (default: 3)', wholeNumber(1))
    .option('--task-timeout <time>', "longest run of an attempt (default: the profile's)", parseDuration)
    .option('--format <format>', 'txt, csv, tsv or jsonl, where the file name does not tell')
}

async function seedFile(file: string, options: SeedOptions): Promise<void> {
  const client = await openClient(options)
  const { openInput } = await import('../input.ts')
  const { batchNameOf, chooseRunningProfile } = await import('../seed-settings.ts')
  const batch = options.name ?? batchNameOf(file)
  const asked = options.profile ?? (process.env['PROMPTMESH_PROFILE'] || undefined)
  const { profile, note } = chooseRunningProfile(await client.status(), batch, asked)
  if (note !== undefined) warn(note)
  const input = await openInput(file, options.format)
  const started = performance.now()
  const progress = await startProgress(() => renderSeeding(input.report, started))
  let answer: SeedAnswer
  try {
    answer = await client.seed(seedRequest(batch, profile, options), input.rows)
  } finally {
    progress.end()
    await input.close()
  }
  if (options.output === 'json') await printJson(seedJson(answer, input.report))
  for (const line of renderSeeded(answer, input.report)) say(line)
  say(
    `watch: \`promptmesh status -w${sameNode(options)}\`; wait: \`promptmesh wait ${quoteWord(batch)}${sameNode(options)}\``,
  )
}

/** What a batch is created with. */
export function seedRequest(batch: string, profile: string, options: BatchOptions): SeedRequest {
  const { priority, maxAttempts, taskTimeout } = options
  return {
    batch,
    profile,
    ...(priority !== undefined && { priority }),
    ...(maxAttempts !== undefined && { maxAttempts }),
    ...(taskTimeout !== undefined && { timeoutMs: taskTimeout }),
  }
}

/** The answer for scripts; these keys are a promise. */
function seedJson(answer: SeedAnswer, { read, blank, bad }: InputReport): object {
  const { batch, id, existing, copies } = answer
  return { schema: 'promptmesh.seed/1', batch, id, read, new: answer.new, existing, blank, bad, copies }
}
