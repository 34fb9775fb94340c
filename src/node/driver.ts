/**
 * The only loop: feeds events to the core and carries out its effects.
 *
 * 1. Persist, then send, then execute: the core gives dependent effects only after `persisted`, and of one step the
 *    persist effect is taken first.
 * 2. One commit is under way at a time; what is asked for meanwhile becomes the next one (group commit).
 * 3. A commit that fails is repeated, the same writes first, until it succeeds: facts are never dropped.
 * 4. Reads see every persist effect that was given before them.
 * 5. Reads that are given after slots are to be dropped begin when they are, or that has failed.
 * 6. A mistake in the core stops the node at once, and so does its word that it must not go on: the disk is left as it is,
 *    and `failed` is told.
 */
import type { Effect, Execution, Notice, Writes } from '../core/effects.ts'
import { MeshError } from '../core/errors.ts'
import type { Event } from '../core/events.ts'
import type { StoredFact } from '../core/facts.ts'
import type { BatchId } from '../core/ids.ts'
import type { MeshCore } from '../core/mesh-core.ts'
import type { SlotDigest } from '../core/messages.ts'
import { AfterWrites } from './after-writes.ts'
import type { ExecutionEnd } from './executions.ts'
import type { Clock, FactStore, Log } from './ports.ts'

/** Where a crash can be told apart from one a moment later; tests stop the driver at each. */
export type Boundary = 'before-commit' | 'after-commit' | 'before-execute' | 'after-execute' | 'before-answer'

export interface DriverPorts {
  readonly core: MeshCore
  readonly store: FactStore
  readonly clock: Clock
  readonly log: Log
  readonly execute: (execution: Execution) => Promise<ExecutionEnd>
  readonly kill: (token: string, outcome: 'timed-out' | 'cancelled' | 'returned') => void
  readonly onReply: (effect: Extract<Effect, { type: 'answer' | 'refuse' }>) => void
  readonly onNotice: (notice: Notice) => void
  readonly onStopped: () => void
  readonly onFailed: (error: unknown) => void
  readonly onBoundary?: (boundary: Boundary) => void
}

/** Pause before a failed commit is repeated. */
const COMMIT_RETRY_MS = 1_000
/** A group of so many facts is written at once, without waiting for the end of the turn: the next one grows meanwhile. */
const GROUP_FACTS = 512
/** Tasks read at a time for one load. */
const READS_AT_ONCE = 16

export class Driver {
  readonly #ports: DriverPorts
  readonly #queue: Event[] = []
  #stepping = false
  #dead = false
  #group: Writes[] = []
  #groupTicket = 0
  #groupFacts = 0
  #committing = false
  /** The first commit of a row of commits, to begin at the end of this turn of the event loop. */
  #firstCommit: NodeJS.Immediate | undefined
  readonly #afterWrites = new AfterWrites((error) => this.#fail(error))
  #cancelWake: () => void = () => undefined

  constructor(ports: DriverPorts) {
    this.#ports = ports
  }

  /** Hands an event to the core; its effects are under way when this returns. */
  post(event: Event): void {
    if (this.#dead) return
    this.#queue.push(event)
    if (this.#stepping) return
    this.#stepping = true
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#step(next)
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#stepping = false
    }
  }

  /** Takes no more events and carries out no more effects. */
  halt(): void {
    this.#dead = true
    this.#cancelWake()
  }

  #fail(error: unknown): void {
    if (this.#dead) return
    this.halt()
    this.#ports.onFailed(error)
  }

  #step(event: Event): void {
    const effects = this.#ports.core.step(event, this.#ports.clock.nowMs())
    for (const effect of effects) {
      if (this.#dead) return
      this.#carryOut(effect)
    }
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'persist':
        return this.#persist(effect)
      case 'execute':
        return this.#execute(effect)
      case 'kill':
        return this.#ports.kill(effect.token, effect.outcome)
      case 'answer':
      case 'refuse':
        this.#ports.onBoundary?.('before-answer')
        return this.#ports.onReply(effect)
      case 'load':
        return this.#read(() => this.#loadSlots(effect.load, effect.batch, effect.slots))
      case 'load-tasks':
        return this.#read(() => this.#loadTasks(effect.load, effect.batch, effect.tasks))
      case 'read-index':
        return this.#read(() => this.#readIndex(effect.batch, effect.doubted))
      case 'clear-batches':
        return this.#read(() => this.#clear(effect.batches))
      case 'drop-slots':
        return this.#afterWrites.add({ ticket: this.#groupTicket, alone: true, run: () => this.#drop(effect.slots) })
      case 'wake':
        return this.#wake(effect.atMs)
      case 'notice':
        return this.#ports.onNotice(effect.notice)
      case 'stopped':
        return this.#ports.onStopped()
      case 'fatal':
        return this.#fail(new MeshError(effect.code, effect.message))
    }
  }

