/**
 * The owner's side of attempts, from the claim to the end (protocol.md, section 7). Which task gets a free place is
 * granting.ts's, how long a claim holds leases.ts's, what follows an end progress.ts's, what the holder does holding.ts's.
 *
 * An attempt: claimed -> granted (its claim is committed) -> started -> ended, or -> lost.
 *
 * 1. Nothing is granted while the node stops, cannot write, or does not serve the slot.
 * 2. An attempt is granted only after its `claimed` fact is committed, and not on a task or batch that is cancelled by
 *    then, nor under a ballot that is not the slot's any more.
 * 3. A completion stays the one that counts: where the task has another attempt, `chosen` says so.
 * 4. What this node holds itself takes the same way, without messages.
 * 5. An open attempt of an own earlier boot counts as started, and its loss is blamed on its task: a claim is the last
 *    that is synced before the start, so the facts cannot tell whether a crash came before or after it; and a fact
 *    written after the start would be missing just where a task ends its node at once. Of a node that fell silent
 *    nothing is known: its attempt was only not renewed, for which no task is blamed.
 */
import type { Batch, BatchBook } from './batch-book.ts'
import { makeFact } from './fact-record.ts'
import type { EndedFact, LossReason, LostFact, StoredFact } from './facts.ts'
import { Granting } from './granting.ts'
import type { Holding } from './holding.ts'
import { makeToken, type NodeId, type Token } from './ids.ts'
import { type Lease, Leases, LOSS_MESSAGES } from './leases.ts'
import type { Ledger } from './ledger.ts'
import type { Grant, Want } from './messages.ts'
import type { OpenTask } from './open-task.ts'
import type { Ownership } from './ownership.ts'
import type { Places } from './places.ts'
import { Progress } from './progress.ts'
import type { Attempt } from './task.ts'
import type { World } from './world.ts'

/** A holder's list of what it holds may miss what was granted so shortly before. */
const SETTLED_MS = 5_000

export class Claims {
  readonly #world: World
  readonly #book: BatchBook
  readonly #ledger: Ledger
  readonly #places: Places
  readonly #ownership: Ownership
  readonly #holding: Holding
  readonly #granting: Granting
  readonly leases: Leases
  readonly progress: Progress
  #seq = 0
  /** The takeover of the first slots is synced. */
  serving = false
  storing = true
  stopping = false
  /** Sends committed claims to their holder. */
  onGranted: (holder: NodeId, grants: readonly Grant[], seq: number) => void = () => undefined
  /** Tells another node to end executions. */
  onKill: (holder: NodeId, tokens: readonly Token[], outcome: 'cancelled' | 'returned') => void = () => undefined
  /** Whether the end of an attempt of this node waits to be acknowledged. */
  isReported: (token: Token) => boolean = () => false

