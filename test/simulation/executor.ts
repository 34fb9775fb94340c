/**
 * Virtual executions: how long an attempt takes on a node and how it ends.
 *
 * 1. An execution ends once, and is told to its node at most once: not where its process is gone.
 * 2. After `calmDown` an execution ends as its prompt alone has it: chance of the moment has no more say.
 * 3. What an attempt produces differs from attempt to attempt, so that results cannot be taken for each other.
 */
import type { Effect, Execution } from '../../src/core/effects.ts'
import type { Event } from '../../src/core/events.ts'
import type { ErrorClass, Outcome } from '../../src/core/facts.ts'
import type { Token } from '../../src/core/ids.ts'
import { MESH_SETTINGS } from '../../src/core/settings.ts'
import type { ExecutionRecord } from './history.ts'
import type { SimNode } from './process.ts'
import type { Prompts } from './prompts.ts'
import type { Random } from './random.ts'
import type { Schedule, Target } from './schedule.ts'

export interface ExecutorConditions {
  /** Part of its duration by which one attempt differs from another. */
  readonly noise: number
  readonly fails: number
  readonly hangs: number
  /** Faults of the node: the attempt is returned. */
  readonly returns: number
  /** Share of returned attempts that close the profile on that node. */
  readonly notHere: number
  readonly killMsMax: number
  /** Share of kills that nothing hears for a long time. */
  readonly ignoredKills: number
  /** Share of kills that come too late: the attempt completes. */
  readonly lateSuccesses: number
  /** How much longer the first attempt of a process takes, at most: a model that is loaded. */
  readonly firstCallMs: number
  /** Share of ends as large as limits allow; what is over them becomes `bad-output` before the core hears of it. */
  readonly large: number
}

type End = Pick<Extract<Event, { type: 'execution-ended' }>, 'outcome' | 'error' | 'result'>
type KillOutcome = Extract<Effect, { type: 'kill' }>['outcome']

/** One execution that lives in a process. */
interface Running {
  readonly record: ExecutionRecord
  readonly localMs: number
  /** Undefined while it hangs. */
  end: End | undefined
}

export interface ExecutorOptions {
  readonly schedule: Schedule
  readonly prompts: Prompts
  readonly random: Random
  readonly conditions: ExecutorConditions
  /** Milliseconds of an attempt on this node, before noise. */
  readonly taskMs: number
  /** After how much its node kills an attempt, about. */
  readonly timeoutMs: number
}

const IGNORED_MS_MAX = 60_000

export class SimExecutor {
  readonly #options: ExecutorOptions
  readonly #node: SimNode
  readonly #running = new Map<Token, Running>()
  /** Everything fails here at once, with one of these. */
  fastFailure: ErrorClass | undefined
  /** The start of the process that has had its first attempt. */
  #warmStarts = -1
  #calm = false

  constructor(node: SimNode, options: ExecutorOptions) {
    this.#node = node
    this.#options = options
  }

  get running(): number {
    return this.#running.size
  }

