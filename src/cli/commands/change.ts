/** `cancel`, `pause`, `resume` and `retry`: each says what changed and the command that goes on from there. */
import type { Command } from 'commander'
import type { ControlClient } from '../../control/client.ts'
import { formatPlural } from '../../control/format.ts'
import { MeshError } from '../../core/errors.ts'
import type { BatchView } from '../../node/api.ts'
import { say } from '../render/terminal.ts'
import { type NodeOptions, quoteWord, sameNode } from '../same-node.ts'
import { aboutBatch, asksNode, openClient, parseTaskName, type Run } from './shared.ts'

interface CancelOptions extends NodeOptions {
  readonly now?: boolean
}

type Change = 'cancel' | 'retry'

/** Names of tasks that a proposed command spells out. */
const NAMES_SPELT = 5

export function addChangeCommands(program: Command, run: Run): void {
  const cancel = program
    .command('cancel <names...>')
    .description('cancel batches, or single tasks as BATCH/N')
    .option('--now', 'stop the attempts that run, instead of letting them finish')
  asksNode(cancel, [], 'cancel images', 'cancel images/7 images/9 --now').action(run(cancelNames))
  const pause = program.command('pause <batches...>').description('start nothing more of these batches')
  asksNode(pause, [], 'pause images').action(run((names, options) => setPaused(names, options, true)))
  const resume = program.command('resume <batches...>').description('go on with paused batches')
  asksNode(resume, [], 'resume images').action(run((names, options) => setPaused(names, options, false)))
  const retry = program
    .command('retry <names...>')
    .description('try failed and cancelled tasks again: of batches, or single ones')
  asksNode(retry, [], 'retry images', 'retry images/7').action(run(retryNames))
}

async function setPaused(names: readonly string[], options: NodeOptions, paused: boolean): Promise<void> {
  const client = await openClient(options)
  for (const name of names) {
    await aboutBatch(client, name, () => client.setBatch(name, { paused }))
    const { batchCancelled } = await client.batch(name)
    const besides = batchCancelled
      ? `, but it is cancelled: ${command('retry', [name], options)} takes it up again`
      : ''
    const next = paused ? 'resume' : 'pause'
    const hint = batchCancelled ? '' : `; ${next} it with ${command(next, [name], options)}`
    say(`${name} is ${paused ? 'paused' : 'resumed'}${besides}${hint}`)
  }
}

async function cancelNames(names: readonly string[], options: CancelOptions): Promise<void> {
  const client = await openClient(options)
  const { batches, tasks } = sortNames(names)
  for (const name of batches) await cancelBatch(client, name, options)
  for (const [name, refs] of tasks) await cancelTasks(client, name, refs, options)
}

async function cancelBatch(client: ControlClient, name: string, options: CancelOptions): Promise<void> {
  const stopRunning = options.now === true
  await aboutBatch(client, name, () => client.setBatch(name, { cancelled: true }, { stopRunning }))
  const { cancelled, scheduled, running } = await client.batch(name)
  const left = formatPlural(cancelled, 'task')
  say(`${name} is cancelled: ${left} will not run${stillRuns(scheduled + running, options)}; ${undo([name], options)}`)
}

async function cancelTasks(
  client: ControlClient,
  name: string,
  refs: readonly string[],
  options: CancelOptions,
): Promise<void> {
  const stopRunning = options.now === true
  const before = await aboutBatch(client, name, () => client.batch(name))
  if (before.batchCancelled && !stopRunning) {
    const runs = stillRuns(before.scheduled + before.running, options)
    return say(`nothing to cancel: batch ${name} is cancelled already${runs}`)
  }
  const changed = await changeTasks(client, name, 'cancel', refs, { stopRunning })
  if (changed === 0) return say(await describeUnchanged(client, name, 'cancel', refs))
  const rest = refs.length - changed
  const others = rest > 0 ? `, ${rest} had ended before` : ''
  const names = refs.map((ref) => `${name}/${ref}`)
  const runs = stopRunning ? 'what ran was stopped' : 'what runs may finish (--now stops it)'
  say(`${formatPlural(changed, 'task')} of ${name} cancelled${others}, ${runs}; ${undo(names, options)}`)
}

function stillRuns(count: number, { now }: CancelOptions): string {
  if (count === 0) return ''
  return now === true ? ', what ran is being stopped' : `, ${count} that run may finish (--now stops them)`
}

