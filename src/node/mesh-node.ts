/**
 * A running node: what its user holds.
 *
 * States: running -> stopping (after `stop`) -> stopped; a mistake in the core, or its word not to go on, leads to stopped
 * at once, with that error.
 */

import { MeshError } from '../core/errors.ts'
import { type BatchId, type Boot, type NodeId, type Sha256, SLOT_COUNT } from '../core/ids.ts'
import { MeshCore } from '../core/mesh-core.ts'
import type { MeshSettings, NodeSettings } from '../core/settings.ts'
import type { CoreBatchView } from '../core/view.ts'
import type * as api from './api.ts'
import { type Boundary, Driver } from './driver.ts'
import { type ExecutionPorts, Executions, type Performer } from './executions.ts'
import { Notices } from './notices.ts'
import type { ArtifactStore, Clock, FactStore, Log } from './ports.ts'
import { PendingRequests } from './requests.ts'
import { Seeding } from './seeding.ts'
import { batchView, type StatusInputs, statusView } from './status.ts'
import { Stopping } from './stopping.ts'
import { findTask, type ListSource, listTasks } from './task-list.ts'
import { idsOf, idsToChange, type SelectionSource, STANDINGS } from './task-selection.ts'
import type { ViewContext } from './task-views.ts'
import { reasonsOf } from './why.ts'

export interface NodeParts {
  readonly id: NodeId
  readonly name: string
  readonly version: string
  readonly boot: Boot
  /** First 8 bytes of SHA-256 of the mesh key, as hex. */
  readonly meshId: string
  readonly settings: MeshSettings
  readonly nodeSettings: NodeSettings
  readonly sha256: Sha256
  readonly store: FactStore
  readonly artifacts: ArtifactStore
  readonly performers: ReadonlyMap<string, Performer>
  readonly stamp: ExecutionPorts['stamp']
  readonly clock: Clock
  readonly log: Log
  /** Free bytes where the data directory is, or null where the system does not say. */
  readonly diskFreeBytes: () => Promise<number | null>
  /** Ends what the parts share, after the executors. */
  readonly close: () => Promise<void>
  readonly onBoundary?: (boundary: Boundary) => void
}

/** What runs may finish within this time, unless said otherwise. */
const GRACE_MS = 30_000
const ALL_SLOTS = Array.from({ length: SLOT_COUNT }, (_, slot) => slot)

/** Opens the store and starts serving. @throws what the store's `open` throws */
export async function startNode(parts: NodeParts): Promise<api.MeshNode> {
  const stored = await parts.store.open()
  const node = new RunningNode(parts)
  if (!stored.clean)
    parts.log.info({}, 'the last use of the data directory did not end cleanly; going on from what was synced')
  node.start(stored)
  return node
}

class RunningNode implements api.MeshNode {
  readonly id: NodeId
  readonly name: string
  readonly profiles: readonly string[]
  readonly stopped: Promise<void>
  readonly #parts: NodeParts
  readonly #core: MeshCore
  readonly #driver: Driver
  readonly #executions: Executions
  readonly #requests: PendingRequests
  readonly #seeding: Seeding
  readonly #notices: Notices
  readonly #finished = Promise.withResolvers<void>()
  readonly #coreStopped = Promise.withResolvers<void>()
  readonly #stopping: Stopping
  #stop: Promise<void> | undefined

