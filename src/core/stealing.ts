/**
 * How free places find work of other owners (protocol.md, section 7).
 *
 * A claim of this node's: asked -> granted | parked at the owner for `PARKED_MS`, where it is served when work appears.
 *
 * 1. One claim is under way at a time; it asks for no more than this node can start at once.
 * 2. An owner is asked only while its row says that it has work, the one with the longest remaining time of some drawn
 *    at random; what an owner did not grant is not asked for again before its next row.
 * 3. An owner keeps at most `PARKED_MAX` claims, and tells idle nodes of new work directly that it can reach: of those
 *    nobody waits for gossip. An owner that is not connected is dialled first, where not everyone is.
 */
import type { BatchBook } from './batch-book.ts'
import type { Claims } from './claims.ts'
import type { NodeId } from './ids.ts'
import type { LoadRows } from './load-rows.ts'
import type { Grant, LoadRow, MessageOf, Want } from './messages.ts'
import type { Places } from './places.ts'
import type { World } from './world.ts'

const PARKED_MS = 5_000
const PARKED_MAX = 64
const DRAWN = 8
/** A claim without an answer is given up: its owner may be gone. */
const ANSWER_MS = 2_000
/** A node is told of work so often at most. */
const TOLD_MS = 500

interface Parked {
  readonly boot: string
  readonly wants: Want[]
  readonly idle: boolean
  readonly untilMs: number
}

export class Stealing {
  readonly #world: World
  readonly #book: BatchBook
  readonly #claims: Claims
  readonly #places: Places
  readonly #rows: LoadRows
  #seq = 0
  #asked: { readonly owner: NodeId; readonly seq: number; sent: boolean } | undefined
  /** owner => the row after which it is not to be asked again. */
  readonly #refusedRows = new Map<NodeId, LoadRow>()
  readonly #parked = new Map<NodeId, Parked>()
  readonly #toldMs = new Map<NodeId, number>()

  constructor(world: World, book: BatchBook, claims: Claims, places: Places, rows: LoadRows) {
    this.#world = world
    this.#book = book
    this.#claims = claims
    this.#places = places
    this.#rows = rows
  }

