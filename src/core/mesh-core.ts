/**
 * The protocol as one synchronous machine: `step(event)` gives effects; nothing else goes in or out.
 *
 * States: new -> taking over (after `start`) -> serving (its takeover is synced) -> stopping -> stopped.
 *
 * 1. The same events in the same order give the same effects.
 * 2. A step gives at most one `persist` effect, and it comes first.
 * 3. Until the takeover is synced nothing is granted; requests are taken at once.
 * 4. While writes fail, requests that would write are refused and nothing is granted; what runs goes on.
 * 5. `stopped` comes once, when nothing is held, read or unsynced any more.
 */

import { BatchBook } from './batch-book.ts'
import type { BatchRecord } from './batches.ts'
import { Claims } from './claims.ts'
import { Commits } from './commits.ts'
import type { Effect } from './effects.ts'
import type { MeshErrorCode } from './errors.ts'
import type { Event } from './events.ts'
import type { BatchId, Sha256, Token } from './ids.ts'
import { Intake } from './intake.ts'
import { Ledger } from './ledger.ts'
import { Loading } from './loading.ts'
import { Operator } from './operator.ts'
import { Ownership } from './ownership.ts'
import { Places, Profile } from './places.ts'
import type { MeshSettings, NodeSettings } from './settings.ts'
import { Timers } from './timers.ts'
import { type CoreView, coreView, slotsWith } from './view.ts'
import { Requests, type World } from './world.ts'

export interface MeshCoreOptions {
  readonly settings: MeshSettings
  readonly nodeSettings: NodeSettings
  readonly sha256: Sha256
  /** First 8 bytes of SHA-256 of the mesh key, 16 hex digits. */
  readonly meshId: string
}

export class MeshCore {
  readonly #world: World
  readonly #book = new BatchBook()
  readonly #ownership = new Ownership()
  readonly #places: Places
  readonly #ledger: Ledger
  readonly #claims: Claims
  readonly #loading: Loading
  readonly #intake: Intake
  readonly #operator: Operator
  #effects: Effect[] = []
  #storageProblem: 'disk-full' | 'failing' | undefined
  #wakeMs = Number.POSITIVE_INFINITY
  #stopped = false