  constructor(parts: NodeParts) {
    const { id, name, settings, nodeSettings, sha256, meshId, store, clock, log } = parts
    this.#parts = parts
    this.id = id
    this.name = name
    this.profiles = [...parts.performers.keys()]
    this.stopped = this.#finished.promise
    this.#notices = new Notices({ clock, log, batchName: (batch) => this.#nameOf(batch) })
    this.#core = new MeshCore({ settings, nodeSettings, sha256, meshId, random: Math.random })
    this.#executions = new Executions({ ...parts, nodeName: name, batchName: (batch) => this.#nameOf(batch) })
    this.#driver = new Driver({
      core: this.#core,
      store,
      clock,
      log,
      execute: (execution) => this.#executions.execute(execution),
      kill: (token, outcome) => this.#executions.kill(token, outcome),
      onReply: (effect) => this.#requests.reply(effect),
      onNotice: (notice) => this.#notices.pass(notice),
      onStopped: () => this.#coreStopped.resolve(),
      onFailed: (error) => this.#fail(error),
      ...(parts.onBoundary && { onBoundary: parts.onBoundary }),
    })
    this.#requests = new PendingRequests((event) => this.#driver.post(event))
    this.#stopping = new Stopping(clock, {
      hurry: () => this.#driver.post({ type: 'stop', now: true }),
      giveBack: () => this.#giveBack(),
      end: () => this.#coreStopped.resolve(),
    })
    this.#seeding = new Seeding(this.#requests, (event) => this.#driver.post(event), sha256)
  }

  start({ batches, tallies, promises }: Awaited<ReturnType<FactStore['open']>>): void {
    const { id: nodeId, boot } = this.#parts
    this.#driver.post({ type: 'start', nodeId, boot, batches, tallies, promises })
  }

  seed(
    request: api.SeedRequest,
    rows: AsyncIterable<readonly api.PromptRow[]>,
    onProgress: (progress: api.SeedProgress) => void = () => undefined,
  ): Promise<api.SeedAnswer> {
    return this.#seeding.seed(request, rows, onProgress)
  }

  async status(): Promise<api.StatusView> {
    return statusView(await this.#inputs())
  }

  batch(name: string): api.BatchView {
    return batchView(this.#batchNamed(name), this.#inputsNow(null))
  }

  async setBatch(
    name: string,
    change: { paused?: boolean; cancelled?: boolean; priority?: number },
    options: { stopRunning?: boolean } = {},
  ): Promise<void> {
    const batch = this.#batchNamed(name).record.id
    await this.#requests.ask({ type: 'set-batch', batch, change, stopRunning: options.stopRunning ?? false })
  }

  async deleteBatch(name: string): Promise<void> {
    await this.#requests.ask({ type: 'delete-batch', batch: this.#batchNamed(name).record.id })
  }

  async changeTasks(
    name: string,
    change: 'cancel' | 'retry',
    refs: readonly string[] | 'all',
    options: { stopRunning?: boolean } = {},
  ): Promise<number> {
    const { id: batch, name: batchName } = this.#batchNamed(name).record
    const { store } = this.#parts
    const slotsWith: SelectionSource['slotsWith'] = (counted) => this.#core.slotsWith(batch, counted) ?? ALL_SLOTS
    const chunks =
      refs === 'all'
        ? idsToChange({ store, batch, slotsWith }, change)
        : [await idsOf({ store, batch, batchName }, refs)]
    const stopRunning = options.stopRunning ?? false
    let changed = 0
    for await (const tasks of chunks) {
      const answer = await this.#requests.ask({ type: 'change-tasks', batch, change, tasks, stopRunning })
      if (answer.type === 'changed') changed += answer.tasks
    }
    return changed
  }

  tasks(name: string, query: api.TaskQuery = {}): Promise<api.TaskPage> {
    return listTasks(this.#listSource(name), query)
  }

  task(name: string, ref: string): Promise<api.TaskDetail> {
    return findTask(this.#listSource(name), ref)
  }

  async why(name: string, ref: string): Promise<api.WhyView> {
    const task = await this.task(name, ref)
    const status = statusView(await this.#inputs())
    return { task, reasons: reasonsOf(task, name, status) }
  }

  artifactPath(sha256: string): Promise<string | undefined> {
    return this.#parts.artifacts.find(sha256)
  }

  onTaskEnded(listener: (notice: api.TaskNotice) => void): () => void {
    return this.#notices.listen(listener)
  }

  stop(options: { graceMs?: number } = {}): Promise<void> {
    this.#driver.post({ type: 'stop', now: false })
    this.#stopping.within(options.graceMs ?? GRACE_MS)
    this.#stop ??= this.#close()
    return this.#stop
  }

  /** What has not ended although it was asked to goes back uncharged, so that the end of this node is not blamed on it. */
  #giveBack(): void {
    const nowMs = this.#parts.clock.nowMs()
    const started = [...this.#core.running()].flatMap(([token, { startedMs }]) =>
      startedMs === undefined ? [] : [{ token, durationMs: Math.max(1, Math.round(nowMs - startedMs)) }],
    )
    this.#parts.log.warn({ executions: started.length }, 'something did not end in time: stopping without it')
    const error = { class: 'drain', message: 'it did not end when its node stopped' } as const
    for (const { token, durationMs } of started)
      this.#driver.post({ type: 'execution-ended', token, outcome: 'returned', durationMs, error })
  }

  /** @throws the mistake that stopped the node, as soon as what ran has ended */
  async #close(): Promise<void> {
    try {
      await Promise.race([this.#coreStopped.promise, this.stopped])
    } finally {
      this.#stopping.cancel()
    }
    this.#driver.halt()
    this.#requests.close(new MeshError('MESH_STOPPING', 'the node has stopped: start it again'))
    await this.#closeExecutors()
    await this.#parts.store.close()
    this.#finished.resolve()
  }

  /** A mistake of ours, or the core's word not to go on: end what runs, leave the store as a crash would, and say so. */
  #fail(error: unknown): void {
    if (error instanceof MeshError) this.#parts.log.error({ code: error.code }, error.message)
    else
      this.#parts.log.error(
        { error: error instanceof Error ? error.stack : String(error) },
        'a mistake in promptmesh stopped the node',
      )
    const reason = error instanceof Error ? error : new Error(String(error))
    this.#requests.close(reason)
    this.#closeExecutors().then(
      () => this.#finished.reject(reason),
      () => this.#finished.reject(reason),
    )
  }

  async #closeExecutors(): Promise<void> {
    await Promise.all([...this.#parts.performers.values()].map(({ executor }) => executor.close()))
    await this.#parts.close()
  }

  #nameOf(batch: BatchId): string {
    return this.#core.batchRecord(batch)?.name ?? batch
  }

  #batchNamed(name: string): CoreBatchView {
    const batches = this.#core.view().batches
    const batch = batches.find(({ record }) => record.name === name || record.id === name)
    if (batch !== undefined) return batch
    const known = batches.map(({ record }) => record.name)
    const hint = known.length === 0 ? 'there is none yet: seed a file' : `there are ${known.slice(0, 10).join(', ')}`
    throw new MeshError('MESH_BATCH_UNKNOWN', `no batch ${JSON.stringify(name.slice(0, 100))} here; ${hint}`)
  }

  async #inputs(): Promise<StatusInputs> {
    return this.#inputsNow(await this.#parts.diskFreeBytes())
  }

  #inputsNow(diskFreeBytes: number | null): StatusInputs {
    const { id, name, version, clock, store } = this.#parts
    return {
      core: this.#core.view(),
      nodeId: id,
      nodeName: name,
      version,
      nowMs: clock.nowMs(),
      rates: this.#notices.rates,
      diskFreeBytes,
      damaged: store.damaged,
    }
  }

  #listSource(name: string): ListSource {
    const { record } = this.#batchNamed(name)
    const { store, clock } = this.#parts
    const context: ViewContext = {
      batchName: record.name,
      batchCancelled: record.fields.cancelled.value,
      nowMs: clock.nowMs(),
      running: this.#core.running(),
      nodeName: (id) => (id === this.id ? this.name : (id ?? 'unknown')),
    }
    const standings = (states: readonly api.TaskState[]) => states.flatMap((state) => STANDINGS[state])
    const slotsWith = (states: readonly api.TaskState[]) =>
      record.fields.cancelled.value ? undefined : this.#core.slotsWith(record.id, standings(states))
    return { store, batch: record.id, context, slotsWith }
  }
}
