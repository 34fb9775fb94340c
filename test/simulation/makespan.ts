/**
 * How long a mesh took against how long it could have taken: the optimum is the time in which the nodes that were up,
 * each at its speed, do the work that there was.
 */
import type { Observer } from './observer.ts'
import type { SimNode } from './process.ts'
import type { World } from './world.ts'

export interface MakespanFigures {
  readonly makespanMs: number
  readonly optimumMs: number
  readonly ratio: number
  /** Of each node's places, in the last ten minutes. */
  readonly idleShares: readonly number[]
  readonly extraPerMillion: number
}

/** A node that was up from then, until then. */
interface Span {
  readonly node: SimNode
  readonly fromMs: number
  toMs: number
}

const LAST_MS = 600_000
const STRAGGLER_FACTOR = 10

export class Makespan implements Observer {
  readonly #world: World
  readonly #spans: Span[] = []
  readonly #up = new Map<SimNode, Span>()
  #beganMs: number | undefined
  #endedMs = 0

  constructor(world: World) {
    this.#world = world
  }

  began(node: SimNode): void {
    const span = { node, fromMs: this.#world.schedule.nowMs, toMs: Number.POSITIVE_INFINITY }
    this.#spans.push(span)
    this.#up.set(node, span)
  }

  gone(node: SimNode): void {
    const span = this.#up.get(node)
    if (span !== undefined) span.toMs = this.#world.schedule.nowMs
  }

  executionBegan(): void {
    this.#beganMs ??= this.#world.schedule.nowMs
  }

  executionEnded(): void {
    this.#endedMs = this.#world.schedule.nowMs
  }

  figures(tasks: number): MakespanFigures {
    const fromMs = this.#beganMs ?? 0
    const makespanMs = this.#endedMs - fromMs
    const { stragglers } = this.#world.scenario.conditions.prompts
    const optimumMs = this.#timeFor(tasks * (1 + (STRAGGLER_FACTOR - 1) * stragglers), fromMs)
    return {
      makespanMs,
      optimumMs,
      ratio: makespanMs / optimumMs,
      idleShares: this.#world.nodes.map((node) => this.#idleShare(node)),
      extraPerMillion: (1e6 * (this.#world.history.records.length - tasks)) / tasks,
    }
  }

  /** How long from then on the nodes take for so many tasks of the usual length. */
  #timeFor(work: number, fromMs: number): number {
    const times = [...new Set(this.#spans.flatMap((span) => [span.fromMs, span.toMs]))].sort((a, b) => a - b)
    let left = work
    let atMs = fromMs
    for (const timeMs of times) {
      if (timeMs <= atMs) continue
      const rate = this.#rateAt(atMs)
      if (rate > 0 && left / rate <= timeMs - atMs) return atMs + left / rate - fromMs
      left -= rate * (timeMs - atMs)
      atMs = timeMs
    }
    return Number.POSITIVE_INFINITY
  }

  /** Tasks a millisecond. */
  #rateAt(atMs: number): number {
    let rate = 0
    for (const { node, fromMs, toMs } of this.#spans) {
      if (fromMs > atMs || toMs <= atMs) continue
      rate += placesOf(node) / node.conditions.taskMs
    }
    return rate
  }

  #idleShare(node: SimNode): number {
    const fromMs = Math.max(this.#beganMs ?? 0, this.#endedMs - LAST_MS)
    let busyMs = 0
    for (const { node: by, atMs, endMs } of this.#world.history.records)
      if (by === node) busyMs += Math.max(0, (endMs ?? this.#endedMs) - Math.max(atMs, fromMs))
    return 1 - busyMs / (placesOf(node) * (this.#endedMs - fromMs))
  }
}

function placesOf(node: SimNode): number {
  return node.conditions.settings.profiles['draw']?.places ?? 0
}
