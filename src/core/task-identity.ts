/**
 * Which task a row of a prompt file is (protocol.md, section 2).
 *
 * 1. The id depends on batch, prompt, parameters, profile and occurrence alone, never on the line number: the same
 *    rows seeded again, in any order, are the same tasks.
 * 2. occurrence = how many equal rows came before it in this file, so equal rows are different tasks.
 */
import { CodecError } from '../codec/codec-error.ts'
import { encodeTaskIdentity } from '../codec/identity.ts'
import { MeshError } from './errors.ts'
import type { IntakeRow } from './events.ts'
import type { Params } from './facts.ts'
import { IdSet } from './id-set.ts'
import type { BatchId, Sha256, TaskId } from './ids.ts'

/** Names the rows of one file, read in order. */
export class TaskNamer {
  readonly #sha256: Sha256
  readonly #batch: BatchId
  readonly #profile: string
  readonly #seen = new IdSet()
  /** Of rows that came more than once: how often. */
  readonly #repeats = new Map<TaskId, number>()
  #index = 0

  constructor(sha256: Sha256, batch: BatchId, profile: string) {
    this.#sha256 = sha256
    this.#batch = batch
    this.#profile = profile
  }

  /**
   * The next row of the file as its owner will hear of it.
   * @throws MESH_BAD_REQUEST where a fact could not carry it
   */
  next(row: { readonly prompt: string; readonly params: Params }): IntakeRow {
    const first = this.#idOf(row.prompt, row.params, 0)
    const task = this.#seen.add(first) ? first : this.#idOf(row.prompt, row.params, this.#repeat(first))
    return { task, index: this.#index++, prompt: row.prompt, params: row.params }
  }

  /** How many rows equal to this one came before it. */
  #repeat(first: TaskId): number {
    const before = this.#repeats.get(first) ?? 1
    this.#repeats.set(first, before + 1)
    return before
  }

  #idOf(prompt: string, params: Params, occurrence: number): TaskId {
    try {
      return this.#sha256(encodeTaskIdentity(this.#batch, prompt, params, this.#profile, occurrence)).slice(0, 32)
    } catch (error) {
      if (!(error instanceof CodecError)) throw error
      const message = `row ${this.#index + 1} (${JSON.stringify(prompt.slice(0, 60))}) cannot be taken: ${error.message}`
      throw new MeshError('MESH_BAD_REQUEST', message, { cause: error })
    }
  }
}
