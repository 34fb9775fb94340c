/**
 * What the core asks of the world.
 *
 * 1. A step gives at most one `persist`, and the driver performs it before every other effect of that step.
 * 2. `answer` and `execute` are given only after the facts that they rest on were persisted.
 * 3. All reads see every persist effect that was given before them, and so does `clear-batches`: nothing about those
 *    batches is given to be written after it.
 * 4. `drop-slots` sees every persist effect that was given before it; no read that is given after it begins before it is
 *    done or has failed. It is not repeated.
 */
import type { BatchRecord } from './batches.ts'
import type { MeshErrorCode } from './errors.ts'
import type { RequestId } from './events.ts'
import type { Params, StoredFact } from './facts.ts'
import type { BatchId, NodeId, TaskId, Token } from './ids.ts'
import type { MemberEntry } from './membership.ts'
import type { BallotRun, LoadBatch, SlotDigest, SlotRun } from './messages.ts'
import type { SlotTally } from './tally.ts'

/** Positions of tasks in their batch, for lists in the order of the file. */
export interface IndexEntries {
  readonly batch: BatchId
  readonly entries: readonly { readonly index: number; readonly task: TaskId }[]
}

/** Rows to be written in one atomic, synced batch. */
export interface Writes {
  readonly facts: readonly StoredFact[]
  readonly tallies: readonly SlotTally[]
  readonly indexes: readonly IndexEntries[]
  readonly batches: readonly BatchRecord[]
  readonly promises: readonly BallotRun[] | undefined
  readonly mesh?: MeshWrites
}

/** Rows that a node has because there are others. */
export interface MeshWrites {
  /** Entries of the member list that changed. */
  readonly members: readonly MemberEntry[]
  /** Ends of attempts whose owner is another node, kept until that says they are committed. */
  readonly outbox: readonly StoredFact[]
  readonly outboxDone: readonly Token[]
  /** Undefined where it stays. */
  readonly incarnation: number | undefined
}

export type AnswerValue =
  | { readonly type: 'batch'; readonly batch: BatchRecord; readonly created: boolean; readonly copies: number }
  | { readonly type: 'intake'; readonly new: number; readonly existing: number; readonly copies: number }
  /** `copies`: on how many nodes a change of a batch is synced. */
  | { readonly type: 'changed'; readonly tasks: number; readonly copies?: number }
  /** What the member list says now; `copies`: nodes that have it synced, 2 for any more. */
  | { readonly type: 'member'; readonly member: MemberEntry; readonly copies: number }
  /** What all owners have of every batch; `missing`: members that are up and did not tell, none where it is whole. */
  | {
      readonly type: 'counts'
      readonly batches: readonly LoadBatch[]
      readonly whole: boolean
      readonly missing: readonly NodeId[]
    }

export interface Execution {
  readonly token: Token
  readonly batch: BatchId
  readonly task: TaskId
  readonly index: number
  readonly prompt: string
  readonly params: Params
  readonly profile: string
  /** 1 for the first attempt of the task. */
  readonly attempt: number
}

/** Something that happened, for people and watchers; nothing depends on it. */
export type Notice =
  | {
      readonly type: 'task-ended'
      readonly batch: BatchId
      readonly task: TaskId
      readonly index: number
      readonly standing: 'completed' | 'failed' | 'cancelled'
    }
  | {
      readonly type: 'attempt-ended'
      readonly batch: BatchId
      readonly task: TaskId
      readonly index: number
      readonly outcome: string
      readonly message: string
    }
  | { readonly type: 'profile-resting'; readonly profile: string; readonly message: string }
  | { readonly type: 'slot-corrected'; readonly batch: BatchId; readonly slot: number; readonly message: string }

export type Effect =
  | ({ readonly type: 'persist'; readonly ticket: number } & Writes)
  | { readonly type: 'answer'; readonly request: RequestId; readonly value: AnswerValue }
  | { readonly type: 'refuse'; readonly request: RequestId; readonly code: MeshErrorCode; readonly message: string }
  | ({ readonly type: 'execute' } & Execution)
  /** End the execution of this token now; `execution-ended` still follows. */
  | { readonly type: 'kill'; readonly token: Token; readonly outcome: 'timed-out' | 'cancelled' | 'returned' }
  | { readonly type: 'load'; readonly load: number; readonly batch: BatchId; readonly slots: readonly number[] }
  | { readonly type: 'load-tasks'; readonly load: number; readonly batch: BatchId; readonly tasks: readonly TaskId[] }
  /** `doubted`: the index may name tasks that are not there; make it anew from the facts first. */
  | { readonly type: 'read-index'; readonly batch: BatchId; readonly doubted: boolean }
  /** To a peer, in order while the connection lives, lost with it. */
  | { readonly type: 'send'; readonly to: NodeId; readonly bytes: Uint8Array }
  /** To everyone, perhaps. */
  | { readonly type: 'gossip'; readonly bytes: Uint8Array }
  | { readonly type: 'dial'; readonly to: NodeId }
  | { readonly type: 'hang-up'; readonly to: NodeId }
  /** Connect by plain TCP and close again, for the evidence alone: `knocked` follows. */
  | { readonly type: 'knock'; readonly to: NodeId }
  | { readonly type: 'read-digests'; readonly load: number; readonly slots: readonly SlotRun[] }
  /** All facts of a slot, of every batch. */
  | { readonly type: 'read-slot'; readonly load: number; readonly slot: number }
  /**
   * Remove facts, tallies and index entries of batches whose tombstones are on disk; repeated at every start. What is
   * not there needs no removing.
   */
  | { readonly type: 'clear-batches'; readonly batches: readonly BatchId[] }
  /**
   * Remove everything that the store has of the tasks of these slots: of each slot at once, and only where its digest is
   * still this one, so that no fact is lost that was written meanwhile.
   */
  | { readonly type: 'drop-slots'; readonly slots: readonly SlotDigest[] }
  /** Send a `tick` at this monotonic time; replaces an earlier wake. */
  | { readonly type: 'wake'; readonly atMs: number }
  | { readonly type: 'notice'; readonly notice: Notice }
  /** Everything is finished or returned and persisted; the store may be closed. */
  | { readonly type: 'stopped' }
  /** This node must not go on: it ends as it is, and its process says why. What follows is not carried out. */
  | { readonly type: 'fatal'; readonly code: MeshErrorCode; readonly message: string }
