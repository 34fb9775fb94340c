/** What tests of executors share: jobs in folders of their own, a context, and questions about processes. */
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGuard, type Guard } from '../../src/adapters/executors/guard.ts'
import type { ExecutorContext } from '../../src/adapters/executors/registry.ts'
import type { Job, Log } from '../../src/node/ports.ts'

export interface LogLine {
  readonly fields: object
  readonly message: string
}

export interface Workbench {
  readonly folder: string
  readonly guard: Guard
  readonly warnings: readonly LogLine[]
  readonly context: ExecutorContext
  /** A job in a new folder. */
  makeJob(part?: Partial<Job>): Promise<Job>
  close(): Promise<void>
}

export function collectingLog(): { log: Log; warnings: LogLine[] } {
  const warnings: LogLine[] = []
  const warn = (fields: object, message: string) => {
    warnings.push({ fields, message })
  }
  return { log: { info: () => {}, warn, error: warn }, warnings }
}

/** A temporary folder with a guard and a source of jobs; `close` removes everything. */
export async function openWorkbench(environment: NodeJS.ProcessEnv = process.env): Promise<Workbench> {
  const folder = await mkdtemp(join(tmpdir(), 'promptmesh-executors-'))
  const { log, warnings } = collectingLog()
  const guard = createGuard(log)
  let jobs = 0
  return {
    folder,
    guard,
    warnings,
    context: { configFolder: folder, environment, guard },
    async makeJob(part = {}) {
      const index = jobs++
      const attempt = join(folder, `attempt-${index}`)
      await mkdir(attempt)
      return {
        batch: 'tests',
        task: index.toString(16).padStart(32, '0'),
        index,
        prompt: `prompt ${index}`,
        params: {},
        seed: index,
        attempt: 1,
        place: 0,
        folder: attempt,
        ...part,
      }
    },
    async close() {
      await guard.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** True while a process does something: one that has ended and is only not collected yet does not. */
export function runs(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  if (process.platform !== 'linux') return true
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2))
  } catch {
    return false
  }
}

/** A signal that is never given. */
export function calm(): AbortSignal {
  return new AbortController().signal
}
