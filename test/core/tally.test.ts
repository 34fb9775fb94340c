/** Tallies, step by step and counted anew. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addTask, emptyTally, moveTask, openOf, sameTally, tallyOf } from '../../src/core/tally.ts'
import { extraExecutions, fold, type TaskState } from '../../src/core/task.ts'
import { BATCH, storedTaskFacts } from '../support/arbitraries.ts'

const tasks = fc.array(storedTaskFacts, { maxLength: 6 })

test('a tally equals the fold of the facts, however far each task went one fact at a time', () => {
  fc.assert(
    fc.property(tasks, (all) => {
      let tally = emptyTally(BATCH, 3)
      const states: TaskState[] = []
      for (const facts of all) {
        let before: TaskState | undefined
        for (let count = 1; count <= facts.length; count++) {
          const after = fold(facts.slice(0, count))
          tally = moveTask(tally, before, after)
          before = after
        }
        if (before !== undefined) states.push(before)
      }
      expect(sameTally(tally, tallyOf(BATCH, 3, states))).toBe(true)
      const of = (standing: string) => states.filter((state) => state.standing === standing).length
      expect(tally).toEqual({
        batch: BATCH,
        slot: 3,
        total: states.length,
        completed: of('completed'),
        failed: of('failed'),
        cancelled: of('cancelled'),
        extra: states.reduce((sum, state) => sum + extraExecutions(state), 0),
      })
      expect(openOf(tally)).toBe(of('waiting') + of('claimed'))
    }),
  )
})

test('a change that counts nowhere gives the same tally', () => {
  fc.assert(
    fc.property(storedTaskFacts, (facts) => {
      const state = fold(facts)
      const tally = tallyOf(BATCH, 3, [state])
      expect(moveTask(tally, state, state)).toBe(tally)
    }),
  )
})

test('a new task is one more, and open', () => {
  const tally = addTask(addTask(emptyTally(BATCH, 3)))
  expect([tally.total, openOf(tally)]).toEqual([2, 2])
  expect(sameTally(tally, { ...tally, extra: 1 })).toBe(false)
  expect(sameTally(tally, { ...tally, slot: 9 })).toBe(true)
})
