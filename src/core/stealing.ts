/**
 * How free places find work of other owners (protocol.md, section 7).
 *
 * A claim of this node's: asked -> granted | parked at the owner for `PARKED_MS`, where it is served when work appears.
 *
 * 1. One claim is under way at a time; it asks for no more than this node can start at once.
 * 2. An owner is asked only while its row says that it has work, or after it said so itself (elsewhere.ts): for tasks of
 *    firm slots, where there are none for those of contested ones, after long idleness of orphaned ones, and last for copies
 *    of late attempts.
 * 3. An owner keeps at most `PARKED_MAX` claims, and while it may grant tells idle nodes of work directly that it can
 *    reach: in half a second two for each task that waits, drawn at random, as long as some wait. An owner that is not
 *    connected is dialled first, where not everyone is. A claim that was parked is served under its own number.
 */
import type { BatchBook } from './batch-book.ts'
import type { Claims } from './claims.ts'
import type { Elsewhere } from './elsewhere.ts'
import type { Idle } from './idle.ts'
import type { NodeId } from './ids.ts'
import type { LoadRows } from './load-rows.ts'
import type { ClaimKind, Grant, LoadRow, MessageOf, Want } from './messages.ts'
import type { Places } from './places.ts'
import type { World } from './world.ts'

const PARKED_MS = 5_000
const PARKED_MAX = 64
/** In the order in which they are asked for. */
const KINDS = ['work', 'contested', 'orphaned', 'late'] as const
/** A claim without an answer is given up: its owner may be gone. */
const ANSWER_MS = 2_000
/** A node is told of work so often at most. */
const TOLD_MS = 500
/** Nodes that are told for each task that waits: some of them get something elsewhere. */
const TOLD_PER_TASK = 2

interface Parked {
  readonly claim: MessageOf<'claim'>
  readonly untilMs: number
}

export interface StealingParts {
  readonly book: BatchBook
  readonly claims: Claims
  readonly places: Places
  readonly rows: LoadRows
  readonly elsewhere: Elsewhere
  readonly idle: Idle
}

export class Stealing {
  readonly #world: World
  readonly #book: BatchBook
  readonly #claims: Claims
  readonly #places: Places
  readonly #rows: LoadRows
  readonly #elsewhere: Elsewhere
  readonly #idle: Idle
  #asked: { readonly owner: NodeId; readonly seq: number; readonly kind: ClaimKind; sent: boolean } | undefined
  readonly #parked = new Map<NodeId, Parked>()
  readonly #toldMs = new Map<NodeId, number>()
  /** Nodes that were told since `#tellsFromMs`. */
  #tells = 0
  #tellsFromMs = Number.NEGATIVE_INFINITY

  constructor(world: World, { book, claims, places, rows, elsewhere, idle }: StealingParts) {
    this.#world = world
    this.#elsewhere = elsewhere
    this.#idle = idle
    this.#book = book
    this.#claims = claims
    this.#places = places
    this.#rows = rows
  }

