/** `cancel`, `pause`, `resume` and `retry`: each says what changed and the command that goes on from there. */
import type { Command } from 'commander'
import type { ControlClient } from '../../control/client.ts'
import { formatPlural } from '../../control/format.ts'
import { say } from '../render/terminal.ts'
import {
  aboutBatch,
  addExamples,
  addNodeOptions,
  type NodeOptions,
  openClient,
  parseTaskName,
  quoteWord,
  type Run,
  sameNode,
} from './shared.ts'

interface CancelOptions extends NodeOptions {
  readonly now?: boolean
}

export function addChangeCommands(program: Command, run: Run): void {
  const cancel = program.command('cancel <names...>').description('cancel batches, or single tasks as BATCH/N')
  addExamples(addNodeOptions(cancel), 'cancel images', 'cancel images/7 images/9 --now')
    .option('--now', 'stop the attempts that run, instead of letting them finish')
    .action(run(cancelNames))
  const pause = program.command('pause <batches...>').description('start nothing more of these batches')
  addExamples(addNodeOptions(pause), 'pause images').action(run((names, options) => setPaused(names, options, true)))
  const resume = program.command('resume <batches...>').description('go on with paused batches')
  addExamples(addNodeOptions(resume), 'resume images').action(run((names, options) => setPaused(names, options, false)))
  const retry = program
    .command('retry <names...>')
    .description('try failed and cancelled tasks again: of batches, or single ones')
  addExamples(addNodeOptions(retry), 'retry images', 'retry images/7').action(run(retryNames))
}

async function setPaused(names: readonly string[], options: NodeOptions, paused: boolean): Promise<void> {
  const client = await openClient(options)
  for (const name of names) {
    await aboutBatch(client, name, () => client.setBatch(name, { paused }))
    const next = paused ? 'resume' : 'pause'
    say(
      `${name} is ${paused ? 'paused' : 'resumed'}; ${next} it with \`promptmesh ${next} ${quoteWord(name)}${sameNode(options)}\``,
    )
  }
}

async function cancelNames(names: readonly string[], options: CancelOptions): Promise<void> {
  const client = await openClient(options)
  const { batches, tasks } = sortNames(names)
  const stopRunning = options.now === true
  const running = stopRunning ? 'what ran was stopped' : 'what runs will finish (--now stops it)'
  for (const name of batches) {
    await aboutBatch(client, name, () => client.setBatch(name, { cancelled: true }, { stopRunning }))
    say(`${name} is cancelled, ${running}; undo: \`promptmesh retry ${quoteWord(name)}${sameNode(options)}\``)
  }
  for (const [name, refs] of tasks) {
    const changed = await changeTasks(client, name, 'cancel', refs, stopRunning)
    say(`${formatPlural(changed, 'task')} of ${name} cancelled, ${running}; undo with \`promptmesh retry\``)
  }
}

async function retryNames(names: readonly string[], options: NodeOptions): Promise<void> {
  const client = await openClient(options)
  const { batches, tasks } = sortNames(names)
  for (const name of batches) await retryBatch(client, name, options)
  for (const [name, refs] of tasks) {
    const changed = await changeTasks(client, name, 'retry', refs, false)
    say(`${formatPlural(changed, 'task')} of ${name} will be tried again; watch: ${watch(options)}`)
  }
}

/** A batch that was cancelled as a whole is taken up again first. */
async function retryBatch(client: ControlClient, name: string, options: NodeOptions): Promise<void> {
  const view = await aboutBatch(client, name, () => client.batch(name))
  if (view.batchCancelled) await client.setBatch(name, { cancelled: false })
  const changed = await changeTasks(client, name, 'retry', 'all', false)
  const taken = view.batchCancelled ? `${name} is taken up again; ` : ''
  say(`${taken}${formatPlural(changed, 'task')} of ${name} will be tried again; watch: ${watch(options)}`)
}

function changeTasks(
  client: ControlClient,
  name: string,
  change: 'cancel' | 'retry',
  tasks: readonly string[] | 'all',
  stopRunning: boolean,
): Promise<number> {
  return aboutBatch(client, name, () => client.changeTasks(name, change, tasks, { stopRunning }))
}

function watch(options: NodeOptions): string {
  return `\`promptmesh status -w${sameNode(options)}\``
}

/** Names with a slash are tasks, kept by batch; no batch has a slash in its name. */
function sortNames(names: readonly string[]): { batches: string[]; tasks: Map<string, string[]> } {
  const tasks = new Map<string, string[]>()
  for (const name of names.filter((text) => text.includes('/'))) {
    const { batch, ref } = parseTaskName(name)
    tasks.set(batch, [...(tasks.get(batch) ?? []), ref])
  }
  return { batches: names.filter((text) => !text.includes('/')), tasks }
}
