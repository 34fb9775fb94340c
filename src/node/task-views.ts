/** A task as people see it, from its facts. */
import type { StoredFact } from '../core/facts.ts'
import { seedOf, type Token } from '../core/ids.ts'
import { type Attempt, type TaskState as FoldedTask, fold, type Standing } from '../core/task.ts'
import type { AttemptView, TaskDetail, TaskState, TaskView } from './api.ts'

/** What a view needs to know beside the facts. */
export interface ViewContext {
  readonly batchName: string
  readonly batchCancelled: boolean
  readonly nowMs: number
  /** Attempts that live on this node. */
  readonly running: ReadonlyMap<Token, { readonly startedMs: number | undefined }>
  readonly nodeName: (id: string | undefined) => string
}

const STATES: { readonly [S in Standing]: TaskState } = {
  waiting: 'WAITING',
  claimed: 'SCHEDULED',
  completed: 'COMPLETED',
  failed: 'FAILED',
  cancelled: 'CANCELLED',
}

/** `label` is the index, or index~hhhh where several tasks share one. */
export function viewTask(facts: readonly StoredFact[], label: string, context: ViewContext): TaskDetail {
  const folded = fold(facts)
  const { seeded, attempts } = folded
  const shown = shownAttempt(folded)
  const state = stateOf(folded, context)
  const given = seeded?.params['seed']
  return {
    batch: context.batchName,
    index: seeded?.index ?? 0,
    label,
    id: folded.task,
    prompt: seeded?.prompt ?? '',
    params: seeded?.params ?? {},
    profile: seeded?.profile ?? '',
    seed: typeof given === 'number' ? given : seedOf(folded.task),
    state,
    attempts: attempts.length,
    node: shown === undefined ? null : context.nodeName(shown.holder),
    seconds: shown === undefined || shown.durationMs === 0 ? null : shown.durationMs / 1_000,
    error: state === 'COMPLETED' ? null : lastError(attempts),
    text: shown?.result?.text ?? null,
    artifacts: shown?.result?.files ?? [],
    attemptList: attempts.map((attempt) => viewAttempt(attempt, context)),
  }
}

/** A task without the list of its attempts. */
export function withoutAttempts({ attemptList: _, ...task }: TaskDetail): TaskView {
  return task
}

function stateOf(folded: FoldedTask, context: ViewContext): TaskState {
  const { standing } = folded
  // What runs when its batch is cancelled may finish, and is shown as what it does.
  if (context.batchCancelled && standing === 'waiting') return 'CANCELLED'
  if (standing !== 'claimed') return STATES[standing]
  const started = folded.attempts.some(({ token }) => context.running.get(token)?.startedMs !== undefined)
  return started ? 'RUNNING' : 'SCHEDULED'
}

/** The attempt that counts, else the last. */
function shownAttempt({ attempts, counts }: FoldedTask): Attempt | undefined {
  return attempts.find((attempt) => attempt.token === counts) ?? attempts.at(-1)
}

function lastError(attempts: readonly Attempt[]): string | null {
  const last = attempts.findLast((attempt) => attempt.end !== 'open' && attempt.end !== 'completed')
  return last === undefined ? null : describeEnd(last)
}

function describeEnd(attempt: Attempt): string {
  if (attempt.error !== undefined) return `${attempt.error.class}: ${attempt.error.message}`
  return attempt.why === undefined ? attempt.end : `${attempt.end}: ${attempt.why}`
}

function viewAttempt(attempt: Attempt, context: ViewContext): AttemptView {
  const startedMs = context.running.get(attempt.token)?.startedMs
  const ended = attempt.end !== 'open'
  return {
    token: attempt.token,
    node: context.nodeName(attempt.holder),
    outcome: ended ? attempt.end : null,
    error: ended && attempt.end !== 'completed' ? describeEnd(attempt) : null,
    startedSecondsAgo: startedMs === undefined ? null : (context.nowMs - startedMs) / 1_000,
    seconds: attempt.durationMs === 0 ? null : attempt.durationMs / 1_000,
  }
}
