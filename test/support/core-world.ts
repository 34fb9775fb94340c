/**
 * One real core in a world of virtual time: a disk that keeps exactly what was persisted, and executions that end
 * when the test says so. Every step checks what must always hold.
 */
import { hash } from 'node:crypto'
import { expect } from 'vitest'
import type { BatchRecord } from '../../src/core/batches.ts'
import type { Effect, Execution, Writes } from '../../src/core/effects.ts'
import type { Event } from '../../src/core/events.ts'
import { readFact } from '../../src/core/fact-record.ts'
import type { ErrorClass, Outcome, Params, StoredFact } from '../../src/core/facts.ts'
import { type Sha256, slotOf, type TaskId, type Token } from '../../src/core/ids.ts'
import { MeshCore } from '../../src/core/mesh-core.ts'
import type { PromiseRun } from '../../src/core/ownership.ts'
import { MESH_SETTINGS, NODE_SETTINGS, type NodeSettings } from '../../src/core/settings.ts'
import { openOf, type SlotTally, tallyOf } from '../../src/core/tally.ts'
import { fold, type TaskState } from '../../src/core/task.ts'
import { TaskNamer } from '../../src/core/task-identity.ts'

export const sha256: Sha256 = (bytes) => hash('sha256', bytes, 'hex')
const MESH_ID = '00112233aabbccdd'
const NODE_ID = 'node-under-test'

type WithoutRequest<E> = E extends unknown ? Omit<E, 'request'> : never
type Reply = Extract<Effect, { type: 'answer' | 'refuse' }>

/** What outlives a crash: only what was persisted. Facts are kept as bytes, as a disk keeps them. */
export class Disk {
  readonly facts = new Map<TaskId, Map<string, Uint8Array>>()
  readonly tallies = new Map<string, SlotTally>()
  readonly batches = new Map<string, BatchRecord>()
  readonly index = new Map<string, Map<TaskId, number>>()
  promises: readonly PromiseRun[] = []

  write(writes: Writes): void {
    for (const { fact, bytes, hash: name } of writes.facts) {
      const known = this.facts.get(fact.task) ?? new Map<string, Uint8Array>()
      known.set(name, bytes)
      this.facts.set(fact.task, known)
    }
    for (const tally of writes.tallies) this.tallies.set(`${tally.batch} ${tally.slot}`, tally)
    for (const record of writes.batches) this.batches.set(record.id, record)
    for (const { batch, entries } of writes.indexes) {
      const known = this.index.get(batch) ?? new Map<TaskId, number>()
      for (const { index, task } of entries) known.set(task, index)
      this.index.set(batch, known)
    }
    this.promises = writes.promises ?? this.promises
  }

  factsOf(task: TaskId): StoredFact[] {
    return [...(this.facts.get(task)?.values() ?? [])].map((bytes) => readFact(bytes, sha256))
  }

  states(): TaskState[] {
    return [...this.facts.keys()].map((task) => fold(this.factsOf(task)))
  }
}

export interface CoreWorldOptions {
  readonly disk?: Disk
  readonly nodeSettings?: Partial<NodeSettings>
  /** Persist effects are done as soon as they are given; else by `persistNext`. */
  readonly persistAtOnce?: boolean
  readonly tallies?: 'kept' | 'damaged'
  /** A doubted index is made anew from the facts, as a store does. */
  readonly rebuildsIndex?: boolean
  readonly startMs?: number
}

let boots = 0

export class CoreWorld {
  readonly core: MeshCore
  readonly disk: Disk
  readonly boot: string
  nowMs: number
  readonly replies = new Map<number, Reply>()
  readonly running = new Map<Token, Execution>()
  readonly killed = new Map<Token, string>()
  readonly executed: Execution[] = []
  readonly notices: Extract<Effect, { type: 'notice' }>['notice'][] = []
  readonly unpersisted: (Writes & { readonly ticket: number })[] = []
  readonly pending: Effect[] = []
  stopped = false
  #wakeMs = Number.POSITIVE_INFINITY
  #request = 0
  readonly #atOnce: boolean
  readonly #rebuilds: boolean

