/**
 * How long an attempt may run on this node (protocol.md, section 7; docs/decisions/0019).
 *
 * 1. The batch's word counts, else the profile's; where that is `auto`, what this node has seen of the profile.
 * 2. A long limit ends an attempt as timed out, which is charged to its task: 15 medians, and not less than a minute.
 * 3. The first attempt of a task has a brief limit, once 64 have completed here: twice as long as all but the slowest of
 *    these took. It ends the attempt as returned: nothing is charged, and every later attempt has the long limit. What
 *    hangs by chance so costs little, and what is slow is not taken for what hangs.
 * 4. Whether an attempt has a brief limit, and which, is settled when it starts. Its owner is told the long one, beyond
 *    which no attempt of this node runs: a holder that ends it sooner says so itself.
 */
import type { Grant } from './messages.ts'
import type { NodeSettings, ProfileSettings } from './settings.ts'

export interface TimeLimits {
  readonly longMs: number
  /** Undefined where the attempt has the long limit alone. */
  readonly briefMs: number | undefined
}

const SAMPLES = 64
/** Medians are looked up at every grant; they may be a few attempts old. */
const FRESH = 8
const LONG_FACTOR = 15
const BRIEF_FACTOR = 2

/** What the last completed attempts of a profile took on this node. */
export class Durations {
  readonly #last: number[] = []
  #next = 0
  #sorted: readonly number[] | undefined

  add(durationMs: number): void {
    this.#last[this.#next] = durationMs
    this.#next = (this.#next + 1) % SAMPLES
    if (this.#last.length < FRESH || this.#next % FRESH === 0) this.#sorted = undefined
  }

  #ascending(): readonly number[] {
    this.#sorted ??= [...this.#last].sort((a, b) => a - b)
    return this.#sorted
  }

  get medianMs(): number | undefined {
    return this.#ascending()[this.#last.length >> 1]
  }

  /** As long as all took but one; undefined before there are enough to say so. */
  get usualMaxMs(): number | undefined {
    return this.#last.length < SAMPLES ? undefined : this.#ascending()[SAMPLES - 2]
  }
}

export type LimitedGrant = Pick<Grant, 'attempt' | 'timeoutMs'>

/** The limits of an attempt of a profile that has taken so long so far. */
export function limitsOf(
  grant: LimitedGrant,
  profile: ProfileSettings,
  { medianMs, usualMaxMs }: Pick<Durations, 'medianMs' | 'usualMaxMs'>,
  settings: NodeSettings,
): TimeLimits {
  const said = grant.timeoutMs ?? profile.timeoutMs
  if (said !== 'auto') return { longMs: said, briefMs: undefined }
  if (medianMs === undefined) return { longMs: settings.firstTimeoutMs, briefMs: undefined }
  const longMs = Math.max(settings.autoTimeoutMsMin, LONG_FACTOR * medianMs)
  const briefMs = Math.max(settings.briefTimeoutMsMin, BRIEF_FACTOR * (usualMaxMs ?? Number.POSITIVE_INFINITY))
  return { longMs, briefMs: grant.attempt > 1 || briefMs >= longMs ? undefined : briefMs }
}
