/** Counts rare states (sometimes.ts), each as it is seen in events, effects, facts and messages. */
import type { Effect, Writes } from '../../src/core/effects.ts'
import type { Event } from '../../src/core/events.ts'
import type { TaskState } from '../../src/core/task.ts'
import { MeshCoverage } from './coverage-mesh.ts'
import { OwnerCoverage } from './coverage-owners.ts'
import { WithheldCoverage } from './coverage-withheld.ts'
import type { PoolFact } from './fact-pool.ts'
import type { ExecutionRecord } from './history.ts'
import type { DiskDamage, Observer } from './observer.ts'
import type { SimNode } from './process.ts'
import type { Sometimes } from './sometimes.ts'
import type { World } from './world.ts'

export class Coverage implements Observer {
  readonly counts = new Map<Sometimes, number>()
  readonly #world: World
  readonly #mesh: MeshCoverage | undefined
  readonly #others: readonly Observer[]
  /** Persist tickets that are not on disk, by node. */
  readonly #underWay = new Map<SimNode, Extract<Effect, { type: 'persist' }>[]>()

  constructor(world: World) {
    this.#world = world
    const reached = (state: Sometimes) => this.#reached(state)
    const isMesh = world.scenario.nodes > 1
    this.#mesh = isMesh ? new MeshCoverage(world, reached) : undefined
    this.#others = [new WithheldCoverage(world, reached), ...(isMesh ? [new OwnerCoverage(world, reached)] : [])]
  }

  /** Begins to watch; without it nothing is counted but what others count anyway. */
  watch(): void {
    if (this.#mesh !== undefined) this.#world.watch(this.#mesh)
    this.#world.watch(this, ...this.#others)
  }

  #reached(state: Sometimes): void {
    this.#add(state, 1)
  }

  began(node: SimNode): void {
    this.#underWay.set(node, [])
  }

  event(node: SimNode, event: Event): void {
    switch (event.type) {
      case 'start':
        if (event.tallies === undefined) this.#reached('tallies counted anew')
        return
      case 'loaded':
        if (event.facts.length > 0) this.#reached('tasks loaded from disk')
        return
      case 'load-failed':
      case 'index-failed':
        return this.#reached('read failed')
      case 'persisted': {
        const left = (this.#underWay.get(node) ?? []).filter(({ ticket }) => ticket > event.ticket)
        this.#underWay.set(node, left)
        return
      }
      default:
    }
  }

  effect(node: SimNode, effect: Effect): void {
    switch (effect.type) {
      case 'persist':
        this.#underWay.get(node)?.push(effect)
        return
      case 'refuse':
        if (effect.code === 'MESH_DISK_FULL') this.#reached('refused: disk full')
        if (effect.code === 'MESH_STOPPING') this.#reached('refused: stopping')
        return
      case 'answer':
        if (effect.value.type === 'intake' && effect.value.existing > 0) this.#reached('rows seeded that were there')
        if (effect.value.type === 'batch' && effect.value.created && effect.value.batch.generation > 0)
          this.#reached('batch made again after its deletion')
        return
      case 'read-index':
        if (effect.doubted) this.#reached('index read anew')
        return
      case 'notice':
        if (effect.notice.type === 'profile-resting') this.#reached('profile rests or is closed')
        if (effect.notice.type === 'slot-corrected') this.#reached('slot corrected')
        return
      default:
    }
  }

  durable(_node: SimNode, { batches }: Writes, added: readonly PoolFact[]): void {
    if (batches.some(({ deleted }) => deleted)) this.#reached('batch deleted')
    for (const fact of added) if (fact.copies === 1) this.#fact(fact)
  }

  #fact(stored: PoolFact): void {
    const { fact } = stored
    const state = this.#world.pool.tasks.get(fact.task)?.state
    switch (fact.kind) {
      case 'ended':
        if (state !== undefined) this.#ended(stored, fact.token, fact.durationMs, state)
        if (fact.outcome === 'returned') this.#reached('attempt returned')
        return
      case 'lost':
        if (fact.why === 'holder-restarted') this.#reached('lost: holder restarted')
        if (fact.why === 'deadline-passed') this.#reached('lost: deadline passed')
        return
      case 'closed':
        if (fact.why === 'poison') this.#reached('closed: poison')
        if (fact.why === 'bad-input') this.#reached('closed: bad input')
        if (fact.why === 'attempts-used-up') this.#reached('closed: attempts used up')
        return
      case 'chosen':
        return this.#reached('chosen written')
      case 'retried':
        return this.#reached('retried')
      case 'cancelled':
        return this.#reached('cancelled one by one')
      default:
    }
  }

  #ended(stored: PoolFact, token: string, durationMs: number, state: TaskState): void {
    const facts = this.#world.pool.tasks.get(stored.task)?.facts ?? []
    const isCompleted = stored.fact.kind === 'ended' && stored.fact.outcome === 'completed'
    if (facts.some(({ fact }) => fact.kind === 'lost' && fact.token === token)) this.#reached('ended after lost')
    if (durationMs === 0) this.#reached('ended before it was started')
    if (!isCompleted) return
    const inRound = (kind: string) =>
      facts.some(({ fact }) => fact.kind === kind && 'round' in fact && fact.round === state.round)
    if (inRound('closed')) this.#reached('late success after FAILED')
    if (inRound('cancelled')) this.#reached('late success after CANCELLED')
    if (state.attempts.filter(({ end }) => end === 'completed').length > 1) this.#reached('two completions of a task')
  }

  executionEnded(record: ExecutionRecord): void {
    if (record.outcome === 'completed' && record.killAskedMs !== undefined)
      this.#reached('completed after its end was asked for')
  }

  gone(node: SimNode): void {
    const lost = this.#underWay.get(node) ?? []
    if (lost.length === 0) return
    this.#reached('writes under way at a crash')
    if (lost.some(({ facts }) => facts.some(({ fact }) => fact.kind === 'claimed')))
      this.#reached('crash while a claim was under way')
  }

  damaged(_node: SimNode, damage: DiskDamage, lost: readonly PoolFact[]): void {
    if (damage === 'wiped' && lost.some(({ copies }) => copies === 0)) this.#reached('batch lost with its disk')
  }

  /** Adds what others have counted meanwhile. */
  finish(): void {
    this.#mesh?.finish()
    const { nodes, desk } = this.#world
    this.#add('request lost with its node', desk.lost)
    for (const { hits, waited, disk } of nodes) {
      this.#add('batch record fetched or made again', disk.recordsBack)
      this.#add('crash between two effects of a step', hits)
      this.#add('events waited while frozen', waited)
    }
  }

  #add(state: Sometimes, times: number): void {
    if (times > 0) this.counts.set(state, times + (this.counts.get(state) ?? 0))
  }
}