  constructor(options: CoreWorldOptions = {}) {
    this.disk = options.disk ?? new Disk()
    this.nowMs = options.startMs ?? 1_000
    this.boot = (++boots).toString(16).padStart(16, '0')
    this.#atOnce = options.persistAtOnce ?? true
    this.#rebuilds = options.rebuildsIndex ?? false
    const profiles = { draw: { places: 2, timeoutMs: 10_000 } }
    const nodeSettings = { ...NODE_SETTINGS, profiles, ...options.nodeSettings }
    this.core = new MeshCore({ settings: MESH_SETTINGS, nodeSettings, sha256, meshId: MESH_ID })
    this.post({
      type: 'start',
      nodeId: NODE_ID,
      boot: this.boot,
      batches: [...this.disk.batches.values()],
      tallies: options.tallies === 'damaged' ? undefined : [...this.disk.tallies.values()],
      promises: this.disk.promises,
    })
  }

  post(event: Event): void {
    const effects = this.core.step(event, this.nowMs)
    expect(effects.filter(({ type }) => type === 'persist').length).toBeLessThanOrEqual(1)
    for (const effect of effects) this.#take(effect)
    if (this.#atOnce) this.settle()
  }

  #take(effect: Effect): void {
    switch (effect.type) {
      case 'persist':
        this.unpersisted.push(effect)
        return
      case 'execute':
        this.#execute(effect)
        return
      case 'kill':
        this.killed.set(effect.token, effect.outcome)
        return
      case 'answer':
      case 'refuse':
        expect(this.replies.has(effect.request), 'a request is answered once').toBe(false)
        this.replies.set(effect.request, effect)
        return
      case 'wake':
        this.#wakeMs = effect.atMs
        return
      case 'notice':
        this.notices.push(effect.notice)
        return
      case 'stopped':
        expect(this.stopped, 'stopped comes once').toBe(false)
        this.stopped = true
        return
      default:
        this.pending.push(effect)
    }
  }

