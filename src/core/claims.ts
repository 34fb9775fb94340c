/**
 * The owner's side of attempts, from the claim to the end (protocol.md, section 7). Which task gets a free place is
 * granting.ts's, how long a claim holds leases.ts's, what follows an end progress.ts's, what the holder does holding.ts's;
 * attempts that it did not grant are taken on by adopting.ts.
 *
 * An attempt: claimed -> granted (its claim is committed) -> started -> ended, or -> lost.
 *
 * 1. Nothing is granted while the node stops, cannot write, or does not serve the slot. One that leaves grants to others
 *    until what runs there has ended: its slots would lie idle for so long.
 * 2. An attempt is granted only after its `claimed` fact is committed, and not on a task or batch that is cancelled or
 *    completed by then, nor under a ballot that is not the slot's any more, nor, in a strict mesh, once that is not firm.
 * 3. A completion stays the one that counts: where the task has another attempt, or one comes to be known, `chosen` says
 *    so and that is ended.
 * 4. What this node holds itself takes the same way, without messages.
 * 5. A task has a second live attempt only as a copy of one that is late (speculation.ts), and never a third.
 */
import { Adopting, lostFact } from './adopting.ts'
import type { Batch, BatchBook } from './batch-book.ts'
import type { Contested } from './contested.ts'
import type { Elsewhere } from './elsewhere.ts'
import { makeFact } from './fact-record.ts'
import type { EndedFact, LossReason, StoredFact } from './facts.ts'
import { Granting } from './granting.ts'
import type { Holding } from './holding.ts'
import type { Idle } from './idle.ts'
import { makeToken, type NodeId, type Token } from './ids.ts'
import { Kills } from './kills.ts'
import { type Lease, Leases, LOSS_MESSAGES } from './leases.ts'
import type { Ledger } from './ledger.ts'
import type { LoadRows } from './load-rows.ts'
import type { Grant, MessageOf } from './messages.ts'
import type { OpenTask } from './open-task.ts'
import type { Ownership } from './ownership.ts'
import type { Places } from './places.ts'
import { Progress } from './progress.ts'
import { chargedFailures } from './retry.ts'
import { Speculation } from './speculation.ts'
import type { World } from './world.ts'

/** A holder's list of what it holds may miss what was granted so shortly before. */
const SETTLED_MS = 5_000

export interface ClaimsParts {
  readonly book: BatchBook
  readonly ledger: Ledger
  readonly places: Places
  readonly ownership: Ownership
  readonly holding: Holding
  readonly contested: Contested
  readonly idle: Idle
  readonly rows: LoadRows
  readonly elsewhere: Elsewhere
}

export class Claims {
  readonly #world: World
  readonly #ledger: Ledger
  readonly #places: Places
  readonly #ownership: Ownership
  readonly #holding: Holding
  readonly #contested: Contested
  readonly #adopting: Adopting
  readonly granting: Granting
  readonly leases: Leases
  readonly kills: Kills
  readonly progress: Progress
  readonly speculation: Speculation
  #seq = 0
  /** The takeover of the first slots is synced. */
  serving = false
  storing = true
  /** Others alone while this node leaves, nobody once it stops. */
  grantsTo: 'all' | 'others' | 'nobody' = 'all'
  /** Sends committed claims to their holder. */
  onGranted: (holder: NodeId, grants: readonly Grant[], seq: number) => void = () => undefined
  /** Whether the end of an attempt of this node waits to be acknowledged. */
  isReported: (token: Token) => boolean = () => false

