/** What a node does with attempts that it was granted. */
import { describe, expect, test } from 'vitest'
import type { EndedFact } from '../../src/core/facts.ts'
import { Holding } from '../../src/core/holding.ts'
import type { Grant } from '../../src/core/messages.ts'
import { type ExecutionEnd, Places } from '../../src/core/places.ts'
import { PartWorld } from '../support/part-world.ts'
import { GRANT } from '../support/sample-messages.ts'

const grant = (token: string, change: Partial<Grant> = {}): Grant => ({ ...GRANT, profile: 'draw', token, ...change })
const DONE: ExecutionEnd = { outcome: 'completed', durationMs: 70, result: { text: 'done', files: [] } }

/** Node `a` with two places for `draw`; `b` grants. */
function setUp() {
  const world = new PartWorld(['a', 'b'])
  const places = new Places(world.nodeSettings)
  const holding = new Holding(world, places)
  const ended: EndedFact[] = []
  const freed: number[] = []
  holding.onEnded = (_held, fact) => ended.push(fact)
  holding.onFree = () => freed.push(world.nowMs)
  const executed = () => world.effectsOf('execute').map(({ token }) => token)
  const killed = () => world.effectsOf('kill').map(({ token, outcome }) => [token, outcome])
  return { world, places, holding, ended, freed, executed, killed, draw: places.profiles.get('draw') }
}

describe('grants', () => {
  test('are started while there are places, and returned without one', () => {
    const { holding, executed, ended } = setUp()
    holding.accept('b', [grant('1'), grant('2'), grant('3')])
    expect(executed()).toEqual(['1', '2'])
    expect(ended).toMatchObject([{ kind: 'ended', token: '3', outcome: 'returned', durationMs: 0 }])
  })

  test('come twice without any harm', () => {
    const { holding, executed, ended } = setUp()
    holding.accept('b', [grant('1')])
    holding.accept('b', [grant('1')])
    expect([executed(), ended]).toEqual([['1'], []])
  })

  test('are returned where their owner was unheard for 15 s', () => {
    const { world, holding, executed, ended } = setUp()
    world.nowMs = 20_000
    world.lastHeardMs.set('b', 5_001)
    holding.accept('b', [grant('1')])
    world.lastHeardMs.set('b', 5_000)
    holding.accept('b', [grant('2')])
    expect(executed()).toEqual(['1'])
    expect(ended.map(({ token, outcome }) => [token, outcome])).toEqual([['2', 'returned']])
  })

  test('are returned where they would run beside one that must run alone', () => {
    const { holding, executed, ended } = setUp()
    holding.accept('b', [grant('1'), grant('2', { alone: true })])
    expect([executed(), ended.map(({ token }) => token)]).toEqual([['1'], ['2']])
    holding.executionEnded('1', DONE)
    holding.accept('b', [grant('3', { alone: true }), grant('4')])
    expect(executed()).toEqual(['1', '3'])
    expect(ended.slice(2)).toMatchObject([{ token: '4', outcome: 'returned', durationMs: 0 }])
    holding.executionEnded('3', DONE)
    holding.accept('b', [grant('5'), grant('6')])
    expect(executed()).toEqual(['1', '3', '5', '6'])
  })

  test('are returned while the node stops, or of a profile that it does not have', () => {
    const { holding, executed, ended } = setUp()
    holding.accept('b', [grant('1', { profile: 'sing' })])
    holding.stopping = true
    holding.accept('b', [grant('2')])
    expect(executed()).toEqual([])
    expect(ended.map(({ token }) => token)).toEqual(['1', '2'])
  })
})

describe('a place', () => {
  test('is free again only when the execution has ended, not when that is asked for', () => {
    const { holding, draw, freed } = setUp()
    holding.accept('b', [grant('1'), grant('2')])
    holding.kill(['1'], 'cancelled')
    expect([draw?.free(0), freed]).toEqual([0, []])
    holding.executionEnded('1', { outcome: 'cancelled', durationMs: 5 })
    expect([draw?.free(0), freed.length]).toEqual([1, 1])
  })

  test('that was reserved is given up without an execution', () => {
    const { holding, places, draw, ended, executed } = setUp()
    holding.giveUp(places.take(grant('1'), 'a'))
    expect([draw?.free(0), executed()]).toEqual([2, []])
    expect(ended).toMatchObject([{ token: '1', outcome: 'returned' }])
  })
})