  /** To be called at the end of a step: serves parked claims, tells idle nodes, claims for free places. */
  look(): void {
    if (this.#world.peers.members.length < 2) return
    if (this.#claims.mayGrant && this.#hasWork()) {
      this.#serveParked()
      this.#tell()
    }
    this.#ask()
  }

  #hasWork(): boolean {
    for (const batch of this.#book.live()) if (batch.runnable && !batch.queues.isEmpty) return true
    return false
  }

  #ask(): void {
    // Asked at every step, and mostly nobody has anything.
    if (this.#asked !== undefined || this.#claims.stopping || this.#elsewhere.isEmpty) return
    const wants = this.#wants()
    if (wants.length === 0) return
    for (const kind of KINDS) {
      const its = kind === 'late' ? wants.filter(({ profile }) => this.#claims.granting.isTail(profile)) : wants
      const owner = its.length === 0 ? undefined : this.#elsewhere.ownerWith(kind, its)
      if (owner === undefined || (kind === 'orphaned' && !this.#idle.isLong)) continue
      this.#claim(owner, its, kind)
      return
    }
  }

  #claim(owner: NodeId, wants: readonly Want[], kind: ClaimKind): void {
    const seq = this.#world.nextNumber()
    this.#asked = { owner, seq, kind, sent: false }
    if (this.#world.peers.isReachable(owner)) this.#send(wants)
    else this.#world.peers.want(owner)
    this.#world.timers.add(this.#world.nowMs + ANSWER_MS, () => {
      if (this.#asked?.seq === seq) this.#refused(owner, KINDS)
    })
  }

  #send(wants: readonly Want[]): void {
    if (this.#asked === undefined) return
    const { owner, seq, kind } = this.#asked
    this.#asked.sent = true
    const idle = this.#places.held.size === 0
    this.#world.send(owner, { type: 'claim', seq, boot: this.#world.boot, wants, idle, kind })
  }

  /** The owner that is to be asked may be one that had to be dialled first. */
  connected(peer: NodeId): void {
    if (this.#asked?.owner !== peer || this.#asked.sent) return
    const wants = this.#wants()
    if (wants.length > 0) this.#send(wants)
    else this.#asked = undefined
  }

  #wants(): Want[] {
    const wants: Want[] = []
    for (const [profile, known] of this.#places.profiles) {
      const free = known.free(this.#world.nowMs)
      if (free > 0) wants.push({ profile, free })
    }
    return wants
  }

  #refused(owner: NodeId, kinds: readonly ClaimKind[]): void {
    this.#asked = undefined
    this.#elsewhere.refused(owner, kinds)
  }

  /** An owner answered, or serves a claim that was parked; gives what it granted. */
  granted(from: NodeId, { seq, grants, parked }: MessageOf<'granted'>): readonly Grant[] {
    if (this.#asked?.owner === from && this.#asked.seq === seq) {
      if (parked || grants.length === 0) this.#refused(from, [this.#asked.kind])
      else this.#elsewhere.settled(from)
      this.#asked = undefined
    }
    return grants
  }

  /** An owner has work of these profiles. */
  told(from: NodeId, { profiles }: MessageOf<'work'>): void {
    this.#elsewhere.told(from, profiles)
  }

  /** Another node offers places. */
  claimed(from: NodeId, claim: MessageOf<'claim'>): void {
    this.#parked.delete(from)
    if (this.#claims.grantTo(from, claim) > 0) return
    const free = claim.wants.reduce((sum, want) => sum + want.free, 0)
    const parked = free > 0 && this.#parked.size < PARKED_MAX
    this.#world.send(from, { type: 'granted', seq: claim.seq, grants: [], parked })
    if (parked) this.#parked.set(from, { claim, untilMs: this.#world.nowMs + PARKED_MS })
  }

  /** Whether a claim waits here that no ready task is for; to be asked after `look`. */
  get hasParked(): boolean {
    for (const { untilMs } of this.#parked.values()) if (this.#world.nowMs < untilMs) return true
    return false
  }

  #serveParked(): void {
    const { peers, nowMs } = this.#world
    for (const [holder, { claim, untilMs }] of this.#parked) {
      const isThere = peers.isUp(holder) && peers.isReachable(holder) && peers.bootOf(holder) === claim.boot
      if (!isThere || nowMs >= untilMs || this.#claims.grantTo(holder, claim) > 0) this.#parked.delete(holder)
    }
  }

  /** Tells nodes with free places that there is work here: within `TOLD_MS` no more than could be needed. */
  #tell(): void {
    const { peers, nowMs, nodeId } = this.#world
    const rows = this.#rows.free
    if (rows.length === 0) return
    if (nowMs >= this.#tellsFromMs + TOLD_MS) {
      this.#tellsFromMs = nowMs
      this.#tells = 0
      // What waits still is told of again then, whatever happens until then.
      this.#world.timers.add(nowMs + TOLD_MS, () => undefined)
    }
    const most = TOLD_PER_TASK * this.#readyCount()
    if (this.#tells >= most) return
    const first = Math.floor(this.#world.draw() * rows.length)
    for (let at = 0; at < rows.length && this.#tells < most; at++) {
      const row = rows[(first + at) % rows.length] as LoadRow
      if (nowMs < (this.#toldMs.get(row.node) ?? Number.NEGATIVE_INFINITY) + TOLD_MS) continue
      if (row.node === nodeId || !peers.isUp(row.node) || !peers.isReachable(row.node)) continue
      const profiles = row.profiles.filter(({ profile, free }) => free > 0 && this.#isReady(profile))
      if (profiles.length === 0) continue
      this.#toldMs.set(row.node, nowMs)
      this.#tells++
      this.#world.send(row.node, { type: 'work', profiles: profiles.map(({ profile }) => profile) })
    }
  }

  /** Tasks that could be granted now. */
  #readyCount(): number {
    let count = 0
    for (const batch of this.#book.live()) if (batch.runnable) count += batch.queues.size()
    return count
  }

  #isReady(profile: string): boolean {
    for (const batch of this.#book.live()) {
      if (batch.runnable && (batch.queues.of().get(profile)?.size ?? 0) > 0) return true
    }
    return false
  }

  gone(peer: NodeId): void {
    this.#parked.delete(peer)
    this.#elsewhere.settled(peer)
    if (this.#asked?.owner === peer) this.#refused(peer, KINDS)
  }
}