  /** From now on nothing fails that need not; what would be returned completes. */
  calmDown(): void {
    this.#calm = true
    for (const running of this.#running.values())
      if (running.end?.outcome === 'returned') running.end = completed(`at last by ${running.record.token}`)
  }

  execute(execution: Execution, record: ExecutionRecord): void {
    const { schedule, prompts, random } = this.#options
    const trait = prompts.traitOf(execution.prompt)
    const end = this.#endOf(execution)
    const running = { record, localMs: this.#node.localMs, end }
    this.#running.set(record.token, running)
    let durationMs = this.#durationMs() * (trait === 'straggler' ? 10 : 1)
    if (this.fastFailure !== undefined) durationMs = 50
    else if (end?.outcome !== 'completed') durationMs *= random.next()
    durationMs += this.#warmUpMs()
    if (trait === 'poison' && !this.#calm) schedule.at(schedule.nowMs + durationMs, this.#deaths, running)
    else if (end !== undefined) schedule.at(schedule.nowMs + durationMs, this.#ends, running)
  }

  #warmUpMs(): number {
    const { conditions, random } = this.#options
    if (conditions.firstCallMs === 0 || this.#warmStarts === this.#node.starts) return 0
    this.#warmStarts = this.#node.starts
    return random.between(0, conditions.firstCallMs)
  }

  #durationMs(): number {
    const { random, conditions, taskMs } = this.#options
    return taskMs * (1 + conditions.noise * (2 * random.next() - 1))
  }

  /** How it will end unless it is killed first. */
  #endOf({ prompt, token }: Execution): End | undefined {
    const { prompts, random, conditions } = this.#options
    const trait = prompts.traitOf(prompt)
    if (trait === 'bad-input') return failure('failed', 'bad-input')
    if (trait === 'hopeless') return failure('failed', 'bad-output')
    if (!this.#calm) {
      if (this.fastFailure !== undefined) return failureOf(this.fastFailure)
      if (random.chance(conditions.hangs)) return undefined
      if (random.chance(conditions.fails))
        return failure('failed', random.pick(['failed', 'oom', 'bad-output'] as const))
      if (random.chance(conditions.returns))
        return failureOf(random.chance(conditions.notHere) ? 'not-here' : random.pick(['backend-down', 'disk-full']))
    }
    const text = `${prompt} by ${token}`
    return !this.#calm && conditions.large > 0 && random.chance(conditions.large) ? largest(text) : completed(text)
  }

  readonly #ends: Target<Running> = {
    happen: (running) => {
      if (!this.#lives(running) || running.end === undefined) return
      const { outcome, error, result } = running.end
      const durationMs = error?.class === 'not-here' ? 0 : Math.max(1, Math.round(this.#node.localMs - running.localMs))
      this.#over(running, outcome)
      const { token } = running.record
      const end = { type: 'execution-ended', token, outcome, durationMs } as const
      this.#node.post({ ...end, ...(error && { error }), ...(result && { result }) })
    },
  }

  #lives({ record }: Running): boolean {
    return this.#running.get(record.token)?.record === record
  }

  #over(running: Running, outcome: Outcome | 'died'): void {
    this.#running.delete(running.record.token)
    running.record.endMs = this.#options.schedule.nowMs
    running.record.outcome = outcome
    this.#node.executionEnded(running.record)
  }

  readonly #deaths: Target<Running> = {
    happen: (running) => {
      if (!this.#lives(running)) return
      if (this.#calm) {
        running.end ??= failure('failed', 'oom')
        this.#ends.happen(running)
        return
      }
      running.record.killedNode = true
      this.#node.die()
    },
  }

  kill(token: Token, outcome: KillOutcome): void {
    const running = this.#running.get(token)
    if (running === undefined || running.record.killAskedMs !== undefined) return
    const { schedule, random, conditions, timeoutMs } = this.#options
    running.record.killAskedMs = schedule.nowMs
    let delayMs = random.between(0, conditions.killMsMax)
    const isIgnored = !this.#calm && random.chance(conditions.ignoredKills)
    const isLate = !this.#calm && random.chance(conditions.lateSuccesses)
    // What goes on as if nobody had asked ends when it would have ended; what hangs, long after.
    if (isIgnored && running.end !== undefined) return
    if (isIgnored) delayMs = random.between(0, timeoutMs + IGNORED_MS_MAX)
    if (isLate) running.end ??= completed(`late by ${token}`)
    else running.end = endedBy(outcome)
    schedule.at(schedule.nowMs + delayMs, this.#ends, running)
  }

  /** Its process is gone, and everything that it ran. */
  died(): void {
    for (const running of [...this.#running.values()]) this.#over(running, 'died')
  }
}

function completed(text: string): End {
  return { outcome: 'completed', result: { text, files: [] } }
}

/** A result as large as it may be. */
function largest(text: string): End {
  const { resultTextBytesMax, artifactsMax } = MESH_SETTINGS
  const files = Array.from({ length: artifactsMax }, (_, number) => {
    const name = `${number} `.padEnd(200, 'n')
    return { sha256: number.toString(16).padStart(64, '0'), bytes: Number.MAX_SAFE_INTEGER, mime: 'image/png', name }
  })
  return { outcome: 'completed', result: { text: text.padEnd(resultTextBytesMax, '.'), files } }
}

function endedBy(outcome: KillOutcome): End {
  return outcome === 'timed-out' ? failure(outcome, 'timed-out') : { outcome }
}

function failure(outcome: 'failed' | 'timed-out' | 'returned', errorClass: ErrorClass): End {
  const message = `a ${errorClass} error`
  // What people's programs print is long, and cut to what a fact carries.
  const isLong = errorClass === 'bad-output'
  return { outcome, error: { class: errorClass, message: isLong ? longest(message) : message } }
}

const longest = (message: string) => message.padEnd(MESH_SETTINGS.errorMessageMax, '.')

function failureOf(errorClass: ErrorClass): End {
  const isOfNode = errorClass === 'not-here' || errorClass === 'backend-down' || errorClass === 'disk-full'
  return failure(isOfNode ? 'returned' : 'failed', errorClass)
}
