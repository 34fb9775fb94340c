/**
 * The tail: which attempt gets a copy when nothing else is left to do (protocol.md, section 7; docs/decisions/0017).
 * The idea is that of the backup tasks of MapReduce (Dean and Ghemawat, 2004).
 *
 * An attempt: as expected -> late -> copied -> ended, or given up for its copy, or outliving it.
 *
 * 1. An attempt is late when it has run longer than `LATE_FACTOR` x its holder's median, and `SLACK_MS`: the median of the
 *    holder, since a slow node is no anomaly. It is expected to take as long again as it has run.
 * 2. A copy is made only by another node whose median is at most `SOONER` of that, where the task has that one attempt,
 *    is not suspected of ending its nodes, has not failed there, is no bad input, has not used up its attempts, and may fail
 *    twice more within twice as many: its last attempt may have a copy.
 * 3. At most a tenth of the mesh's places of a profile, or one, perform copies granted by one owner.
 * 4. Nothing is late where nobody has completed anything of the profile.
 *
 * When a copy may be made is granting.ts's and stealing.ts's, which of two completions counts claims.ts's.
 */
import type { Batch, BatchBook } from './batch-book.ts'
import { FIRM } from './contest.ts'
import type { NodeId } from './ids.ts'
import type { Lease, Leases } from './leases.ts'
import type { LoadRows } from './load-rows.ts'
import type { OpenTask } from './open-task.ts'
import type { Places } from './places.ts'
import { areUsedUp, chargedFailures, isBadInput } from './retry.ts'
import type { World } from './world.ts'

/** With 20 % noise an attempt takes at most 1.2 / 0.8 = 1.5 times as long as the quickest median there can be. */
const LATE_FACTOR = 1.5
/** The word of an end may be under way for so long. */
const SLACK_MS = 1_000
/** At least a quarter sooner. */
const SOONER = 0.75
const COPIES_SHARE = 0.1
/** A node that has completed nothing may be so much slower than the others, and has its model to load. */
const UNKNOWN_FACTOR = 8

export interface SpeculationParts {
  readonly book: BatchBook
  readonly leases: Leases
  readonly rows: LoadRows
  readonly places: Places
}

export class Speculation {
  readonly #world: World
  readonly #parts: SpeculationParts

  constructor(world: World, parts: SpeculationParts) {
    this.#world = world
    this.#parts = parts
  }

  /** How many attempts of a profile are late and have no copy. */
  lateCount(profile: string): number {
    if (this.#copiesLeft(profile) < 1) return 0
    let count = 0
    for (const lease of this.#parts.leases.all()) if (this.#isLate(lease, profile)) count++
    return count
  }

  /** The tasks of which a node with so many free places is to make copies, the longest expected first. */
  pick(claimer: NodeId, profile: string, free: number): [Batch, OpenTask][] {
    const medianMs = this.#medianOf(claimer, profile)
    const most = Math.min(free, this.#copiesLeft(profile))
    if (medianMs === undefined || most < 1) return []
    const late: [Lease, number][] = []
    for (const lease of this.#parts.leases.all()) {
      const ranMs = this.#world.nowMs - (lease.startedMs ?? this.#world.nowMs)
      const isSooner = medianMs <= SOONER * ranMs
      if (isSooner && lease.holder !== claimer && this.#isLate(lease, profile) && this.#mayTry(lease.task, claimer))
        late.push([lease, ranMs])
    }
    late.sort(([a, aMs], [b, bMs]) => bMs - aMs || (a.token < b.token ? -1 : 1))
    return late.slice(0, most).map(([{ task }]) => [this.#parts.book.get(task.batch) as Batch, task])
  }

  #isLate(lease: Lease, profile: string): boolean {
    const { task, startedMs, holder } = lease
    if (task.profile !== profile || startedMs === undefined || task.leases > 1 || task.contest !== FIRM) return false
    const { settings, nowMs } = this.#world
    const expectedMs = this.#medianOf(holder, profile) ?? UNKNOWN_FACTOR * this.#meshMedian(profile)
    if (nowMs - startedMs <= LATE_FACTOR * expectedMs + SLACK_MS) return false
    const { state } = task
    const isOpen = state.standing === 'claimed' && !task.runsAlone(settings.blamedLossesAlone) && !isBadInput(state)
    return isOpen && this.#parts.book.get(task.batch)?.runnable === true
  }

  /** Whether the task has an attempt left, two failures more are within what a task may have, and none was there. */
  #mayTry({ state, batch }: OpenTask, claimer: NodeId): boolean {
    const charged = chargedFailures(state)
    const maxAttempts = this.#parts.book.get(batch)?.record.fields.maxAttempts.value ?? 0
    const tried = state.attempts.filter(({ round, end }) => round === state.round && end !== 'returned').length
    // Its holder and the claimer could perform it.
    if (areUsedUp(charged, maxAttempts, 2) || charged.length + 2 > 2 * maxAttempts) return false
    if (tried >= this.#world.settings.attemptsPerRoundMax) return false
    return charged.every(({ holder }) => holder !== claimer)
  }

  #copiesLeft(profile: string): number {
    const { rows, places, leases } = this.#parts
    let all = places.profiles.get(profile)?.settings.places ?? 0
    for (const { row } of rows.all()) {
      if (!this.#world.peers.isUp(row.node)) continue
      all += row.profiles.find((each) => each.profile === profile)?.places ?? 0
    }
    let copies = 0
    for (const { task } of leases.all()) if (task.profile === profile && task.leases > 1) copies++
    // Each of two attempts counts.
    return Math.max(1, Math.floor(COPIES_SHARE * all)) - copies / 2
  }

  #medianOf(node: NodeId, profile: string): number | undefined {
    const { rows, places } = this.#parts
    if (node === this.#world.nodeId) return places.profiles.get(profile)?.medianMs
    const medianMs = rows.of(node)?.profiles.find((each) => each.profile === profile)?.medianMs ?? 0
    return medianMs > 0 ? medianMs : undefined
  }

  /** Of the nodes' medians; Infinity where nobody has one. */
  #meshMedian(profile: string): number {
    const { rows, places } = this.#parts
    const medians = rows.all().map(({ row }) => this.#medianOf(row.node, profile))
    const known = [...medians, places.profiles.get(profile)?.medianMs].filter((each) => each !== undefined)
    return known.sort((a, b) => a - b)[known.length >> 1] ?? Number.POSITIVE_INFINITY
  }
}
