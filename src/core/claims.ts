/**
 * Follows attempts from their claim to their end; which task gets one is granting.ts's (protocol.md, sections 7 and 8).
 *
 * An attempt: claimed -> started -> ended, or -> lost when its deadline passed without a word from its executor.
 *
 * 1. Nothing is granted while the node stops, cannot write, or has not synced its takeover.
 * 2. An execution starts only after its `claimed` fact is synced, and not on a task or batch that is cancelled by then.
 * 3. The place of an attempt stays taken until its execution has ended, also when the attempt was given up before.
 * 4. A completion stays the one that counts: where the task has another attempt, `chosen` says so.
 */
import type { Batch, BatchBook } from './batch-book.ts'
import { Deadlines } from './deadlines.ts'
import type { Event } from './events.ts'
import type { EndedFact, TaskError } from './facts.ts'
import { Granting } from './granting.ts'
import { makeToken } from './ids.ts'
import type { Ledger } from './ledger.ts'
import type { OpenTask } from './open-task.ts'
import type { Ownership } from './ownership.ts'
import type { Held, Places, Profile } from './places.ts'
import { decide } from './retry.ts'
import type { World } from './world.ts'

type ExecutionEnd = Pick<Extract<Event, { type: 'execution-ended' }>, 'outcome' | 'durationMs' | 'error' | 'result'>

/** While a node is alone, it is the only one that can perform a task. */
const CAPABLE_NODES = 1

export class Claims {
  readonly #world: World
  readonly #book: BatchBook
  readonly #ledger: Ledger
  readonly #places: Places
  readonly #ownership: Ownership
  #seq = 0
  readonly #deadlines: Deadlines
  readonly #granting: Granting
  /** The takeover is synced. */
  serving = false
  storing = true
  stopping = false

