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
  type HashedFact,
  type LossReason,
  type LostFact,
  type Outcome,
  type SeededFact,
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
export function fold(facts: readonly HashedFact[]): TaskState {
  const first = facts[0]
  if (first === undefined) throw new TypeError('fold needs at least one fact')
  const counting = countingVariants(facts)
  const attempts = attemptsOf(counting)
  const round = currentRound(facts)
  const state = {
    task: first.fact.task,
    batch: first.fact.batch,
    seeded: seededOf(counting),
    round,
    counts: countingToken(counting, attempts),
    closed: closingOf(counting, round),
    attempts,
  }
  return { ...state, standing: standingOf(state, counting) }
}

function seededOf(facts: readonly HashedFact[]): SeededFact | undefined {
  for (const { fact } of facts) if (fact.kind === 'seeded') return fact
  return undefined
}

/** One fact a statement. */
function countingVariants(facts: readonly HashedFact[]): readonly HashedFact[] {
  if (facts.every((stored, at) => isFirstOfStatement(facts, stored, at))) return facts
  const byStatement = new Map<string, HashedFact>()
  for (const stored of facts) {
    const statement = statementOf(stored.fact)
    const other = byStatement.get(statement)
    if (other === undefined || counts(stored, other)) byStatement.set(statement, stored)
  }
  return [...byStatement.values()]
}

/** Cheaper than a map for the few facts that a task has. */
function isFirstOfStatement(facts: readonly HashedFact[], { fact }: HashedFact, at: number): boolean {
  for (let before = 0; before < at; before++) {
    const other = (facts[before] as HashedFact).fact
    if (other.kind === fact.kind && statementOf(other) === statementOf(fact)) return false
  }
  return true
}

/** Whether of two variants of one statement the first is the one that counts. */
function counts(a: HashedFact, b: HashedFact): boolean {
  if (a.fact.kind === 'ended' && b.fact.kind === 'ended') {
    const [left, right] = [a.fact.outcome === 'completed', b.fact.outcome === 'completed']
    if (left !== right) return left
  }
  return a.hash < b.hash
}

/** 1 + the highest round that a `retried` or `voided` fact closes, of all variants; 0 without one. */
function currentRound(facts: readonly HashedFact[]): number {
  let round = 0
  for (const { fact } of facts) {
    if (fact.kind === 'retried' || fact.kind === 'voided') round = Math.max(round, fact.round + 1)
  }
  return round
}

/** The attempts that facts tell of, ascending by token. */
function attemptsOf(facts: readonly HashedFact[]): Attempt[] {
  const attempts: MutableAttempt[] = []
  for (const { fact } of facts) {
    if (fact.kind !== 'claimed' && fact.kind !== 'ended' && fact.kind !== 'lost') continue
    const known = attempts.find((each) => each.token === fact.token)
    const attempt = known ?? newAttempt(fact.token)
    if (known === undefined) attempts.push(attempt)
    tell(attempt, fact)
  }
  if (attempts.length > 1) attempts.sort((a, b) => (a.token < b.token ? -1 : 1))
  for (const { fact } of facts) {
    if (fact.kind !== 'voided') continue
    for (const attempt of attempts) if (attempt.token === fact.token) attempt.voided = true
  }
  return attempts
}

type MutableAttempt = { -readonly [K in keyof Attempt]: Attempt[K] }

function newAttempt(token: Token): MutableAttempt {
  return {
    token,
    round: 0,
    holder: undefined,
    holderBoot: undefined,
    end: 'open',
    why: undefined,
    error: undefined,
    result: undefined,
    durationMs: 0,
    voided: false,
  }
}

function tell(attempt: MutableAttempt, fact: ClaimedFact | EndedFact | LostFact): void {
  if (fact.kind === 'claimed') {
    attempt.round = fact.round
    attempt.holder = fact.holder
    attempt.holderBoot = fact.holderBoot
  } else if (fact.kind === 'ended') {
    attempt.end = fact.outcome
    attempt.why = undefined
    attempt.error = fact.error
    attempt.result = fact.result
    attempt.durationMs = fact.durationMs
  } else if (attempt.end === 'open') {
    attempt.end = 'lost'
    attempt.why = fact.why
  }
}

function countingToken(facts: readonly HashedFact[], attempts: readonly Attempt[]): Token | undefined {
  const isChosen = (token: Token) => facts.some(({ fact }) => fact.kind === 'chosen' && fact.token === token)
  let first: Token | undefined
  for (const { end, voided, token } of attempts) {
    if (end !== 'completed' || voided) continue
    if (isChosen(token)) return token
    first ??= token
  }
  return first
}

function closingOf(facts: readonly HashedFact[], round: number): ClosingReason | undefined {
  for (const { fact } of facts) if (fact.kind === 'closed' && fact.round === round) return fact.why
  return undefined
}

function standingOf(state: Omit<TaskState, 'standing'>, facts: readonly HashedFact[]): Standing {
  if (state.counts !== undefined) return 'completed'
  if (facts.some(({ fact }) => fact.kind === 'cancelled' && fact.round === state.round)) return 'cancelled'
  if (state.closed !== undefined) return 'failed'
  return state.attempts.some((each) => each.end === 'open') ? 'claimed' : 'waiting'
}

/**
 * Executions beyond the one that every completed task needs and the failures that were charged: lost attempts,
 * completions that do not count, and attempts returned or cancelled after they had started.
 */
export function extraExecutions(state: TaskState): number {
  let extra = 0
  for (const attempt of state.attempts) if (isExtra(attempt, state.counts)) extra++
  return extra
}

function isExtra(attempt: Attempt, counts: Token | undefined): boolean {
  switch (attempt.end) {
    case 'lost':
      return true
    case 'completed':
      return attempt.token !== counts && !attempt.voided
    case 'returned':
      return attempt.durationMs > 0
    case 'cancelled':
      return attempt.durationMs > 0 && counts !== undefined
    default:
      return false
  }
}
