/** `seed`: streams a file of prompts to a node. */
import type { Command } from 'commander'
import type { PromptSource } from '../../intake/open.ts'
import type { InputReport } from '../../intake/rows.ts'
import type { BatchView, SeedAnswer, SeedRequest, StatusView } from '../../node/api.ts'
import { startProgress } from '../render/progress.ts'
import { renderSeeded, renderSeeding } from '../render/seed.ts'
import { printJson, say, warn } from '../render/terminal.ts'
import type { Seeder } from '../run-node.ts'
import { type NodeOptions, quoteWord, sameNode } from '../same-node.ts'
import { batchNameOf, chooseRunningProfile, findBatch, keptSettings, type RunningChoice } from '../seed-settings.ts'
import { interruptible } from '../signals.ts'
import { addBatchOptions, type BatchOptions, seedRequest } from './batch-options.ts'
import { asksNode, type Format, openClient, type Run } from './shared.ts'

interface SeedOptions extends NodeOptions, BatchOptions {
  readonly output: Format
}

export function addSeedCommand(program: Command, run: Run): void {
  const seed = program
    .command('seed <file>')
    .description('add the prompts of a file to a batch; what is there already is not added again')
  asksNode(
    addBatchOptions(seed),
    ['table', 'json'],
    'seed prompts.txt',
    'seed prompts.csv --name paintings --profile sdxl',
    'seed - < prompts.txt',
  ).action(run(seedFile))
}

async function seedFile(file: string, options: SeedOptions): Promise<void> {
  const { openInput, readFormat } = await import('../input.ts')
  const format = readFormat(options.format)
  const client = await openClient(options)
  const status = await client.status()
  const batch = options.name ?? batchNameOf(file)
  const before = findBatch(status, batch)
  const choice = chooseProfile(status, batch, options)
  const request = seedRequest(batch, choice.profile, options)
  for (const note of keptSettings(before, request)) say(note)
  const lastWords = 'stopped: what the node has acknowledged stays; the same command adds the rest'
  const { answer, report } = await interruptible(lastWords, async () => {
    const input = await openInput(file, format)
    return { answer: await send(client, request, input), report: input.report }
  })
  if (options.output === 'json') await printJson(seedJson(answer, report))
  for (const line of renderSeeded(answer, report)) say(line)
  if (before?.batchCancelled === true || before?.paused === true) warnOfStanding(before, options)
  else if (choice.waits === true && answer.new > 0) warnOfWaiting(batch, before, choice.profile, options)
  const here = sameNode(options)
  say(`watch: \`promptmesh status -w${here}\`; wait: \`promptmesh wait ${quoteWord(batch)}${here}\``)
}

/** A profile that no node has is a mistake, or comes with a node that is not here yet: it is taken, and said aloud. */
function chooseProfile(status: StatusView, batch: string, options: SeedOptions): RunningChoice {
  const choice = chooseRunningProfile(
    status,
    batch,
    options.profile ?? (process.env['PROMPTMESH_PROFILE'] || undefined),
  )
  if (choice.note !== undefined) warn(choice.note)
  return choice
}

async function send(seeder: Seeder, request: SeedRequest, input: PromptSource): Promise<SeedAnswer> {
  const started = performance.now()
  let acknowledged: number | undefined
  const progress = await startProgress(() => renderSeeding(input.report, acknowledged, started))
  try {
    return await seeder.seed(request, input.rows, (now) => {
      acknowledged = now.new + now.existing
    })
  } finally {
    progress.end()
    await input.close()
  }
}

function warnOfStanding({ name, batchCancelled }: BatchView, options: NodeOptions): void {
  const remedy = `${quoteWord(name)}${sameNode(options)}`
  if (batchCancelled)
    warn(`${name} is cancelled, so nothing of it runs; \`promptmesh retry ${remedy}\` takes it up again`)
  else warn(`${name} is paused; \`promptmesh resume ${remedy}\` goes on with it`)
}

/** Seeding cannot be taken back, so the way out is told: the whole batch, unless other prompts are in it. */
function warnOfWaiting(batch: string, before: BatchView | undefined, profile: string, options: NodeOptions): void {
  const here = sameNode(options)
  const [name, task] = [quoteWord(batch), quoteWord(`${batch}/N`)]
  const others = before !== undefined && before.profile !== profile
  const undo = others
    ? `\`promptmesh cancel ${task}${here}\` for those that \`promptmesh tasks ${name} --state waiting${here}\` lists`
    : `\`promptmesh cancel ${name}${here}\``
  warn(`these prompts wait until a node can run the profile ${profile}; undo: ${undo}`)
}

/** The answer for scripts; these keys are a promise. */
function seedJson(answer: SeedAnswer, { read, blank, bad }: InputReport): object {
  const { batch, id, existing, copies } = answer
  return { schema: 'promptmesh.seed/1', batch, id, read, new: answer.new, existing, blank, bad, copies }
}
