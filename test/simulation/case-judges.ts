/** What a named case must show besides its figures: judges that watch its world while it runs. */
import { readToken } from '../../src/core/ids.ts'
import { membersOn } from './checkers/members.ts'
import { referenceRing } from './checkers/reference-ring.ts'
import type { PoolFact } from './fact-pool.ts'
import type { ExecutionRecord } from './history.ts'
import type { Observer } from './observer.ts'
import type { SimNode } from './process.ts'
import type { World } from './world.ts'

export interface Judge extends Observer {
  /** What is wrong, if anything; asked at the end. */
  problem(): string | undefined
  /** What people want to read besides. */
  said(): string
}

export type MakeJudge = (world: World) => Judge

/** By then everything that was stated before is everywhere. */
const SETTLED_MS = 30_000
/** What is younger may be on its way still. */
const YOUNG_MS = 5_000

/** Both sides of a split work, hardly anything is done twice, and soon after it all say the same. */
export class SplitJudge implements Judge {
  readonly #world: World
  readonly #sides: readonly (readonly number[])[]
  readonly #fromMs: number
  readonly #toMs: number
  readonly #boots = new Map<string, number>()
  readonly #bornMs = new Map<PoolFact, number>()
  #settledMs: number | undefined

  constructor(world: World, sides: readonly (readonly number[])[], fromMs: number, toMs: number) {
    this.#world = world
    this.#sides = sides
    this.#fromMs = fromMs
    this.#toMs = toMs
  }

  began(node: SimNode): void {
    this.#boots.set(node.boot, node.index)
  }

  durable(_node: SimNode, _writes: unknown, added: readonly PoolFact[]): void {
    for (const fact of added) if (!this.#bornMs.has(fact)) this.#bornMs.set(fact, this.#world.schedule.nowMs)
  }

  second(): void {
    if (this.#settledMs !== undefined || this.#world.schedule.nowMs < this.#toMs) return
    const isWhole = this.#world.live.every(({ core }) => core?.view().whole === true && core.view().contested === 0)
    if (isWhole && this.#isEqual()) this.#settledMs = this.#world.schedule.nowMs - this.#toMs
  }

  #isEqual(): boolean {
    const { live, pool, schedule } = this.#world
    const ring = referenceRing(membersOn(live[0] as SimNode))
    const byId = new Map(live.map((node) => [node.id, node]))
    for (const { slot, facts } of pool.tasks.values()) {
      const old = facts.filter((fact) => schedule.nowMs - (this.#bornMs.get(fact) ?? 0) > YOUNG_MS)
      for (const id of ring.list(slot)) if (!old.every((fact) => byId.get(id)?.disk.facts.has(fact))) return false
    }
    return true
  }

  #sideOf(node: number | undefined): number {
    return this.#sides.findIndex((side) => node !== undefined && side.includes(node))
  }

  /** Executions that began during the split on each side. */
  get #begun(): number[] {
    const during = this.#world.history.records.filter(({ atMs }) => atMs > this.#fromMs && atMs < this.#toMs)
    return this.#sides.map((side) => during.filter(({ node }) => side.includes(node.index)).length)
  }

  /** Attempts that the split cut apart from their owners. */
  get #cutApart(): number {
    const isCut = ({ atMs, endMs = Number.POSITIVE_INFINITY, node, token }: ExecutionRecord) =>
      atMs < this.#toMs &&
      endMs > this.#fromMs &&
      this.#sideOf(node.index) !== this.#sideOf(this.#boots.get(readToken(token).boot))
    return this.#world.history.records.filter(isCut).length
  }

  get #extra(): number {
    const { history } = this.#world
    return history.records.length - new Set(history.records.map(({ task }) => task)).size
  }

  problem(): string | undefined {
    if (this.#begun.some((count) => count === 0)) return 'a side of the split began nothing while it lasted'
    if (this.#extra > this.#cutApart)
      return `${this.#extra} extra executions; the split explains ${this.#cutApart} at most`
    if (this.#settledMs === undefined || this.#settledMs > SETTLED_MS)
      return `settled ${this.#settledMs} ms after the split; ${SETTLED_MS} ms are allowed`
    return undefined
  }

  said(): string {
    return `begun while split: ${this.#begun.join(' | ')}; extra ${this.#extra}, cut apart ${this.#cutApart}; settled after ${this.#settledMs} ms`
  }
}

/** A node that fails everything at once does not use up the attempts of many tasks. */
export class FastFailingJudge implements Judge {
  readonly #world: World
  readonly #failing: number
  readonly #burntMax: number

  constructor(world: World, failing: number, burntMax: number) {
    this.#world = world
    this.#failing = failing
    this.#burntMax = burntMax
  }

  get #burnt(): number {
    return this.#world.history.records.filter(({ node, outcome }) => {
      return node.index === this.#failing && outcome === 'failed'
    }).length
  }

  problem(): string | undefined {
    const failed = [...this.#world.pool.tasks.values()].filter(({ state }) => state?.standing !== 'completed').length
    if (failed > 0) return `${failed} tasks did not complete though one node alone failed`
    return this.#burnt > this.#burntMax ? `it burnt ${this.#burnt} attempts; ${this.#burntMax} are allowed` : undefined
  }

  said(): string {
    return `attempts burnt by the failing node: ${this.#burnt}`
  }
}
