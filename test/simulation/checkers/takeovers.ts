/** I13: after the last fault it is settled who owns what: nobody takes slots over again and again. */
import type { Effect } from '../../../src/core/effects.ts'
import { saidTo } from '../message-reader.ts'
import type { SimNode } from '../process.ts'
import type { World } from '../world.ts'
import type { Checker } from './checker.ts'

/** Some three are seen: after a start, after a disk stores again, after a mesh has merged. */
const JOBS_MAX = 20

export class Takeovers implements Checker {
  readonly #world: World
  /** The jobs of each node since the last fault. */
  readonly #jobs = new Map<SimNode, Set<string>>()

  constructor(world: World) {
    this.#world = world
  }

  effect(node: SimNode, effect: Effect): void {
    const { calmMs, schedule, report } = this.#world
    if (calmMs === undefined || effect.type !== 'send') return
    const message = saidTo(node.id, effect.to, effect.bytes, (type) => type === 'promise')?.message
    if (message?.type !== 'promise') return
    const jobs = this.#jobs.get(node) ?? new Set()
    this.#jobs.set(node, jobs.add(`${node.boot} ${message.request}`))
    if (jobs.size > JOBS_MAX) {
      const forMs = schedule.nowMs - calmMs
      report('I13', `node ${node.index} took slots over ${jobs.size} times within ${forMs} ms after the last fault`)
    }
  }
}
