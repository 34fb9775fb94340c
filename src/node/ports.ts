/**
 * The ports: what a node needs of the world. Adapters implement them, the driver is handed them.
 *
 * 1. A FactStore keeps what `commit` resolved for through a crash of the process and of the machine.
 * 2. A failed `commit` leaves either all or nothing of its writes; repeating it is harmless.
 * 3. An Executor's `execute` always settles, and when it has settled nothing of it runs any more.
 */
import type { BatchRecord } from '../core/batches.ts'
import type { Writes } from '../core/effects.ts'
import type { Artifact, ErrorClass, Params, StoredFact } from '../core/facts.ts'
import type { BatchId, TaskId } from '../core/ids.ts'
import type { BallotRun, SlotDigest } from '../core/messages.ts'
import type { SlotTally } from '../core/tally.ts'

/** What the store held when it was opened. */
export interface StoredState {
  /** How often this store was opened for writing, this time included. Already synced when `open` resolves. */
  readonly incarnation: number
  /** True where the last use ended with `close`. */
  readonly clean: boolean
  readonly batches: readonly BatchRecord[]
  /** Undefined where a tally row was damaged. */
  readonly tallies: readonly SlotTally[] | undefined
  readonly promises: readonly BallotRun[]
}

export interface FactStore {
  /**
   * Opens the store, creating it where there is none.
   * @throws MESH_DATA_DIR_HELD another process has it open
   * @throws MESH_FORMAT it was written in a format unknown here
   * @throws MESH_STORAGE it cannot be opened
   */
  open(): Promise<StoredState>
  /**
   * Writes everything in one atomic batch and syncs it to disk.
   * @throws MESH_DISK_FULL no space; nothing was written
   * @throws MESH_STORAGE any other failure
   */
  commit(writes: readonly Writes[]): Promise<void>
  /** All facts of a batch in some slots, given ascending, grouped by task; damaged ones are left out and counted in `damaged`. */
  readSlots(batch: BatchId, slots: readonly number[]): Promise<StoredFact[]>
  /** All facts of one task. */
  readTask(batch: BatchId, task: TaskId): Promise<StoredFact[]>
  /** Tasks of a batch with index >= `from`, ascending by (index, task id), at most `limit`. */
  readIndex(batch: BatchId, from: number, limit: number): Promise<{ index: number; task: TaskId }[]>
  /**
   * Every task id of a batch, in no order, in chunks; those too whose prompts were damaged since they were written, but
   * where `doubted` has the index made anew from the facts first.
   */
  readTaskIds(batch: BatchId, doubted?: boolean): AsyncIterable<readonly TaskId[]>
  /**
   * Removes all facts, tallies and index entries of some batches, but not their records. What is interrupted is left in
   * part; repeating it is harmless.
   */
  clear(batches: readonly BatchId[]): Promise<void>
  /**
   * Removes all facts, tallies and index entries of slots: of each at once, and only where the digest of its facts, which
   * no commit comes between, is still the given one. What is interrupted leaves slots that are whole.
   */
  dropSlots(slots: readonly SlotDigest[]): Promise<void>
  /** Facts and rows that failed their checksum since `open`. */
  readonly damaged: number
  /** Marks a clean end and closes; idempotent. */
  close(): Promise<void>
}

/** One attempt, as an executor sees it. */
export interface Job {
  readonly batch: string
  readonly task: TaskId
  readonly index: number
  readonly prompt: string
  readonly params: Params
  /** The prompt's own seed, or one derived from the task id. */
  readonly seed: number
  /** 1 for the first attempt of the task. */
  readonly attempt: number
  /** Which of the profile's places this is, from 0. */
  readonly place: number
  /** The path of an empty folder of this attempt alone, removed afterwards; files for the result go here. */
  readonly folder: string
}

/** A file in the job's folder that is part of the result. */
export interface OutputFile {
  readonly path: string
  readonly name: string
  readonly mime: string
}

/** What is written into a picture about where it came from. */
export interface Provenance {
  readonly batch: string
  readonly index: number
  readonly prompt: string
  readonly seed: number
  readonly node: string
  readonly attempt: number
}

export type ExecutionResult =
  | { readonly outcome: 'completed'; readonly text?: string; readonly files: readonly OutputFile[] }
  | { readonly outcome: 'failed'; readonly error: { readonly class: ErrorClass; readonly message: string } }
  /** The signal was heard and everything of the attempt is gone. */
  | { readonly outcome: 'stopped' }

/** Performs attempts of one profile. */
export interface Executor {
  /** Whether attempts need a folder for files; where not, `job.folder` is empty and nothing is made on disk. */
  readonly usesFolder: boolean
  execute(job: Job, signal: AbortSignal): Promise<ExecutionResult>
  /** Ends helper processes; idempotent. */
  close(): Promise<void>
}

export interface ArtifactStore {
  /** Files named by hash, synced to disk when this resolves; the source file is gone afterwards. @throws MESH_DISK_FULL MESH_STORAGE */
  put(file: OutputFile): Promise<Artifact>
  /** The path of an artifact that is here, or undefined. */
  find(sha256: string): Promise<string | undefined>
  /** An empty folder for one attempt. */
  makeFolder(): Promise<string>
  removeFolder(path: string): Promise<void>
}

export interface Clock {
  /** Monotonic milliseconds. */
  nowMs(): number
  /** Calls back once at or after that monotonic time; the function returned cancels it. */
  at(timeMs: number, callback: () => void): () => void
}

export interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
