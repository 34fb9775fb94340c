/** What an attempt answers when its node, and not its task, is at fault. */
import { expect, test } from 'vitest'
import type { Execution } from '../../src/core/effects.ts'
import { Executions } from '../../src/node/executions.ts'
import type { Executor } from '../../src/node/ports.ts'
import { loneNodeParts, memoryDatabase, memoryStore, StandingClock } from '../support/lone-node.ts'

const PICTURE = { path: '/nowhere/a.png', name: 'a.png', mime: 'image/png' }
const EXECUTION = {
  token: 't',
  batch: '00'.repeat(8),
  task: '11'.repeat(16),
  index: 0,
  profile: 'draw',
  prompt: 'a cat',
  params: {},
  attempt: 1,
} as Execution

const painter: Executor = {
  usesFolder: false,
  execute: async () => ({ outcome: 'completed', files: [PICTURE] }),
  close: async () => undefined,
}

function executionsThatStampWith(error: Error): Executions {
  const parts = loneNodeParts({ store: memoryStore(memoryDatabase()), clock: new StandingClock(), executor: painter })
  return new Executions({
    ...parts,
    nodeName: 'a',
    batchName: () => 'b',
    stamp: () => Promise.reject(error),
  })
}

test.each(['ENOSPC', 'EDQUOT'])('a picture that cannot be stamped for %s goes back uncharged', async (code) => {
  const executions = executionsThatStampWith(Object.assign(new Error(`${code}: write`), { code, syscall: 'write' }))
  const end = await executions.execute(EXECUTION)
  expect(end).toMatchObject({
    outcome: 'returned',
    error: { class: 'disk-full', message: `the disk is full: ${code}: write` },
  })
})

test('a picture that cannot be stamped for anything else has failed', async () => {
  const end = await executionsThatStampWith(new Error('no header')).execute(EXECUTION)
  expect(end).toMatchObject({ outcome: 'failed', error: { class: 'failed', message: 'no header' } })
})
