/** One process of a command, from its start to the end of its whole group. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type Captured, type CaptureLimits, captureOutput, captureTail } from './captured-output.ts'
import type { Guard } from './guard.ts'
import { killGroup, stopGroup } from './process-group.ts'

/** How long output may still be read once the group is gone; only a process that left the group holds it open. */
const DRAIN_MS = 1_000

export interface ProcessSpec {
  readonly argv: readonly [string, ...string[]]
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly input: string
  readonly output: CaptureLimits
}

export interface ProcessEnd {
  /** True where the abort was heard before the process had ended by itself. */
  readonly stopped: boolean
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: Captured
  readonly stderr: string
  /** The input could not be handed over, for another reason than that the process did not want it. */
  readonly inputError: Error | undefined
}

/**
 * Runs a process in a group of its own. When this resolves or rejects, nothing of the group runs any more: members
 * that outlive the process itself are killed. Rejects with the system's error where it cannot be started or its
 * output cannot be kept.
 */
export async function runProcess(spec: ProcessSpec, guard: Guard, abort: AbortSignal): Promise<ProcessEnd> {
  guard.prepare()
  const child = await start({ ...spec, env: { ...spec.env, ...guard.environment } })
  const group = child.pid as number
  guard.add(group)
  let stopping: Promise<void> | undefined
  const stop = () => {
    stopping ??= stopGroup(group)
  }
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  const inputError = feed(child, spec.input)
  const stdout = captureOutput(child.stdout, spec.output)
  const stderr = captureTail(child.stderr)
  const captured = Promise.allSettled([stdout, stderr])
  // Output that is too long or cannot be kept ends the process at once.
  const kill = () => {
    stopping ??= killGroup(group)
  }
  stdout.then((output) => output.tooLong && kill(), kill)
  abort.addEventListener('abort', stop, { once: true })
  if (abort.aborted) stop()
  let stopped = false
  try {
    const [exitCode, signal] = await exited
    stopped = abort.aborted
    abort.removeEventListener('abort', stop)
    await stopping
    await killGroup(group)
    await drained(child, captured)
    return { stopped, exitCode, signal, stdout: await stdout, stderr: await stderr, inputError: inputError() }
  } finally {
    guard.remove(group)
  }
}

async function start(spec: ProcessSpec): Promise<ChildProcessWithoutNullStreams> {
  const [program, ...args] = spec.argv
  const child = spawn(program, args, { cwd: spec.cwd, env: spec.env, detached: true, shell: false, stdio: 'pipe' })
  if (child.pid !== undefined) return child
  const [error] = await once(child, 'error')
  throw error
}

/** Writes the input; the function returned tells what went wrong with it, but for a reader that did not want it. */
function feed(child: ChildProcessWithoutNullStreams, input: string): () => Error | undefined {
  let problem: Error | undefined
  child.stdin.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') problem = error
  })
  child.stdin.end(input, 'utf8')
  return () => problem
}

async function drained(child: ChildProcessWithoutNullStreams, captured: Promise<unknown>): Promise<void> {
  const timer = setTimeout(() => {
    child.stdout.destroy()
    child.stderr.destroy()
  }, DRAIN_MS)
  await captured
  clearTimeout(timer)
}
