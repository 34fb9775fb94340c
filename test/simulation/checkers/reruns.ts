/**
 * P3: where nothing goes wrong there are as many executions as tasks, but for copies of what takes much longer than its
 * node usually does, and for what was granted twice before the meshes met that started apart: a claim whose owner had not
 * heard of the earlier one. To take a slot over is no reason to execute anything again.
 */
import type { Effect } from '../../../src/core/effects.ts'
import { readToken, slotOf, type Token } from '../../../src/core/ids.ts'
import type { ExecutionRecord } from '../history.ts'
import type { SimNode } from '../process.ts'
import type { Watch } from '../watch.ts'
import type { World } from '../world.ts'
import type { Checker } from './checker.ts'

/** Of what an attempt usually takes on its node, at the least. */
const LATE_FACTOR = 1.5

export class Reruns implements Checker {
  readonly #world: World
  readonly #watch: Watch
  /** Claim => those of the same task that its owner knew of. */
  readonly #earlier = new Map<Token, readonly Token[]>()
  #explained = 0

  constructor(world: World, watch: Watch) {
    this.#world = world
    this.#watch = watch
  }

  effect(node: SimNode, effect: Effect): void {
    if (effect.type !== 'persist' || !this.#world.scenario.conditions.calm) return
    for (const { fact } of effect.facts) {
      if (fact.kind !== 'claimed' || readToken(fact.token).boot !== node.boot || this.#earlier.has(fact.token)) continue
      const attempts = this.#watch.knows(node, fact.task, slotOf(fact.task))?.attempts ?? []
      this.#earlier.set(
        fact.token,
        attempts.map(({ token }) => token),
      )
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

  #isLate({ node, atMs, endMs }: ExecutionRecord, copy: ExecutionRecord): boolean {
    const { noise } = this.#world.scenario.conditions.executor
    return endMs === undefined && copy.atMs - atMs >= LATE_FACTOR * node.conditions.taskMs * (1 - noise)
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
