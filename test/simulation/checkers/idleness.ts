/**
 * P4: where nothing goes wrong, no node is idle for more than a second while a task waits that it could run.
 *
 * A task counts as waiting once it has been on disk for a second and was never attempted: what rests after a failure
 * is not claimable.
 */

import type { SimNode } from '../process.ts'
import type { Target } from '../schedule.ts'
import type { World } from '../world.ts'

const LOOK_MS = 250
const IDLE_MS_MAX = 1_000
/** Meshes are forming before that: each node has work of its own or none. */
const FORMED_MS = 30_000

/** Looks at a world where nothing goes wrong; at others it does not. */
export function watchIdleness(world: World): void {
  if (world.scenario.conditions.calm) new Idleness(world).begin()
}

class Idleness {
  readonly #world: World
  readonly #waitingSince = new Map<string, number>()
  readonly #idleSince = new Map<SimNode, number>()

  constructor(world: World) {
    this.#world = world
  }

  begin(): void {
    this.#world.schedule.at(LOOK_MS, this.#looks, undefined)
  }

  readonly #looks: Target<undefined> = {
    happen: () => {
      const { schedule } = this.#world
      this.#look(schedule.nowMs)
      schedule.at(schedule.nowMs + LOOK_MS, this.#looks, undefined)
    },
  }

  #look(nowMs: number): void {
    const { scenario, nodes } = this.#world
    const waiting = this.#waiting(nowMs)
    const formedMs = scenario.nodes > 1 ? scenario.startsWithinMs + FORMED_MS : 0
    for (const node of nodes) {
      const canRun = Object.keys(node.conditions.settings.profiles).some((profile) => waiting.has(profile))
      if (!node.up || node.executor.running > 0 || !canRun || nowMs < formedMs) this.#idleSince.delete(node)
      else this.#idle(node, nowMs)
    }
  }

  /** Profiles that have a task nobody has claimed for a second. */
  #waiting(nowMs: number): Set<string> {
    const profiles = new Set<string>()
    for (const [id, { state }] of this.#world.pool.tasks) {
      if (state?.seeded === undefined || state.standing !== 'waiting' || state.attempts.length > 0) {
        this.#waitingSince.delete(id)
        continue
      }
      const since = this.#waitingSince.get(id) ?? nowMs
      this.#waitingSince.set(id, since)
      if (nowMs - since > IDLE_MS_MAX) profiles.add(state.seeded.profile)
    }
    return profiles
  }

  #idle(node: SimNode, nowMs: number): void {
    const since = this.#idleSince.get(node) ?? nowMs
    this.#idleSince.set(node, since)
    if (nowMs - since <= IDLE_MS_MAX) return
    this.#world.report('P4', `node ${node.index} was idle since ${since} while tasks waited that it could run`)
  }
}