  #wake(atMs: number): void {
    this.#cancelWake()
    this.#cancelWake = Number.isFinite(atMs)
      ? this.#ports.clock.at(atMs, () => this.post({ type: 'tick' }))
      : () => undefined
  }

  #persist(effect: Extract<Effect, { type: 'persist' }>): void {
    this.#group.push(effect)
    this.#groupTicket = effect.ticket
    this.#groupFacts += effect.facts.length
    if (!this.#committing) {
      this.#committing = true
      this.#firstCommit = setImmediate(() => this.#beginCommits())
    } else if (this.#firstCommit !== undefined && this.#groupFacts >= GROUP_FACTS) {
      clearImmediate(this.#firstCommit)
      this.#beginCommits()
    }
  }

  #beginCommits(): void {
    this.#firstCommit = undefined
    this.#commitGroups().catch((error) => this.#fail(error))
  }

  async #commitGroups(): Promise<void> {
    while (this.#group.length > 0 && !this.#dead) {
      const group = this.#group
      const ticket = this.#groupTicket
      this.#group = []
      this.#groupFacts = 0
      this.#ports.onBoundary?.('before-commit')
      await this.#commit(group)
      if (this.#dead) return
      this.#ports.onBoundary?.('after-commit')
      this.post({ type: 'persisted', ticket })
      this.#afterWrites.persisted(ticket)
    }
    this.#committing = false
  }

  /** Resolves once the group is on disk, however often that has to be tried. */
  async #commit(group: readonly Writes[]): Promise<void> {
    let problem: 'disk-full' | 'failing' | undefined
    while (!this.#dead) {
      try {
        await this.#ports.store.commit(group)
        if (problem !== undefined) {
          this.#ports.log.info({}, 'the store can be written again')
          this.post({ type: 'storage', problem: undefined })
        }
        return
      } catch (error) {
        const now = error instanceof MeshError && error.code === 'MESH_DISK_FULL' ? 'disk-full' : 'failing'
        if (now !== problem) {
          problem = now
          this.#ports.log.error({ error: String(error) }, 'the store cannot be written; trying again until it can')
          this.post({ type: 'storage', problem })
        }
        await this.#pause(COMMIT_RETRY_MS)
      }
    }
  }

  #pause(pauseMs: number): Promise<void> {
    const { clock } = this.#ports
    return new Promise((resolve) => {
      clock.at(clock.nowMs() + pauseMs, resolve)
    })
  }

  #execute(execution: Execution): void {
    this.#ports.onBoundary?.('before-execute')
    const { token } = execution
    this.#ports
      .execute(execution)
      .then((end) => {
        if (this.#dead) return
        this.#ports.onBoundary?.('after-execute')
        this.post({ type: 'execution-ended', token, ...end })
      })
      .catch((error) => this.#fail(error))
  }

  /** Runs a read once everything given before it is on disk. */
  #read(run: () => Promise<void>): void {
    this.#afterWrites.add({ ticket: this.#groupTicket, alone: false, run })
  }

  /** What cannot be dropped is left as it is: the core finds it again. */
  async #drop(slots: readonly SlotDigest[]): Promise<void> {
    try {
      await this.#ports.store.dropSlots(slots)
    } catch (error) {
      if (this.#dead) return
      this.#ports.log.error({ error: String(error) }, 'facts that other nodes keep cannot be removed from the store')
    }
  }

  /** Tries until it is done, or the node ends: its next start asks for it again. */
  async #clear(batches: readonly BatchId[]): Promise<void> {
    while (!this.#dead) {
      try {
        await this.#ports.store.clear(batches)
        return
      } catch (error) {
        if (this.#dead) return
        this.#ports.log.error(
          { error: String(error) },
          'a deleted batch cannot be cleared from the store; trying again',
        )
        await this.#pause(COMMIT_RETRY_MS)
      }
    }
  }

  async #loadSlots(load: number, batch: BatchId, slots: readonly number[]): Promise<void> {
    await this.#load(load, () => this.#ports.store.readSlots(batch, slots))
  }

  async #loadTasks(load: number, batch: BatchId, tasks: readonly string[]): Promise<void> {
    await this.#load(load, async () => {
      const facts: StoredFact[] = []
      for (let at = 0; at < tasks.length; at += READS_AT_ONCE) {
        const some = tasks.slice(at, at + READS_AT_ONCE)
        for (const each of await Promise.all(some.map((task) => this.#ports.store.readTask(batch, task))))
          facts.push(...each)
      }
      return facts
    })
  }

  async #load(load: number, read: () => Promise<StoredFact[]>): Promise<void> {
    let facts: StoredFact[]
    try {
      facts = await read()
    } catch (error) {
      this.#ports.log.error({ error: String(error) }, 'the store cannot be read; trying again')
      await this.#pause(COMMIT_RETRY_MS)
      this.post({ type: 'load-failed', load })
      return
    }
    this.post({ type: 'loaded', load, facts })
  }

  async #readIndex(batch: BatchId, doubted: boolean): Promise<void> {
    try {
      for await (const tasks of this.#ports.store.readTaskIds(batch, doubted)) {
        this.post({ type: 'index-read', batch, tasks, done: false })
      }
    } catch (error) {
      this.#ports.log.error({ error: String(error) }, 'the index of a batch cannot be read')
      this.post({ type: 'index-failed', batch })
      return
    }
    this.post({ type: 'index-read', batch, tasks: [], done: true })
  }
}
