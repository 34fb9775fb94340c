/** Fields of a batch that nobody has changed. */
import type { BatchFields } from '../../src/core/batches.ts'

export const BATCH_FIELDS: BatchFields = {
  profile: 'draw',
  priority: 0,
  maxAttempts: 3,
  timeoutMs: null,
  paused: false,
  cancelled: false,
  born: 1,
}
