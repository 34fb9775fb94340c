/** The one part of I3 that no planted bug breaks: once all is calm, a slot does not go back to an owner that it had left. */
import { expect, test } from 'vitest'
import { makeToken, slotOf } from '../../../src/core/ids.ts'
import type { SimNode } from '../process.ts'
import type { Watch } from '../watch.ts'
import type { World } from '../world.ts'
import { Ballots } from './ballots.ts'

const TASK = '11'.repeat(16)
const [A, B] = ['aa'.repeat(8), 'bb'.repeat(8)]

type Claimed = readonly [boot: string, epoch: number, promisedElsewhere?: number]

/** What the checker reports of claims of one slot that two owners make one after the other. */
function reportsOf(...claims: readonly Claimed[]): string[] {
  const reports: string[] = []
  let promised = { epoch: 0, node: '' }
  const other = {} as SimNode
  let elsewhere = 0
  const world = { calmMs: 1, nodes: [], report: (_rule: string, message: string) => reports.push(message) }
  const watch = {
    promises: (node: SimNode) => ({ of: () => (node === other ? { epoch: elsewhere, node: '' } : promised) }),
  }
  const checker = new Ballots(world as unknown as World, watch as unknown as Watch)
  checker.began(other)
  for (const [seq, [boot, epoch, promisedElsewhere = 0]] of claims.entries()) {
    promised = { epoch, node: boot }
    elsewhere = promisedElsewhere
    const node = { index: 0, id: boot, boot } as unknown as SimNode
    const fact = { kind: 'claimed', task: TASK, token: makeToken(epoch, seq, boot) }
    checker.effect(node, { type: 'persist', facts: [{ fact }] } as never)
  }
  return reports
}

const BACK = `slot ${slotOf(TASK)} went from owner to owner and back, in all calm`

test('a slot that goes back to its owner of before is reported', () => {
  expect(reportsOf([A, 1], [B, 2], [A, 3])).toEqual([BACK])
})

test('a slot that is taken over once is not, though the owner of before claims until it hears of that', () => {
  expect(reportsOf([A, 1], [B, 2])).toEqual([])
  expect(reportsOf([B, 2], [A, 1], [B, 2])).toEqual([])
  expect(reportsOf([A, 1], [A, 3], [B, 4])).toEqual([])
  expect(reportsOf([A, 1, 2], [B, 2], [A, 3])).toEqual([])
})
