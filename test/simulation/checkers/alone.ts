/**
 * I8: an attempt of a task that is suspected of ending its node, by all that its owner knows, runs alone there: it begins
 * beside nothing, and nothing begins beside it. What was given up as lost may run on beside it.
 */
import type { Effect } from '../../../src/core/effects.ts'
import { slotOf, type Token } from '../../../src/core/ids.ts'
import { MESH_SETTINGS } from '../../../src/core/settings.ts'
import type { TaskState } from '../../../src/core/task.ts'
import type { ExecutionRecord } from '../history.ts'
import { OwnClaims } from '../own-claims.ts'
import type { SimNode } from '../process.ts'
import type { Watch } from '../watch.ts'
import type { World } from '../world.ts'
import { isBlamed } from './attempt-ends.ts'
import type { Checker } from './checker.ts'

export class Alone implements Checker {
  readonly #world: World
  readonly #watch: Watch
  readonly #claims = new OwnClaims()
  /** Attempts that must run alone. */
  readonly #lone = new Set<Token>()
  readonly #running = new Map<SimNode, Set<ExecutionRecord>>()

  constructor(world: World, watch: Watch) {
    this.#world = world
    this.#watch = watch
  }

  effect(node: SimNode, effect: Effect): void {
    for (const { task, token } of this.#claims.stated(node, effect)) {
      const known = this.#watch.knows(node, task, slotOf(task))
      if (known !== undefined && isSuspected(known)) this.#lone.add(token)
    }
  }

  executionBegan(record: ExecutionRecord): void {
    const { node } = record
    const running = this.#running.get(node) ?? new Set()
    this.#running.set(node, running)
    for (const other of running) {
      if (other.endMs !== undefined || other.starts !== record.starts) running.delete(other)
      else if ((this.#lone.has(record.token) || this.#lone.has(other.token)) && !this.#isGivenUp(other)) {
        const lone = this.#lone.has(record.token) ? record : other
        const what = `task ${record.task} begins on node ${node.index} beside task ${other.task}`
        this.#world.report('I8', `${what}, but ${lone.task} must run alone`)
      }
    }
    running.add(record)
  }

  #isGivenUp({ task, token }: ExecutionRecord): boolean {
    const state = this.#world.pool.tasks.get(task)?.state
    return state?.attempts.some((each) => each.token === token && each.end === 'lost') === true
  }
}

function isSuspected({ attempts, round }: TaskState): boolean {
  const blamed = attempts.filter((each) => each.round === round && isBlamed(each))
  return blamed.length >= MESH_SETTINGS.blamedLossesAlone
}
