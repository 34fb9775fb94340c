/**
 * One real core in a world of virtual time: a disk that keeps exactly what was persisted, and executions that end
 * when the test says so. Every step checks what must always hold.
 */
import assert from 'node:assert/strict'
import type { Effect, Execution, Writes } from '../../src/core/effects.ts'
import type { Event } from '../../src/core/events.ts'
import type { ErrorClass, Outcome, Params, StoredFact } from '../../src/core/facts.ts'
import type { Sha256, Token } from '../../src/core/ids.ts'
import { MeshCore } from '../../src/core/mesh-core.ts'
import { MESH_SETTINGS, NODE_SETTINGS, type NodeSettings } from '../../src/core/settings.ts'
import type { TaskState } from '../../src/core/task.ts'
import { TaskNamer } from '../../src/core/task-identity.ts'
import { Disk, sha256 } from './core-disk.ts'
import { checkInvariants } from './core-invariants.ts'
import { Reads, type ReadsAre } from './core-reads.ts'

const MESH_ID = '00112233aabbccdd'
const NODE_ID = 'node-under-test'

type WithoutRequest<E> = E extends unknown ? Omit<E, 'request'> : never
type Reply = Extract<Effect, { type: 'answer' | 'refuse' }>

export interface CoreWorldOptions {
  readonly disk?: Disk
  readonly nodeSettings?: Partial<NodeSettings>
  /** Persist effects are done as soon as they are given; else by `persistNext`. */
  readonly persistAtOnce?: boolean
  readonly tallies?: 'kept' | 'damaged'
  /** A doubted index is made anew from the facts, as a store does. */
  readonly rebuildsIndex?: boolean
  readonly startMs?: number
  /** `old` unless said: what a read may miss, it misses. */
  readonly reads?: ReadsAre
  /** What `drawn` reads are drawn with: numbers in [0, 1). */
  readonly random?: () => number
  readonly nodeId?: string
  /** Names tasks instead of the real hash, to have many in one slot. */
  readonly namedBy?: Sha256
}

let boots = 0

export class CoreWorld {
  readonly core: MeshCore
  readonly disk: Disk
  readonly boot: string
  nowMs: number
  readonly replies = new Map<number, Reply>()
  readonly running = new Map<Token, Execution>()
  readonly killed = new Map<Token, Outcome>()
  readonly executed: Execution[] = []
  readonly notices: Extract<Effect, { type: 'notice' }>['notice'][] = []
  readonly unpersisted: (Writes & { readonly ticket: number })[] = []
  /** What the core stated, in its order. */
  readonly stated: { readonly facts: readonly StoredFact[]; readonly atMs: number }[] = []
  readonly reads: Reads
  stopped = false
  readonly #tokens = new Set<Token>()
  #wakeMs = Number.POSITIVE_INFINITY
  #request = 0
  #lastTicket = 0
  readonly #atOnce: boolean
  readonly #namedBy: Sha256

  constructor(options: CoreWorldOptions = {}) {
    this.disk = options.disk ?? new Disk()
    if (options.tallies === 'damaged') this.disk.damageTallies()
    this.nowMs = options.startMs ?? 1_000
    this.boot = (++boots).toString(16).padStart(16, '0')
    this.#atOnce = options.persistAtOnce ?? true
    this.#namedBy = options.namedBy ?? sha256
    const random = options.random ?? (() => 0)
    this.reads = new Reads(this.disk, options.reads ?? 'old', random, options.rebuildsIndex ?? false)
    const profiles = { draw: { places: 2, timeoutMs: 10_000 } }
    const nodeSettings = { ...NODE_SETTINGS, profiles, ...options.nodeSettings }
    this.core = new MeshCore({ settings: MESH_SETTINGS, nodeSettings, sha256, meshId: MESH_ID, random: () => 0.5 })
    this.post({
      type: 'start',
      nodeId: options.nodeId ?? NODE_ID,
      boot: this.boot,
      batches: [...this.disk.batches.values()],
      tallies: this.disk.readTallies(),
      promises: this.disk.promises,
    })
  }

  post(event: Event): void {
    const effects = this.core.step(event, this.nowMs)
    assert(effects.filter(({ type }) => type === 'persist').length <= 1, 'a step gives one persist effect at most')
    for (const effect of effects) this.#take(effect)
    if (this.#atOnce) this.settle()
  }

  #take(effect: Effect): void {
    switch (effect.type) {
      case 'persist':
        this.#lastTicket = effect.ticket
        this.unpersisted.push(effect)
        this.stated.push({ facts: effect.facts, atMs: this.nowMs })
        return
      case 'execute':
        this.#execute(effect)
        return
      case 'kill':
        this.killed.set(effect.token, effect.outcome)
        return
      case 'answer':
      case 'refuse':
        assert(!this.replies.has(effect.request), 'a request is answered once')
        this.replies.set(effect.request, effect)
        return
      case 'wake':
        this.#wakeMs = effect.atMs
        return
      case 'notice':
        this.notices.push(effect.notice)
        return
      case 'stopped':
        assert(!this.stopped, 'stopped comes once')
        this.stopped = true
        return
      case 'clear-batches':
        this.disk.clear(effect.batches)
        return
      case 'load':
      case 'load-tasks':
      case 'read-index':
        this.reads.give(effect, this.#lastTicket)
        return
      default:
        assert.fail(`a node that is alone asks for ${JSON.stringify(effect)}`)
    }
  }

  #execute(execution: Execution): void {
    assert(!this.#tokens.has(execution.token), 'a token is executed once')
    this.#tokens.add(execution.token)
    const facts = this.disk.factsOf(execution.task)
    const isClaimed = facts.some(({ fact }) => fact.kind === 'claimed' && fact.token === execution.token)
    assert(isClaimed, 'nothing is executed before its claim is on disk')
    this.executed.push(execution)
    this.running.set(execution.token, execution)
  }

  /** Puts the oldest writes on the disk, several as one commit, without a word to the core; gives the last ticket. */
  writeNext(count = 1): number | undefined {
    const group = this.unpersisted.splice(0, count)
    for (const writes of group) this.disk.write(writes)
    return group.at(-1)?.ticket
  }

  persisted(ticket: number): void {
    this.reads.persisted(ticket)
    this.post({ type: 'persisted', ticket })
  }

  persistNext(count = 1): void {
    const ticket = this.writeNext(count)
    if (ticket !== undefined) this.persisted(ticket)
  }

  /** Answers one of the reads that see everything they must, the oldest of them unless said otherwise. */
  readNext(at = 0): void {
    const event = this.reads.answer(at)
    if (event !== undefined) this.post(event)
  }

  /** The same, but it cannot be read. */
  failRead(at = 0): void {
    const event = this.reads.failure(at)
    if (event !== undefined) this.post(event)
  }

  /** Persists and reads until nothing is under way. */
  settle(): void {
    while (this.unpersisted.length + this.reads.size > 0) {
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
    const namer = new TaskNamer(this.#namedBy, batch, profile)
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
    checkInvariants(this)
  }
}
