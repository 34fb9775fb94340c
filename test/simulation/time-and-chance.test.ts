/** What the simulator stands on: virtual time, clocks, chance. */
import { describe, expect, test } from 'vitest'
import { NodeClock } from './clock.ts'
import { Random } from './random.ts'
import { Schedule, type Target } from './schedule.ts'

function recording(schedule: Schedule) {
  const happened: { readonly what: number; readonly atMs: number }[] = []
  const target: Target<number> = { happen: (what) => happened.push({ what, atMs: schedule.nowMs }) }
  const all = () => {
    while (schedule.nextMs < Number.POSITIVE_INFINITY) schedule.advance()
    return happened
  }
  return { target, all }
}

describe('a schedule', () => {
  test('lets things happen by time, and those of one time in the order in which they were asked for', () => {
    const schedule = new Schedule()
    const { target, all } = recording(schedule)
    const random = new Random(1, 'times')
    const asked = Array.from({ length: 2_000 }, (_, what) => ({ what, atMs: random.below(200) }))
    for (const { what, atMs } of asked) schedule.at(atMs, target, what)
    expect(all()).toEqual(asked.toSorted((a, b) => a.atMs - b.atMs || a.what - b.what))
    expect(schedule.happened).toBe(2_000)
  })

  test('takes a time that is past for now, and never comes to infinity', () => {
    const schedule = new Schedule()
    const { target, all } = recording(schedule)
    schedule.at(100, { happen: () => schedule.at(50, target, 7) }, undefined)
    schedule.at(Number.POSITIVE_INFINITY, target, 8)
    expect(all()).toEqual([{ what: 7, atMs: 100 }])
    schedule.advance()
    expect(schedule.nowMs).toBe(100)
  })

  test('refuses a time that is no number', () => {
    const schedule = new Schedule()
    expect(() => schedule.at(Number.NaN, recording(schedule).target, 1)).toThrow(TypeError)
  })
})

describe('a clock of a node', () => {
  test.each([0.5, 1, 1.7])('at rate %d shows a time when it says that it will', (rate) => {
    const clock = new NodeClock(10, 5_000, 1)
    clock.setRate(100, rate)
    const localMs = clock.localMs(100) + 300
    expect(clock.virtualMs(localMs)).toBeCloseTo(100 + 300 / rate, 6)
    expect(clock.localMs(clock.virtualMs(localMs))).toBeCloseTo(localMs, 6)
  })

  test('never goes back, whatever happens to it', () => {
    const random = new Random(3, 'clock')
    const clock = new NodeClock(0, 1_000, 1)
    let [virtualMs, lastMs] = [0, 1_000]
    for (let step = 0; step < 500; step++) {
      virtualMs += random.between(0, 100)
      const deed = random.below(4)
      if (deed === 0) clock.setRate(virtualMs, random.spread(0.5, 2))
      if (deed === 1) clock.stop(virtualMs)
      if (deed === 2) clock.go(virtualMs)
      expect(clock.localMs(virtualMs)).toBeGreaterThanOrEqual(lastMs)
      lastMs = clock.localMs(virtualMs)
    }
  })

  test('that stands shows no later time', () => {
    const clock = new NodeClock(0, 1_000, 1)
    clock.stop(10)
    expect(clock.localMs(10_000)).toBe(1_010)
    expect(clock.virtualMs(1_011)).toBe(Number.POSITIVE_INFINITY)
    clock.go(10_000)
    expect(clock.virtualMs(1_011)).toBe(10_001)
  })
})

describe('chance', () => {
  const drawn = (seed: number, name: string) => {
    const random = new Random(seed, name)
    return Array.from({ length: 20 }, () => random.uint32()).join(' ')
  }

  test('is the same for a seed and a name, and another for another of either', () => {
    expect(drawn(1, 'a')).toBe(drawn(1, 'a'))
    const others = [drawn(1, 'a'), drawn(1, 'b'), drawn(2, 'a'), drawn(2 ** 33 + 1, 'a'), drawn(1, 'ab')]
    expect(new Set(others).size).toBe(others.length)
  })

  test('is spread evenly, and keeps its bounds', () => {
    const random = new Random(5, 'even')
    const counts = [0, 0, 0, 0, 0]
    for (let time = 0; time < 10_000; time++) {
      const number = random.below(5)
      counts[number] = (counts[number] ?? Number.NaN) + 1
      const spread = random.spread(0.5, 2_000)
      expect(spread >= 0.5 && spread <= 2_000).toBe(true)
    }
    for (const count of counts) expect(Math.abs(count - 2_000)).toBeLessThan(200)
    expect(Array.from({ length: 1_000 }, () => random.chance(0.3)).filter(Boolean).length).toBeGreaterThan(240)
  })

  test('shuffles into another order of the same values', () => {
    const values = Array.from({ length: 50 }, (_, at) => at)
    const shuffled = new Random(1, 'shuffle').shuffled(values)
    expect(shuffled).not.toEqual(values)
    expect(shuffled.toSorted((a, b) => a - b)).toEqual(values)
  })

  test('picks nothing from nothing', () => expect(() => new Random(1, 'pick').pick([])).toThrow(TypeError))
})
