/** What a user of a node holds: requests, answers and views, the same in process and over HTTP. */
import type { Artifact, Params } from '../core/facts.ts'
import type { BatchId, NodeId, TaskId, Token } from '../core/ids.ts'

export type TaskState = 'WAITING' | 'SCHEDULED' | 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED'

/** One accepted row of a prompt file. */
export interface PromptRow {
  readonly prompt: string
  readonly params: Params
}

export interface SeedRequest {
  readonly batch: string
  readonly profile: string
  readonly priority?: number
  readonly maxAttempts?: number
  readonly timeoutMs?: number
}

export interface SeedAnswer {
  readonly batch: string
  readonly id: BatchId
  readonly new: number
  readonly existing: number
  /** On how many nodes each new task is synced. */
  readonly copies: number
}

export interface SeedProgress {
  readonly new: number
  readonly existing: number
}

export interface BatchView {
  readonly name: string
  readonly id: BatchId
  readonly profile: string
  readonly priority: number
  readonly paused: boolean
  readonly batchCancelled: boolean
  readonly total: number
  readonly waiting: number
  readonly scheduled: number
  readonly running: number
  readonly completed: number
  readonly failed: number
  readonly cancelled: number
  /** A part of waiting: tasks with an attempt that did not complete. */
  readonly retrying: number
  readonly extraExecutions: number
  /** Completions per second over the last minutes; null before the first. */
  readonly ratePerSecond: number | null
  readonly etaSeconds: number | null
  /** Why nothing of this batch can run now, or null. */
  readonly blocked: string | null
  /** Whether these counts are whole: else some tasks may be told of by nobody. */
  readonly settled: boolean
}

export interface NodeView {
  readonly name: string
  readonly id: NodeId
  readonly state: 'alive' | 'suspect' | 'dead' | 'left'
  readonly reason: string | null
  readonly places: number
  readonly busy: number
  readonly profiles: readonly string[]
  readonly medianSeconds: number | null
  readonly completed: number
  readonly failed: number
  readonly stolenIn: number
  readonly stolenOut: number
  readonly finishSeconds: number | null
  readonly diskFreeBytes: number | null
  readonly version: string
}

/** The answer of `status`; product.md pins it. */
export interface StatusView {
  readonly schema: 'promptmesh.status/1'
  readonly asked: string
  readonly viewAgeSeconds: number
  readonly settled: boolean
  readonly members: { readonly alive: number; readonly suspect: number; readonly dead: number; readonly left: number }
  readonly slots: { readonly owned: number; readonly unowned: number; readonly orphaned: number }
  readonly batches: readonly BatchView[]
  readonly nodes: readonly NodeView[]
  /** What a person should know, each with what to do. */
  readonly warnings: readonly string[]
}

export interface AttemptView {
  readonly token: Token
  readonly node: string
  /** null while it has not ended. */
  readonly outcome: string | null
  readonly error: string | null
  /** Known to the node that saw it start, since its start; null otherwise. */
  readonly startedSecondsAgo: number | null
  readonly seconds: number | null
}

export interface TaskView {
  readonly batch: string
  readonly index: number
  /** How people name it: the index, or index~hhhh where several tasks share one. */
  readonly label: string
  readonly id: TaskId
  readonly prompt: string
  readonly params: Params
  readonly profile: string
  readonly seed: number
  readonly state: TaskState
  readonly attempts: number
  readonly node: string | null
  readonly seconds: number | null
  readonly error: string | null
  readonly text: string | null
  readonly artifacts: readonly Artifact[]
}

export interface TaskDetail extends TaskView {
  readonly attemptList: readonly AttemptView[]
}

export interface TaskPage {
  readonly tasks: readonly TaskView[]
  /** Give it back to read on; null at the end. */
  readonly cursor: string | null
}

export interface TaskQuery {
  readonly states?: readonly TaskState[]
  readonly cursor?: string
  readonly limit?: number
}

export interface WhyView {
  readonly task: TaskView
  /** One sentence a line. */
  readonly reasons: readonly string[]
}

export interface TaskNotice {
  readonly batch: string
  readonly index: number
  readonly id: TaskId
  readonly state: TaskState
}

export interface MeshNode {
  readonly id: NodeId
  readonly name: string
  readonly profiles: readonly string[]
  /**
   * Adds rows to a batch, creating it where there is none. Rows that it has already are counted as existing.
   * `rows` are chunks of any size; each chunk is asked for when there is room.
   * @throws MESH_BATCH_NAME MESH_DISK_FULL MESH_STORAGE MESH_STOPPING, or what `rows` throws
   */
  seed(
    request: SeedRequest,
    rows: AsyncIterable<readonly PromptRow[]>,
    onProgress?: (progress: SeedProgress) => void,
  ): Promise<SeedAnswer>
  status(): Promise<StatusView>
  /** Batches by name. @throws MESH_BATCH_UNKNOWN */
  batch(name: string): BatchView
  /** Changes a batch; answers when the change is synced. @throws MESH_BATCH_UNKNOWN */
  setBatch(
    name: string,
    change: { paused?: boolean; cancelled?: boolean; priority?: number },
    options?: { stopRunning?: boolean },
  ): Promise<void>
  /** Deletes a batch for good, with its tasks and results; answers when that is synced. @throws MESH_BATCH_UNKNOWN */
  deleteBatch(name: string): Promise<void>
  /** Cancels or retries tasks: those named (`7`, `7~0a1b` or a task id) or, for retry, all FAILED and CANCELLED ones; answers how many changed. */
  changeTasks(
    name: string,
    change: 'cancel' | 'retry',
    tasks: readonly string[] | 'all',
    options?: { stopRunning?: boolean },
  ): Promise<number>
  tasks(name: string, query?: TaskQuery): Promise<TaskPage>
  task(name: string, ref: string): Promise<TaskDetail>
  why(name: string, ref: string): Promise<WhyView>
  /** The path of an artifact that this node holds. */
  artifactPath(sha256: string): Promise<string | undefined>
  /** Calls back when a task has ended; the function returned ends that. */
  onTaskEnded(listener: (notice: TaskNotice) => void): () => void
  /** Finishes what runs for up to `graceMs`, returns the rest, closes the store. Idempotent; a second call with 0 hurries the first. */
  stop(options?: { graceMs?: number }): Promise<void>
  /** Resolves once the node has stopped, by whatever cause. */
  readonly stopped: Promise<void>
}
