/** Turns an error into one line for people and an exit code for scripts. */
import { MeshError, type MeshErrorCode } from '../core/errors.ts'
import { nearest } from '../intake/nearest.ts'

/** Exit codes, stable for scripts. */
export const EXIT = { ok: 0, error: 1, usage: 2, failures: 3, noNode: 4, timeout: 5 } as const

const EXIT_BY_CODE: { readonly [K in MeshErrorCode]?: number } = {
  MESH_BAD_REQUEST: EXIT.usage,
  MESH_BATCH_NAME: EXIT.usage,
  MESH_NO_NODE: EXIT.noNode,
  MESH_TIMEOUT: EXIT.timeout,
}

export function exitCodeOf(error: unknown): number {
  return error instanceof MeshError ? (EXIT_BY_CODE[error.code] ?? EXIT.error) : EXIT.error
}

/** `promptmesh: what happened, to what, what to do [CODE]`, always one line; with PROMPTMESH_DEBUG=1 the stack follows. */
export function describeError(error: unknown, debug: boolean): string {
  const message = error instanceof Error ? error.message : String(error)
  const code = error instanceof MeshError ? ` [${error.code}]` : ' (a defect: PROMPTMESH_DEBUG=1 shows where)'
  const line = `promptmesh: ${message.replace(/\s*\n\s*/g, '; ')}${code}`
  return debug && error instanceof Error ? `${line}\n${error.stack ?? ''}${describeCause(error.cause)}` : line
}

function describeCause(cause: unknown): string {
  return cause instanceof Error ? `\ncaused by ${cause.stack ?? cause.message}${describeCause(cause.cause)}` : ''
}

/** Commander's refusal of a command line, as one line of ours; `command` is the one that was named, if there is one. */
export function describeUsage(message: string, command: string | undefined): string {
  const text = message
    .replace(/^error: /, '')
    .replace(/\s*\n\s*\(Did you mean (.*?)\?\)/, '; did you mean $1?')
    .trim()
  const ended = /[.?]$/.test(text)
  const own = `${ended ? 'See' : 'see'} \`promptmesh help ${command}\``
  const remedy = command === undefined ? '`promptmesh help` lists the commands' : own
  return `promptmesh: ${text}${ended ? '' : ';'} ${remedy} [MESH_BAD_REQUEST]`
}

/** The same error with the batch that was probably meant in place of the node's own hint. */
export function suggestBatch(error: MeshError, name: string, known: readonly string[]): MeshError {
  const meant = nearest(name, known)
  if (meant === undefined) return error
  return new MeshError(error.code, `${error.message.split(';')[0]}; did you mean "${meant}"?`, { cause: error })
}
