/**
 * What the core is told, each with the time on the node's monotonic clock: the core has no other.
 *
 * 1. `start` is the first event and comes once.
 * 2. `persisted` tickets rise; one event answers every persist effect up to and including its ticket.
 * 3. `loaded`, `index-read` and `execution-ended` answer the effect that carries the same id or token, once.
 */
import type { BatchRecord } from './batches.ts'
import type { ErrorClass, Outcome, Params, Result, StoredFact } from './facts.ts'
import type { BatchId, Boot, NodeId, TaskId, Token } from './ids.ts'
import type { PromiseRun } from './ownership.ts'
import type { ProfileSettings } from './settings.ts'
import type { SlotTally } from './tally.ts'

/** One task as the seeding node hands it to an owner. */
export interface IntakeRow {
  readonly task: TaskId
  readonly index: number
  readonly prompt: string
  readonly params: Params
}

/** What a batch is created with; a batch that exists keeps what it has. */
export interface BatchSpec {
  readonly name: string
  readonly profile: string
  readonly priority?: number
  readonly maxAttempts?: number
  readonly timeoutMs?: number
}

/** Names the caller that waits for an answer effect. */
export type RequestId = number

export type Event =
  | {
      readonly type: 'start'
      readonly nodeId: NodeId
      readonly boot: Boot
      readonly batches: readonly BatchRecord[]
      /** Undefined where the stored tallies were damaged: every slot is counted anew. */
      readonly tallies: readonly SlotTally[] | undefined
      readonly promises: readonly PromiseRun[]
    }
  | { readonly type: 'tick' }
  | { readonly type: 'persisted'; readonly ticket: number }
  /** `problem` while writes fail, undefined once they succeed again. */
  | { readonly type: 'storage'; readonly problem: 'disk-full' | 'failing' | undefined }
  | { readonly type: 'create-batch'; readonly request: RequestId; readonly spec: BatchSpec }
  | {
      readonly type: 'intake'
      readonly request: RequestId
      readonly batch: BatchId
      readonly profile: string
      readonly rows: readonly IntakeRow[]
    }
  /** No more intake of this batch for now: what was kept for it in memory may go. */
  | { readonly type: 'intake-ended'; readonly batch: BatchId }
  /** Comes as often as needed; `done` with the last ids. */
  | { readonly type: 'index-read'; readonly batch: BatchId; readonly tasks: readonly TaskId[]; readonly done: boolean }
  | { readonly type: 'index-failed'; readonly batch: BatchId }
  | { readonly type: 'loaded'; readonly load: number; readonly facts: readonly StoredFact[] }
  | { readonly type: 'load-failed'; readonly load: number }
  | {
      readonly type: 'execution-ended'
      readonly token: Token
      readonly outcome: Outcome
      readonly durationMs: number
      readonly error?: { readonly class: ErrorClass; readonly message: string }
      readonly result?: Result
    }
  | {
      readonly type: 'set-batch'
      readonly request: RequestId
      readonly batch: BatchId
      readonly change: { readonly paused?: boolean; readonly cancelled?: boolean; readonly priority?: number }
      /** With `cancelled`: stop the attempts that run now. */
      readonly stopRunning?: boolean
    }
  | {
      readonly type: 'change-tasks'
      readonly request: RequestId
      readonly batch: BatchId
      readonly change: 'cancel' | 'retry'
      readonly tasks: readonly TaskId[]
      readonly stopRunning?: boolean
    }
  | { readonly type: 'set-profile'; readonly profile: string; readonly settings: ProfileSettings }
  /** Finish or, with `now`, return what runs; take nothing new. */
  | { readonly type: 'stop'; readonly now: boolean }
