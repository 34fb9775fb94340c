/**
 * The executor `command`: one process a prompt, started from an argument list and never through a shell.
 *
 * It is given: the prompt on standard input and in PROMPTMESH_PROMPT (there only up to 64 KiB), the parameters as JSON
 * in PROMPTMESH_PARAMS, and PROMPTMESH_SEED, _INDEX, _BATCH, _ATTEMPT, _PLACE and _OUT, an empty folder for its files.
 * It answers: exit code 0 and files in that folder; or, where there are none, what it printed on standard output.
 * Of the folder only regular files directly in it count, and none whose name begins with a dot.
 *
 * 1. It runs in a process group of its own; none of the group outlives the attempt or the node (guard.ts).
 * 2. An abort sends SIGTERM to the group and, 2 s later, SIGKILL. Once the process itself has ended, what is left of
 *    its group is killed at once.
 * 3. Its output is read within limits: standard output up to 64 MiB, of standard error the last lines.
 * 4. Exit codes mean what sysexits.h says: 65 the input is bad, 69 and 75 the back end is not there now; any other
 *    code but 0 is a failure.
 */
import { rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ErrorClass } from '../../core/facts.ts'
import { MESH_SETTINGS } from '../../core/settings.ts'
import type { ExecutionResult, Executor, Job } from '../../node/ports.ts'
import { type Environment, environmentMaker, unfitForEnvironment } from './command-environment.ts'
import { describeFile, listFiles } from './command-files.ts'
import { type ProcessEnd, runProcess } from './command-process.ts'
import { EXHAUSTED, failed, failureOf, systemCode } from './failure.ts'
import type { Guard } from './guard.ts'

const STDOUT_BYTES_MAX = 64 * 1024 * 1024
/** Hidden, so that it is never taken for a file of the command. */
const SPILL_NAME = '.promptmesh-stdout'

export interface CommandOptions {
  /** The profile's name, for messages. */
  readonly profile: string
  /** A program that is named with a slash, such as ./draw.sh, is found from `cwd`; another in PATH. */
  readonly argv: readonly [string, ...string[]]
  /** Absolute. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** The node's own environment. */
  readonly environment: Environment
  readonly guard: Guard
}

/** Makes the executor `command`. @throws MESH_CONFIG a value of `env` has a placeholder that cannot be filled */
export function createCommandExecutor(options: CommandOptions): Executor {
  const makeEnvironment = environmentMaker(options.profile, options.env, options.environment)
  return {
    usesFolder: true,
    execute: async (job, signal) => {
      const unfit = unfitForEnvironment(job)
      if (unfit !== undefined) return failed('bad-input', unfit)
      if (signal.aborted) return { outcome: 'stopped' }
      try {
        return await run(options, makeEnvironment(job), job, signal)
      } catch (error) {
        return failureOf(error, 'cannot keep what the command left')
      }
    },
    close: async () => {},
  }
}

async function run(options: CommandOptions, env: Environment, job: Job, signal: AbortSignal): Promise<ExecutionResult> {
  const spillPath = join(job.folder, SPILL_NAME)
  const output = { spillPath, memoryBytes: MESH_SETTINGS.resultTextBytesMax, totalBytes: STDOUT_BYTES_MAX }
  const spec = { argv: options.argv, cwd: options.cwd, env, input: job.prompt, output }
  let end: ProcessEnd
  try {
    end = await runProcess(spec, options.guard, signal)
  } catch (error) {
    return await startFailure(options, error)
  }
  if (end.stopped) return { outcome: 'stopped' }
  return exitFailure(end) ?? (await resultOf(end, job.folder, spillPath))
}

/** Why the process could not be started; errors of another kind are thrown again. */
async function startFailure({ argv, cwd }: CommandOptions, error: unknown): Promise<ExecutionResult> {
  const code = systemCode(error)
  const spawning = (error as NodeJS.ErrnoException).syscall?.startsWith('spawn')
  if (code === undefined || !spawning) throw error
  if (EXHAUSTED.has(code))
    return failed('backend-down', `cannot start ${argv[0]}: the system has no room for it (${code})`)
  const reason = (await isFolder(cwd)) ? (START_REASONS[code] ?? code) : `its folder ${cwd} is not there`
  return failed('not-here', `cannot start ${argv[0]}: ${reason}`)
}

const START_REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such program; check the path, and the interpreter in its first line',
  EACCES: 'permission denied; make it executable (chmod +x)',
  E2BIG: 'its arguments and the environment are too long for this system',
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if (systemCode(error) === undefined) throw error
    return false
  }
}

const EXIT_CLASSES: Readonly<Record<number, ErrorClass>> = { 65: 'bad-input', 69: 'backend-down', 75: 'backend-down' }

function exitFailure(end: ProcessEnd): ExecutionResult | undefined {
  if (end.stdout.tooLong) return failed('bad-output', `printed more than ${STDOUT_BYTES_MAX} bytes and was ended`)
  const words = end.stderr || end.stdout.tail
  const said = words === '' ? '' : `: ${words}`
  if (end.signal !== null) {
    const hint = end.signal === 'SIGKILL' ? ' (by the system when memory ran out, or by somebody)' : ''
    return failed('failed', `ended by ${end.signal}${hint}${said}`)
  }
  if (end.exitCode !== 0)
    return failed(EXIT_CLASSES[end.exitCode ?? -1] ?? 'failed', `exit code ${end.exitCode}${said}`)
  if (end.inputError !== undefined) return failed('failed', `could not be given the prompt: ${end.inputError.message}`)
  return undefined
}

async function resultOf(end: ProcessEnd, folder: string, spillPath: string): Promise<ExecutionResult> {
  const names = await listFiles(folder)
  const most = MESH_SETTINGS.artifactsMax
  if (names.length > most) return failed('bad-output', `left ${names.length} files; at most ${most} are taken`)
  if (names.length > 0) {
    if (end.stdout.bytes === undefined) await rm(spillPath)
    return { outcome: 'completed', files: await Promise.all(names.map((name) => describeFile(folder, name))) }
  }
  if (!end.stdout.utf8) {
    return failed(
      'bad-output',
      'printed bytes that are no UTF-8 text; write files to the folder $PROMPTMESH_OUT instead',
    )
  }
  if (end.stdout.bytes === undefined) {
    const path = join(folder, 'output.txt')
    await rename(spillPath, path)
    return { outcome: 'completed', files: [{ path, name: 'output.txt', mime: 'text/plain' }] }
  }
  const text = end.stdout.bytes.toString('utf8').replace(/\r?\n$/, '')
  if (text !== '') return { outcome: 'completed', text, files: [] }
  return failed(
    'bad-output',
    'left no file and printed nothing; it should write files to the folder $PROMPTMESH_OUT, or print',
  )
}
