/**
 * The holder's side: which profiles this node performs, how many places each has, and what lives in them.
 *
 * A profile is open, resting (until a time, doubling with each cause in a row), or closed (not-here: nothing of it is
 * taken again in this boot unless its config changes). The whole node may be suspended from outside, for causes that each
 * last until they are taken back: the disk below its floor, a drain, duty hours.
 *
 * 1. Never more executions of a profile than its places.
 * 2. A place is taken when its attempt is claimed and free again only when the execution has ended.
 * 3. A success ends a rest and its doubling, but does not open a profile that is closed or suspended.
 * 4. While an attempt that must run alone has its place, or waits until nothing else runs here, no place is free. One that
 *    its owner has given up keeps nobody away.
 */
import type { Event, SuspensionCause } from './events.ts'
import type { NodeId, Token } from './ids.ts'
import type { Grant } from './messages.ts'
import type { NodeSettings, ProfileSettings } from './settings.ts'
import { Durations, type LimitedGrant, limitsOf, type TimeLimits } from './time-limits.ts'

/** What the executor says of the end of an execution. */
export type ExecutionEnd = Pick<
  Extract<Event, { type: 'execution-ended' }>,
  'outcome' | 'durationMs' | 'error' | 'result'
>

/** One execution that lives, or is about to, on this node. */
export interface Held {
  readonly token: Token
  readonly grant: Grant
  /** Who granted it. */
  readonly owner: NodeId
  /** Undefined until it was given to the executor. */
  startedMs: number | undefined
  /** The brief limit that it started with, if it has one. */
  briefMs: number | undefined
  /** Whether its end was asked for. */
  killed: boolean
  /** Whether its owner has given it up already. */
  lost: boolean
}

/** An attempt that has not been given to the executor. */
export function reserved(grant: Grant, owner: NodeId): Held {
  return { token: grant.token, grant, owner, startedMs: undefined, briefMs: undefined, killed: false, lost: false }
}

const REST_MS = 1_000
const REST_MS_MAX = 60_000

/** What holds of every profile of a node. */
interface NodeWide {
  /** Cause => reason, for people. */
  readonly suspensions: Map<SuspensionCause, string>
  /** Nothing is taken beside a lone attempt. */
  quiet: boolean
}

export class Profile {
  settings: ProfileSettings
  busy = 0
  /** Infinity: closed. */
  restsUntilMs = 0
  restReason: string | undefined
  /** Takes one attempt at a time, until one completes (breaker.ts). */
  oneAtATime = false
  readonly durations = new Durations()
  #rests = 0
  readonly #node: NodeWide

  constructor(settings: ProfileSettings, node: NodeWide = { suspensions: new Map(), quiet: false }) {
    this.settings = settings
    this.#node = node
  }

  /** Why its node is suspended, if it is. */
  get suspendedFor(): string | undefined {
    const { suspensions } = this.#node
    return suspensions.size === 0 ? undefined : [...suspensions.values()].join('; ')
  }

  /** Takes nothing now. */
  isResting(nowMs: number): boolean {
    return this.#node.suspensions.size > 0 || nowMs < this.restsUntilMs
  }

  /** Places for attempts that may run beside others. */
  free(nowMs: number): number {
    return this.#node.quiet ? 0 : this.room(nowMs)
  }

  /** Places for the attempt that must run alone, where nothing else runs. */
  room(nowMs: number): number {
    if (this.isResting(nowMs)) return 0
    const places = this.oneAtATime ? Math.min(1, this.settings.places) : this.settings.places
    return Math.max(0, places - this.busy)
  }

  /** Takes over other settings, and ends its rest. */
  reopen(settings: ProfileSettings): void {
    this.settings = settings
    this.restsUntilMs = 0
    this.restReason = undefined
    this.oneAtATime = false
  }

  completed(durationMs: number): void {
    this.#rests = 0
    this.oneAtATime = false
    if (this.restsUntilMs < Number.POSITIVE_INFINITY) {
      this.restsUntilMs = 0
      this.restReason = undefined
    }
    this.durations.add(durationMs)
  }

