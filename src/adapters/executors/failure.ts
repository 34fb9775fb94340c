/** Failed attempts as data: the results that executors give instead of throwing. */
import type { ErrorClass } from '../../core/facts.ts'
import { MESH_SETTINGS } from '../../core/settings.ts'
import type { ExecutionResult } from '../../node/ports.ts'

/** The result of a failed attempt; the message is cut to its limit. */
export function failed(errorClass: ErrorClass, message: string): ExecutionResult {
  return { outcome: 'failed', error: { class: errorClass, message: message.slice(0, MESH_SETTINGS.errorMessageMax) } }
}

/** The `code` of a failed system call, such as ENOENT, or undefined for every other error. */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'syscall' in error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}

/**
 * The result for a system call that failed on this node's side: a full disk or exhausted resources are charged to
 * nobody, anything else to the task. Mistakes of the programmer are thrown again.
 */
export function failureOf(error: unknown, what: string): ExecutionResult {
  const code = systemCode(error)
  if (code === undefined) throw error
  const message = `${what}: ${(error as Error).message}`
  if (code === 'ENOSPC' || code === 'EDQUOT') return failed('disk-full', `the disk is full: ${message}`)
  if (EXHAUSTED.has(code)) return failed('backend-down', message)
  return failed('failed', message)
}

/** The system had no process, file handle or memory to give: a state of the node that passes. */
export const EXHAUSTED: ReadonlySet<string> = new Set(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM'])
