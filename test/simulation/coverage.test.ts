/** The counters of rare states: a simulation that never reaches them proves nothing about them. */
import { beforeAll, describe, expect, test } from 'vitest'
import { runSeed } from './run.ts'
import { reachableBy, type Sometimes } from './sometimes.ts'

/** What so few seeds reach; a long run must reach all of them. */
const OFTEN: readonly Sometimes[] = [
  'ended after lost',
  'two completions of a task',
  'chosen written',
  'lost: holder restarted',
  'ended before it was started',
  'attempt returned',
  'retried',
  'cancelled one by one',
  'rows seeded that were there',
  'tasks loaded from disk',
  'events waited while frozen',
  'slot taken over',
  'takeover while a claim is under way',
  'NOT_OWNER said',
  'slots differ and are exchanged',
  'granted to another node',
  'claim parked',
  'parked claim served',
  'told that there is work',
  'lease renewed at a reconnect',
  'rumour told',
  'lone task run',
  'two owners of a slot at once',
  'quorum lost for longer than a lease',
  'orphaned slot granted',
  'contested slot granted',
  'attempt adopted and kept',
]

describe('eighty seeds', () => {
  const counts = new Map<Sometimes, number>()
  beforeAll(() => {
    for (let seed = 1; seed <= 80; seed++)
      for (const [state, times] of runSeed({ seed, nodes: 3, tasks: 40 }).coverage)
        counts.set(state, times + (counts.get(state) ?? 0))
  }, 120_000)

  test.each(OFTEN)('reach: %s', (state) => expect(counts.get(state) ?? 0).toBeGreaterThan(0))
})

test('a state is wanted only of worlds that have as many machines as it takes', () => {
  expect(reachableBy(1)).not.toContain('granted to another node')
  expect(reachableBy(3)).toContain('message relayed')
  expect(reachableBy(3)).not.toContain('meshes merged')
  expect(reachableBy(4)).toContain('meshes merged')
  expect(reachableBy(4)).not.toContain('index read anew')
})

test('nothing rare happens where nothing goes wrong, to a node alone', () => {
  const { coverage } = runSeed({ seed: 1, nodes: 1, tasks: 40, planes: [] })
  const usual: readonly Sometimes[] = ['rows seeded that were there', 'tasks loaded from disk']
  expect([...coverage.keys()].filter((state) => !usual.includes(state))).toEqual([])
})
