/** What the end of an attempt says of its task, by section 8 of the protocol and not by the core's own code. */
import type { ErrorClass } from '../../../src/core/facts.ts'
import type { Attempt } from '../../../src/core/task.ts'

/** Errors of the node that performed it, not of the task. */
const NODE_FAULTS: ReadonlySet<ErrorClass> = new Set(['not-here', 'backend-down', 'disk-full', 'drain'])

/** It counts against maxAttempts. */
export function isCharged({ end, error }: Attempt): boolean {
  return (end === 'failed' || end === 'timed-out') && (error === undefined || !NODE_FAULTS.has(error.class))
}

/** The process of its holder ended while it ran. */
export function isBlamed({ end, why }: Attempt): boolean {
  return end === 'lost' && (why === 'holder-dead' || why === 'holder-restarted')
}
