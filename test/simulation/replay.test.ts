/** Failing runs are written down, played again and made smaller. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Fault } from './faults.ts'
import { play, type Replay, readReplay, writeReplay } from './replay.ts'
import { runSeed } from './run.ts'
import { Shrinking } from './shrink.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'replay-'))
  path = join(folder, 'run.json')
})
afterEach(() => rmSync(folder, { recursive: true }))

/** A run with some faults in it that fails by P1. */
function failing(): Replay {
  const [nodes, tasks, planted] = [3, 40, 'forgets-tasks'] as const
  for (let seed = 1; seed < 30; seed++) {
    const { scenario, violations } = runSeed({ seed, nodes, tasks, planted })
    const { conditions, faults } = scenario
    const [violation] = violations
    if (violation?.rule === 'P1' && faults.length > 1)
      return { seed, nodes, tasks, planes: conditions.planes, faults, planted, violation }
  }
  return expect.fail('no seed fails')
}

describe('a replay', () => {
  test('is the run that was written down, to the last effect', () => {
    const { scenario, traceHash } = runSeed({ seed: 3, nodes: 3, tasks: 20 })
    expect(scenario.faults.length).toBeGreaterThan(0)
    writeReplay(path, { seed: 3, nodes: 3, tasks: 20, planes: scenario.conditions.planes, faults: scenario.faults })
    expect(play(readReplay(path)).traceHash).toBe(traceHash)
  })

  test('plays what it carries, whatever the seed would draw today', () => {
    writeReplay(path, failing())
    const replay = JSON.parse(readFileSync(path, 'utf8'))
    replay.scenario.plans = [{ ...replay.scenario.plans[0], name: 'another', tasks: 3 }]
    writeFileSync(path, JSON.stringify(replay))
    expect(play(readReplay(path)).figures.tasks).toBeLessThanOrEqual(3)
  })

  test('is calm in what it knows nothing of', () => {
    writeReplay(path, failing())
    const replay = JSON.parse(readFileSync(path, 'utf8'))
    delete replay.scenario.conditions.executor.firstCallMs
    delete replay.scenario.conditions.nodes[0].settings.openTasksMax
    writeFileSync(path, JSON.stringify(replay))
    const { executor, nodes } = readReplay(path).scenario.conditions
    expect(executor.firstCallMs).toBe(0)
    expect(nodes[0]?.settings.openTasksMax).toBeGreaterThan(0)
  })

  test.each(['', '[]', 'null', '{"seed": 1}', '{"seed":1,"nodes":1,"tasks":1,"planes":["moon"],"faults":[]}'])(
    'is not made of %j',
    (text) => {
      writeFileSync(path, text)
      expect(() => readReplay(path)).toThrow(/is no replay/)
    },
  )

  test('is not one whose scenario is missing: it would be drawn anew, and be another run', () => {
    writeReplay(path, failing())
    const { scenario: _, ...without } = JSON.parse(readFileSync(path, 'utf8'))
    writeFileSync(path, JSON.stringify(without))
    expect(() => readReplay(path)).toThrow(/is no replay/)
  })
})

describe('shrinking', () => {
  test('gives a smaller run that fails by the same rule', () => {
    const before = failing()
    const shrinking = new Shrinking(before, 'P1', 60)
    const after = shrinking.shrink()
    expect(after.tasks).toBeLessThan(before.tasks)
    expect(after.nodes).toBe(1)
    expect(after.faults).toEqual([])
    expect(after.violation?.rule).toBe('P1')
    writeReplay(path, after)
    expect(play(readReplay(path)).violations.map(({ rule }) => rule)).toContain('P1')
  })

  test('keeps the faults without which nothing fails, and drops the others', () => {
    const idle: Fault = { kind: 'gossip-silenced', atMs: 1_000, forMs: 1_000 }
    const wanted: Fault = { kind: 'crash', atMs: 20_000, node: 0, downMs: 1_000 }
    const planes = ['process', 'gossip'] as const
    const options = { seed: 2, nodes: 1, tasks: 20, planes, planted: 'swallows-losses' } as const
    const seed = [2, 3, 4, 5, 6, 7, 8, 9].find((each) =>
      runSeed({ ...options, seed: each, faults: [idle, wanted] }).violations.some(({ rule }) => rule === 'I8'),
    )
    expect(seed).toBeDefined()
    const before: Replay = { ...options, seed: seed ?? 0, faults: [idle, wanted, { ...idle, atMs: 5_000 }] }
    const after = new Shrinking(before, 'I8', 60).shrink()
    expect(after.faults.map(({ kind }) => kind)).toEqual(['crash'])
  })

  test('ends when it has run often enough', () => {
    const shrinking = new Shrinking(failing(), 'P1', 2)
    shrinking.shrink()
    expect(shrinking.runs).toBe(2)
  })
})
