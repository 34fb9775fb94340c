/**
 * The attempts that this node granted as an owner and that nobody has ended yet (protocol.md, section 7).
 *
 * A lease: granted -> started -> gone (its attempt ended, or is lost).
 *
 * 1. A lease of another node is renewed by that node's lists of what it holds; `LEASE_MS` + `GRACE_MS` without one, it
 *    is lost. It is lost at once when its holder is dead or has another boot; not where its holder was forgotten, for one
 *    that lives is a member again at once and goes on.
 * 2. A started attempt is given up at 1.5 x its timeout, whoever holds it, alive or not.
 * 3. One timer serves all: it is set to the earliest time at which something may be due.
 * 4. A beat of its holder does not renew a lease: it names no tokens, and what was lost on the way, a grant or an end,
 *    shows only where the token itself is named or left out.
 */
import type { LossReason } from './facts.ts'
import type { Boot, NodeId, Token } from './ids.ts'
import type { OpenTask } from './open-task.ts'
import type { World } from './world.ts'

const LEASE_MS = 20_000
const GRACE_MS = 5_000
/** After its timeout an attempt has half as long again to report. */
const GIVE_UP_FACTOR = 1.5

/** For people. */
export const LOSS_MESSAGES: Readonly<Record<LossReason, string>> = {
  'deadline-passed': 'its executor did not end at the deadline',
  'never-renewed': 'its node did not say for too long that it holds it',
  'holder-dead': 'its node is gone',
  'holder-restarted': 'its node started anew',
}

export interface Lease {
  readonly token: Token
  readonly task: OpenTask
  readonly holder: NodeId
  readonly boot: Boot
  /** When it was granted, or this node took it over. */
  readonly sinceMs: number
  renewedMs: number
  /** Undefined until its holder said so. */
  startedMs: number | undefined
  /** The longest run, as its holder said with its start. */
  timeoutMs: number
}

export class Leases {
  readonly #world: World
  readonly #onLost: (lease: Lease, why: LossReason) => void
  readonly #byToken = new Map<Token, Lease>()
  readonly #byHolder = new Map<NodeId, Set<Lease>>()
  /** Rises whenever who holds attempts of this owner changes. */
  holdersVersion = 0
  #nextMs = Number.POSITIVE_INFINITY

  constructor(world: World, onLost: (lease: Lease, why: LossReason) => void) {
    this.#world = world
    this.#onLost = onLost
  }

  get(token: Token): Lease | undefined {
    return this.#byToken.get(token)
  }

  get size(): number {
    return this.#byToken.size
  }

  all(): Iterable<Lease> {
    return this.#byToken.values()
  }

  of(holder: NodeId): readonly Lease[] {
    return [...(this.#byHolder.get(holder) ?? [])]
  }

  /** Nodes that hold attempts of this owner, ascending. */
  get holders(): NodeId[] {
    return [...this.#byHolder.keys()].sort()
  }

  add(token: Token, task: OpenTask, holder: NodeId, boot: Boot): Lease {
    const { nowMs } = this.#world
    const times = { sinceMs: nowMs, renewedMs: nowMs, startedMs: undefined, timeoutMs: Number.POSITIVE_INFINITY }
    const lease: Lease = { token, task, holder, boot, ...times }
    this.#byToken.set(token, lease)
    const others = this.#byHolder.get(holder)
    if (others === undefined) {
      this.#byHolder.set(holder, new Set([lease]))
      this.holdersVersion++
    } else others.add(lease)
    task.leases++
    this.#lookAt(this.#dueMs(lease))
    return lease
  }

  /** Ends a lease; false where it had ended. */
  end(lease: Lease): boolean {
    if (!this.#byToken.delete(lease.token)) return false
    const others = this.#byHolder.get(lease.holder)
    others?.delete(lease)
    if (others?.size === 0 && this.#byHolder.delete(lease.holder)) this.holdersVersion++
    lease.task.leases--
    return true
  }

  started(lease: Lease, timeoutMs: number): void {
    lease.startedMs = this.#world.nowMs
    lease.timeoutMs = timeoutMs
    this.#lookAt(this.#dueMs(lease))
  }

  /** A holder listed what it holds: the rest of what it was granted over `settledMs` ago has been lost on the way. */
  listed(holder: NodeId, tokens: ReadonlySet<Token>, settledMs: number): void {
    const { nowMs } = this.#world
    for (const lease of this.of(holder)) {
      if (tokens.has(lease.token)) lease.renewedMs = nowMs
      else if (nowMs - lease.sinceMs > settledMs) this.#onLost(lease, 'never-renewed')
    }
  }

  /** To be called when a node died, came back, or has another boot. */
  changed(holder: NodeId): void {
    const { peers, nodeId } = this.#world
    if (holder === nodeId || !peers.isMember(holder)) return
    for (const lease of this.of(holder)) {
      if (!peers.isUp(holder)) this.#onLost(lease, peers.isGone(holder) ? 'holder-dead' : 'never-renewed')
      else if ((peers.bootOf(holder) ?? lease.boot) !== lease.boot) this.#onLost(lease, 'holder-restarted')
    }
  }

  #dueMs(lease: Lease): number {
    const giveUpMs = (lease.startedMs ?? Number.POSITIVE_INFINITY) + GIVE_UP_FACTOR * lease.timeoutMs
    if (lease.holder === this.#world.nodeId) return giveUpMs
    return Math.min(giveUpMs, lease.renewedMs + LEASE_MS + GRACE_MS)
  }

  #lookAt(atMs: number): void {
    if (atMs >= this.#nextMs) return
    this.#nextMs = atMs
    this.#world.timers.add(atMs, () => this.#look(atMs))
  }

  #look(atMs: number): void {
    if (atMs !== this.#nextMs) return
    this.#nextMs = Number.POSITIVE_INFINITY
    const { nowMs } = this.#world
    for (const lease of [...this.#byToken.values()]) {
      if (this.#byToken.get(lease.token) !== lease) continue
      const dueMs = this.#dueMs(lease)
      if (nowMs < dueMs) {
        this.#lookAt(dueMs)
        continue
      }
      const isLate = lease.startedMs !== undefined && nowMs >= lease.startedMs + GIVE_UP_FACTOR * lease.timeoutMs
      this.#onLost(lease, isLate ? 'deadline-passed' : 'never-renewed')
    }
  }
}
