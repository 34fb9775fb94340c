/** A node that was away again and again waits longer each time before it takes slots from a live owner. */
import { describe, expect, test } from 'vitest'
import { decodeMessage } from '../../src/codec/messages.ts'
import { CalmWorld } from '../simulation/calm-world.ts'
import { machine } from '../simulation/cases.ts'
import { CoreBench } from '../support/core-bench.ts'

const MINUTE_MS = 60_000

function mesh(): CalmWorld {
  return new CalmWorld({ machines: [machine(1_000), machine(1_000), machine(1_000)], tasks: 10 }).run(MINUTE_MS)
}

/** After how long that node tells that it serves slots; undefined where it does not within some minutes. */
function servesAfterMs(world: CalmWorld, index: number): number | undefined {
  const sinceMs = world.nowMs
  world.run(4 * MINUTE_MS)
  const first = world.effects.find(({ node, effect, atMs }) => {
    const isSent = node.index === index && atMs >= sinceMs && effect.type === 'send'
    return isSent && decodeMessage(effect.bytes).type === 'serving'
  })
  return first && first.atMs - sinceMs
}

/** The node does nothing for so long that others hold it for dead and take its slots. */
function pause(world: CalmWorld, index: number): void {
  world.node(index).freeze()
  world.run(20_000)
  world.node(index).thaw()
}

describe('a node that was held for dead', () => {
  test('takes its slots back only after it was steady for a minute, then for two', () => {
    const world = mesh()
    pause(world, 2)
    const first = servesAfterMs(world, 2) ?? 0
    pause(world, 2)
    const second = servesAfterMs(world, 2) ?? 0
    expect(first).toBeGreaterThanOrEqual(58_000)
    expect(first).toBeLessThan(75_000)
    expect(second).toBeGreaterThanOrEqual(118_000)
    expect(second).toBeLessThan(135_000)
  })

  test('waits for half a minute longer once again, after an hour without such a time', () => {
    const world = mesh()
    pause(world, 2)
    world.run(2 * MINUTE_MS)
    pause(world, 2)
    world.run(62 * MINUTE_MS)
    pause(world, 2)
    const third = servesAfterMs(world, 2) ?? 0
    expect(third).toBeGreaterThanOrEqual(58_000)
    expect(third).toBeLessThan(75_000)
  })
})

describe('how long a node must have been steady', () => {
  test('doubles with each time that it was away, to ten minutes, and is half a minute again after a calm hour', () => {
    const { world, parts } = new CoreBench(['a', 'b', 'c'], { owns: false })
    const { takeover } = parts
    const steadyMs: number[] = [takeover.steadyMs]
    for (let time = 0; time < 6; time++) {
      world.advance(60_000)
      takeover.flapped()
      steadyMs.push(takeover.steadyMs)
    }
    expect(steadyMs).toEqual([30_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000])
    world.advance(3_600_000)
    expect(takeover.steadyMs).toBe(30_000)
    takeover.flapped()
    expect(takeover.steadyMs).toBe(60_000)
  })

  test('doubles once for words that come within half a minute of each other', () => {
    const { world, parts } = new CoreBench(['a', 'b', 'c'], { owns: false })
    const { takeover } = parts
    for (let time = 0; time < 5; time++) {
      takeover.flapped()
      world.advance(29_999)
    }
    expect(takeover.steadyMs).toBe(60_000)
  })
})