  /** Takes nothing new for a while, unless said twice as long as the last time; answers whether the reason is new. */
  rest(nowMs: number, reason: string, pauseMs?: number): boolean {
    if (nowMs < this.restsUntilMs) return false
    this.restsUntilMs = nowMs + (pauseMs ?? Math.min(REST_MS * 2 ** this.#rests++, REST_MS_MAX))
    return this.#because(reason)
  }

  /** Takes nothing any more; answers whether the reason is new. */
  close(reason: string): boolean {
    this.restsUntilMs = Number.POSITIVE_INFINITY
    return this.#because(reason)
  }

  #because(reason: string): boolean {
    const isNew = this.restReason !== reason
    this.restReason = reason
    return isNew
  }

  get medianMs(): number | undefined {
    return this.durations.medianMs
  }
}

export class Places {
  readonly profiles = new Map<string, Profile>()
  readonly held = new Map<Token, Held>()
  readonly #settings: NodeSettings
  readonly #node: NodeWide = { suspensions: new Map(), quiet: false }
  /** Attempts held here that must run alone and were not given up. */
  #lone = 0
  #waitsForLone = false
  /** Owner => how many attempts of its this node holds. */
  readonly #owners = new Map<NodeId, number>()
  /** Rises whenever the owners of what is held here change. */
  ownersVersion = 0

  constructor(settings: NodeSettings) {
    this.#settings = settings
    for (const [name, profile] of Object.entries(settings.profiles)) this.#add(name, profile)
  }

  #add(name: string, settings: ProfileSettings): void {
    this.profiles.set(name, new Profile(settings, this.#node))
  }

  /** Its configuration was read again: what it could not perform it tries again. */
  set(name: string, settings: ProfileSettings): void {
    const known = this.profiles.get(name)
    if (known === undefined) this.#add(name, settings)
    else known.reopen(settings)
  }

  /** Takes nothing of any profile, also those that come, until the cause is taken back: without a reason. */
  suspend(cause: SuspensionCause, reason: string | undefined): void {
    if (reason === undefined) this.#node.suspensions.delete(cause)
    else this.#node.suspensions.set(cause, reason)
  }

  /** Whether an attempt that must run alone waits here until nothing else runs. */
  set waitsForLone(waits: boolean) {
    this.#waitsForLone = waits
    this.#keepQuiet()
  }

  /** Whether an attempt that must run alone has its place. */
  get runsLone(): boolean {
    return this.#lone > 0
  }

  /** What runs here, but for what its owner has given up. */
  living(): Held[] {
    return [...this.held.values()].filter(({ lost }) => !lost)
  }

  #keepQuiet(): void {
    this.#node.quiet = this.#waitsForLone || this.#lone > 0
  }

  take(grant: Grant, owner: NodeId): Held {
    const held = reserved(grant, owner)
    this.held.set(held.token, held)
    if (grant.alone) this.#lone++
    this.#keepQuiet()
    const its = this.#owners.get(owner) ?? 0
    this.#owners.set(owner, its + 1)
    if (its === 0) this.ownersVersion++
    this.#profile(grant.profile).busy++
    return held
  }

  release(held: Held): void {
    if (!this.held.delete(held.token)) return
    this.#endLone(held)
    const left = (this.#owners.get(held.owner) ?? 0) - 1
    if (left > 0) this.#owners.set(held.owner, left)
    else if (this.#owners.delete(held.owner)) this.ownersVersion++
    this.#profile(held.grant.profile).busy--
  }

  /** The owner has given an attempt up that may run on here. */
  giveUp(token: Token): void {
    const held = this.held.get(token)
    if (held === undefined || held.lost) return
    this.#endLone(held)
    held.lost = true
  }

  #endLone({ grant, lost }: Held): void {
    if (!grant.alone || lost) return
    this.#lone--
    this.#keepQuiet()
  }

  /** Who granted what is held here. */
  get owners(): Iterable<NodeId> {
    return this.#owners.keys()
  }

  /** Whether this node performs a profile, now or after a rest; suspended it does not, as if it were not there. */
  isCapable(name: string): boolean {
    const profile = this.profiles.get(name)
    if (profile === undefined || this.#node.suspensions.size > 0) return false
    return profile.settings.places > 0 && profile.restsUntilMs < Number.POSITIVE_INFINITY
  }

  #profile(name: string): Profile {
    const profile = this.profiles.get(name)
    if (profile === undefined) throw new TypeError(`profile ${name} is not configured`)
    return profile
  }

  /** How long an attempt may run here. */
  limitsOf(grant: LimitedGrant & Pick<Grant, 'profile'>): TimeLimits {
    const { settings, durations } = this.#profile(grant.profile)
    return limitsOf(grant, settings, durations, this.#settings)
  }
}