describe('what runs', () => {
  test('is finished and reported, whatever became of its owner or of this node', () => {
    const { world, holding, ended } = setUp()
    holding.accept('b', [grant('1')])
    world.silent.add('b')
    holding.stopping = true
    holding.executionEnded('1', DONE)
    expect(ended).toMatchObject([{ token: '1', outcome: 'completed', durationMs: 70, result: { text: 'done' } }])
  })

  test('ends once: a second word about it, or about another, is dropped', () => {
    const { holding, ended } = setUp()
    holding.accept('b', [grant('1')])
    holding.executionEnded('1', DONE)
    holding.executionEnded('1', DONE)
    holding.executionEnded('9', DONE)
    expect(ended).toHaveLength(1)
  })

  test("is asked to end at its timeout, which is the batch's where that says one", () => {
    const { world, holding, killed } = setUp()
    holding.accept('b', [grant('1'), grant('2', { timeoutMs: 90_000 })])
    world.advance(59_999)
    expect(killed()).toEqual([])
    world.advance(1)
    expect(killed()).toEqual([['1', 'timed-out']])
    world.advance(30_000)
    expect(killed()).toEqual([
      ['1', 'timed-out'],
      ['2', 'timed-out'],
    ])
  })

  test('is returned where it is the first of its task and runs twice as long as those before it', () => {
    const { world, places, holding, killed, draw } = setUp()
    places.set('draw', { places: 2, timeoutMs: 'auto' })
    for (let time = 0; time < 64; time++) draw?.completed(8_000)
    holding.accept('b', [grant('1', { attempt: 1, timeoutMs: null }), grant('2', { attempt: 2, timeoutMs: null })])
    world.advance(16_000)
    expect(killed()).toEqual([['1', 'returned']])
    expect(world.effectsOf('notice').map(({ notice }) => notice)).toMatchObject([
      { type: 'attempt-ended', outcome: 'returned', message: expect.stringContaining('16 s') },
    ])
    world.advance(104_000)
    expect(killed()).toEqual([
      ['1', 'returned'],
      ['2', 'timed-out'],
    ])
  })

  test('is asked to end once, whoever asks again', () => {
    const { world, holding, killed } = setUp()
    holding.accept('b', [grant('1'), grant('2', { batch: 'ff'.repeat(8) })])
    holding.kill(['1', '9'], 'cancelled')
    holding.killBatch(GRANT.batch, 'returned')
    expect(killed()).toEqual([['1', 'cancelled']])
    holding.killAll('returned')
    world.advance(100_000)
    expect(killed()).toEqual([
      ['1', 'cancelled'],
      ['2', 'returned'],
    ])
  })

  test('is not told to the executor where it was not started', () => {
    const { holding, places, killed } = setUp()
    const held = places.take(grant('1'), 'a')
    holding.kill(['1'], 'returned')
    expect([held.killed, killed()]).toEqual([true, []])
  })
})

describe('a fault of the node', () => {
  test('rests the profile and tells people once, and says when a place is free again', () => {
    const { world, holding, draw, freed } = setUp()
    holding.accept('b', [grant('1'), grant('2')])
    const error = { class: 'backend-down', message: 'no back end' } as const
    holding.executionEnded('1', { outcome: 'failed', durationMs: 1, error })
    holding.executionEnded('2', { outcome: 'failed', durationMs: 1, error })
    const notices = world.effectsOf('notice').filter(({ notice }) => notice.type === 'profile-resting')
    expect(notices).toHaveLength(1)
    expect(draw?.free(world.nowMs)).toBe(0)
    freed.length = 0
    world.advance(1_000)
    expect([draw?.free(world.nowMs), freed[0]]).toEqual([2, world.nowMs])
  })

  test('that makes it unable to perform a profile closes that', () => {
    const { holding, places } = setUp()
    holding.accept('b', [grant('1')])
    holding.executionEnded('1', { outcome: 'failed', durationMs: 1, error: { class: 'not-here', message: 'no gpu' } })
    expect(places.isCapable('draw')).toBe(false)
  })
})