  constructor(world: World, book: BatchBook, ledger: Ledger, places: Places, ownership: Ownership) {
    this.#world = world
    this.#book = book
    this.#ledger = ledger
    this.#places = places
    this.#ownership = ownership
    this.#granting = new Granting(world, book, ledger, places, (batch, task) => this.#claim(batch, task))
    this.#deadlines = new Deadlines(world, places, {
      timeoutMs: (held) => this.#timeoutMs(held),
      onTimeout: (held) => this.#kill(held, 'timed-out'),
      onGiveUp: (held) => this.#giveUp(held),
    })
  }

  /** Fills the free places. */
  grant(): void {
    if (this.serving && this.storing && !this.stopping) this.#granting.fill()
  }

  /** Tasks of a batch that could be granted to some place of this node. */
  grantable(batch: Batch): number {
    return this.#granting.grantable(batch)
  }

  #claim(batch: Batch, task: OpenTask): void {
    const { nodeId, boot } = this.#world
    const token = makeToken(this.#ownership.epochOf(task.slot), ++this.#seq, boot)
    const round = task.state.round
    const about = { batch: task.batch, task: task.id, token }
    this.#ledger.write(task, { kind: 'claimed', ...about, holder: nodeId, holderBoot: boot, round })
    task.phase = 'claimed'
    this.#markRetrying(task, false)
    batch.scheduled++
    const held = this.#places.take(token, task)
    this.#world.commits.afterwards(() => this.#start(batch, held))
  }

  #start(batch: Batch, held: Held): void {
    const { task, token } = held
    batch.scheduled--
    batch.running++
    const cancelled = task.state.standing === 'cancelled' || batch.record.fields.cancelled.value
    if (cancelled || held.killed || this.stopping) {
      this.end(held, { outcome: cancelled ? 'cancelled' : 'returned', durationMs: 0 })
      return
    }
    const { seeded, attempts } = task.state
    if (seeded === undefined) throw new TypeError(`task ${task.id} was granted without its prompt`)
    task.phase = 'started'
    held.startedMs = this.#world.nowMs
    const { batch: batchId, task: id, index, prompt, params, profile } = seeded
    this.#world.out({
      type: 'execute',
      token,
      batch: batchId,
      task: id,
      index,
      prompt,
      params,
      profile,
      attempt: attempts.length,
    })
    this.#deadlines.watch(held)
  }

  /** Takes the word of the executor that an execution has ended. Words about unknown tokens are dropped. */
  executionEnded(token: string, end: ExecutionEnd): void {
    const held = this.#places.held.get(token)
    if (held !== undefined) this.end(held, end)
  }

  end(held: Held, end: ExecutionEnd): void {
    const { task, token } = held
    this.#places.release(held)
    if (!held.lost) this.#ledger.batchOf(task).running--
    this.#learn(held, end)
    const { outcome, durationMs, error, result } = end
    const about = { batch: task.batch, task: task.id, token }
    const ended: EndedFact = {
      kind: 'ended',
      ...about,
      outcome,
      durationMs,
      ...(error && { error }),
      ...(result && { result }),
    }
    const first = task.state.standing !== 'completed'
    this.#ledger.write(task, ended)
    if (outcome === 'completed' && first) this.#choose(task)
    this.follow(task)
  }

  /** What the end of an execution says about its profile on this node. */
  #learn(held: Held, end: ExecutionEnd): void {
    const profile = this.#places.profiles.get(held.profile)
    const { error, outcome, durationMs } = end
    if (profile === undefined) return
    if (outcome === 'completed') profile.completed(durationMs)
    if (error === undefined) return
    this.#noticeEnd(held, outcome, error.message)
    const isNew = this.#restProfile(profile, error)
    if (profile.restsUntilMs > this.#world.nowMs) this.#world.timers.add(profile.restsUntilMs, () => this.grant())
    if (!isNew) return
    const notice = { type: 'profile-resting', profile: held.profile, message: error.message } as const
    this.#world.out({ type: 'notice', notice })
  }

  /** Rests or closes a profile after a fault of the node; answers whether that is news. */
  #restProfile(profile: Profile, error: TaskError): boolean {
    if (error.class === 'not-here') return profile.close(error.message)
    if (error.class !== 'backend-down' && error.class !== 'disk-full') return false
    return profile.rest(this.#world.nowMs, error.message)
  }

  #noticeEnd({ task }: Held, outcome: string, message: string): void {
    const notice = {
      type: 'attempt-ended',
      batch: task.batch,
      task: task.id,
      index: task.index,
      outcome,
      message,
    } as const
    this.#world.out({ type: 'notice', notice })
  }

  /** Fixes the first completion where another attempt might still complete, and ends those that live. */
  #choose(task: OpenTask): void {
    const { counts, attempts } = task.state
    if (counts === undefined || attempts.length === 1) return
    if (attempts.some((each) => each.token !== counts && (each.end === 'open' || each.end === 'lost'))) {
      this.#ledger.write(task, { kind: 'chosen', batch: task.batch, task: task.id, token: counts })
    }
    this.killTask(task, 'cancelled')
  }

  /** Decides what follows for a task of which no attempt may be open any more. */
  follow(task: OpenTask): void {
    const { standing, round } = task.state
    if (standing === 'claimed') return
    if (standing !== 'waiting') {
      this.#over(task)
      return
    }
    const { maxAttempts } = this.#ledger.batchOf(task).record.fields
    const decision = decide(task.state, maxAttempts.value, CAPABLE_NODES, this.#world.settings)
    if ('close' in decision) {
      this.#ledger.write(task, { kind: 'closed', batch: task.batch, task: task.id, round, why: decision.close })
      this.#over(task)
    } else if (decision.again.backoffMs === 0) this.ready(task)
    else this.#rest(task, decision.again.backoffMs)
  }

  #over(task: OpenTask): void {
    task.phase = 'over'
    this.#markRetrying(task, false)
    if (task.held === 0) this.#book.forget(task)
  }

  #rest(task: OpenTask, pauseMs: number): void {
    task.phase = 'resting'
    this.#markRetrying(task, true)
    this.#world.timers.add(this.#world.nowMs + pauseMs, () => {
      if (task.phase === 'resting') this.ready(task)
    })
  }

  /** Puts an open task into the queue of its batch. */
  ready(task: OpenTask): void {
    task.phase = 'ready'
    const again = task.state.attempts.some((each) => each.end !== 'open' && each.round === task.state.round)
    task.rank = task.runsAlone(this.#world.settings.blamedLossesAlone) ? 2 : again ? 1 : 0
    this.#markRetrying(task, again)
    const batch = this.#ledger.batchOf(task)
    if (batch.idle) this.#book.changed()
    batch.queue(task.profile).push(task)
  }

  #markRetrying(task: OpenTask, retrying: boolean): void {
    if (task.retrying === retrying) return
    task.retrying = retrying
    this.#ledger.batchOf(task).retrying += retrying ? 1 : -1
  }

  /** Asks the executions of a task to end. */
  killTask(task: OpenTask, outcome: 'cancelled' | 'returned'): void {
    for (const held of this.#places.held.values()) if (held.task === task) this.#kill(held, outcome)
  }

  /** Asks every execution to end, or those of one batch. */
  killAll(outcome: 'cancelled' | 'returned', batch?: Batch): void {
    for (const held of this.#places.held.values()) {
      if (batch === undefined || held.task.batch === batch.id) this.#kill(held, outcome)
    }
  }

  #kill(held: Held, outcome: 'timed-out' | 'cancelled' | 'returned'): void {
    if (held.killed) return
    held.killed = true
    if (held.startedMs !== undefined) this.#world.out({ type: 'kill', token: held.token, outcome })
  }

  #timeoutMs(held: Held): number {
    return this.#places.timeoutMs(held.profile, this.#ledger.batchOf(held.task).record.fields.timeoutMs.value)
  }

  #giveUp(held: Held): void {
    const { task, token } = held
    held.lost = true
    this.#ledger.batchOf(task).running--
    this.#ledger.write(task, { kind: 'lost', batch: task.batch, task: task.id, token, why: 'deadline-passed' })
    this.#noticeEnd(held, 'lost', 'its executor did not end at the deadline')
    this.follow(task)
  }
}
