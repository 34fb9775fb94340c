/** Requests and seeding: who hears what, and that nothing of a file is forgotten. */
import { describe, expect, test } from 'vitest'
import type { Effect } from '../../src/core/effects.ts'
import type { Event } from '../../src/core/events.ts'
import type { CoreView } from '../../src/core/view.ts'
import type { Fault } from './faults.ts'
import { runSeed } from './run.ts'
import { drawScenario, type Scenario } from './scenario.ts'
import { World } from './world.ts'

const QUESTION = { type: 'set-batch', batch: '00000000000000aa', change: { paused: true } } as const

/** Nodes whose cores answer as they are told. */
function worldOf(step: (event: Event) => readonly Effect[], plans: Scenario['plans'] = []): World {
  const drawn = drawScenario({ seed: 1, nodes: 2, tasks: 1, planes: [] })
  const scenario = { ...drawn, plans, faults: [], startsWithinMs: 0, frameRows: 7 }
  const makeCore = () => ({ step, view: () => ({}) as CoreView })
  const world = new World({ scenario, makeCore, report: (rule, message) => expect.fail(`${rule}: ${message}`) })
  world.begin()
  world.run(2_000, () => false)
  return world
}

function ask(world: World): unknown[] {
  const heard: unknown[] = []
  const node = world.nodes[0]
  if (node !== undefined) world.desk.ask(node, QUESTION, (reply) => heard.push(reply?.type))
  return heard
}

describe('who asks a node', () => {
  test('hears its answer, once', () => {
    const answer = (request: number) => ({ type: 'answer', request, value: { type: 'changed', tasks: 0 } }) as const
    const world = worldOf((event) => (event.type === 'set-batch' ? [answer(event.request), answer(event.request)] : []))
    const heard = ask(world)
    world.run(200_000, () => false)
    expect(heard).toEqual(['answer'])
  })

  test('hears nothing where nobody answers, once time is over', () => {
    const world = worldOf(() => [])
    const heard = ask(world)
    world.run(30_000, () => false)
    expect(heard).toEqual([])
    world.run(100_000, () => false)
    expect(heard).toEqual([undefined])
  })

  test('hears nothing, soon, where the node goes away', () => {
    const world = worldOf(() => [])
    const heard = ask(world)
    world.run(world.schedule.nowMs + 10, () => false)
    world.nodes[0]?.crash()
    world.run(world.schedule.nowMs + 10, () => false)
    expect(heard).toEqual([undefined])
    expect(world.desk.lost).toBe(1)
  })

  test('may still be answered late, and what was asked is known then', () => {
    const requests: number[] = []
    const world = worldOf((event) => {
      if (event.type === 'set-batch') requests.push(event.request)
      return []
    })
    ask(world)
    world.run(100_000, () => false)
    expect(world.desk.asked(requests[0] ?? 0)).toMatchObject(QUESTION)
  })
})

describe('a file', () => {
  const PLAN = { name: 'b', profile: 'draw', priority: 0, maxAttempts: 3, tasks: 50, atMs: 3_000, nodes: [0] }
  const batch = { id: '00000000000000aa', name: 'b' } as never

  test('is seeded whole and in order, however often its frames are refused or go unanswered', () => {
    const taken = new Map<string, number>()
    const order: number[] = []
    let asked = 0
    const world = worldOf(
      (event) => {
        asked++
        if (event.type === 'create-batch')
          return [{ type: 'answer', request: event.request, value: { type: 'batch', batch, created: true, copies: 2 } }]
        if (event.type !== 'intake') return []
        if (asked % 5 === 1) return []
        if (asked % 3 === 1)
          return [{ type: 'refuse', request: event.request, code: 'MESH_DISK_FULL', message: 'full' }]
        for (const { task, index } of event.rows) {
          taken.set(task, 1 + (taken.get(task) ?? 0))
          order.push(index)
        }
        const value = { type: 'intake', new: event.rows.length, existing: 0, copies: 2 } as const
        return [{ type: 'answer', request: event.request, value }]
      },
      [PLAN],
    )
    expect(world.operators.content).toBe(false)
    world.run(1_000_000, () => world.operators.content)
    expect(world.operators.content).toBe(true)
    expect(taken.size).toBe(PLAN.tasks)
    expect(new Set(order)).toEqual(new Set(Array.from({ length: PLAN.tasks }, (_, index) => index)))
  })

  test('goes on at another node when its own goes away', () => {
    let frames = 0
    const world = worldOf(
      (event) => {
        if (event.type === 'create-batch')
          return [{ type: 'answer', request: event.request, value: { type: 'batch', batch, created: true, copies: 2 } }]
        if (event.type !== 'intake') return []
        frames++
        if (frames === 1) return []
        const value = { type: 'intake', new: event.rows.length, existing: 0, copies: 2 } as const
        return [{ type: 'answer', request: event.request, value }]
      },
      [PLAN],
    )
    world.run(3_100, () => false)
    expect(world.operators.content).toBe(false)
    const [first] = world.nodes
    if (first !== undefined) first.retired = true
    first?.crash()
    world.run(60_000, () => world.operators.content)
    expect(world.operators.content).toBe(true)
  })
})

test('who retries waits until something has failed or is cancelled', () => {
  const of = { node: 0, batch: 0, share: 1, stopRunning: false }
  const retry = { kind: 'retry-tasks', atMs: 1_000, ...of } as const
  const cancel = { kind: 'cancel-tasks', atMs: 4_000, ...of } as const
  const run = (faults: readonly Fault[]) =>
    runSeed({ seed: 1, nodes: 1, tasks: 40, planes: [], faults }).coverage.get('retried') ?? 0
  expect(run([{ ...retry, looks: true }, cancel])).toBeGreaterThan(0)
  expect(run([retry, cancel])).toBe(0)
})
