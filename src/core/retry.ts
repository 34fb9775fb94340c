/**
 * What follows when an attempt ended without completing (protocol.md, section 8).
 *
 * 1. Only the current round counts.
 * 2. failed, timed-out, bad-output and oom are charged; `returned` and `lost` charge nothing.
 * 3. A task is closed when an error says bad-input; when charged failures reach maxAttempts on at least
 *    min(2, capable nodes) nodes, or 2 x maxAttempts on any; at `attemptsPerRoundMax` attempts, those returned not
 *    counted (docs/decisions/0015); or as poison: at `blamedLossesMax` losses, of which it ran alone in 2.
 * 4. The pause before another attempt doubles with each attempt that failed or was returned; a loss has none.
 * 5. A loss is blamed only on word that the holder's process ended: it came back with another boot, or refused
 *    connections. That the attempt had started is taken from its claim (claims.ts says why).
 *
 * The pause is the owner's memory, not a fact: a new owner starts it afresh.
 */
import type { ClosingReason, ErrorClass } from './facts.ts'
import type { Token } from './ids.ts'
import type { MeshSettings } from './settings.ts'
import type { Attempt, TaskState } from './task.ts'

export type Decision = { readonly close: ClosingReason } | { readonly again: { readonly backoffMs: number } }

/** Decides about a task with no open attempt; `capableNodes` >= 1 is how many nodes could perform it. */
export function decide(state: TaskState, maxAttempts: number, capableNodes: number, settings: MeshSettings): Decision {
  const attempts = state.attempts.filter((each) => each.round === state.round)
  if (isBadInput(state)) return { close: 'bad-input' }
  if (areUsedUp(attempts.filter(isCharged), maxAttempts, capableNodes)) return { close: 'attempts-used-up' }
  const tried = attempts.filter((each) => each.end !== 'returned').length
  if (tried >= settings.attemptsPerRoundMax) return { close: 'attempts-used-up' }
  if (blamedLosses(state) >= poisonousLosses(settings)) return { close: 'poison' }
  return { again: { backoffMs: backoffMs(attempts, settings) } }
}

/** Whether a task with such failures gets no other attempt. */
export function areUsedUp(charged: readonly Attempt[], maxAttempts: number, capableNodes: number): boolean {
  if (charged.length >= 2 * maxAttempts) return true
  const nodes = new Set(charged.map(({ holder }) => holder)).size
  return charged.length >= maxAttempts && nodes >= Math.min(2, capableNodes)
}

/** Whether an attempt of this round has shown that no node will do better. */
export function isBadInput(state: TaskState): boolean {
  return state.attempts.some(({ round, error }) => round === state.round && error?.class === 'bad-input')
}

/** Errors that are faults of a node, not of the task. */
export const NODE_FAULTS: ReadonlySet<ErrorClass> = new Set(['not-here', 'backend-down', 'disk-full', 'drain'])

/** Attempts of the current round that count against the task. */
export function chargedFailures(state: TaskState): Attempt[] {
  return state.attempts.filter((each) => each.round === state.round && isCharged(each))
}

/** Whether an attempt counts against its task. */
function isCharged(attempt: Attempt): boolean {
  if (attempt.error !== undefined && NODE_FAULTS.has(attempt.error.class)) return false
  return attempt.end === 'failed' || attempt.end === 'timed-out'
}

/** Losses of this round whose holder's process ended while the attempt was started. */
export function blamedLosses(state: TaskState): number {
  return state.attempts.filter((each) => each.round === state.round && each.end === 'lost' && isBlamed(each)).length
}

/** A task runs alone from its `blamedLossesAlone`th blamed loss on: those that follow show that it was the task. */
function poisonousLosses({ blamedLossesMax, blamedLossesAlone }: MeshSettings): number {
  return Math.max(blamedLossesMax, blamedLossesAlone + LOSSES_ALONE)
}

const LOSSES_ALONE = 2

function isBlamed(attempt: Attempt): boolean {
  return attempt.why === 'holder-restarted' || attempt.why === 'holder-dead'
}

const PAUSING_ENDS: ReadonlySet<Attempt['end']> = new Set(['failed', 'timed-out', 'returned'])

function backoffMs(attempts: readonly Attempt[], settings: MeshSettings): number {
  const last = attempts.at(-1)
  if (last === undefined || last.end === 'lost') return 0
  const doublings = attempts.filter((each) => PAUSING_ENDS.has(each.end)).length - 1
  const pause = Math.min(settings.backoffMs * 2 ** Math.max(0, doublings), settings.backoffMsMax)
  return Math.round(pause * (0.5 + jitter(last.token) / 2))
}

/** A number in [0, 1) that every node computes alike: FNV-1a over the token. */
function jitter(token: Token): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < token.length; at++) hash = Math.imul(hash ^ token.charCodeAt(at), 0x01000193)
  return (hash >>> 0) / 2 ** 32
}