  #execute(execution: Execution): void {
    expect(
      this.executed.some(({ token }) => token === execution.token),
      'a token is executed once',
    ).toBe(false)
    const claimed = this.disk
      .factsOf(execution.task)
      .some(({ fact }) => fact.kind === 'claimed' && fact.token === execution.token)
    expect(claimed, 'nothing is executed before its claim is on disk').toBe(true)
    this.executed.push(execution)
    this.running.set(execution.token, execution)
  }

  /** Persists the oldest writes that are under way. */
  persistNext(): void {
    const writes = this.unpersisted.shift()
    if (writes === undefined) return
    this.disk.write(writes)
    this.post({ type: 'persisted', ticket: writes.ticket })
  }

  /** Answers the oldest read that sees everything it must. */
  readNext(): void {
    const effect = this.pending.shift()
    if (effect?.type === 'load')
      this.post({ type: 'loaded', load: effect.load, facts: this.#slotFacts(effect.batch, effect.slots) })
    else if (effect?.type === 'load-tasks') {
      this.post({ type: 'loaded', load: effect.load, facts: effect.tasks.flatMap((task) => this.disk.factsOf(task)) })
    } else if (effect?.type === 'read-index') {
      const named = [...(this.disk.index.get(effect.batch)?.keys() ?? [])]
      const tasks = this.#rebuilds && effect.doubted ? named.filter((task) => this.disk.facts.has(task)) : named
      this.post({ type: 'index-read', batch: effect.batch, tasks, done: true })
    }
  }

  #slotFacts(batch: string, slots: readonly number[]): StoredFact[] {
    const tasks = [...this.disk.facts.keys()].filter((task) => slots.includes(slotOf(task)))
    return tasks.flatMap((task) => this.disk.factsOf(task)).filter(({ fact }) => fact.batch === batch)
  }

  /** Persists and reads until nothing is under way. */
  settle(): void {
    while (this.unpersisted.length + this.pending.length > 0) {
      if (this.unpersisted.length > 0) this.persistNext()
      else this.readNext()
    }
  }

  /** Lets time pass, waking the core whenever it asked for that. */
  advance(durationMs: number): void {
    const endMs = this.nowMs + durationMs
    while (this.#wakeMs <= endMs) {
      this.nowMs = Math.max(this.nowMs, this.#wakeMs)
      this.#wakeMs = Number.POSITIVE_INFINITY
      this.post({ type: 'tick' })
    }
    this.nowMs = endMs
  }

  /** Posts a request and gives its number. */
  request(event: WithoutRequest<Extract<Event, { request: number }>>): number {
    const request = ++this.#request
    this.post({ ...event, request } as Event)
    return request
  }

  reply(request: number): Reply {
    const reply = this.replies.get(request)
    if (reply === undefined) throw new Error(`request ${request} has no answer yet`)
    return reply
  }

  /** Creates a batch (or finds it) and gives its id. */
  batch(
    name: string,
    fields: { priority?: number; maxAttempts?: number; timeoutMs?: number; profile?: string } = {},
  ): string {
    const reply = this.reply(this.request({ type: 'create-batch', spec: { name, profile: 'draw', ...fields } }))
    if (reply.type !== 'answer' || reply.value.type !== 'batch') throw new Error(`no batch: ${JSON.stringify(reply)}`)
    return reply.value.batch.id
  }

  /** Seeds prompts into a batch as one frame; gives the request. */
  seed(batch: string, prompts: readonly (string | { prompt: string; params: Params })[], profile = 'draw'): number {
    const namer = new TaskNamer(sha256, batch, profile)
    const rows = prompts.map((row) => namer.next(typeof row === 'string' ? { prompt: row, params: {} } : row))
    return this.request({ type: 'intake', batch, profile, rows })
  }

  end(
    token: Token,
    outcome: Outcome = 'completed',
    error?: { class: ErrorClass; message: string },
    durationMs = 100,
  ): void {
    this.running.delete(token)
    this.post({
      type: 'execution-ended',
      token,
      outcome,
      durationMs,
      ...(error && { error }),
      ...(outcome === 'completed' && { result: { files: [] } }),
    })
  }

  /** Ends the oldest execution. */
  endNext(outcome: Outcome = 'completed', errorClass?: ErrorClass): void {
    const token = [...this.running.keys()][0]
    if (token === undefined) throw new Error('nothing runs')
    this.end(token, outcome, errorClass && { class: errorClass, message: `a ${errorClass} error` })
  }

  fail(): void {
    this.endNext('failed', 'failed')
  }

  /** The only batch, as people see it. */
  counts(name?: string) {
    const batch = this.core.view().batches.find(({ record }) => name === undefined || record.name === name)
    if (batch === undefined) throw new Error(`no batch ${name}`)
    return {
      ...batch.counts,
      open: batch.open,
      scheduled: batch.scheduled,
      running: batch.running,
      retrying: batch.retrying,
    }
  }

  stateOf(prompt: string): TaskState {
    const state = this.disk.states().find(({ seeded }) => seeded?.prompt === prompt)
    if (state === undefined) throw new Error(`no task with the prompt ${prompt}`)
    return state
  }

  /** What must hold whenever nothing is under way. */
  checkInvariants(): void {
    const states = this.disk.states()
    for (const { record, counts, running } of this.core.view().batches) {
      const own = states.filter(({ batch }) => batch === record.id)
      const tallies = [...Map.groupBy(own, ({ task }) => slotOf(task))].map(([slot, each]) =>
        tallyOf(record.id, slot, each),
      )
      const sum = (of: (tally: SlotTally) => number) => tallies.reduce((total, tally) => total + of(tally), 0)
      expect(counts, 'counts equal the fold of the disk').toEqual({
        total: sum((tally) => tally.total),
        completed: sum((tally) => tally.completed),
        failed: sum((tally) => tally.failed),
        cancelled: sum((tally) => tally.cancelled),
        extra: sum((tally) => tally.extra),
      })
      for (const tally of tallies) {
        expect(this.disk.tallies.get(`${record.id} ${tally.slot}`), 'the tally on disk equals the fold').toEqual(tally)
        expect(openOf(tally)).toBeGreaterThanOrEqual(0)
      }
      const live = [...this.running.values()].filter(({ batch, token, task }) => {
        const attempt = this.disk
          .states()
          .find((state) => state.task === task)
          ?.attempts.find((each) => each.token === token)
        return batch === record.id && attempt?.end === 'open'
      })
      expect(running).toBe(live.length)
    }
    const tokens = states.flatMap(({ attempts }) => attempts.map(({ token }) => token))
    expect(new Set(tokens).size, 'tokens never repeat').toBe(tokens.length)
  }
}