  /** To be called at the end of a step: serves parked claims, tells idle nodes, claims for free places. */
  look(): void {
    if (this.#world.peers.members.length < 2) return
    if (this.#hasWork()) {
      this.#serveParked()
      this.#tell()
    }
    this.#ask()
  }

  #hasWork(): boolean {
    for (const batch of this.#book.live()) if (batch.runnable && batch.readyCount > 0) return true
    return false
  }

  #ask(): void {
    if (this.#asked !== undefined || this.#claims.stopping) return
    const wants = this.#wants()
    if (wants.length === 0) return
    const owner = this.#chooseOwner(wants)
    if (owner === undefined) return
    const seq = ++this.#seq
    this.#asked = { owner, seq, sent: false }
    if (this.#world.peers.isReachable(owner)) this.#claim(wants)
    else this.#world.peers.want(owner)
    this.#world.timers.add(this.#world.nowMs + ANSWER_MS, () => {
      if (this.#asked?.seq === seq) this.#refused(owner)
    })
  }

  #claim(wants: Want[]): void {
    if (this.#asked === undefined) return
    const { owner, seq } = this.#asked
    this.#asked.sent = true
    const idle = this.#places.held.size === 0
    this.#world.send(owner, { type: 'claim', seq, boot: this.#world.boot, wants, idle })
  }

  /** The owner that is to be asked may be one that had to be dialled first. */
  connected(peer: NodeId): void {
    if (this.#asked?.owner !== peer || this.#asked.sent) return
    const wants = this.#wants()
    if (wants.length > 0) this.#claim(wants)
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

  #chooseOwner(wants: readonly Want[]): NodeId | undefined {
    const { peers, nodeId } = this.#world
    const candidates = this.#rows.working
      .filter((row) => row.node !== nodeId && peers.isUp(row.node) && (peers.isLarge || peers.isReachable(row.node)))
      .filter((row) => this.#refusedRows.get(row.node) !== row && remainingMs(row, wants) > 0)
    for (let at = 0; at < Math.min(DRAWN, candidates.length - 1); at++) {
      const other = at + Math.floor(this.#world.draw() * (candidates.length - at))
      const row = candidates[at] as LoadRow
      candidates[at] = candidates[other] as LoadRow
      candidates[other] = row
    }
    let best: LoadRow | undefined
    for (const row of candidates.slice(0, DRAWN)) {
      if (best === undefined || remainingMs(row, wants) > remainingMs(best, wants)) best = row
    }
    return best?.node
  }

  #refused(owner: NodeId): void {
    this.#asked = undefined
    const row = this.#rows.of(owner)
    if (row !== undefined) this.#refusedRows.set(owner, row)
  }

  /** An owner answered; gives what it granted. */
  granted(from: NodeId, { seq, grants, parked }: MessageOf<'granted'>): readonly Grant[] {
    if (this.#asked?.owner === from && this.#asked.seq === seq) {
      if (parked || grants.length === 0) this.#refused(from)
      this.#asked = undefined
    }
    return grants
  }

  /** An owner has work: it may be asked whatever its row says. */
  told(from: NodeId): void {
    this.#refusedRows.delete(from)
  }

  /** Another node offers places. */
  claimed(from: NodeId, { seq, boot, wants, idle }: MessageOf<'claim'>): void {
    const granted = this.#claims.grantTo(from, boot, wants, idle, seq)
    const free = wants.reduce((sum, want) => sum + want.free, 0)
    this.#parked.delete(from)
    if (granted === 0) this.#world.send(from, { type: 'granted', seq, grants: [], parked: true })
    if (granted > 0 || free === 0 || this.#parked.size >= PARKED_MAX) return
    this.#parked.set(from, { boot, wants: [...wants], idle, untilMs: this.#world.nowMs + PARKED_MS })
  }

  #serveParked(): void {
    const { peers, nowMs } = this.#world
    for (const [holder, { boot, wants, idle, untilMs }] of this.#parked) {
      const isDue = nowMs < untilMs && peers.isUp(holder) && peers.isReachable(holder) && peers.bootOf(holder) === boot
      if (!isDue || this.#claims.grantTo(holder, boot, wants, idle, 0) > 0) this.#parked.delete(holder)
    }
  }

  /** Tells nodes with free places that there is work here. */
  #tell(): void {
    const { peers, nowMs, nodeId } = this.#world
    for (const row of this.#rows.free) {
      if (row.node === nodeId || !peers.isUp(row.node) || !peers.isReachable(row.node)) continue
      const profiles = row.profiles.filter(({ profile, free }) => free > 0 && this.#isReady(profile))
      if (profiles.length === 0 || nowMs < (this.#toldMs.get(row.node) ?? Number.NEGATIVE_INFINITY) + TOLD_MS) continue
      this.#toldMs.set(row.node, nowMs)
      this.#world.send(row.node, { type: 'work', profiles: profiles.map(({ profile }) => profile) })
    }
  }

  #isReady(profile: string): boolean {
    for (const batch of this.#book.live()) {
      if (batch.runnable && (batch.queues.get(profile)?.size ?? 0) > 0) return true
    }
    return false
  }

  gone(peer: NodeId): void {
    this.#parked.delete(peer)
    if (this.#asked?.owner === peer) this.#refused(peer)
  }
}

/** How long the work of an owner would take its own places; 0 where it has none that these places could do. */
function remainingMs(row: LoadRow, wants: readonly Want[]): number {
  let longest = 0
  for (const { profile, claimable, places, medianMs } of row.profiles) {
    if (claimable === 0 || !wants.some((want) => want.profile === profile)) continue
    longest = Math.max(longest, (claimable * Math.max(1, medianMs)) / Math.max(1, places))
  }
  return longest
}
