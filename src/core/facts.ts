/**
 * Facts: immutable statements about one task. A task's standing is a fold over its facts (task.ts).
 *
 * 1. A fact never changes; it is stored and forwarded as the bytes it was born as.
 * 2. Writing a fact twice changes nothing; merging two stores is set union.
 * 3. Two variants of one statement (same task, kind and token or round, other bytes) coexist; the fold
 *    takes the one with the lowest hash.
 */
import type { BatchId, Boot, NodeId, TaskId, Token } from './ids.ts'

/** A value that JSON can carry: what a prompt's parameters are made of. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
export type Params = { readonly [name: string]: Json }

/** A file that an attempt left, named by the SHA-256 of its bytes. */
export interface Artifact {
  readonly sha256: string
  readonly bytes: number
  readonly mime: string
  readonly name: string
}

/** What a completed attempt produced: text, files, or both. */
export interface Result {
  readonly text?: string
  readonly files: readonly Artifact[]
}

/** How an attempt that its holder could report ended. */
export type Outcome = 'completed' | 'failed' | 'timed-out' | 'returned' | 'cancelled'

/**
 * Why an attempt did not complete; the class decides who retries (retry.ts).
 * bad-input: no node will do better. not-here: this node cannot run it. oom, bad-output, failed, timed-out:
 * charged to the task. backend-down, disk-full, drain: faults of the node, charged to nobody.
 */
export type ErrorClass =
  | 'bad-input'
  | 'not-here'
  | 'oom'
  | 'bad-output'
  | 'failed'
  | 'timed-out'
  | 'backend-down'
  | 'disk-full'
  | 'drain'

export interface TaskError {
  readonly class: ErrorClass
  readonly message: string
}

export type LossReason = 'holder-dead' | 'holder-restarted' | 'deadline-passed' | 'never-renewed'
export type ClosingReason = 'attempts-used-up' | 'bad-input' | 'poison'

interface About {
  readonly batch: BatchId
  readonly task: TaskId
}
export interface SeededFact extends About {
  readonly kind: 'seeded'
  /** Position among the accepted rows of its file, from 0. */
  readonly index: number
  readonly prompt: string
  readonly params: Params
  readonly profile: string
}
export interface ClaimedFact extends About {
  readonly kind: 'claimed'
  readonly token: Token
  readonly holder: NodeId
  readonly holderBoot: Boot
  readonly round: number
}
export interface EndedFact extends About {
  readonly kind: 'ended'
  readonly token: Token
  readonly outcome: Outcome
  /** From the start of the execution to its end; 0 for an attempt that was never started. */
  readonly durationMs: number
  readonly error?: TaskError
  readonly result?: Result
}
export interface LostFact extends About {
  readonly kind: 'lost'
  readonly token: Token
  readonly why: LossReason
}
export interface ChosenFact extends About {
  readonly kind: 'chosen'
  readonly token: Token
}
export interface ClosedFact extends About {
  readonly kind: 'closed'
  readonly round: number
  readonly why: ClosingReason
}
/** Opens round `round + 1`: earlier failures, `closed` and `cancelled` no longer count. */
export interface RetriedFact extends About {
  readonly kind: 'retried'
  readonly round: number
}
/** Takes back a completed attempt; opens round `round + 1`. */
export interface VoidedFact extends About {
  readonly kind: 'voided'
  readonly token: Token
  readonly round: number
}
export interface CancelledFact extends About {
  readonly kind: 'cancelled'
  readonly round: number
}

export type Fact =
  | SeededFact
  | ClaimedFact
  | EndedFact
  | LostFact
  | ChosenFact
  | ClosedFact
  | RetriedFact
  | VoidedFact
  | CancelledFact
export type FactKind = Fact['kind']

/** A fact with the SHA-256 (hex, 64 digits) of the bytes it was born as: all that a fold needs. */
export interface HashedFact {
  readonly fact: Fact
  readonly hash: string
}

/** The same with the bytes: what is stored and forwarded. */
export interface StoredFact extends HashedFact {
  readonly bytes: Uint8Array
}

/** Names the statement that a fact makes about its task: variants of one statement share it. */
export function statementOf(fact: Fact): string {
  switch (fact.kind) {
    case 'seeded':
      return 'seeded'
    case 'claimed':
    case 'ended':
    case 'lost':
    case 'chosen':
    case 'voided':
      return `${fact.kind} ${fact.token}`
    case 'closed':
    case 'retried':
    case 'cancelled':
      return `${fact.kind} ${fact.round}`
  }
}
