/** When a copy of an execution is explained. */
import type { ExecutionRecord } from '../history.ts'
import type { World } from '../world.ts'

/** Of what an attempt usually takes on its node, at the least. */
const LATE_FACTOR = 1.5

/** Whether it had run for so much longer than others take on its node. */
export function isLate({ scenario }: World, { node, atMs: fromMs }: ExecutionRecord, atMs: number): boolean {
  return atMs - fromMs >= LATE_FACTOR * node.conditions.taskMs * (1 - scenario.conditions.executor.noise)
}
