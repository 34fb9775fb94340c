/**
 * Performs the attempts that the core starts: a place and a folder for each, its executor, then its files into the
 * artifact store.
 *
 * 1. `execute` always resolves: a failing task is data.
 * 2. Two attempts of a profile never have the same place number at a time.
 * 3. An attempt that completed although it was asked to end counts as completed: work is not thrown away.
 * 4. Faults of the node (not-here, backend-down, disk-full) return the attempt instead of failing it.
 */

import type { Execution } from '../core/effects.ts'
import { MeshError } from '../core/errors.ts'
import type { Event } from '../core/events.ts'
import type { Artifact, ErrorClass, Params, TaskError } from '../core/facts.ts'
import { seedOf, type Token } from '../core/ids.ts'
import { NODE_FAULTS } from '../core/retry.ts'
import type { MeshSettings } from '../core/settings.ts'
import type { ArtifactStore, Clock, ExecutionResult, Executor, Job, Log, OutputFile, Provenance } from './ports.ts'

export type ExecutionEnd = Pick<
  Extract<Event, { type: 'execution-ended' }>,
  'outcome' | 'durationMs' | 'error' | 'result'
>

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
  readonly log: Log
  readonly settings: MeshSettings
  readonly nodeName: string
  /** The name of a batch, for people and file names. */
  readonly batchName: (id: string) => string
  /** Writes where a file came from into it, where its format has room for that. */
  readonly stamp: (file: OutputFile, provenance: Provenance) => Promise<void>
}

type WithoutDuration = Omit<ExecutionEnd, 'durationMs'>

interface Running {
  readonly abort: AbortController
  asked: 'timed-out' | 'cancelled' | 'returned' | undefined
}

/** Numbers the places of a profile from 0: a number is taken again before a higher one is. */
class PlaceNumbers {
  readonly #free: number[] = []
  #next = 0

  take(): number {
    return this.#free.pop() ?? this.#next++
  }

  give(place: number): void {
    this.#free.push(place)
  }
}

export class Executions {
  readonly #ports: ExecutionPorts
  readonly #running = new Map<Token, Running>()
  readonly #places = new Map<string, PlaceNumbers>()

  constructor(ports: ExecutionPorts) {
    this.#ports = ports
  }

  async execute(execution: Execution): Promise<ExecutionEnd> {
    const { clock } = this.#ports
    const running: Running = { abort: new AbortController(), asked: undefined }
    const places = this.#placesOf(execution.profile)
    const place = places.take()
    const startedMs = clock.nowMs()
    this.#running.set(execution.token, running)
    let end: WithoutDuration
    try {
      end = await this.#perform(execution, place, running)
    } catch (error) {
      end = this.#failure(taskErrorOf(error))
    }
    this.#running.delete(execution.token)
    places.give(place)
    const durationMs = end.error?.class === 'not-here' ? 0 : Math.max(1, Math.round(clock.nowMs() - startedMs))
    return { ...end, durationMs }
  }

  /** Asks an execution to end; it still resolves, as `outcome` unless it completes first. */
  kill(token: Token, outcome: 'timed-out' | 'cancelled' | 'returned'): void {
    const running = this.#running.get(token)
    if (running === undefined || running.asked !== undefined) return
    running.asked = outcome
    running.abort.abort()
  }

  #placesOf(profile: string): PlaceNumbers {
    let places = this.#places.get(profile)
    if (places === undefined) {
      places = new PlaceNumbers()
      this.#places.set(profile, places)
    }
    return places
  }

  async #perform(execution: Execution, place: number, running: Running): Promise<WithoutDuration> {
    const { performers, artifacts } = this.#ports
    const performer = performers.get(execution.profile)
    if (performer === undefined)
      return this.#failure({ class: 'not-here', message: `no profile ${execution.profile} here` })
    const folder = performer.executor.usesFolder ? await artifacts.makeFolder() : undefined
    try {
      const job = this.#jobOf(execution, performer, place, folder ?? '')
      const result = await performer.executor.execute(job, running.abort.signal)
      if (result.outcome === 'failed') return this.#failure(result.error)
      if (result.outcome === 'stopped') return stopped(running.asked ?? 'returned')
      return await this.#complete(result, job)
    } finally {
      if (folder !== undefined) await this.#removeFolder(folder)
    }
  }

  /** What cannot be removed is left for the next start; it does not change how the attempt ended. */
  async #removeFolder(folder: string): Promise<void> {
    try {
      await this.#ports.artifacts.removeFolder(folder)
    } catch (error) {
      this.#ports.log.warn({ folder, error: String(error) }, 'the folder of an attempt could not be removed')
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

  async #complete(result: Extract<ExecutionResult, { outcome: 'completed' }>, job: Job): Promise<WithoutDuration> {
    const { artifactsMax, resultTextBytesMax } = this.#ports.settings
    const { text } = result
    if (result.files.length > artifactsMax || (text !== undefined && Buffer.byteLength(text) > resultTextBytesMax)) {
      return this.#failure({
        class: 'bad-output',
        message: `more than ${artifactsMax} files or ${resultTextBytesMax} bytes of text`,
      })
    }
    if (
      result.files.some(({ name, mime }) => Buffer.byteLength(name) > 255 || mime.length > 100 || !name.isWellFormed())
    ) {
      return this.#failure({
        class: 'bad-output',
        message: 'a file with a name or type that is too long or not well-formed',
      })
    }
    const files: Artifact[] = []
    for (const file of result.files) {
      await this.#ports.stamp(file, this.#provenance(job))
      files.push(await this.#ports.artifacts.put(file))
    }
    return { outcome: 'completed', result: text === undefined ? { files } : { text: text.toWellFormed(), files } }
  }

  #failure(error: TaskError): WithoutDuration {
    const message = error.message.slice(0, this.#ports.settings.errorMessageMax).toWellFormed()
    return { outcome: NODE_FAULTS.has(error.class) ? 'returned' : 'failed', error: { class: error.class, message } }
  }

  #provenance(job: Job): Provenance {
    const { batch, index, prompt, seed, attempt } = job
    return { batch, index, prompt, seed, node: this.#ports.nodeName, attempt }
  }
}

function stopped(asked: 'timed-out' | 'cancelled' | 'returned'): WithoutDuration {
  if (asked !== 'timed-out') return { outcome: asked }
  return { outcome: 'timed-out', error: { class: 'timed-out', message: 'no result within its timeout; it was ended' } }
}

function taskErrorOf(error: unknown): TaskError {
  const message = error instanceof Error ? error.message : String(error)
  // What writes into a file of the attempt throws the system's error as it is.
  if (isNoSpace(error)) return { class: 'disk-full', message: `the disk is full: ${message}` }
  return { class: error instanceof MeshError ? classOf(error) : 'failed', message }
}

function classOf({ code }: MeshError): ErrorClass {
  if (code === 'MESH_DISK_FULL') return 'disk-full'
  return code === 'MESH_STORAGE' ? 'backend-down' : 'bad-output'
}

function isNoSpace(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
}
