import { Random } from '../random.ts'
import type { World } from '../world.ts'

/** The chance of a planted bug, in a stream of its own. */
export function diceOf(world: World): Random {
  return new Random(world.scenario.seed, 'planted')
}
