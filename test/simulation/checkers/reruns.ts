/**
 * P3: where nothing goes wrong there are as many executions as tasks, but for copies of what takes much longer than its
 * node usually does, and for what was granted twice before the meshes met that started apart: a claim whose owner had not
 * heard of the earlier one. To take a slot over is no reason to execute anything again.
 */
import type { Effect } from '../../../src/core/effects.ts'
import { slotOf, type Token } from '../../../src/core/ids.ts'
import type { ExecutionRecord } from '../history.ts'
import { OwnClaims } from '../own-claims.ts'
import type { SimNode } from '../process.ts'
import type { Watch } from '../watch.ts'
import type { World } from '../world.ts'
import type { Checker } from './checker.ts'
import { isLate } from './late.ts'

export class Reruns implements Checker {
  readonly #world: World
  readonly #watch: Watch
  readonly #claims = new OwnClaims()
  /** Claim => those of the same task that its owner knew of. */
  readonly #earlier = new Map<Token, readonly Token[]>()
  #explained = 0

  constructor(world: World, watch: Watch) {
    this.#world = world
    this.#watch = watch
  }

  effect(node: SimNode, effect: Effect): void {
    if (!this.#world.scenario.conditions.calm) return
    for (const { task, token } of this.#claims.stated(node, effect)) {
      const attempts = this.#watch.knows(node, task, slotOf(task))?.attempts ?? []
      const tokens = attempts.map((each) => each.token)
      this.#earlier.set(token, tokens)
    }
  }

  executionBegan(record: ExecutionRecord): void {
    const { scenario, history, report } = this.#world
    if (!scenario.conditions.calm) return
    const others = history.ofTask(record.task).filter((each) => each !== record)
    if (others.length === 0) return
    const unexplained = others.find((other) => !this.#isLate(other, record) && !this.#isUnheard(other, record))
    if (unexplained === undefined) this.#explained++
    else
      report(
        'P3',
        `task ${record.task} is executed again without a reason: it began on node ${unexplained.node.index} at ` +
          `${unexplained.atMs} (${unexplained.outcome ?? 'it runs still'})`,
      )
  }

  #isLate(first: ExecutionRecord, { atMs }: ExecutionRecord): boolean {
    return first.endMs === undefined && isLate(this.#world, first, atMs)
  }

  /** Whether it began while there may have been several meshes, and the owner of the second had not heard of it. */
  #isUnheard({ token, atMs }: ExecutionRecord, { token: second }: ExecutionRecord): boolean {
    return !this.#watch.hadMet(atMs) && this.#earlier.get(second)?.includes(token) === false
  }

  finish(): void {
    const { scenario, history, pool, report } = this.#world
    if (!scenario.conditions.calm) return
    const [executions, tasks] = [history.records.length, pool.tasks.size]
    if (executions !== tasks + this.#explained)
      report('P3', `${executions} executions of ${tasks} tasks, of which ${this.#explained} more are explained`)
  }
}
