/** The named case `away`: a machine without power for longer than a member may be dead. */
import { expect, test } from 'vitest'
import { CASES } from './cases.ts'
import { awayOn, membersOn } from './checkers/members.ts'
import { referenceRing } from './checkers/reference-ring.ts'
import { runScenario } from './run.ts'
import { World } from './world.ts'

const MINUTE_MS = 60_000

test('gives the slots of a machine without power to others after an hour, and takes it back as a member', () => {
  const scenario = CASES.away.scenario({ seed: 1 })
  const world = new World({ scenario, report: (rule, message) => expect.fail(`${rule}: ${message}`) })
  world.begin()
  world.run(60 * MINUTE_MS, () => false)
  const [first, dead] = [world.nodes[0], world.nodes[4]]
  if (first === undefined || dead === undefined) throw new RangeError('the case has five machines')
  expect(awayOn(first).size).toBe(0)
  world.run(64 * MINUTE_MS, () => false)
  for (const node of world.nodes.slice(0, 4)) expect([...awayOn(node)]).toEqual([dead.id])
  const byId = new Map(world.nodes.map((node) => [node.id, node]))
  for (const { slot, facts } of world.pool.tasks.values()) {
    const list = referenceRing(membersOn(first)).listWithout(slot, awayOn(first))
    expect(list).not.toContain(dead.id)
    for (const id of list) for (const fact of facts) expect(byId.get(id)?.disk.facts.has(fact)).toBe(true)
  }
  world.run(73 * MINUTE_MS, () => false)
  for (const node of world.nodes) expect(node.disk.members.get(dead.id)?.standing).toBe('joined')
}, 120_000)

test('keeps every promise meanwhile', () => {
  const { violations, coverage } = runScenario(CASES.away.scenario({ seed: 2, tasks: 20 }), {})
  expect(violations).toEqual([])
  expect(coverage.get('away marked')).toBeGreaterThan(0)
}, 120_000)
