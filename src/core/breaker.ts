/**
 * Has a node rest that only fails: what it would spoil others can do (protocol.md, section 7). A circuit breaker (Nygard,
 * Release It!, 2007) for each profile of this node.
 *
 * closed -> doubted (`TASKS` tasks have failed in a row) -> open (after `LASTING_MS` of that) -> trying -> closed | open.
 *
 * 1. Only a task's first failure in the mesh counts, and bad input not at all: such a task would fail anywhere. Faults of
 *    the node itself have rests of their own. A completion closes the breaker.
 * 2. Doubted, it takes nothing until `LASTING_MS` after the first failure, then one attempt at a time: a node that fails
 *    at once does not fail hundreds of tasks in that time. Open, it rests for `REST_MS`, doubled each time, then tries one.
 * 3. It rests only while another node that is up could perform the profile and does not rest from it; where none is left,
 *    it goes on within `LOOK_MS`.
 */
import type { TaskId } from './ids.ts'
import type { Grant } from './messages.ts'
import type { ExecutionEnd, Places, Profile } from './places.ts'
import { NODE_FAULTS } from './retry.ts'
import type { World } from './world.ts'

const TASKS = 3
const LASTING_MS = 10_000
const REST_MS = 60_000
const REST_MS_MAX = 600_000
const LOOK_MS = 5_000
/** How its reason begins once it is open. */
export const OPEN_MESSAGE = 'every task has failed here for a while'

interface Failing {
  readonly tasks: Set<TaskId>
  readonly sinceMs: number
  /** How often it has been open since the last completion. */
  opened: number
}

export interface BreakerRules {
  /** Whether another node could perform the profile now. */
  readonly hasOther: (profile: string) => boolean
  /** A place may be free that was not. */
  readonly onFree: () => void
}

export class Breaker {
  readonly #world: World
  readonly #places: Places
  readonly #rules: BreakerRules
  readonly #failing = new Map<string, Failing>()

  constructor(world: World, places: Places, rules: BreakerRules) {
    this.#world = world
    this.#places = places
    this.#rules = rules
  }

  /** Forgets what failed: its node is configured anew. */
  forget(profile: string): void {
    this.#failing.delete(profile)
  }

  /** An execution has ended here. */
  ended(grant: Grant, end: ExecutionEnd): void {
    if (end.outcome === 'completed') this.forget(grant.profile)
    else if (counts(grant, end)) this.#failed(grant, end.error?.message ?? end.outcome)
  }

  #failed({ profile: name, task }: Grant, message: string): void {
    const { nowMs } = this.#world
    const failing = this.#failing.get(name) ?? { tasks: new Set(), sinceMs: nowMs, opened: 0 }
    this.#failing.set(name, failing)
    if (failing.tasks.size < TASKS) failing.tasks.add(task)
    const profile = this.#places.profiles.get(name)
    if (profile === undefined || failing.tasks.size < TASKS || nowMs < profile.restsUntilMs) return
    profile.oneAtATime = this.#rules.hasOther(name)
    if (!profile.oneAtATime) return
    const lastedMs = nowMs - failing.sinceMs
    if (lastedMs < LASTING_MS)
      this.#rest(name, profile, LASTING_MS - lastedMs, `every task fails here at once: ${message}`)
    else {
      const pauseMs = Math.min(REST_MS * 2 ** failing.opened++, REST_MS_MAX)
      this.#rest(name, profile, pauseMs, `${OPEN_MESSAGE}: ${message}`)
    }
  }

  #rest(name: string, profile: Profile, pauseMs: number, message: string): void {
    if (profile.rest(this.#world.nowMs, message, pauseMs))
      this.#world.out({ type: 'notice', notice: { type: 'profile-resting', profile: name, message } })
    this.#look(name, profile, profile.restsUntilMs)
  }

  /** Ends the rest in time, or early where no other node is left. */
  #look(name: string, profile: Profile, untilMs: number): void {
    const { nowMs, timers } = this.#world
    if (profile.restsUntilMs !== untilMs) return
    if (nowMs < untilMs && !this.#rules.hasOther(name)) profile.restsUntilMs = nowMs
    if (nowMs >= profile.restsUntilMs) this.#rules.onFree()
    else timers.add(Math.min(untilMs, nowMs + LOOK_MS), () => this.#look(name, profile, untilMs))
  }
}

function counts({ failures }: Grant, { outcome, error }: ExecutionEnd): boolean {
  if (outcome !== 'failed' && outcome !== 'timed-out') return false
  return failures === 0 && error?.class !== 'bad-input' && !(error && NODE_FAULTS.has(error.class))
}
