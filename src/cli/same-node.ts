/** Which node a command was about, in the user's own words: commands that are proposed to them ask the same one. */
import { MeshError } from '../core/errors.ts'

/** The options that say which node is asked. */
export interface NodeOptions {
  readonly data?: string
  readonly node?: string
  readonly tokenFile?: string
}

/** Commands that ask no running node; of them only `up` has a data directory that matters here. */
const ASK_NOBODY: ReadonlySet<string> = new Set(['run', 'up', 'config', 'help', 'version'])

/** The end of a command that is proposed to the user: the same node as this one asked. */
export function sameNode(options: NodeOptions): string {
  const said: string[] = []
  if (options.data !== undefined) said.push('--data', options.data)
  if (options.node !== undefined) said.push('--node', options.node)
  if (options.tokenFile !== undefined) said.push('--token-file', options.tokenFile)
  return said.map((word) => ` ${quoteWord(word)}`).join('')
}

/** A word as a shell takes it. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./~-]+$/.test(word) && !word.startsWith('~') ? word : `'${word.replaceAll("'", "'\\''")}'`
}

/** A text whose commands, each in backticks, were proposed by a node, which does not know how it was asked. */
export function onSameNode(text: string, options: NodeOptions): string {
  return text.replace(/`promptmesh ([a-z]+)[^`]*`/g, (command: string, name: string) => {
    if (/ --(data|node) /.test(command)) return command
    const asks = ASK_NOBODY.has(name) ? (name === 'up' ? upOn(options) : '') : sameNode(options)
    return `${command.slice(0, -1)}${asks}\``
  })
}

/** What starts the node that was asked; without --data the user's own. */
function upOn({ data }: NodeOptions): string {
  return data === undefined ? '' : ` --data ${quoteWord(data)}`
}

/** Whether an error says that the api.json of a data directory is one that a killed node left behind. */
export function isLeftBehind(error: unknown): boolean {
  if (!(error instanceof MeshError)) return false
  // Another node at its port by now does not know the token.
  return error.code === 'MESH_NOT_ALLOWED' || (error.code === 'MESH_NO_NODE' && causeOf(error) === 'ECONNREFUSED')
}

/** An error of a command for its user: a node that is gone is told as such, and remedies name the same node. */
export function forUser(error: unknown, options: NodeOptions): unknown {
  if (!(error instanceof MeshError)) return error
  const gone = options.node === undefined ? describeGone(error) : undefined
  const message = onSameNode(gone ?? error.message, options)
  if (message === error.message) return error
  return new MeshError(gone === undefined ? error.code : 'MESH_NO_NODE', message, { cause: error })
}

/** What became of the node of a data directory, where an error tells it. */
function describeGone(error: MeshError): string | undefined {
  const remedy = 'start it with `promptmesh up`'
  if (error.code === 'MESH_NOT_ALLOWED') {
    return `the node of this data directory does not run, or was started anew: ${remedy}, or try again`
  }
  const cause = causeOf(error)
  if (error.code !== 'MESH_NO_NODE' || cause === undefined) return undefined
  const what = error.message.replace(/: is it still running\?$/, '')
  const why = cause === 'ECONNREFUSED' ? 'the node of this data directory does not run' : 'it has stopped meanwhile'
  return `${what}: ${why}; ${remedy}`
}

/** The system's name for what failed. */
function causeOf({ cause }: MeshError): string | undefined {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : undefined
}
