/** Virtual executions, in a node without a core of its own. */
import { describe, expect, test } from 'vitest'
import { encodeFact } from '../../src/codec/facts.ts'
import type { Effect } from '../../src/core/effects.ts'
import type { Event } from '../../src/core/events.ts'
import type { CoreView } from '../../src/core/view.ts'
import { CALM_EXECUTOR, CALM_PROMPTS } from './conditions.ts'
import type { ExecutorConditions } from './executor.ts'
import type { PromptConditions } from './prompts.ts'
import { drawScenario } from './scenario.ts'
import { World } from './world.ts'

type End = Extract<Event, { type: 'execution-ended' }>

const BATCH = '00000000000000aa'
const TASK = '0001'.padEnd(32, '0')
const TASK_MS = 1_000

/** A node whose core only listens. */
function nodeWith(executor: Partial<ExecutorConditions> = {}, prompts: Partial<PromptConditions> = {}, seed = 1) {
  const drawn = drawScenario({ seed, nodes: 1, tasks: 1, planes: [] })
  const { conditions } = drawn
  const nodes = conditions.nodes.map((each) => ({ ...each, taskMs: TASK_MS, timeoutMs: 10_000 }))
  const scenario = {
    ...drawn,
    plans: [],
    startsWithinMs: 0,
    conditions: {
      ...conditions,
      nodes,
      executor: { ...CALM_EXECUTOR, noise: 0, ...executor },
      prompts: { ...CALM_PROMPTS, ...prompts },
    },
  }
  const ends: End[] = []
  const makeCore = () => ({
    step: (event: Event): readonly Effect[] => {
      if (event.type === 'execution-ended') ends.push(event)
      return []
    },
    view: () => ({}) as CoreView,
  })
  const world = new World({ scenario, makeCore, report: (rule, message) => expect.fail(`${rule}: ${message}`) })
  world.begin()
  const pass = (durationMs: number) => {
    const untilMs = world.schedule.nowMs + durationMs
    world.run(untilMs, () => false)
    world.schedule.nowMs = untilMs
  }
  pass(2_000)
  const node = world.nodes[0] as (typeof world.nodes)[number]
  const execute = (token: string) =>
    node.execute({
      type: 'execute',
      token,
      batch: BATCH,
      task: TASK,
      index: 0,
      prompt: 'p',
      params: {},
      profile: 'draw',
      attempt: 1,
    })
  return { world, node, ends, pass, execute }
}

describe('an execution', () => {
  test('takes its time, ends once, and gives what no other attempt gives', () => {
    const { ends, pass, execute, world } = nodeWith()
    execute('a')
    pass(TASK_MS - 1)
    expect(ends).toEqual([])
    pass(2)
    execute('b')
    pass(60_000)
    expect(ends.map(({ token, outcome, durationMs }) => ({ token, outcome, durationMs }))).toEqual([
      { token: 'a', outcome: 'completed', durationMs: TASK_MS },
      { token: 'b', outcome: 'completed', durationMs: TASK_MS },
    ])
    expect(ends[0]?.result).not.toEqual(ends[1]?.result)
    expect(world.history.records.map(({ outcome }) => outcome)).toEqual(['completed', 'completed'])
  })

  test('takes longer the first time of a process, where something must be loaded', () => {
    const { ends, pass, execute, node } = nodeWith({ firstCallMs: 90_000 })
    execute('a')
    pass(200_000)
    execute('b')
    pass(200_000)
    node.crash()
    node.start()
    pass(2_000)
    execute('c')
    pass(200_000)
    const [first = 0, second = 0, third = 0] = ends.map(({ durationMs }) => durationMs)
    expect(first).toBeGreaterThan(TASK_MS)
    expect(second).toBe(TASK_MS)
    expect(third).toBeGreaterThan(TASK_MS)
  })

  test('may give as much as a fact carries, and no more', () => {
    const { ends, pass, execute } = nodeWith({ large: 1 })
    execute('a')
    pass(5_000)
    const { result, outcome, durationMs } = ends[0] as End
    const ended = { kind: 'ended', batch: BATCH, task: TASK, token: '00'.repeat(18), outcome, durationMs } as const
    expect(encodeFact({ ...ended, ...(result && { result }) }).length).toBeGreaterThan(70_000)
  })

  test.each(['cancelled', 'timed-out', 'returned'] as const)('that is killed ends as %s, soon', (outcome) => {
    const { ends, pass, execute, node } = nodeWith({ hangs: 1 })
    execute('a')
    pass(100_000)
    expect(ends).toEqual([])
    node.executor.kill('a', outcome)
    node.executor.kill('a', 'cancelled')
    pass(CALM_EXECUTOR.killMsMax + 1)
    expect(ends.map((end) => end.outcome)).toEqual([outcome])
  })

  test('completes in spite of its kill where that comes too late', () => {
    const { ends, pass, execute, node } = nodeWith({ lateSuccesses: 1 })
    execute('a')
    node.executor.kill('a', 'cancelled')
    pass(60_000)
    expect(ends.map(({ outcome }) => outcome)).toEqual(['completed'])
  })

  test('goes on for long where nothing hears its kill', () => {
    const { ends, pass, execute, node } = nodeWith({ ignoredKills: 1 })
    execute('a')
    node.executor.kill('a', 'cancelled')
    pass(TASK_MS - 1)
    expect(ends).toEqual([])
    pass(60_000)
    expect(ends.map(({ outcome }) => outcome)).toEqual(['completed'])
  })

  test('is told to nobody where its process is gone', () => {
    const { ends, pass, execute, node, world } = nodeWith()
    execute('a')
    node.crash()
    node.start()
    pass(60_000)
    expect(ends).toEqual([])
    expect(world.history.records.map(({ outcome }) => outcome)).toEqual(['died'])
    expect(node.executor.running).toBe(0)
  })

  test('of poison ends its process, until all is calm', () => {
    const { ends, pass, execute, node, world } = nodeWith({}, { poison: 1 })
    const { boot } = node
    execute('a')
    pass(60_000)
    expect(world.history.records[0]).toMatchObject({ killedNode: true, outcome: 'died' })
    expect(node.boot).not.toBe(boot)
    node.executor.calmDown()
    execute('b')
    pass(60_000)
    expect(ends).toMatchObject([{ token: 'b' }])
    expect(world.history.records[1]?.killedNode).toBe(false)
  })

  test('fails where its chances say so, and completes once all is calm', () => {
    const { ends, pass, execute, node } = nodeWith({ fails: 1 })
    execute('a')
    pass(60_000)
    node.executor.calmDown()
    execute('b')
    pass(60_000)
    expect(ends.map(({ outcome }) => outcome)).toEqual(['failed', 'completed'])
  })

  test('fails at once on a node where everything does', () => {
    const { ends, pass, execute, node } = nodeWith()
    node.executor.fastFailure = 'backend-down'
    execute('a')
    pass(100)
    expect(ends).toMatchObject([{ outcome: 'returned', error: { class: 'backend-down' } }])
  })
})