  constructor(world: World, parts: ClaimsParts) {
    const { book, ledger, places, ownership, holding, contested } = parts
    this.#world = world
    this.#ledger = ledger
    this.#places = places
    this.#ownership = ownership
    this.#holding = holding
    this.#contested = contested
    const progress = new Progress(world, book, ledger, contested)
    const leases = new Leases(world, (lease, why) => this.#lose(lease, why))
    this.progress = progress
    this.leases = leases
    this.kills = new Kills(world, leases, holding)
    this.speculation = new Speculation(world, { book, leases, rows: parts.rows, places })
    this.granting = new Granting(world, parts, {
      claim: (batch, task) => this.#claim(batch, task),
      mayBeElsewhere: (profile, but) => {
        const isOwn = but !== world.nodeId && places.isCapable(profile) && !this.stopping
        return isOwn || parts.rows.performers(world, profile, but).length > 0
      },
      mayCopy: () => leases.size > 0,
      copies: (claimer, profile, free) => this.speculation.pick(claimer, profile, free),
    })
    const isReported = (token: Token) => this.isReported(token)
    const started = this.started.bind(this)
    this.#adopting = new Adopting(world, { book, ledger, places, holding, leases, progress, isReported, started })
  }

  /** Whether this node begins nothing any more. */
  get stopping(): boolean {
    return this.grantsTo !== 'all'
  }

  get mayGrant(): boolean {
    return this.serving && this.storing && this.grantsTo !== 'nobody'
  }

  /** Whether a place of a profile is free here; after `grant` that is one that no ready task is for. */
  isShort(profile: string): boolean {
    const free = this.#places.profiles.get(profile)?.free(this.#world.nowMs) ?? 0
    return free > 0 && this.mayGrant && !this.stopping
  }

  /** Fills the free places of this node. */
  grant(): void {
    if (this.mayGrant && !this.stopping) this.granting.fill()
    else this.granting.standDown()
  }

  /** Claims tasks for places that another node offers; gives how many. */
  grantTo(holder: NodeId, claim: MessageOf<'claim'>): number {
    if (!this.mayGrant) return 0
    const { boot, seq, kind } = claim
    const claimed: [Batch, Lease][] = []
    for (const want of claim.wants) {
      const idle = claim.idle && claimed.length === 0
      for (const [batch, task] of this.granting.pick(holder, want, { idle, kind }))
        claimed.push([batch, this.#claimFor(batch, task, holder, boot)])
      if (claimed.some(([, { task }]) => this.granting.isLone(task))) break
    }
    if (claimed.length === 0) return 0
    this.#world.commits.afterwards(() =>
      this.onGranted(
        holder,
        claimed.flatMap(([batch, lease]) => this.#committed(batch, lease) ?? []),
        seq,
      ),
    )
    return claimed.length
  }

  /** Claims a task for this node itself: the place is taken at once. */
  #claim(batch: Batch, task: OpenTask): void {
    const { nodeId, boot } = this.#world
    const lease = this.#claimFor(batch, task, nodeId, boot)
    const held = this.#places.take(this.#grantOf(task, lease.token), nodeId)
    this.#world.commits.afterwards(() => {
      // Its slot went to another node meanwhile, which finds the claim there: that hears what became of it.
      if (this.leases.get(lease.token) !== lease) return this.#holding.giveUp(held)
      if (held.killed || this.stopping) this.#giveBack(lease, 'returned')
      else if (this.#committed(batch, lease) !== undefined) return this.#holding.start(held)
      this.#places.release(held)
    })
  }

  /** States a claim: the task's only one, or that of a copy. */
  #claimFor(batch: Batch, task: OpenTask, holder: NodeId, holderBoot: string): Lease {
    const token = makeToken(this.#ownership.epochOf(task.slot), ++this.#seq, this.#world.boot)
    const { round } = task.state
    this.#ledger.write(task, { kind: 'claimed', batch: task.batch, task: task.id, token, holder, holderBoot, round })
    this.progress.claimed(task)
    batch.scheduled++
    return this.leases.add(token, task, holder, holderBoot)
  }

  /** The grant of a claim that is committed now, or nothing where it is not to be started any more. */
  #committed(batch: Batch, lease: Lease): Grant | undefined {
    const { task, token } = lease
    if (this.leases.get(token) !== lease) return undefined
    const { standing } = task.state
    const needless = standing === 'cancelled' || standing === 'completed' || batch.record.fields.cancelled.value
    const mayStart = this.grantsTo !== 'nobody' && this.#contested.mayStart(task.slot)
    if (!needless && mayStart) return this.#grantOf(task, token)
    return this.#giveBack(lease, needless ? 'cancelled' : 'returned')
  }

