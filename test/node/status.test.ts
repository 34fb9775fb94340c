/** What people are told of a batch. */
import { describe, expect, test } from 'vitest'
import type { BatchFields } from '../../src/core/batches.ts'
import { batchView, type StatusInputs } from '../../src/node/status.ts'
import { recordOf } from '../support/core-bench.ts'

const NUMBERS = { scheduled: 0, running: 1, retrying: 2, uncounted: 0, untold: 0 }
const COUNTS = { total: 4, completed: 0, failed: 0, cancelled: 0, extra: 0 }

function viewOf(change: Partial<BatchFields>) {
  const record = recordOf(change)
  const rates = new Map([[record.id, { perSecond: () => 2 }]])
  const core = { whole: true, profiles: [], contested: 0, stopping: false }
  const inputs = { core, rates, nowMs: 0 } as unknown as StatusInputs
  return batchView({ record, counts: COUNTS, open: 4, ...NUMBERS }, inputs)
}

describe('of a batch', () => {
  test('that is cancelled nothing waits, and nothing is tried again', () => {
    const { waiting, retrying, cancelled, running } = viewOf({ cancelled: true })
    expect({ waiting, retrying, cancelled, running }).toEqual({ waiting: 0, retrying: 0, cancelled: 3, running: 1 })
  })

  test('that is paused the end is not foretold', () => {
    expect(viewOf({ paused: true }).etaSeconds).toBeNull()
  })

  test('what is tried again is a part of what waits', () => {
    expect(viewOf({})).toMatchObject({ waiting: 3, retrying: 2 })
  })
})
