/**
 * What the core is told, each with the time on the node's monotonic clock: the core has no other.
 *
 * 1. `start` is the first event and comes once.
 * 2. `persisted` tickets rise; one event answers every persist effect up to and including its ticket.
 * 3. `loaded`, `index-read` and `execution-ended` answer the effect that carries the same id or token, once.
 */
import type { BatchRecord } from './batches.ts'
import type { ErrorClass, Outcome, Result, StoredFact } from './facts.ts'
import type { BatchId, Boot, NodeId, TaskId, Token } from './ids.ts'
import type { MemberEntry } from './membership.ts'
import type { BallotRun, IntakeRow, SlotDigest } from './messages.ts'
import type { ProfileSettings } from './settings.ts'
import type { SlotTally } from './tally.ts'

export type { IntakeRow } from './messages.ts'

/** What the store kept of the mesh, and how this start of the node is told from others. */
export interface StoredMesh {
  readonly name: string
  readonly incarnation: number
  readonly addresses: readonly string[]
  readonly members: readonly MemberEntry[]
  /** Ends of attempts that no owner has acknowledged. */
  readonly outbox: readonly StoredFact[]
}

/** What a batch is created with; a batch that exists keeps what it has. */
export interface BatchSpec {
  readonly name: string
  readonly profile: string
  readonly priority?: number
  readonly maxAttempts?: number
  readonly timeoutMs?: number
}

/** Why a node takes nothing, by what takes it back. */
export type SuspensionCause = 'drain' | 'duty-hours' | 'disk-floor'

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
      readonly promises: readonly BallotRun[]
      readonly mesh?: StoredMesh
    }
  | { readonly type: 'tick' }
  /** A connection to a peer whose identity is proven; exactly one at a time. */
  | { readonly type: 'connected'; readonly peer: NodeId }
  | { readonly type: 'disconnected'; readonly peer: NodeId }
  /** `refused`: its machine answered that nobody listens, so its process is gone. */
  | { readonly type: 'dial-failed'; readonly peer: NodeId; readonly refused: boolean }
  | { readonly type: 'knocked'; readonly peer: NodeId; readonly refused: boolean }
  /** Somebody with our key may be there. */
  | { readonly type: 'found'; readonly peer: NodeId; readonly addresses: readonly string[] }
  | { readonly type: 'received'; readonly from: NodeId; readonly bytes: Uint8Array }
  | { readonly type: 'gossiped'; readonly bytes: Uint8Array }
  | { readonly type: 'digests-read'; readonly load: number; readonly digests: readonly SlotDigest[] }
  | { readonly type: 'slot-read'; readonly load: number; readonly facts: readonly StoredFact[] }
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
  /** Comes a second after the read has failed, not sooner: what is still wanted is read again at once. */
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
      /** Stop the attempts that run now, wherever that is. */
      readonly stopRunning?: boolean
    }
  /** For good: its facts go, and a batch of the same name is another one. */
  | { readonly type: 'delete-batch'; readonly request: RequestId; readonly batch: BatchId }
  | {
      readonly type: 'change-tasks'
      readonly request: RequestId
      readonly batch: BatchId
      readonly change: 'cancel' | 'retry'
      readonly tasks: readonly TaskId[]
      readonly stopRunning?: boolean
    }
  | { readonly type: 'set-profile'; readonly profile: string; readonly settings: ProfileSettings }
  /** Ask every owner what it has of each batch now. */
  | { readonly type: 'count'; readonly request: RequestId }
  /** This node takes nothing for a cause of its own, until that is taken back: without a reason. */
  | { readonly type: 'suspend'; readonly cause: SuspensionCause; readonly reason: string | undefined }
  /** This member will not come back: its slots are others' from now on. */
  | { readonly type: 'forget'; readonly request: RequestId; readonly node: NodeId }
  /** Hand everything over, end the membership, and stop. */
  | { readonly type: 'leave'; readonly request: RequestId }
  /** Finish or, with `now`, return what runs; take nothing new. */
  | { readonly type: 'stop'; readonly now: boolean }