  /** Ends an attempt that was never started. */
  #giveBack(lease: Lease, outcome: 'cancelled' | 'returned'): undefined {
    const { task, token } = lease
    this.ended(lease, { kind: 'ended', batch: task.batch, task: task.id, token, outcome, durationMs: 0 })
  }

  #grantOf(task: OpenTask, token: Token): Grant {
    const { seeded, attempts } = task.state
    if (seeded === undefined) throw new TypeError(`task ${task.id} was granted without its prompt`)
    const { batch, task: id, index, prompt, params, profile } = seeded
    const { timeoutMs } = this.#ledger.batchOf(task).record.fields
    const attempt = attempts.findIndex((each) => each.token === token) + 1
    const failures = chargedFailures(task.state).length
    const alone = this.granting.isLone(task)
    const about = { token, batch, task: id, index, prompt, params, profile }
    return { ...about, attempt, failures, timeoutMs: timeoutMs.value, alone }
  }

  /** A holder says that executions have begun. */
  started(holder: NodeId, token: Token, timeoutMs: number): void {
    const lease = this.leases.get(token)
    if (lease?.holder !== holder || lease.startedMs !== undefined) return
    const batch = this.#ledger.batchOf(lease.task)
    lease.task.phase = 'started'
    batch.scheduled--
    batch.running++
    this.leases.started(lease, timeoutMs)
  }

  /** A holder listed what it holds of this owner's. */
  listed(holder: NodeId, tokens: readonly { readonly token: Token }[]): void {
    this.leases.listed(holder, new Set(tokens.map(({ token }) => token)), SETTLED_MS)
    this.kills.listed(tokens)
  }

  /** How an attempt of this node ended that it granted itself or took over. */
  ended(lease: Lease, fact: EndedFact): void {
    this.endedAs(lease, makeFact(fact, this.#world.sha256))
  }

  /** How a leased attempt ended, in the words of its holder. */
  endedAs(lease: Lease, ended: StoredFact): void {
    this.#release(lease)
    const { task } = lease
    const { counts } = task.state
    this.#ledger.join(task, [ended])
    this.choose(task, counts)
    this.progress.follow(task)
  }

  /** A task was read from the disk: none of its attempts has ended since its slot was served, or changed. */
  read(task: OpenTask): void {
    const { changedMs } = this.#ledger.batchOf(task).slot(task.slot)
    this.learn(task, undefined, Math.max(this.#ownership.sinceMs(task.slot), changedMs))
  }

  /** Facts of a task came from elsewhere; `counted` is what counted before. */
  learn(task: OpenTask, counted?: Token, endedMs?: number): void {
    for (const attempt of task.state.attempts) {
      const lease = this.leases.get(attempt.token)
      if (lease !== undefined && attempt.end !== 'open') this.#release(lease)
    }
    this.choose(task, counted)
    this.adoptOpen(task)
    this.progress.follow(task, endedMs)
  }

  /** Takes on the open attempts of a task that this node did not grant. */
  adoptOpen(task: OpenTask): void {
    this.#adopting.take(task)
  }

  #lose(lease: Lease, why: LossReason): void {
    const { task, token } = lease
    if (!this.#release(lease)) return
    this.#ledger.write(task, lostFact(task, token, why))
    const message = LOSS_MESSAGES[why]
    const about = { batch: task.batch, task: task.id, index: task.index, outcome: 'lost', message }
    this.#world.out({ type: 'notice', notice: { type: 'attempt-ended', ...about } })
    this.#places.giveUp(token)
    this.progress.follow(task)
  }

  /** Forgets attempts of tasks whose slots this node does not serve any more. */
  drop(task: OpenTask): void {
    for (const { token } of task.state.attempts) {
      const lease = this.leases.get(token)
      if (lease !== undefined) this.#release(lease)
    }
    this.progress.drop(task)
  }

  /** Ends the lease of an attempt; false where it had ended. */
  #release(lease: Lease): boolean {
    if (!this.leases.end(lease)) return false
    const batch = this.#ledger.batchOf(lease.task)
    if (lease.startedMs === undefined) batch.scheduled--
    else batch.running--
    return true
  }

  /**
   * Fixes the completion that counts, or that counted before other facts came, where another attempt might still
   * complete or already takes its place; and ends those that live.
   */
  choose(task: OpenTask, counted?: Token): void {
    const { counts, attempts } = task.state
    if (counts === undefined || attempts.length === 1) return
    const kept = attempts.find((each) => each.token === counted && each.end === 'completed' && !each.voided)
    const token = kept?.token ?? counts
    const isOpen = attempts.some((each) => each.token !== token && (each.end === 'open' || each.end === 'lost'))
    if (!task.isChosen && (isOpen || token !== counts))
      this.#ledger.write(task, { kind: 'chosen', batch: task.batch, task: task.id, token })
    this.kills.task(task, 'cancelled')
  }
}