  constructor(world: World, book: BatchBook, ledger: Ledger, places: Places, ownership: Ownership, holding: Holding) {
    this.#world = world
    this.#book = book
    this.#ledger = ledger
    this.#places = places
    this.#ownership = ownership
    this.#holding = holding
    this.progress = new Progress(world, book, ledger)
    this.leases = new Leases(world, (lease, why) => this.#lose(lease, why))
    this.#granting = new Granting(world, book, places, {
      claim: (batch, task) => this.#claim(batch, task),
      capableNodes: (profile) => this.progress.capableNodes(profile),
    })
  }

  get #mayGrant(): boolean {
    return this.serving && this.storing && !this.stopping
  }

  /** Fills the free places of this node. */
  grant(): void {
    if (this.#mayGrant) this.#granting.fill()
  }

  /** Claims tasks for places that another node offers; gives how many. */
  grantTo(holder: NodeId, boot: string, wants: readonly Want[], idle: boolean, seq: number): number {
    if (!this.#mayGrant) return 0
    const claimed: [Batch, Lease][] = []
    for (const { profile, free } of wants) {
      for (const [batch, task] of this.#granting.pick(holder, profile, free, idle)) {
        claimed.push([batch, this.#claimFor(batch, task, holder, boot)])
      }
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

  /** Tasks of a batch that could be granted to some place of this node. */
  grantable(batch: Batch): number {
    return this.#granting.grantable(batch)
  }

  /** Claims a task for this node itself: the place is taken at once. */
  #claim(batch: Batch, task: OpenTask): void {
    const { nodeId, boot } = this.#world
    const lease = this.#claimFor(batch, task, nodeId, boot)
    const held = this.#places.take(this.#grantOf(task, lease.token), nodeId)
    this.#world.commits.afterwards(() => {
      // Its slot went to another node meanwhile, which finds the claim there: that hears what became of it.
      if (this.leases.get(lease.token) !== lease) return this.#holding.giveUp(held)
      if (held.killed) this.#giveBack(lease, 'returned')
      else if (this.#committed(batch, lease) !== undefined) return this.#holding.start(held)
      this.#places.release(held)
    })
  }

  /** States a claim. */
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
    const cancelled = task.state.standing === 'cancelled' || batch.record.fields.cancelled.value
    if (!cancelled && !this.stopping) return this.#grantOf(task, token)
    return this.#giveBack(lease, cancelled ? 'cancelled' : 'returned')
  }

  /** Ends an attempt that was never started. */
  #giveBack(lease: Lease, outcome: 'cancelled' | 'returned'): undefined {
    const { task, token } = lease
    if (this.leases.get(token) !== lease) return
    this.ended(lease, { kind: 'ended', batch: task.batch, task: task.id, token, outcome, durationMs: 0 })
  }

  #grantOf(task: OpenTask, token: Token): Grant {
    const { seeded, attempts } = task.state
    if (seeded === undefined) throw new TypeError(`task ${task.id} was granted without its prompt`)
    const { batch, task: id, index, prompt, params, profile } = seeded
    const { timeoutMs } = this.#ledger.batchOf(task).record.fields
    const attempt = attempts.findIndex((each) => each.token === token) + 1
    return { token, batch, task: id, index, prompt, params, profile, attempt, timeoutMs: timeoutMs.value }
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
  }

  /** How an attempt of this node ended that it granted itself or took over. */
  ended(lease: Lease, fact: EndedFact): void {
    this.endedAs(lease, makeFact(fact, this.#world.sha256))
  }

  /** How a leased attempt ended, in the words of its holder. */
  endedAs(lease: Lease, ended: StoredFact): void {
    this.#release(lease)
    const { task } = lease
    const before = task.state.standing
    this.#ledger.join(task, [ended])
    if (before !== 'completed') this.#choose(task)
    this.progress.follow(task)
  }

  /** An end of an attempt that is not leased: it was lost, or another owner granted it. */
  learn(task: OpenTask, first: boolean): void {
    for (const attempt of task.state.attempts) {
      const lease = this.leases.get(attempt.token)
      if (lease !== undefined && attempt.end !== 'open') this.#release(lease)
    }
    if (first) this.#choose(task)
    this.adoptOpen(task)
    this.progress.follow(task)
  }

  /** Takes on the open attempts of a task that this node did not grant, or ends them where nobody can report them. */
  adoptOpen(task: OpenTask): void {
    for (const attempt of task.state.attempts) {
      if (attempt.end !== 'open' || attempt.holder === undefined || this.leases.get(attempt.token) !== undefined)
        continue
      const why = this.#lossOf(attempt)
      if (why !== undefined) this.#ledger.write(task, lostFact(task, attempt.token, why))
      else this.#adopt(task, attempt)
    }
  }

  #lossOf({ token, holder, holderBoot }: Attempt): LossReason | undefined {
    const { nodeId, boot, peers } = this.#world
    if (holder === nodeId) {
      const lives = holderBoot === boot && (this.#places.held.has(token) || this.isReported(token))
      return lives ? undefined : 'holder-restarted'
    }
    if (holder === undefined) return 'never-renewed'
    if (!peers.isUp(holder)) return peers.isGone(holder) ? 'holder-dead' : 'never-renewed'
    return (peers.bootOf(holder) ?? holderBoot) === holderBoot ? undefined : 'holder-restarted'
  }

  #adopt(task: OpenTask, { token, holder, holderBoot }: Attempt): void {
    if (holder === undefined || holderBoot === undefined) return
    const batch = this.#ledger.batchOf(task)
    this.#book.remember(task)
    const lease = this.leases.add(token, task, holder, holderBoot)
    const held = this.#places.held.get(token)
    this.progress.claimed(task)
    batch.scheduled++
    if (held?.startedMs !== undefined) this.started(lease.holder, token, this.#holding.timeoutMs(held))
  }

  #lose(lease: Lease, why: LossReason): void {
    const { task, token } = lease
    if (!this.#release(lease)) return
    this.#ledger.write(task, lostFact(task, token, why))
    const message = LOSS_MESSAGES[why]
    const about = { batch: task.batch, task: task.id, index: task.index, outcome: 'lost', message }
    this.#world.out({ type: 'notice', notice: { type: 'attempt-ended', ...about } })
    const held = this.#places.held.get(token)
    if (held !== undefined) held.lost = true
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

  /** Asks the executions of a task to end. */
  killTask(task: OpenTask, outcome: 'cancelled' | 'returned'): void {
    const its = task.state.attempts.flatMap(({ token }) => this.leases.get(token) ?? [])
    this.#kill(its, outcome)
  }

  /** Asks the executions of a batch to end that this node granted. */
  killBatch(batch: Batch, outcome: 'cancelled' | 'returned'): void {
    const its = [...this.leases.all()].filter((lease) => lease.task.batch === batch.id)
    this.#kill(its, outcome)
  }

  #kill(leases: readonly Lease[], outcome: 'cancelled' | 'returned'): void {
    const byHolder = new Map<NodeId, Token[]>()
    for (const { holder, token } of leases) {
      const its = byHolder.get(holder)
      if (its === undefined) byHolder.set(holder, [token])
      else its.push(token)
    }
    for (const [holder, tokens] of byHolder) {
      if (holder === this.#world.nodeId) this.#holding.kill(tokens, outcome)
      else this.onKill(holder, tokens, outcome)
    }
  }

  /** Ends the lease of an attempt; false where it had ended. */
  #release(lease: Lease): boolean {
    if (!this.leases.end(lease)) return false
    const batch = this.#ledger.batchOf(lease.task)
    if (lease.startedMs === undefined) batch.scheduled--
    else batch.running--
    return true
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
}

function lostFact(task: OpenTask, token: Token, why: LossReason): LostFact {
  return { kind: 'lost', batch: task.batch, task: task.id, token, why }
}
