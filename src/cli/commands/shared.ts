/** What the commands share: their options, the way to the node, and the form in which they are added. */
import path from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ControlClient } from '../../control/client.ts'
import { MeshError } from '../../core/errors.ts'
import { DURATION_FORM, parseDuration } from '../duration.ts'
import { suggestBatch } from '../errors.ts'
import type { NodeOptions } from '../same-node.ts'

/** Runs a command's action; what it returns becomes the exit code. */
export type Run = <A extends unknown[]>(
  action: (...args: A) => Promise<number> | Promise<void>,
) => (...args: A) => Promise<void>

export type Format = 'table' | 'json' | 'jsonl'

/** Completes a command that asks a node: examples, the forms of its answer where it has some, and which node is asked. */
export function asksNode(command: Command, formats: readonly Format[], ...examples: readonly string[]): Command {
  if (formats.length > 0) command.addOption(outputOption(...formats))
  return addExamples(command, ...examples)
    .option('--data <dir>', "ask the node of this data directory (default: the user's)")
    .option('--node <url>', 'ask the node at this address, with --token-file')
    .option('--token-file <file>', "a file with that node's token, or its api.json")
}

export function outputOption(...choices: readonly Format[]): Option {
  return new Option('-o, --output <format>', 'form of the answer').choices(choices).default('table')
}

/** Examples go before everything else in a command's help. */
export function addExamples(command: Command, ...examples: readonly string[]): Command {
  const lines = examples.map((example) => `  promptmesh ${example}`)
  return command.addHelpText('before', `Examples:\n${lines.join('\n')}\n`)
}

/** A whole number of at least `min`, as an option's value. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const range = max === Number.MAX_SAFE_INTEGER ? `${min} at least` : `${min} to ${max}`
  return (text) => {
    const value = Number(text)
    if (/^-?\d{1,15}$/.test(text) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`Expected a whole number, ${range}.`)
  }
}

/** A duration as an option's value, in milliseconds; `range` says in words what is allowed. */
export function duration(minMs: number, maxMs: number, range: string): (text: string) => number {
  return (text) => {
    const durationMs = parseDuration(text)
    if (durationMs >= minMs && durationMs <= maxMs) return durationMs
    throw new InvalidArgumentError(`Expected ${DURATION_FORM}; ${range}.`)
  }
}

/** An empty word is what a shell makes of a variable that is not set. @throws MESH_BAD_REQUEST */
export function checkFolder(name: string, folder: string): void {
  if (folder === '') throw new MeshError('MESH_BAD_REQUEST', `${name}: expected a folder, got ""`)
}

/** The data directory that the options, the environment or the config name. @throws MESH_BAD_REQUEST MESH_CONFIG */
export async function dataDirOf(options: NodeOptions): Promise<string> {
  if (options.data !== undefined) checkFolder('--data', options.data)
  const said = options.data ?? (process.env['PROMPTMESH_DATA'] || undefined)
  // The config is read only where it decides: that takes longer than most commands.
  if (said !== undefined && !said.startsWith('~')) return path.resolve(said)
  const { readConfig } = await import('./read-config.ts')
  return (await readConfig({ data: options.data })).values.data
}

/** The node that the options name. @throws MESH_NO_NODE MESH_BAD_REQUEST */
export async function openClient(options: NodeOptions): Promise<ControlClient> {
  const { node, tokenFile } = options
  // HTTP takes longer to load than all the rest: not for help and mistakes.
  const { connect } = await import('../../control/client.ts')
  if (node === undefined && tokenFile === undefined) return await connect({ data: await dataDirOf(options) })
  if (node === undefined || tokenFile === undefined) {
    throw new MeshError('MESH_BAD_REQUEST', '--node URL and --token-file FILE go together')
  }
  return await connect({ node, tokenFile })
}

/** Asks about a batch; where the node does not know it, the error says which was probably meant. */
export async function aboutBatch<T>(client: ControlClient, name: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof MeshError) || error.code !== 'MESH_BATCH_UNKNOWN') throw error
    const { batches } = await client.status()
    throw suggestBatch(
      error,
      name,
      batches.map((batch) => batch.name),
    )
  }
}

/** A task as users write it: `BATCH/7`, `BATCH/7~0a1b` or `BATCH/<id>`. */
export interface TaskName {
  readonly batch: string
  readonly ref: string
}

/** @throws MESH_BAD_REQUEST it names no task */
export function parseTaskName(text: string): TaskName {
  const at = text.lastIndexOf('/')
  const [batch, ref] = [text.slice(0, at), text.slice(at + 1)]
  if (at > 0 && /^[0-9a-f~]{1,64}$/.test(ref)) return { batch, ref }
  throw new MeshError('MESH_BAD_REQUEST', `"${text}" names no task: write BATCH/N, such as images/7`)
}
