/**
 * I8: whoever closes a task has a reason that section 8 of the protocol knows, by all that it knows itself: in the round
 * that is closed an error says bad-input; or failures that are charged (failed, timed-out, bad-output, oom) have used up
 * maxAttempts; or there were 32 attempts; or 5 losses are blamed on the task.
 *
 * A node alone may close on its own failures; of several, two must have failed unless as many failures again were charged.
 * That is asked for only where nothing keeps nodes that could perform the task from being there.
 */
import type { Effect } from '../../../src/core/effects.ts'
import type { ClosedFact, ClosingReason, ErrorClass } from '../../../src/core/facts.ts'
import { slotOf } from '../../../src/core/ids.ts'
import type { Attempt } from '../../../src/core/task.ts'
import type { SimNode } from '../process.ts'
import type { Watch } from '../watch.ts'
import type { World } from '../world.ts'
import type { Checker } from './checker.ts'

const ATTEMPTS_MAX = 32
const BLAMED_MAX = 5
const ATTEMPTS_UNLESS_SAID = 3
/** Errors of a task, not of the node that performed it. */
const CHARGED: ReadonlySet<ErrorClass> = new Set(['failed', 'timed-out', 'bad-output', 'oom', 'bad-input'])

export class Closings implements Checker {
  readonly #world: World
  readonly #watch: Watch
  /** Hashes of `closed` facts that somebody has stated: others store them too. */
  readonly #stated = new Set<string>()

  constructor(world: World, watch: Watch) {
    this.#world = world
    this.#watch = watch
  }

  effect(node: SimNode, effect: Effect): void {
    if (effect.type !== 'persist') return
    for (const { fact, hash } of effect.facts) {
      if (fact.kind !== 'closed' || this.#stated.has(hash)) continue
      this.#stated.add(hash)
      this.#closed(node, fact)
    }
  }

  #closed(node: SimNode, { task, batch, round, why }: ClosedFact): void {
    const known = this.#watch.knows(node, task, slotOf(task))
    const attempts = known?.attempts.filter((each) => each.round === round) ?? []
    const max = this.#watch.knowsBatch(node, batch)?.fields.maxAttempts.value ?? ATTEMPTS_UNLESS_SAID
    const problem = this.#problemOf(why, attempts, max)
    if (problem !== undefined)
      this.#world.report('I8', `task ${task} was closed by node ${node.index} (${why}) though ${problem}`)
  }

  #problemOf(why: ClosingReason, attempts: readonly Attempt[], max: number): string | undefined {
    switch (why) {
      case 'bad-input':
        return attempts.some(({ error }) => error?.class === 'bad-input') ? undefined : 'nobody found its input bad'
      case 'poison': {
        const blamed = attempts.filter(isBlamed).length
        return blamed >= BLAMED_MAX ? undefined : `only ${blamed} losses are blamed on it`
      }
      case 'attempts-used-up':
        return this.#notUsedUp(attempts, max)
    }
  }

  #notUsedUp(attempts: readonly Attempt[], max: number): string | undefined {
    if (attempts.filter(({ end }) => end !== 'returned').length >= ATTEMPTS_MAX) return undefined
    const charged = attempts.filter(isCharged)
    if (charged.length < max) return `only ${charged.length} of ${max} attempts failed`
    const holders = new Set(charged.map(({ holder }) => holder)).size
    if (charged.length >= 2 * max || holders > 1 || !this.#areOthersThere) return undefined
    return `${charged.length} attempts failed on one node alone, and others were not tried`
  }

  /** Whether another node could perform it for sure: each takes `draw`, none rests, is suspended or away. */
  get #areOthersThere(): boolean {
    const { scenario, nodes } = this.#world
    const { executor } = scenario.conditions
    const mayBeMissing = !this.#watch.undisturbed || !this.#watch.met || executor.returns > 0 || this.#watch.faults > 0
    const isEverywhere = scenario.plans.every(({ profile }) => profile === 'draw')
    return !mayBeMissing && isEverywhere && nodes.filter(({ up }) => up).length > 1
  }
}

function isCharged({ end, error }: Attempt): boolean {
  return (end === 'failed' || end === 'timed-out') && (error === undefined || CHARGED.has(error.class))
}

/** The process of its holder ended while it ran. */
function isBlamed({ end, why }: Attempt): boolean {
  return end === 'lost' && (why === 'holder-dead' || why === 'holder-restarted')
}
