/**
 * A task's standing: a fold over its facts (protocol.md, section 2).
 *
 * States: waiting -> claimed -> waiting | completed | failed; waiting -> failed | cancelled; any of these ->
 * completed by a late success; completed leaves that state only by `voided`.
 *
 * 1. The fold depends on the set of facts alone: not on their order, nor on how often each is given.
 * 2. Of variants of one statement the one with the lowest hash counts; but a completion counts before any other
 *    end of its attempt, and a round once opened stays open, so that no late variant takes a result back.
 * 3. Per token `ended` beats `lost`.
 * 4. The result that counts is that of the lowest `chosen` token, without one that of the lowest token, among
 *    completed attempts that are not voided.
 *
 * It does not know pause, priority or the cancelling of a whole batch: those are the batch's.
 */
import {
  type ClaimedFact,
  type ClosingReason,
  type EndedFact,
  type LossReason,
  type Outcome,
  type SeededFact,
  type StoredFact,
  statementOf,
} from './facts.ts'
import type { BatchId, TaskId, Token } from './ids.ts'

export type Standing = 'waiting' | 'claimed' | 'completed' | 'failed' | 'cancelled'

export interface Attempt {
  readonly token: Token
  readonly round: number
  /** Undefined while the `claimed` fact is not here. */
  readonly holder: string | undefined
  readonly holderBoot: string | undefined
  readonly end: 'open' | Outcome | 'lost'
  readonly why: LossReason | undefined
  readonly error: EndedFact['error']
  readonly result: EndedFact['result']
  readonly durationMs: number
  readonly voided: boolean
}

export interface TaskState {
  readonly task: TaskId
  readonly batch: BatchId
  readonly seeded: SeededFact | undefined
  readonly round: number
  readonly standing: Standing
  /** The completed attempt that counts. */
  readonly counts: Token | undefined
  readonly closed: ClosingReason | undefined
  /** Ascending by token. */
  readonly attempts: readonly Attempt[]
}

/**
 * Folds all facts of one task, in any order.
 * @throws TypeError where there is none
 */
export function fold(facts: readonly StoredFact[]): TaskState {
  const first = facts[0]
  if (first === undefined) throw new TypeError('fold needs at least one fact')
  const parts = gather(countingVariants(facts), currentRound(facts))
  const attempts = attemptsOf(parts)
  const counts = countingToken(attempts, parts.chosen)
  return {
    task: first.fact.task,
    batch: first.fact.batch,
    seeded: parts.seeded,
    round: parts.round,
    standing: standingOf(parts, attempts, counts),
    counts,
    closed: parts.closed.get(parts.round),
    attempts,
  }
}

/** One fact a statement. */
function countingVariants(facts: readonly StoredFact[]): Iterable<StoredFact> {
  if (facts.length === 1) return facts
  const byStatement = new Map<string, StoredFact>()
  for (const stored of facts) {
    const statement = statementOf(stored.fact)
    const other = byStatement.get(statement)
    if (other === undefined || counts(stored, other)) byStatement.set(statement, stored)
  }
  return byStatement.values()
}

/** Whether of two variants of one statement the first is the one that counts. */
function counts(a: StoredFact, b: StoredFact): boolean {
  if (a.fact.kind === 'ended' && b.fact.kind === 'ended') {
    const [left, right] = [a.fact.outcome === 'completed', b.fact.outcome === 'completed']
    if (left !== right) return left
  }
  return a.hash < b.hash
}

/** 1 + the highest round that a `retried` or `voided` fact closes, of all variants; 0 without one. */
function currentRound(facts: readonly StoredFact[]): number {
  let round = 0
  for (const { fact } of facts) {
    if (fact.kind === 'retried' || fact.kind === 'voided') round = Math.max(round, fact.round + 1)
  }
  return round
}

interface Parts {
  seeded: SeededFact | undefined
  readonly round: number
  readonly claimed: Map<Token, ClaimedFact>
  readonly ended: Map<Token, EndedFact>
  readonly lost: Map<Token, LossReason>
  readonly chosen: Token[]
  readonly voided: Set<Token>
  readonly closed: Map<number, ClosingReason>
  readonly cancelled: Set<number>
}

function gather(facts: Iterable<StoredFact>, round: number): Parts {
  const parts: Parts = {
    seeded: undefined,
    round,
    claimed: new Map(),
    ended: new Map(),
    lost: new Map(),
    chosen: [],
    voided: new Set(),
    closed: new Map(),
    cancelled: new Set(),
  }
  for (const { fact } of facts) {
    switch (fact.kind) {
      case 'seeded':
        parts.seeded = fact
        break
      case 'claimed':
        parts.claimed.set(fact.token, fact)
        break
      case 'ended':
        parts.ended.set(fact.token, fact)
        break
      case 'lost':
        parts.lost.set(fact.token, fact.why)
        break
      case 'chosen':
        parts.chosen.push(fact.token)
        break
      case 'voided':
        parts.voided.add(fact.token)
        break
      case 'retried':
        break
      case 'closed':
        parts.closed.set(fact.round, fact.why)
        break
      case 'cancelled':
        parts.cancelled.add(fact.round)
        break
    }
  }
  return parts
}

function attemptsOf(parts: Parts): Attempt[] {
  const tokens = new Set([...parts.claimed.keys(), ...parts.ended.keys(), ...parts.lost.keys()])
  return [...tokens].sort().map((token) => {
    const claimed = parts.claimed.get(token)
    const ended = parts.ended.get(token)
    const why = parts.lost.get(token)
    return {
      token,
      round: claimed?.round ?? 0,
      holder: claimed?.holder,
      holderBoot: claimed?.holderBoot,
      end: ended?.outcome ?? (why === undefined ? 'open' : 'lost'),
      why: ended === undefined ? why : undefined,
      error: ended?.error,
      result: ended?.result,
      durationMs: ended?.durationMs ?? 0,
      voided: parts.voided.has(token),
    }
  })
}

function countingToken(attempts: readonly Attempt[], chosen: readonly Token[]): Token | undefined {
  const candidates = attempts.filter((each) => each.end === 'completed' && !each.voided).map((each) => each.token)
  const preferred = candidates.filter((token) => chosen.includes(token))
  return preferred[0] ?? candidates[0]
}

function standingOf(parts: Parts, attempts: readonly Attempt[], counts: Token | undefined): Standing {
  if (counts !== undefined) return 'completed'
  if (parts.cancelled.has(parts.round)) return 'cancelled'
  if (parts.closed.has(parts.round)) return 'failed'
  return attempts.some((each) => each.end === 'open') ? 'claimed' : 'waiting'
}

/**
 * Executions beyond the one that every completed task needs and the failures that were charged: lost attempts,
 * completions that do not count, and attempts returned or cancelled after they had started.
 */
export function extraExecutions(state: TaskState): number {
  return state.attempts.filter((each) => isExtra(each, state.counts)).length
}

function isExtra(attempt: Attempt, counts: Token | undefined): boolean {
  switch (attempt.end) {
    case 'lost':
      return true
    case 'completed':
      return attempt.token !== counts && !attempt.voided
    case 'returned':
    case 'cancelled':
      return attempt.durationMs > 0
    default:
      return false
  }
}
