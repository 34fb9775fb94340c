/** A node that only fails rests while others could do its work. */
import { describe, expect, test } from 'vitest'
import { Breaker, OPEN_MESSAGE } from '../../src/core/breaker.ts'
import type { ErrorClass } from '../../src/core/facts.ts'
import { type ExecutionEnd, Places, type Profile } from '../../src/core/places.ts'
import { PartWorld } from '../support/part-world.ts'
import { GRANT } from '../support/sample-messages.ts'

class Bench {
  readonly world = new PartWorld(['a', 'b'])
  readonly places = new Places(this.world.nodeSettings)
  hasOther = true
  readonly breaker = new Breaker(this.world, this.places, {
    hasOther: () => this.hasOther,
    onFree: () => undefined,
  })
  #tasks = 0

  get profile(): Profile {
    return this.places.profiles.get('draw') as Profile
  }

  get free(): number {
    return this.profile.free(this.world.nowMs)
  }

  /** Attempts of other tasks fail here, one after the other. */
  fail(times: number, { failures = 0, error = 'failed' as ErrorClass, everyMs = 50 } = {}): void {
    for (let time = 0; time < times; time++) {
      this.world.advance(everyMs)
      this.#end({ outcome: 'failed', durationMs: 50, error: { class: error, message: 'it broke' } }, failures)
    }
  }

  complete(): void {
    const result = { text: 'done', files: [] }
    this.profile.completed(50)
    this.#end({ outcome: 'completed', durationMs: 50, result }, 0)
  }

  #end(end: ExecutionEnd, failures: number): void {
    const task = (++this.#tasks).toString(16).padStart(32, '0')
    this.breaker.ended({ ...GRANT, profile: 'draw', task, failures }, end)
  }
}

describe('a node on which task after task fails', () => {
  test('waits after the third until ten seconds have passed, then takes one at a time', () => {
    const bench = new Bench()
    bench.fail(2)
    expect(bench.free).toBe(2)
    bench.fail(1)
    expect(bench.free).toBe(0)
    bench.world.advance(9_950)
    expect(bench.free).toBe(1)
  })

  test('rests for a minute when that one fails too, then longer each time, ten minutes at most', () => {
    const bench = new Bench()
    bench.fail(3)
    bench.world.advance(10_000)
    const rests: number[] = []
    for (let time = 0; time < 6; time++) {
      bench.fail(1)
      expect(bench.profile.restReason).toContain(OPEN_MESSAGE)
      rests.push(bench.profile.restsUntilMs - bench.world.nowMs)
      bench.world.advance(rests.at(-1) ?? 0)
      expect(bench.free).toBe(1)
    }
    expect(rests).toEqual([60_000, 120_000, 240_000, 480_000, 600_000, 600_000])
  })

  test('opens at once where the failures have lasted for ten seconds', () => {
    const bench = new Bench()
    bench.fail(3, { everyMs: 6_000 })
    expect(bench.profile.restsUntilMs).toBe(bench.world.nowMs + 60_000)
  })

  test('takes everything again after a completion, and starts to count anew', () => {
    const bench = new Bench()
    bench.fail(3)
    bench.world.advance(10_000)
    bench.complete()
    expect(bench.free).toBe(2)
    expect(bench.profile.restReason).toBeUndefined()
    bench.fail(2)
    expect(bench.free).toBe(2)
  })

  test('does not rest while nobody else could do it', () => {
    const bench = new Bench()
    bench.hasOther = false
    bench.fail(20, { everyMs: 2_000 })
    expect(bench.free).toBe(2)
  })

  test('goes on early when the last other one is gone', () => {
    const bench = new Bench()
    bench.fail(3, { everyMs: 6_000 })
    bench.hasOther = false
    bench.world.advance(5_000)
    expect(bench.free).toBe(1)
  })

  test('tells people once that it rests', () => {
    const bench = new Bench()
    bench.fail(5)
    expect(bench.world.effects.filter(({ type }) => type === 'notice')).toHaveLength(1)
  })

  test.each([
    ['tasks that failed elsewhere before', { failures: 1 }],
    ['bad input', { error: 'bad-input' as const }],
    ['faults of the node, which have rests of their own', { error: 'backend-down' as const }],
  ])('does not count %s', (_, kind) => {
    const bench = new Bench()
    bench.fail(20, { everyMs: 2_000, ...kind })
    expect(bench.free).toBe(2)
  })

  test('forgets what failed when it is configured anew', () => {
    const bench = new Bench()
    bench.fail(3)
    bench.breaker.forget('draw')
    bench.profile.reopen(bench.profile.settings)
    bench.fail(2)
    expect(bench.free).toBe(2)
  })
})
