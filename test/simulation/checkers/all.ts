/** Every checker of a world, in the order in which they hear of things. */
import { Hearing } from '../hearing.ts'
import type { Watch } from '../watch.ts'
import type { World } from '../world.ts'
import { Agreement } from './agreement.ts'
import { Alone } from './alone.ts'
import { Answers } from './answers.ts'
import { Attempts } from './attempts.ts'
import { Ballots } from './ballots.ts'
import { Bounds } from './bounds.ts'
import { CatchingUp } from './catching-up.ts'
import type { Checker } from './checker.ts'
import { Closings } from './closings.ts'
import { Durability } from './durability.ts'
import { Executions } from './executions.ts'
import { IdlePlaces } from './idle-places.ts'
import { watchIdleness } from './idleness.ts'
import { Liveness } from './liveness.ts'
import { Losses } from './losses.ts'
import { Pauses } from './pauses.ts'
import { Reruns } from './reruns.ts'
import { Results } from './results.ts'
import { Rings } from './rings.ts'
import { Settlements } from './settlements.ts'
import { Sides } from './sides.ts'
import { Starts } from './starts.ts'
import { Takeovers } from './takeovers.ts'
import { Tallies } from './tallies.ts'
import { Tokens } from './tokens.ts'
import { Words } from './words.ts'

export interface Checkers {
  readonly all: readonly Checker[]
  readonly agreement: Agreement
  readonly answers: Answers
  readonly liveness: Liveness
}

export function makeCheckers(world: World, watch: Watch): Checkers {
  const agreement = new Agreement(world, watch)
  const answers = new Answers(world)
  const liveness = new Liveness(world, watch)
  const hearing = new Hearing()
  watchIdleness(world)
  world.watch(hearing)
  const others: readonly Checker[] = [
    new Durability(world, watch),
    new Settlements(world, watch, hearing),
    new Reruns(world, watch),
    new Executions(world, watch),
    new Results(world),
    new Losses(world, watch, hearing),
    new Bounds(world, watch),
    new Ballots(world, watch),
    new Takeovers(world),
    new CatchingUp(world, watch),
    new Tokens(world),
    new Starts(world, watch),
    new Attempts(world, watch),
    new Alone(world, watch),
    new Closings(world, watch),
    new Pauses(world, watch),
    new Words(world, watch),
    new IdlePlaces(world, watch),
    new Tallies(world, watch),
    new Rings(world, watch),
    new Sides(world, watch),
  ]
  return { all: [agreement, answers, liveness, ...others], agreement, answers, liveness }
}
