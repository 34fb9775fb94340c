/**
 * Performs the attempts that the core starts: a place and a folder for each, its executor, then its files into the
 * artifact store.
 *
 * 1. `execute` always resolves: a failing task is data.
 * 2. Two attempts of a profile never have the same place number at a time.
 * 3. An attempt that completed although it was asked to end counts as completed: work is not thrown away.
 * 4. Faults of the node (not-here, backend-down, disk-full) return the attempt instead of failing it.
 */
import type { Event } from '../core/events.ts'
import type { Execution } from '../core/effects.ts'
import { MeshError } from '../core/errors.ts'
import type { Artifact, ErrorClass, Params, TaskError } from '../core/facts.ts'
import { seedOf, type Token } from '../core/ids.ts'
import { NODE_FAULTS } from '../core/retry.ts'
import type { MeshSettings } from '../core/settings.ts'
import type { ArtifactStore, Clock, ExecutionResult, Executor, Job, OutputFile } from './ports.ts'

export type ExecutionEnd = Pick<Extract<Event, { type: 'execution-ended' }>, 'outcome' | 'durationMs' | 'error' | 'result'>

/** What is written into a picture about where it came from. */
export interface Provenance {
  readonly batch: string
  readonly index: number
  readonly prompt: string
  readonly seed: number
  readonly node: string
  readonly attempt: number
}

/** A profile as this node performs it. */
export interface Performer {
  readonly executor: Executor
  /** Parameters that a prompt does not give. */
  readonly defaults: Params
}

export interface ExecutionPorts {
  readonly performers: ReadonlyMap<string, Performer>
  readonly artifacts: ArtifactStore
  readonly clock: Clock
  readonly settings: MeshSettings
  readonly nodeName: string
  /** The name of a batch, for people and file names. */
  readonly batchName: (id: string) => string
  /** Writes where a file came from into it, where its format has room for that. */
  readonly stamp: (file: OutputFile, provenance: Provenance) => Promise<void>
}

interface Running {
  readonly abort: AbortController
  asked: 'timed-out' | 'cancelled' | 'returned' | undefined
}

export class Executions {
  readonly #ports: ExecutionPorts
  readonly #running = new Map<Token, Running>()
  readonly #places = new Map<string, Set<number>>()

  constructor(ports: ExecutionPorts) {
    this.#ports = ports
  }

  async execute(execution: Execution): Promise<ExecutionEnd> {
    const { clock } = this.#ports
    const running: Running = { abort: new AbortController(), asked: undefined }
    const place = this.#takePlace(execution.profile)
    const startedMs = clock.nowMs()
    this.#running.set(execution.token, running)
    try {
      const end = await this.#perform(execution, place, running)
      const durationMs = end.error?.class === 'not-here' ? 0 : Math.max(1, Math.round(clock.nowMs() - startedMs))
      return { ...end, durationMs }
    } finally {
      this.#running.delete(execution.token)
      this.#places.get(execution.profile)?.delete(place)
    }
  }

  /** Asks an execution to end; it still resolves, as `outcome` unless it completes first. */
  kill(token: Token, outcome: 'timed-out' | 'cancelled' | 'returned'): void {
    const running = this.#running.get(token)
    if (running === undefined || running.asked !== undefined) return
    running.asked = outcome
    running.abort.abort()
  }

  #takePlace(profile: string): number {
    let taken = this.#places.get(profile)
    if (taken === undefined) {
      taken = new Set()
      this.#places.set(profile, taken)
    }
    let place = 0
    while (taken.has(place)) place++
    taken.add(place)
    return place
  }

  async #perform(execution: Execution, place: number, running: Running): Promise<Omit<ExecutionEnd, 'durationMs'>> {
    let folder: string | undefined
    try {
      const performer = this.#ports.performers.get(execution.profile)
      if (performer === undefined) return this.#failure({ class: 'not-here', message: `no profile ${execution.profile} here` })
      if (performer.executor.usesFolder) folder = await this.#ports.artifacts.makeFolder()
      const job = this.#jobOf(execution, performer, place, folder ?? '')
      const result = await performer.executor.execute(job, running.abort.signal)
      return await this.#endOf(result, job, running)
    } catch (error) {
      return this.#failure({ class: errorClassOf(error), message: error instanceof Error ? error.message : String(error) })
    } finally {
      if (folder !== undefined) await this.#ports.artifacts.removeFolder(folder)
    }
  }

  #jobOf(execution: Execution, performer: Performer, place: number, folder: string): Job {
    const params = { ...performer.defaults, ...execution.params }
    const given = params['seed']
    return {
      batch: this.#ports.batchName(execution.batch),
      task: execution.task,
      index: execution.index,
      prompt: execution.prompt,
      params,
      seed: typeof given === 'number' ? given : seedOf(execution.task),
      attempt: execution.attempt,
      place,
      folder,
    }
  }

  async #endOf(result: ExecutionResult, job: Job, running: Running): Promise<Omit<ExecutionEnd, 'durationMs'>> {
    if (result.outcome === 'failed') return this.#failure(result.error)
    if (result.outcome === 'stopped') return this.#stopped(running.asked ?? 'returned')
    const { artifactsMax, resultTextBytesMax } = this.#ports.settings
    if (result.files.length > artifactsMax || Buffer.byteLength(result.text ?? '') > resultTextBytesMax) {
      return this.#failure({ class: 'bad-output', message: `more than ${artifactsMax} files or ${resultTextBytesMax} bytes of text` })
    }
    const files: Artifact[] = []
    for (const file of result.files) {
      await this.#ports.stamp(file, this.#provenance(job))
      files.push(await this.#ports.artifacts.put(file))
    }
    return { outcome: 'completed', result: { ...(result.text !== undefined && { text: result.text }), files } }
  }

  #stopped(asked: 'timed-out' | 'cancelled' | 'returned'): Omit<ExecutionEnd, 'durationMs'> {
    if (asked !== 'timed-out') return { outcome: asked }
    return { outcome: 'timed-out', error: { class: 'timed-out', message: 'no result within its timeout; it was ended' } }
  }

  #failure(error: TaskError): Omit<ExecutionEnd, 'durationMs'> {
    const message = error.message.slice(0, this.#ports.settings.errorMessageMax).toWellFormed()
    return { outcome: NODE_FAULTS.has(error.class) ? 'returned' : 'failed', error: { class: error.class, message } }
  }

  #provenance(job: Job): Provenance {
    const { batch, index, prompt, seed, attempt } = job
    return { batch, index, prompt, seed, node: this.#ports.nodeName, attempt }
  }
}

function errorClassOf(error: unknown): ErrorClass {
  if (!(error instanceof MeshError)) return 'failed'
  if (error.code === 'MESH_DISK_FULL') return 'disk-full'
  return error.code === 'MESH_STORAGE' ? 'backend-down' : 'bad-output'
}
