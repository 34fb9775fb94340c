/** Rare states in which something waits although a place is free, told by disks and executors: paused, strict, alone. */
import { readToken } from '../../src/core/ids.ts'
import { MESH_SETTINGS } from '../../src/core/settings.ts'
import { membersOn } from './checkers/members.ts'
import { referenceRing } from './checkers/reference-ring.ts'
import { owns } from './coverage-owners.ts'
import type { TaskTruth } from './fact-pool.ts'
import type { ExecutionRecord } from './history.ts'
import type { Observer } from './observer.ts'
import type { SimNode } from './process.ts'
import type { Sometimes } from './sometimes.ts'
import type { World } from './world.ts'

type Withheld = 'paused task withheld' | 'strict withheld'

/** An owner that has nothing else to do would have claimed it by then, read it from its disk included. */
const CLAIMED_MS = 10_000

export class WithheldCoverage implements Observer {
  readonly #world: World
  readonly #reached: (state: Sometimes) => void
  /** Why, owner, its start and batch => since when; told: not again until it has ended. */
  readonly #spells = new Map<string, { readonly sinceMs: number; told: boolean }>()

  constructor(world: World, reached: (state: Sometimes) => void) {
    this.#world = world
    this.#reached = reached
  }

  /** A task that has ended nodes runs where nothing else does. */
  executionBegan({ node, task, token }: ExecutionRecord): void {
    const state = this.#world.pool.tasks.get(task)?.state
    const blamed = state?.attempts.filter(
      ({ round, end, why }) =>
        round === state.round && end === 'lost' && (why === 'holder-dead' || why === 'holder-restarted'),
    )
    if ((blamed?.length ?? 0) < MESH_SETTINGS.blamedLossesAlone || node.executor.running > 0) return
    const owner = this.#world.nodes.find(({ boot }) => boot === readToken(token).boot)
    if (owner?.id === node.id) this.#reached('lone task run')
  }

  second(): void {
    const { calmMs, schedule, pool } = this.#world
    if (calmMs !== undefined) return
    const now = new Set<string>()
    const free = this.#world.live.filter(
      (node) => node.up && !node.frozen && node.trouble.problem === undefined && node.executor.running === 0,
    )
    if (free.length > 0)
      for (const truth of pool.tasks.values())
        for (const node of free) {
          const why = this.#whyWithheld(node, truth)
          if (why !== undefined) now.add(`${why}: ${node.index} ${node.starts} ${truth.batch}`)
        }
    for (const key of this.#spells.keys()) if (!now.has(key)) this.#spells.delete(key)
    for (const key of now) {
      const spell = this.#spells.get(key) ?? { sinceMs: schedule.nowMs, told: false }
      this.#spells.set(key, spell)
      if (spell.told || schedule.nowMs < spell.sinceMs + CLAIMED_MS) continue
      spell.told = true
      this.#reached(key.slice(0, key.indexOf(':')) as Withheld)
    }
  }

  /** Why a node that does nothing leaves a task alone of which it is the owner, and which nobody has tried. */
  #whyWithheld(node: SimNode, { batch, slot, state }: TaskTruth): Withheld | undefined {
    const profile = state?.seeded?.profile
    if (profile === undefined || state?.standing !== 'waiting' || state.attempts.length > 0) return undefined
    if (node.conditions.settings.profiles[profile] === undefined || !owns(node, slot)) return undefined
    const record = node.disk.batch(batch)
    if (record === undefined || record.deleted || record.fields.cancelled.value) return undefined
    if (record.fields.paused.value) return 'paused task withheld'
    return this.#world.scenario.conditions.partition === 'strict' && this.#isOrphaned(node, slot)
      ? 'strict withheld'
      : undefined
  }

  #isOrphaned(node: SimNode, slot: number): boolean {
    const list = referenceRing(membersOn(node)).list(slot)
    const { links } = this.#world.network
    const others = this.#world.live.filter(({ id, index, up }) => {
      return up && id !== node.id && list.includes(id) && !links.isCut(node.index, index)
    })
    return list.length > 1 && others.length === 0
  }
}
