/** What a node says of itself in its row. */
import { describe, expect, test } from 'vitest'
import { SLOT_COUNT } from '../../src/core/ids.ts'
import { isWhole } from '../../src/core/load.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { BATCH, CoreBench, recordOf, taskIn } from '../support/core-bench.ts'
import { rowOf } from '../support/part-world.ts'

function setUp(members: readonly string[] = ['a', 'b', 'c', 'd']) {
  const bench = new CoreBench(members)
  const { load, contested } = bench.parts
  const row = () => {
    bench.world.advance(250)
    contested.look()
    return load.row()
  }
  const draw = () => row().profiles.find(({ profile }) => profile === 'draw')
  return { bench, world: bench.world, load, row, draw }
}

describe('a row', () => {
  test('is the same, with its number, while nothing in it changes', () => {
    const { bench, row } = setUp()
    const first = row()
    expect(row()).toBe(first)
    bench.seed([taskIn(1)])
    const second = row()
    expect(second.seq).toBe(first.seq + 1)
    expect(row()).toBe(second)
  })

  test('is made anew every quarter of a second at most', () => {
    const { bench, world, load, row } = setUp()
    const first = row()
    bench.seed([taskIn(1)])
    world.advance(249)
    expect(load.row()).toBe(first)
    world.advance(1)
    expect(load.row()).not.toBe(first)
  })

  test('says who says it, and in which life', () => {
    const { load, row } = setUp()
    load.incarnation = 7
    expect(row()).toMatchObject({ node: 'a', boot: '0b'.repeat(8), incarnation: 7, owned: SLOT_COUNT })
  })

  test('tells of unfinished batches first, in the order of grants, and of how many it has no room for', () => {
    const { bench, row } = setUp()
    for (let at = 2; at < 40; at++) bench.put(recordOf({ born: at }, `${at}`.padStart(16, '0')))
    bench.put(recordOf({ born: 99 }))
    bench.seed([taskIn(1)])
    const { batches, batchesLeftOut } = row()
    expect([batches.length, batches[0]?.batch, batches[1]?.batch, batchesLeftOut]).toEqual([
      30,
      BATCH,
      '2'.padStart(16, '0'),
      9,
    ])
    expect(batches[0]).toMatchObject({ total: 1, completed: 0 })
  })
})

describe('a profile in it', () => {
  test('has the places, the free ones and the median of this node', () => {
    const { bench, draw } = setUp()
    bench.seed([taskIn(1), taskIn(2), taskIn(3)])
    bench.parts.places.profiles.get('draw')?.completed(1_234)
    bench.grant()
    bench.settle()
    expect(draw()).toMatchObject({ places: 2, free: 0, medianMs: 1_234, claimable: 1, resting: false })
    bench.parts.places.profiles.get('draw')?.close('no gpu')
    expect(draw()).toMatchObject({ places: 0, free: 0, resting: true })
  })

  test('has nothing claimable of batches that are paused, and the best priority of the others', () => {
    const { bench, draw } = setUp()
    bench.seed([taskIn(1), taskIn(2)])
    bench.put(recordOf({ priority: 4 }))
    expect(draw()).toMatchObject({ claimable: 2, priority: 4 })
    bench.put(recordOf({ paused: true, priority: 4 }))
    expect(draw()).toMatchObject({ claimable: 0, priority: 0 })
  })
})

describe('what waits in contested and orphaned slots', () => {
  function contested() {
    const set = setUp()
    set.world.order = (slot) => (slot === 2 ? ['d', 'a', 'b'] : slot === 3 ? ['d', 'a'] : ['a', 'b', 'c'])
    set.bench.seed([1, 2, 3, 3].map((slot, at) => taskIn(slot, at)))
    set.world.silent.add('d')
    set.bench.parts.contested.changed()
    return set
  }

  test('is told apart from what anybody may claim', () => {
    const { row, draw } = contested()
    expect(draw()).toMatchObject({ claimable: 1, contested: 1, orphaned: 2 })
    expect(row().contested).toBe(2)
  })

  test('is not told of where it is not granted', () => {
    const { world, draw } = contested()
    Object.assign(world.settings, { partition: 'strict' })
    expect(draw()).toMatchObject({ claimable: 1, contested: 0, orphaned: 0 })
  })

  test('is less by what is granted of it', () => {
    const { bench, draw } = contested()
    const wants = [{ profile: 'draw', free: 2 }]
    const claim = { type: 'claim', seq: 1, boot: '0c'.repeat(8), wants, idle: true, kind: 'contested' } as const
    bench.parts.contested.look()
    expect(bench.parts.claims.grantTo('b', claim)).toBe(2)
    bench.settle()
    expect(draw()).toMatchObject({ claimable: 0, contested: 0, orphaned: 2 })
  })
})

test('late attempts are told of only where nothing else is claimable', () => {
  const { bench, world, draw } = setUp(['a', 'b'])
  const { rows, claims, places } = bench.parts
  places.set('draw', { places: 0, timeoutMs: 1_000 })
  rows.heard(rowOf('b', 1, { medianMs: 1_000 }), undefined, world.nowMs)
  bench.seed([taskIn(1), taskIn(2)])
  const claim = { type: 'claim', seq: 1, boot: '0c'.repeat(8), idle: true, kind: 'work' } as const
  claims.grantTo('b', { ...claim, wants: [{ profile: 'draw', free: 1 }] })
  bench.settle()
  claims.started('b', bench.task(taskIn(1)).state.attempts[0]?.token ?? '', 600_000)
  world.advance(5_000)
  expect(draw()).toMatchObject({ claimable: 1, late: 0 })
  claims.grantTo('b', { ...claim, wants: [{ profile: 'draw', free: 1 }] })
  bench.settle()
  expect(draw()).toMatchObject({ claimable: 0, late: 1 })
})

describe('the sums of what nodes serve', () => {
  const sumOf = (slots: SlotSet): string => {
    const bench = new CoreBench(['a', 'b'], { owns: false })
    bench.own(slots)
    return bench.parts.load.ownedSum
  }

  test('are whole exactly when every slot has one owner', () => {
    const [left, right] = [SlotSet.ofRuns([{ from: 0, to: 9_999 }]), SlotSet.ofRuns([{ from: 10_000, to: 16_383 }])]
    expect(isWhole([sumOf(left), sumOf(right)])).toBe(true)
    expect(isWhole([sumOf(SlotSet.all())])).toBe(true)
    expect(isWhole([sumOf(left)])).toBe(false)
    right.add(5)
    expect(isWhole([sumOf(left), sumOf(right)])).toBe(false)
    left.delete(6)
    expect(isWhole([sumOf(left), sumOf(right)])).toBe(false)
    expect(isWhole([])).toBe(false)
  })

  test('follow what is served', () => {
    const { bench, load } = setUp()
    const before = load.ownedSum
    bench.yield('b', [{ from: 1, to: 1 }])
    expect(load.ownedSum).not.toBe(before)
  })
})
