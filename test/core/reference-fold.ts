/**
 * The fold as protocol.md, section 2, says it, sentence by sentence: slow and obvious, for src/core/task.ts to be
 * compared with, of which it uses nothing.
 */
import type {
  ClaimedFact,
  ClosedFact,
  EndedFact,
  Fact,
  LostFact,
  Result,
  SeededFact,
  StoredFact,
  TaskError,
} from '../../src/core/facts.ts'

export interface ReferenceAttempt {
  readonly token: string
  readonly round: number
  readonly holder: string | undefined
  readonly holderBoot: string | undefined
  readonly end: string
  readonly error: TaskError | undefined
  readonly result: Result | undefined
  readonly durationMs: number
  readonly why: string | undefined
  readonly voided: boolean
}

export interface ReferenceState {
  readonly task: string
  readonly batch: string
  readonly seeded: SeededFact | undefined
  readonly round: number
  readonly standing: string
  readonly counts: string | undefined
  readonly closed: string | undefined
  readonly attempts: readonly ReferenceAttempt[]
}

export function referenceFold(stored: readonly StoredFact[]): ReferenceState {
  const facts = withoutHigherVariants(stored)
  const round = currentRound(stored.map((one) => one.fact))
  const attempts = attemptsIn(facts)
  const counts = resultThatCounts(facts, attempts)
  return {
    task: stored[0]?.fact.task ?? '',
    batch: stored[0]?.fact.batch ?? '',
    seeded: facts.find((fact): fact is SeededFact => fact.kind === 'seeded'),
    round,
    standing: standing(facts, round, attempts, counts),
    counts,
    closed: facts.find((fact): fact is ClosedFact => fact.kind === 'closed' && fact.round === round)?.why,
    attempts,
  }
}

/**
 * "Two variants of one statement coexist (the fold takes the one with the lowest hash)." But a completion counts
 * before any other end of its attempt: docs/decisions/0013.
 */
function withoutHigherVariants(stored: readonly StoredFact[]): Fact[] {
  const completes = (one: StoredFact): boolean => one.fact.kind === 'ended' && one.fact.outcome === 'completed'
  const isBeaten = (one: StoredFact): boolean =>
    stored.some((other) => {
      if (!sameStatement(one.fact, other.fact)) return false
      return completes(one) === completes(other) ? other.hash < one.hash : completes(other)
    })
  return stored.filter((one) => !isBeaten(one)).map((one) => one.fact)
}

/** A statement is "task, kind, token or round": what stands in the key before the hash. */
function sameStatement(a: Fact, b: Fact): boolean {
  return a.kind === b.kind && tokenOf(a) === tokenOf(b) && roundInKeyOf(a) === roundInKeyOf(b)
}

function tokenOf(fact: Fact): string | undefined {
  return 'token' in fact ? fact.token : undefined
}

/** A fact that has a token is keyed by that, so its round, if it has one, is no part of the statement. */
function roundInKeyOf(fact: Fact): number | undefined {
  return 'round' in fact && !('token' in fact) ? fact.round : undefined
}

/** "retried opens round n+1", "voided … opens round n+1": of every variant, docs/decisions/0013. */
function currentRound(facts: readonly Fact[]): number {
  let round = 0
  for (const fact of facts) {
    if (fact.kind === 'retried' && fact.round + 1 > round) round = fact.round + 1
    if (fact.kind === 'voided' && fact.round + 1 > round) round = fact.round + 1
  }
  return round
}

/** "Per token an attempt; `ended` beats `lost`." */
function attemptsIn(facts: readonly Fact[]): ReferenceAttempt[] {
  const attempts: ReferenceAttempt[] = []
  for (const fact of facts) {
    if (fact.kind !== 'claimed' && fact.kind !== 'ended' && fact.kind !== 'lost') continue
    if (attempts.some((attempt) => attempt.token === fact.token)) continue
    attempts.push(attemptOf(fact.token, facts))
  }
  return attempts.sort((a, b) => (a.token < b.token ? -1 : 1))
}

function attemptOf(token: string, facts: readonly Fact[]): ReferenceAttempt {
  const claimed = facts.find((fact): fact is ClaimedFact => fact.kind === 'claimed' && fact.token === token)
  const ended = facts.find((fact): fact is EndedFact => fact.kind === 'ended' && fact.token === token)
  const lost = facts.find((fact): fact is LostFact => fact.kind === 'lost' && fact.token === token)
  const voided = facts.some((fact) => fact.kind === 'voided' && fact.token === token)
  const round = claimed === undefined ? 0 : claimed.round
  const base = { token, round, holder: claimed?.holder, holderBoot: claimed?.holderBoot, voided }
  const open = { ...base, end: 'open', error: undefined, result: undefined, durationMs: 0, why: undefined }
  if (ended !== undefined) {
    const { outcome, error, result, durationMs } = ended
    return { ...open, end: outcome, error, result, durationMs }
  }
  return lost === undefined ? open : { ...open, end: 'lost', why: lost.why }
}

/**
 * "COMPLETED if some attempt completed and is not voided. The result that counts: lowest `chosen` token, without one
 * the lowest token."
 */
function resultThatCounts(facts: readonly Fact[], attempts: readonly ReferenceAttempt[]): string | undefined {
  const valid = attempts.filter((attempt) => attempt.end === 'completed' && !attempt.voided)
  const isChosen = (token: string): boolean => facts.some((fact) => fact.kind === 'chosen' && fact.token === token)
  const chosen = valid.filter((attempt) => isChosen(attempt.token))
  return lowest(chosen.length > 0 ? chosen : valid)
}

function lowest(attempts: readonly ReferenceAttempt[]): string | undefined {
  let found: string | undefined
  for (const { token } of attempts) if (found === undefined || token < found) found = token
  return found
}

/** "Else CANCELLED if cancelled in this round; else FAILED if `closed` in this round; else open." */
function standing(
  facts: readonly Fact[],
  round: number,
  attempts: readonly ReferenceAttempt[],
  counts: string | undefined,
): string {
  if (counts !== undefined) return 'completed'
  if (facts.some((fact) => fact.kind === 'cancelled' && fact.round === round)) return 'cancelled'
  if (facts.some((fact) => fact.kind === 'closed' && fact.round === round)) return 'failed'
  return attempts.some((attempt) => attempt.end === 'open') ? 'claimed' : 'waiting'
}