function undo(names: readonly string[], options: NodeOptions): string {
  return `undo: ${command('retry', names, options)}`
}

async function retryNames(names: readonly string[], options: NodeOptions): Promise<void> {
  const client = await openClient(options)
  const { batches, tasks } = sortNames(names)
  for (const name of batches) await retryBatch(client, name, options)
  for (const [name, refs] of tasks) await retryTasks(client, name, refs, options)
}

/** A batch that was cancelled as a whole is taken up again first. */
async function retryBatch(client: ControlClient, name: string, options: NodeOptions): Promise<void> {
  const { batchCancelled } = await aboutBatch(client, name, () => client.batch(name))
  if (batchCancelled) await client.setBatch(name, { cancelled: false })
  const changed = await changeTasks(client, name, 'retry', 'all')
  const view = await client.batch(name)
  const taken = batchCancelled ? `${name} is taken up again, ${formatPlural(openTasks(view), 'task')} to go` : ''
  if (changed === 0 && taken === '') {
    return say(`nothing to retry: no task of ${name} is failed or cancelled`)
  }
  const tried = changed === 0 ? '' : `${formatPlural(changed, 'task')} of ${name} will be tried again`
  say(`${[taken, tried].filter((part) => part !== '').join('; ')}; watch: \`promptmesh status -w${sameNode(options)}\``)
}

/** @throws MESH_CANNOT_RUN the batch is cancelled as a whole, so that its tasks would not run */
async function retryTasks(
  client: ControlClient,
  name: string,
  refs: readonly string[],
  options: NodeOptions,
): Promise<void> {
  const { batchCancelled } = await aboutBatch(client, name, () => client.batch(name))
  if (batchCancelled) {
    const remedy = `${command('retry', [name], options)} takes the whole batch up again`
    throw new MeshError('MESH_CANNOT_RUN', `nothing to retry: batch ${name} is cancelled; ${remedy}`)
  }
  const changed = await changeTasks(client, name, 'retry', refs)
  if (changed === 0) return say(await describeUnchanged(client, name, 'retry', refs))
  const rest = refs.length - changed
  const others = rest > 0 ? `, ${rest} had completed or will run anyway` : ''
  const tried = `${formatPlural(changed, 'task')} of ${name} will be tried again${others}`
  say(`${tried}; watch: \`promptmesh status -w${sameNode(options)}\``)
}

function openTasks({ waiting, scheduled, running }: BatchView): number {
  return waiting + scheduled + running
}

/** Why nothing changed: for a single task how it stands. */
async function describeUnchanged(
  client: ControlClient,
  name: string,
  change: Change,
  refs: readonly string[],
): Promise<string> {
  const [ref, ...others] = refs
  if (ref !== undefined && others.length === 0) {
    const { state } = await client.task(name, ref)
    return `nothing to ${change}: ${name}/${ref} is ${state}`
  }
  const why = change === 'cancel' ? 'have ended already' : 'have completed or will run anyway'
  return `nothing to ${change}: these ${refs.length} tasks of ${name} ${why}`
}

function changeTasks(
  client: ControlClient,
  name: string,
  change: Change,
  tasks: readonly string[] | 'all',
  options: { readonly stopRunning?: boolean } = {},
): Promise<number> {
  return aboutBatch(client, name, () => client.changeTasks(name, change, tasks, options))
}

/** A command that is proposed, in backticks; many names are told by the first. */
function command(name: string, operands: readonly string[], options: NodeOptions): string {
  const spelt = operands.slice(0, NAMES_SPELT).map(quoteWord)
  if (operands.length > spelt.length) spelt.push('…')
  return `\`promptmesh ${name} ${spelt.join(' ')}${sameNode(options)}\``
}

/** Names with a slash are tasks, kept by batch, each once; no batch has a slash in its name. */
function sortNames(names: readonly string[]): { batches: string[]; tasks: Map<string, string[]> } {
  const tasks = new Map<string, string[]>()
  const given = [...new Set(names)]
  for (const name of given.filter((text) => text.includes('/'))) {
    const { batch, ref } = parseTaskName(name)
    tasks.set(batch, [...(tasks.get(batch) ?? []), ref])
  }
  return { batches: given.filter((text) => !text.includes('/')), tasks }
}
