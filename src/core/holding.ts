/**
 * The holder's side: performs the attempts that owners granted to this node, and tells them how they ended
 * (protocol.md, section 7).
 *
 * An attempt here: reserved (its owner is this node and has not committed the claim yet) -> started -> ended.
 *
 * 1. Never more executions of a profile than its places; a place is free again only when the execution has ended.
 * 2. An attempt is not started when its owner was unheard for `OWNER_SILENT_MS`, when the node stops, without a free
 *    place, or beside others where it must run alone: it is returned. What runs is finished and reported, whoever the owner is by then.
 * 3. An execution is asked to end at its timeout (deadlines.ts), a first one that runs too long as returned (time-limits.ts).
 */
import { Deadlines } from './deadlines.ts'
import type { EndedFact, TaskError } from './facts.ts'
import type { BatchId, NodeId, Token } from './ids.ts'
import type { Grant } from './messages.ts'
import { type ExecutionEnd, type Held, type Places, type Profile, reserved } from './places.ts'
import type { World } from './world.ts'

/** Half-way between the last word of an owner and the end of the lease that it counts. */
const OWNER_SILENT_MS = 15_000

export class Holding {
  readonly #world: World
  readonly #places: Places
  readonly #deadlines: Deadlines
  /** Is told how an attempt of this node ended. */
  onEnded: (held: Held, fact: EndedFact) => void = () => undefined
  /** Is told that an execution has started, and how long it may run. */
  onStarted: (held: Held, timeoutMs: number) => void = () => undefined
  /** Is told that an execution has ended here, and how. */
  onOver: (held: Held, end: ExecutionEnd) => void = () => undefined
  /** Is told when a place may be free that was not. */
  onFree: () => void = () => undefined
  stopping = false

  constructor(world: World, places: Places) {
    this.#world = world
    this.#places = places
    this.#deadlines = new Deadlines(world, places, {
      timeoutMs: (held) => held.briefMs ?? this.timeoutMs(held),
      onTimeout: (held) => this.#onTimeout(held),
    })
  }

  /** The longest that an execution may run, as its owner is told. */
  timeoutMs({ grant }: Held): number {
    return this.#places.limitsOf(grant).longMs
  }

  #onTimeout(held: Held): void {
    const { briefMs, grant } = held
    if (briefMs === undefined) return this.#kill(held, 'timed-out')
    const ran = `ran for ${Math.round(briefMs / 1_000)} s, far longer than others here: asked to end, it may take longer the next time`
    this.#noticeEnd(grant, 'returned', ran)
    this.#kill(held, 'returned')
  }

  /** Takes what another node granted: each attempt is started or returned. */
  accept(owner: NodeId, grants: readonly Grant[]): void {
    for (const grant of grants) {
      if (this.#places.held.has(grant.token)) continue
      const isQuiet = !grant.alone || this.#places.living().length === 0
      const isFree = isQuiet && (this.#places.profiles.get(grant.profile)?.free(this.#world.nowMs) ?? 0) > 0
      const isHeard = this.#world.nowMs - this.#world.peers.heardMs(owner) < OWNER_SILENT_MS
      if (isFree && isHeard && !this.stopping) this.start(this.#places.take(grant, owner))
      else this.#report(grant, owner, { outcome: 'returned', durationMs: 0 })
    }
  }

  /** Begins the execution of an attempt that has its place. */
  start(held: Held): void {
    const { token, batch, task, index, prompt, params, profile, attempt } = held.grant
    held.startedMs = this.#world.nowMs
    held.briefMs = this.#places.limitsOf(held.grant).briefMs
    this.#world.out({ type: 'execute', token, batch, task, index, prompt, params, profile, attempt })
    this.#deadlines.watch(held)
    this.onStarted(held, this.timeoutMs(held))
  }

  /** Takes the word of the executor that an execution has ended. Words about unknown tokens are dropped. */
  executionEnded(token: Token, end: ExecutionEnd): void {
    const held = this.#places.held.get(token)
    if (held === undefined) return
    this.#places.release(held)
    this.#learn(held, end)
    this.onOver(held, end)
    this.onEnded(held, endedFact(held.grant, end))
    this.onFree()
  }

  /** Returns an attempt that has its place and was not started. */
  giveUp(held: Held): void {
    this.#places.release(held)
    this.onEnded(held, endedFact(held.grant, { outcome: 'returned', durationMs: 0 }))
    this.onFree()
  }

  #report(grant: Grant, owner: NodeId, end: ExecutionEnd): void {
    this.onEnded(reserved(grant, owner), endedFact(grant, end))
  }

  /** What the end of an execution says about its profile on this node. */
  #learn({ grant }: Held, { error, outcome, durationMs }: ExecutionEnd): void {
    const profile = this.#places.profiles.get(grant.profile)
    if (profile === undefined) return
    if (outcome === 'completed') profile.completed(durationMs)
    if (error === undefined) return
    this.#noticeEnd(grant, outcome, error.message)
    const isNew = this.#restProfile(profile, error)
    if (profile.restsUntilMs > this.#world.nowMs) this.#world.timers.add(profile.restsUntilMs, () => this.onFree())
    if (!isNew) return
    const notice = { type: 'profile-resting', profile: grant.profile, message: error.message } as const
    this.#world.out({ type: 'notice', notice })
  }

  /** Rests or closes a profile after a fault of the node; answers whether that is news. */
  #restProfile(profile: Profile, error: TaskError): boolean {
    if (error.class === 'not-here') return profile.close(error.message)
    if (error.class !== 'backend-down' && error.class !== 'disk-full') return false
    return profile.rest(this.#world.nowMs, error.message)
  }

  #noticeEnd({ batch, task, index }: Grant, outcome: string, message: string): void {
    const notice = { type: 'attempt-ended', batch, task, index, outcome, message } as const
    this.#world.out({ type: 'notice', notice })
  }

  /** Asks some executions to end. */
  kill(tokens: Iterable<Token>, outcome: 'timed-out' | 'cancelled' | 'returned'): void {
    for (const token of tokens) {
      const held = this.#places.held.get(token)
      if (held !== undefined) this.#kill(held, outcome)
    }
  }

  /** Asks the executions of a batch to end, whoever granted them. */
  killBatch(batch: BatchId, outcome: 'cancelled' | 'returned'): void {
    for (const held of this.#places.held.values()) if (held.grant.batch === batch) this.#kill(held, outcome)
  }

  /** Asks every execution to end. */
  killAll(outcome: 'cancelled' | 'returned'): void {
    for (const held of this.#places.held.values()) this.#kill(held, outcome)
  }

  #kill(held: Held, outcome: 'timed-out' | 'cancelled' | 'returned'): void {
    if (held.killed) return
    held.killed = true
    if (held.startedMs !== undefined) this.#world.out({ type: 'kill', token: held.token, outcome })
  }
}

function endedFact({ batch, task, token }: Grant, { outcome, durationMs, error, result }: ExecutionEnd): EndedFact {
  return {
    kind: 'ended',
    batch,
    task,
    token,
    outcome,
    durationMs,
    ...(error && { error }),
    ...(result && { result }),
  }
}
