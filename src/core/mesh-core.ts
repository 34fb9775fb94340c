/**
 * The protocol as one synchronous machine: `step(event)` gives effects; nothing else goes in or out.
 *
 * States: new -> taking over (after `start`) -> serving (its takeover is synced) -> stopping -> stopped.
 *
 * 1. The same events in the same order give the same effects.
 * 2. A step gives at most one `persist` effect, and it comes first.
 * 3. Until the takeover is synced nothing is granted; requests are taken at once.
 * 4. While writes fail, requests that would write are refused and nothing is granted; what runs goes on.
 * 5. `stopped` comes once, when nothing is held, read or unsynced any more; for a node that leaves, when others have
 *    everything that it has.
 */

import { BatchBook } from './batch-book.ts'
import type { BatchRecord } from './batches.ts'
import { Commits } from './commits.ts'
import { type CoreParts, makeParts } from './core-parts.ts'
import { tieParts } from './core-wiring.ts'
import type { Effect } from './effects.ts'
import type { Event } from './events.ts'
import type { BatchId, NodeId, Sha256, Token } from './ids.ts'
import { LIVENESS } from './liveness-settings.ts'
import { MeshPeers } from './mesh-peers.ts'
import { OwnStorage, STOPPING } from './own-storage.ts'
import type { MeshSettings, NodeSettings } from './settings.ts'
import { Timers } from './timers.ts'
import { type CoreView, coreView, slotsWith } from './view.ts'
import { firstNumberOf, Requests, type World } from './world.ts'

export interface MeshCoreOptions {
  readonly settings: MeshSettings
  readonly nodeSettings: NodeSettings
  readonly sha256: Sha256
  /** First 8 bytes of SHA-256 of the mesh key, 16 hex digits. */
  readonly meshId: string
  /** A number in [0, 1). */
  readonly random: () => number
}

/** A wake may come so late before it means anything. */
const LATE_MS = 500

export class MeshCore {
  readonly #world: World
  readonly #book = new BatchBook()
  readonly #parts: CoreParts
  #effects: Effect[] = []
  readonly #storage: OwnStorage
  #wakeMs = Number.POSITIVE_INFINITY
  #lastLoad = 0
  #lastNumber = 0
  #stopped = false

  constructor({ settings, nodeSettings, sha256, meshId, random }: MeshCoreOptions) {
    const out = (effect: Effect) => this.#effects.push(effect)
    const peers = new MeshPeers(sha256)
    this.#world = {
      settings,
      nodeSettings,
      sha256,
      commits: new Commits(),
      timers: new Timers(),
      requests: new Requests(out),
      out,
      peers,
      send: (to, message) => this.#parts.mesh.send(to, message),
      draw: random,
      nextLoad: () => ++this.#lastLoad,
      nextNumber: () => ++this.#lastNumber,
      badMessage: () => {
        this.#parts.mesh.bad++
      },
      storing: true,
      nodeId: '',
      boot: '',
      nowMs: 0,
    }
    this.#parts = makeParts(this.#world, meshId, this.#book, peers)
    tieParts(this.#world, this.#book, this.#parts)
    this.#storage = new OwnStorage(this.#world, this.#parts)
    this.#parts.replication.onPassedOver = () => this.#storage.moved()
  }

