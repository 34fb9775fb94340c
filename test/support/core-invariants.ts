/** What must hold of a core and its disk whenever nothing is under way. */
import assert from 'node:assert/strict'
import { slotOf } from '../../src/core/ids.ts'
import { openOf, type SlotTally, sameTally, tallyOf } from '../../src/core/tally.ts'
import type { TaskState } from '../../src/core/task.ts'
import type { CoreBatchView } from '../../src/core/view.ts'
import type { CoreWorld } from './core-world.ts'

export function checkInvariants(world: CoreWorld): void {
  const states = world.disk.states()
  const { batches, stopping, storageProblem } = world.core.view()
  for (const batch of batches) {
    if (!stopping && storageProblem === undefined) assert.equal(batch.uncounted, 0, 'every slot is counted')
    if (batch.uncounted === 0) checkCounts(world, batch, states)
    checkRunning(world, batch)
  }
  const tokens = states.flatMap(({ attempts }) => attempts.map(({ token }) => token))
  assert.equal(new Set(tokens).size, tokens.length, 'tokens never repeat')
}

function checkCounts({ disk }: CoreWorld, { record, counts }: CoreBatchView, states: readonly TaskState[]): void {
  const own = states.filter(({ batch, seeded }) => batch === record.id && seeded !== undefined)
  const tallies = [...Map.groupBy(own, ({ task }) => slotOf(task))].map(([slot, each]) =>
    tallyOf(record.id, slot, each),
  )
  const sum = (of: (tally: SlotTally) => number) => tallies.reduce((total, tally) => total + of(tally), 0)
  const folded = {
    total: sum((tally) => tally.total),
    completed: sum((tally) => tally.completed),
    failed: sum((tally) => tally.failed),
    cancelled: sum((tally) => tally.cancelled),
    extra: sum((tally) => tally.extra),
  }
  assert.deepEqual(counts, folded, `counts of ${record.name} equal the fold of the disk`)
  for (const tally of tallies) {
    const stored = disk.tallies.get(`${record.id} ${tally.slot}`)
    assert(stored !== undefined && sameTally(stored, tally), `the tally of slot ${tally.slot} equals the fold`)
    assert(openOf(tally) >= 0, 'no slot has fewer than no open tasks')
  }
}

function checkRunning({ disk, running }: CoreWorld, batch: CoreBatchView): void {
  const its = [...running.values()].filter((execution) => execution.batch === batch.record.id)
  const live = its.filter(({ task, token }) => {
    const attempt = disk.stateOf(task).attempts.find((each) => each.token === token)
    return attempt?.end === 'open'
  })
  assert.equal(batch.running, live.length, `what runs of ${batch.record.name} is counted`)
}
