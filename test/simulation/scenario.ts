/**
 * Everything that decides a run besides the code under test: the world, the files that are seeded, and the faults.
 *
 * 1. A scenario is a pure function of its options; the faults may be given instead of drawn, to play a run again.
 * 2. It is calm only where no plane is on and no fault happens.
 */
import { type BatchPlan, drawBatches } from './batch-plan.ts'
import { type Conditions, drawConditions, PLANES, type Plane } from './conditions.ts'
import { drawFaults } from './draw-faults.ts'
import type { Fault } from './faults.ts'
import { Random } from './random.ts'

export interface ScenarioOptions {
  readonly seed: number
  readonly nodes: number
  readonly tasks: number
  /** Planes that may be on; all unless said. */
  readonly planes?: readonly Plane[]
  /** Instead of those that the seed draws. */
  readonly faults?: readonly Fault[]
}

export interface Scenario {
  readonly seed: number
  /** Machines that start at the beginning. */
  readonly nodes: number
  /** Machines that may join later. */
  readonly joiners: number
  readonly conditions: Conditions
  readonly plans: readonly BatchPlan[]
  readonly faults: readonly Fault[]
  /** Faults happen until then; afterwards everything must come right. */
  readonly faultsUntilMs: number
  /** How far apart the nodes start. */
  readonly startsWithinMs: number
  readonly frameRows: number
  /** Everything is checked all the time; else only what is cheap, at the end. */
  readonly checked: boolean
}

/** Machines beyond those that start at the beginning. */
export function joinersOf(nodes: number): number {
  return nodes > 1 ? 1 : 0
}

export function drawScenario({ seed, nodes, tasks, planes = PLANES, faults }: ScenarioOptions): Scenario {
  const joiners = joinersOf(nodes)
  const conditions = drawConditions(seed, nodes + joiners, tasks, planes)
  const random = new Random(seed, 'scenario')
  const faultsUntilMs = random.between(60_000, 300_000)
  const plans = drawBatches(random, tasks, nodes, conditions.maxAttempts)
  const strict = conditions.partition === 'strict'
  const scope = {
    seed,
    nodes,
    joiners,
    batches: plans.length,
    planes: conditions.planes,
    untilMs: faultsUntilMs,
    strict,
  }
  // Where contested slots are never granted, a machine that is gone for good stops what it owned until it is forgotten.
  const fits = ({ kind }: Fault) => !strict || kind !== 'death'
  const chosen = faults ?? drawFaults(scope).filter(fits)
  return {
    seed,
    nodes,
    joiners,
    conditions: { ...conditions, calm: conditions.calm && chosen.length === 0 },
    plans,
    faults: chosen,
    faultsUntilMs,
    startsWithinMs: random.pick([0, 500, 20_000]),
    frameRows: random.pick([7, 50, 1_000]),
    checked: true,
  }
}