  /** Takes one event that happened at `nowMs`, a monotonic time. */
  step(event: Event, nowMs: number): Effect[] {
    const { claims, contested, loading, stealing, takeover, mesh } = this.#parts
    const { leaving, reports, partners, peers, places, askedTallies } = this.#parts
    this.#effects = []
    this.#world.nowMs = Math.max(this.#world.nowMs, nowMs)
    this.#noticeGap()
    this.#world.timers.runDue(this.#world.nowMs)
    this.#route(event)
    this.#world.commits.runReady()
    this.#storage.look()
    const named = partners.news()
    if (named !== undefined) peers.liveness.extras(named, this.#world.nowMs)
    mesh.look()
    askedTallies.look()
    takeover.look()
    contested.look()
    claims.grant()
    stealing.look()
    loading.refill()
    leaving.look(() => places.held.size === 0 && reports.idle)
    this.#endStep()
    const persist = this.#world.commits.take()
    if (persist !== undefined) this.#effects.unshift(persist)
    return this.#effects
  }

  /** What stands here now, for people; the next steps ask other nodes for tallies that are missing. */
  view(): CoreView {
    this.#parts.askedTallies.wanted()
    return coreView(this.#world, this.#book, this.#parts, this.#storage.problem)
  }

  /** Attempts that live on this node. */
  running(): Map<Token, { readonly startedMs: number | undefined }> {
    return new Map([...this.#parts.places.held.values()].map(({ token, startedMs }) => [token, { startedMs }]))
  }

  /** The record of a batch, or what is left of it; undefined where it is not known. */
  batchRecord(id: BatchId): BatchRecord | undefined {
    return this.#book.recordOf(id)
  }

  /** Slots of a batch with tasks of these standings; undefined where that is not known. */
  slotsWith(batch: BatchId, standings: Parameters<typeof slotsWith>[1]): number[] | undefined {
    const known = this.#book.get(batch)
    return known && slotsWith(known, standings)
  }

  /** Whether a member is held for alive here. */
  isUp(id: NodeId): boolean {
    return this.#parts.peers.isUp(id)
  }

  /** Whether this node is the acting owner of a slot. */
  serves(slot: number): boolean {
    return this.#parts.ownership.serves(slot)
  }

  /** A wake that comes late tells that this node was away: it judges nobody by what it missed. */
  #noticeGap(): void {
    const lateMs = this.#world.nowMs - this.#wakeMs
    if (lateMs < LATE_MS) return
    this.#woke()
    this.#parts.peers.liveness.gap(lateMs, this.#world.nowMs)
    if (lateMs < LIVENESS.gapMs) return
    this.#storage.moved()
    this.#parts.takeover.flapped()
    this.#parts.away.restart()
  }

  #woke(): void {
    this.#wakeMs = Number.POSITIVE_INFINITY
  }

  #route(event: Event): void {
    if ('request' in event) return this.#routeRequest(event)
    const { mesh, reads, intake, loading, holding } = this.#parts
    switch (event.type) {
      case 'start':
        return this.#start(event)
      case 'tick':
        return this.#woke()
      case 'connected':
        return mesh.connected(event.peer)
      case 'disconnected':
        return mesh.disconnected(event.peer)
      case 'dial-failed':
        return this.#parts.peers.liveness.dialFailed(event.peer, event.refused, this.#world.nowMs)
      case 'knocked':
        return this.#parts.peers.liveness.knocked(event.peer, event.refused, this.#world.nowMs)
      case 'found':
        return mesh.found(event.peer)
      case 'received':
        return mesh.received(event.from, event.bytes)
      case 'gossiped':
        return mesh.gossiped(event.bytes)
      case 'digests-read':
        return reads.digestsRead(event.load, event.digests)
      case 'slot-read':
        return reads.slotRead(event.load, event.facts)
      case 'persisted':
        return this.#world.commits.persisted(event.ticket)
      case 'storage':
        return this.#storage.changed(event.problem)
      case 'intake-ended':
        return intake.ended(event.batch)
      case 'index-read':
        return intake.indexRead(event.batch, event.tasks, event.done)
      case 'index-failed':
        return intake.indexFailed(event.batch)
      case 'loaded':
        return loading.loaded(event.load, event.facts)
      case 'load-failed':
        return reads.failed(event.load) ? undefined : loading.loadFailed(event.load)
      case 'execution-ended':
        return holding.executionEnded(event.token, event)
      case 'set-profile':
        return this.#setProfile(event)
      case 'suspend':
        return this.#parts.places.suspend(event.cause, event.reason)
      case 'stop':
        return this.#stop(event.now)
    }
  }

  #routeRequest(event: Extract<Event, { request: number }>): void {
    const { requests, batchRequests, members, leaving, exactCounts } = this.#parts
    // A leave that has begun goes on once the disk does.
    this.#world.requests.open(event.request, event.type === 'count' || event.type === 'leave')
    if (event.type === 'count') return exactCounts.ask(event.request)
    const { refusal } = this.#storage
    if (refusal !== undefined) return this.#world.requests.refuse(event.request, ...refusal)
    switch (event.type) {
      case 'create-batch':
        return batchRequests.create(event)
      case 'intake':
        return requests.intake(event)
      case 'set-batch':
        return batchRequests.change(event)
      case 'delete-batch':
        return batchRequests.delete(event)
      case 'change-tasks':
        return requests.changeTasks(event)
      case 'forget':
        return members.forget(event)
      case 'leave':
        return leaving.begin(event.request)
    }
  }

  #setProfile({ profile, settings }: Extract<Event, { type: 'set-profile' }>): void {
    this.#parts.breaker.forget(profile)
    this.#parts.places.set(profile, settings)
  }

  #stop(now: boolean): void {
    const { claims, holding, leaving } = this.#parts
    leaving.stop()
    claims.grantsTo = 'nobody'
    holding.stopping = true
    if (now) holding.killAll('returned')
  }

  #start({ nodeId, boot, batches, tallies, promises, mesh: stored }: Extract<Event, { type: 'start' }>): void {
    const { ownership, peers, claims, takeover, reports, mesh, tombstones, strays, keptTallies } = this.#parts
    this.#world.nodeId = nodeId
    this.#world.boot = boot
    this.#lastNumber = firstNumberOf(boot)
    const known = stored ?? { name: '', incarnation: 1, addresses: [], members: [], outbox: [] }
    const own = peers.start(nodeId, known, this.#world.nowMs)
    mesh.start(own.incarnation)
    for (const record of batches) {
      if (record.deleted) this.#book.bury(record)
      else this.#book.put(record)
    }
    reports.restore(known.outbox)
    tombstones.start()
    strays.start()
    ownership.learn(promises)
    if (stored !== undefined) this.#world.commits.members([own])
    if (stored !== undefined && own.incarnation > known.incarnation) this.#world.commits.incarnation(own.incarnation)
    takeover.start()
    if (peers.members.length > 1) {
      claims.serving = true
      return
    }
    if (batches.length > 0) takeover.serveAlone()
    keptTallies.start(tallies, peers.list.entries.length === 1)
    this.#world.commits.afterwards(() => {
      claims.serving = true
    })
  }

  /** Nothing is held, read or unsynced. */
  get #isIdle(): boolean {
    const { places, loading, reads } = this.#parts
    return places.held.size === 0 && loading.idle && reads.idle && this.#world.commits.idle
  }

  #endStep(): void {
    const { timers, out } = this.#world
    const { mesh, claims, leaving } = this.#parts
    const nextMs = Math.min(timers.nextMs ?? Number.POSITIVE_INFINITY, mesh.nextMs)
    if (nextMs < this.#wakeMs) {
      this.#wakeMs = nextMs
      out({ type: 'wake', atMs: nextMs })
    }
    if (!claims.stopping || this.#stopped) return
    if (!leaving.allowsStop || !this.#isIdle) return
    this.#stopped = true
    this.#world.requests.refuseAll(...STOPPING)
    out({ type: 'stopped' })
  }
}