  constructor({ settings, nodeSettings, sha256, meshId }: MeshCoreOptions) {
    const out = (effect: Effect) => this.#effects.push(effect)
    this.#world = {
      settings,
      nodeSettings,
      sha256,
      commits: new Commits(),
      timers: new Timers(),
      requests: new Requests(out),
      out,
      nodeId: '',
      boot: '',
      nowMs: 0,
    }
    this.#places = new Places(nodeSettings)
    this.#ledger = new Ledger(this.#world, this.#book)
    this.#claims = new Claims(this.#world, this.#book, this.#ledger, this.#places, this.#ownership)
    this.#loading = new Loading(this.#world, this.#book, this.#ledger, this.#claims)
    this.#intake = new Intake(this.#world, this.#book, this.#ledger, this.#claims)
    this.#operator = new Operator(this.#world, meshId, this.#book, this.#ledger, this.#claims, this.#loading)
  }

  /** Takes one event that happened at `nowMs`, a monotonic time. */
  step(event: Event, nowMs: number): Effect[] {
    this.#effects = []
    this.#world.nowMs = Math.max(this.#world.nowMs, nowMs)
    this.#world.timers.runDue(this.#world.nowMs)
    this.#route(event)
    this.#world.commits.runReady()
    this.#claims.grant()
    this.#loading.refill()
    this.#endStep()
    const persist = this.#world.commits.take()
    if (persist !== undefined) this.#effects.unshift(persist)
    return this.#effects
  }

  /** What stands here now, for people. */
  view(): CoreView {
    return coreView(this.#book, this.#places, this.#storageProblem, this.#claims.stopping)
  }

  /** Attempts that live on this node. */
  running(): Map<Token, { readonly startedMs: number | undefined }> {
    return new Map([...this.#places.held.values()].map(({ token, startedMs }) => [token, { startedMs }]))
  }

  /** The record of a batch, if it is known. */
  batchRecord(id: BatchId): BatchRecord | undefined {
    return this.#book.get(id)?.record
  }

  /** Slots of a batch with tasks of these standings; undefined where that is not known. */
  slotsWith(batch: BatchId, standings: Parameters<typeof slotsWith>[1]): number[] | undefined {
    const known = this.#book.get(batch)
    return known && slotsWith(known, standings)
  }

  #route(event: Event): void {
    switch (event.type) {
      case 'start':
        return this.#start(event)
      case 'tick':
        this.#wakeMs = Number.POSITIVE_INFINITY
        return
      case 'persisted':
        return this.#world.commits.persisted(event.ticket)
      case 'storage':
        return this.#storage(event.problem)
      case 'create-batch':
        return this.#request(event, () => this.#operator.createBatch(event))
      case 'intake':
        return this.#request(event, () => this.#intake.frame(event))
      case 'set-batch':
        return this.#request(event, () => this.#operator.setBatch(event))
      case 'change-tasks':
        return this.#request(event, () => this.#operator.changeTasks(event))
      case 'intake-ended':
        return this.#intake.ended(event.batch)
      case 'index-read':
        return this.#intake.indexRead(event.batch, event.tasks, event.done)
      case 'index-failed':
        return this.#intake.indexFailed(event.batch)
      case 'loaded':
        return this.#loading.loaded(event.load, event.facts)
      case 'load-failed':
        return this.#loading.loadFailed(event.load)
      case 'execution-ended':
        return this.#claims.executionEnded(event.token, event)
      case 'set-profile':
        return this.#setProfile(event)
      case 'stop':
        this.#claims.stopping = true
        if (event.now) this.#claims.killAll('returned')
        return
    }
  }

  #start({ nodeId, boot, batches, tallies, promises }: Extract<Event, { type: 'start' }>): void {
    this.#world.nodeId = nodeId
    this.#world.boot = boot
    for (const record of batches) {
      const batch = this.#book.put(record)
      if (tallies === undefined) batch.distrustTallies()
    }
    for (const tally of tallies ?? []) this.#book.get(tally.batch)?.restore(tally)
    this.#book.changed()
    this.#world.commits.promises(this.#ownership.takeOver(nodeId, promises))
    this.#world.commits.afterwards(() => {
      this.#claims.serving = true
    })
  }

  #request(event: Extract<Event, { request: number }>, take: () => void): void {
    const { requests } = this.#world
    requests.open(event.request)
    if (this.#claims.stopping)
      requests.refuse(event.request, 'MESH_STOPPING', 'the node is stopping: ask again when it runs')
    else if (this.#storageProblem !== undefined) requests.refuse(event.request, ...refusal(this.#storageProblem))
    else take()
  }

  #storage(problem: 'disk-full' | 'failing' | undefined): void {
    this.#storageProblem = problem
    this.#claims.storing = problem === undefined
    if (problem !== undefined) this.#world.requests.refuseAll(...refusal(problem))
  }

  #setProfile({ profile, settings }: Extract<Event, { type: 'set-profile' }>): void {
    const known = this.#places.profiles.get(profile)
    if (known === undefined) {
      this.#places.profiles.set(profile, new Profile(settings))
      return
    }
    known.settings = settings
    known.restsUntilMs = 0
    known.restReason = undefined
  }

  #endStep(): void {
    const { timers, commits, out } = this.#world
    const nextMs = timers.nextMs
    if (nextMs !== undefined && nextMs < this.#wakeMs) {
      this.#wakeMs = nextMs
      out({ type: 'wake', atMs: nextMs })
    }
    const done = this.#claims.stopping && this.#places.held.size === 0 && this.#loading.idle && commits.idle
    if (!done || this.#stopped) return
    this.#stopped = true
    this.#world.requests.refuseAll('MESH_STOPPING', 'the node is stopping: ask again when it runs')
    out({ type: 'stopped' })
  }
}

function refusal(problem: 'disk-full' | 'failing'): [MeshErrorCode, string] {
  return problem === 'disk-full'
    ? ['MESH_DISK_FULL', 'the disk of the data directory is full: free some space, then ask again']
    : ['MESH_STORAGE', 'the store cannot be written: see the log of the node, then ask again']
}
