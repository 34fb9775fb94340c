/** What follows when an attempt ended without completing: protocol.md, section 8, case by case. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeFact } from '../../src/core/fact-record.ts'
import type { ErrorClass, Fact, LossReason, Outcome } from '../../src/core/facts.ts'
import { makeToken } from '../../src/core/ids.ts'
import { decide } from '../../src/core/retry.ts'
import { MESH_SETTINGS } from '../../src/core/settings.ts'
import { fold, type TaskState } from '../../src/core/task.ts'
import { BATCH, sha256, storedTaskFacts, TASK } from '../support/arbitraries.ts'

const about = { batch: BATCH, task: TASK }
const BOOT = 'b007000000000001'

/** How an attempt ended, and where. */
interface End {
  readonly on: string
  readonly outcome?: Outcome
  readonly error?: ErrorClass
  readonly lost?: LossReason
  readonly round?: number
}

const failedOn = (on: string, error: ErrorClass = 'failed', round = 0): End => {
  return { on, outcome: error === 'timed-out' ? 'timed-out' : 'failed', error, round }
}
const returnedBy = (on: string, error: ErrorClass = 'drain'): End => ({ on, outcome: 'returned', error })
const lostBy = (on: string, lost: LossReason = 'never-renewed', round = 0): End => ({ on, lost, round })

function times(count: number, end: End): End[] {
  return Array.from({ length: count }, () => end)
}

/** The task after these attempts, one after the other, and whatever facts are given besides. */
function taskAfter(ends: readonly End[], besides: readonly Fact[] = []): TaskState {
  const facts = ends.flatMap((end, at) => factsOf(end, at + 1))
  return fold([...facts, ...besides].map((fact) => makeFact(fact, sha256)))
}

function factsOf({ on, outcome, error, lost, round = 0 }: End, seq: number): Fact[] {
  const token = makeToken(1, seq, BOOT)
  const claimed: Fact = { kind: 'claimed', ...about, token, holder: on, holderBoot: BOOT, round }
  if (lost !== undefined) return [claimed, { kind: 'lost', ...about, token, why: lost }]
  const problem = error === undefined ? {} : { error: { class: error, message: 'no' } }
  return [claimed, { kind: 'ended', ...about, token, outcome: outcome ?? 'failed', durationMs: 5, ...problem }]
}

interface Given {
  readonly maxAttempts?: number
  readonly capableNodes?: number
}

function decision(state: TaskState, { maxAttempts = 3, capableNodes = 1 }: Given = {}): ReturnType<typeof decide> {
  return decide(state, maxAttempts, capableNodes, MESH_SETTINGS)
}

function pauseMs(state: TaskState): number {
  const found = decision(state, { maxAttempts: 100 })
  if ('close' in found) throw new TypeError(`closed: ${found.close}`)
  return found.again.backoffMs
}

const AGAIN = { again: { backoffMs: expect.any(Number) } }
const USED_UP = { close: 'attempts-used-up' }

describe('charged failures', () => {
  test.each(['failed', 'timed-out', 'bad-output', 'oom'] as const)(
    '%s: the third of three closes the task',
    (error) => {
      expect(decision(taskAfter(times(2, failedOn('a', error))))).toEqual(AGAIN)
      expect(decision(taskAfter(times(3, failedOn('a', error))))).toEqual(USED_UP)
    },
  )

  test('that name no class are charged as well', () => {
    expect(decision(taskAfter(times(3, { on: 'a', outcome: 'failed' })))).toEqual(USED_UP)
    expect(decision(taskAfter(times(3, { on: 'a', outcome: 'timed-out' })))).toEqual(USED_UP)
  })

  test('of different kinds add up', () => {
    expect(decision(taskAfter([failedOn('a'), failedOn('a', 'oom'), failedOn('a', 'timed-out')]))).toEqual(USED_UP)
  })

  test('close the task at the first one where its batch allows one attempt', () => {
    expect(decision(taskAfter([failedOn('a')]), { maxAttempts: 1 })).toEqual(USED_UP)
  })

  test('close the task only when two nodes have failed, where two or more can run it', () => {
    const onOne = times(3, failedOn('a'))
    expect(decision(taskAfter(onOne), { capableNodes: 2 })).toEqual(AGAIN)
    expect(decision(taskAfter([...onOne, failedOn('b')]), { capableNodes: 2 })).toEqual(USED_UP)
    expect(decision(taskAfter([...times(2, failedOn('a')), failedOn('b')]), { capableNodes: 10 })).toEqual(USED_UP)
  })

  test('close the task at twice the attempts on one node, also where another never got to it', () => {
    expect(decision(taskAfter(times(5, failedOn('a'))), { capableNodes: 2 })).toEqual(AGAIN)
    expect(decision(taskAfter(times(6, failedOn('a'))), { capableNodes: 2 })).toEqual(USED_UP)
  })

  test('of an earlier round no longer count', () => {
    const before = times(3, failedOn('a'))
    const retried: Fact = { kind: 'retried', ...about, round: 0 }
    expect(decision(taskAfter([...before, failedOn('a', 'failed', 1)], [retried]))).toEqual(AGAIN)
    expect(decision(taskAfter([...before, ...times(3, failedOn('a', 'failed', 1))], [retried]))).toEqual(USED_UP)
  })

  test('before a completion that was voided no longer count', () => {
    const token = makeToken(1, 3, BOOT)
    const ends: End[] = [...times(2, failedOn('a')), { on: 'a', outcome: 'completed' }, failedOn('a', 'failed', 1)]
    expect(decision(taskAfter(ends, [{ kind: 'voided', ...about, token, round: 0 }]))).toEqual(AGAIN)
  })
})

describe('ends that are nobody’s fault', () => {
  test.each(['not-here', 'backend-down', 'disk-full', 'drain'] as const)(
    'an attempt returned because of %s charges nothing',
    (error) => {
      expect(decision(taskAfter(times(10, returnedBy('a', error))))).toEqual(AGAIN)
      expect(decision(taskAfter([...times(10, returnedBy('a', error)), ...times(2, failedOn('a'))]))).toEqual(AGAIN)
    },
  )

  test.each(['not-here', 'backend-down', 'disk-full', 'drain'] as const)(
    '%s is a fault of the node also where its holder says that the attempt failed',
    (error) => {
      expect(decision(taskAfter(times(10, failedOn('a', error))))).toEqual(AGAIN)
    },
  )

  test.each(['deadline-passed', 'never-renewed', 'holder-dead', 'holder-restarted'] as const)(
    'an attempt lost because of %s charges nothing',
    (why) => {
      expect(decision(taskAfter([...times(2, failedOn('a')), ...times(2, lostBy('b', why))]))).toEqual(AGAIN)
    },
  )

  test('a cancelled attempt charges nothing', () => {
    expect(decision(taskAfter(times(10, { on: 'a', outcome: 'cancelled' })))).toEqual(AGAIN)
  })
})

describe('bad input', () => {
  test('closes the task at the first attempt that says so, however many nodes are left', () => {
    expect(decision(taskAfter([failedOn('a', 'bad-input')]), { capableNodes: 10 })).toEqual({ close: 'bad-input' })
  })

  test('of an earlier round does not keep an operator from trying again', () => {
    const retried: Fact = { kind: 'retried', ...about, round: 0 }
    expect(decision(taskAfter([failedOn('a', 'bad-input'), failedOn('a', 'oom', 1)], [retried]))).toEqual(AGAIN)
  })
})

describe('the limit of attempts in one round', () => {
  const { attemptsPerRoundMax } = MESH_SETTINGS

  test('closes the task when its attempts are lost again and again', () => {
    expect(decision(taskAfter(times(attemptsPerRoundMax - 1, lostBy('a', 'deadline-passed'))))).toEqual(AGAIN)
    expect(decision(taskAfter(times(attemptsPerRoundMax, lostBy('a', 'deadline-passed'))))).toEqual(USED_UP)
  })

  test('does not count attempts that were returned: a back end may be down for a night', () => {
    expect(decision(taskAfter(times(3 * attemptsPerRoundMax, returnedBy('a'))))).toEqual(AGAIN)
  })

  test('starts anew with the next round', () => {
    const retried: Fact = { kind: 'retried', ...about, round: 0 }
    const ends = [...times(attemptsPerRoundMax, lostBy('a', 'deadline-passed')), failedOn('a', 'failed', 1)]
    expect(decision(taskAfter(ends, [retried]))).toEqual(AGAIN)
  })
})

describe('poison', () => {
  const { blamedLossesMax } = MESH_SETTINGS

  test('is a task that took its node down with it too often', () => {
    expect(decision(taskAfter(times(blamedLossesMax - 1, lostBy('a', 'holder-restarted'))))).toEqual(AGAIN)
    expect(decision(taskAfter(times(blamedLossesMax, lostBy('a', 'holder-restarted'))))).toEqual({ close: 'poison' })
  })

  test('is shown by losses while the task ran alone, two of them at least', () => {
    const settings = { ...MESH_SETTINGS, blamedLossesAlone: blamedLossesMax }
    const lost = (count: number) => decide(taskAfter(times(count, lostBy('a', 'holder-restarted'))), 3, 1, settings)
    expect(lost(blamedLossesMax + 1)).toEqual(AGAIN)
    expect(lost(blamedLossesMax + 2)).toEqual({ close: 'poison' })
  })

  test('is not a task whose holder was slow or out of reach', () => {
    expect(decision(taskAfter(times(10, lostBy('a', 'deadline-passed'))))).toEqual(AGAIN)
    expect(decision(taskAfter(times(10, lostBy('a', 'never-renewed'))))).toEqual(AGAIN)
  })

  test('of an earlier round is forgiven when an operator retries', () => {
    const retried: Fact = { kind: 'retried', ...about, round: 0 }
    const ends = [...times(blamedLossesMax, lostBy('a', 'holder-restarted')), lostBy('a', 'holder-restarted', 1)]
    expect(decision(taskAfter(ends, [retried]))).toEqual(AGAIN)
  })
})

describe('the pause before another attempt', () => {
  const { backoffMs, backoffMsMax } = MESH_SETTINGS
  /** The jitter may take or add half. */
  const around = (nominalMs: number, foundMs: number): void => {
    expect(foundMs).toBeGreaterThanOrEqual(nominalMs / 2)
    expect(foundMs).toBeLessThanOrEqual(nominalMs * 1.5)
  }

  test.each([1, 2, 3, 4, 5])('doubles with each failure after the first: %i failed', (failures) => {
    around(backoffMs * 2 ** (failures - 1), pauseMs(taskAfter(times(failures, failedOn('a')))))
  })

  test('is doubled by an attempt that was returned, too', () => {
    around(backoffMs, pauseMs(taskAfter([returnedBy('a')])))
    around(backoffMs * 4, pauseMs(taskAfter([failedOn('a'), returnedBy('a'), returnedBy('a')])))
  })

  test('is doubled by a failure that is not charged, too', () => {
    around(backoffMs * 4, pauseMs(taskAfter(times(3, failedOn('a', 'backend-down')))))
  })

  test('never exceeds its limit, jitter included', () => {
    for (let failures = 6; failures < 31; failures++) {
      const found = pauseMs(taskAfter(times(failures, failedOn('a'))))
      expect(found, `${failures} failures`).toBeLessThanOrEqual(backoffMsMax)
      expect(found, `${failures} failures`).toBeGreaterThanOrEqual(backoffMs * 2 ** 4)
    }
  })

  test('is none after a loss', () => {
    expect(pauseMs(taskAfter([lostBy('a')]))).toBe(0)
    expect(pauseMs(taskAfter([...times(4, failedOn('a')), lostBy('a', 'holder-restarted')]))).toBe(0)
  })

  test('starts from the first again in a new round', () => {
    const retried: Fact = { kind: 'retried', ...about, round: 0 }
    around(backoffMs, pauseMs(taskAfter([...times(6, failedOn('a')), failedOn('a', 'failed', 1)], [retried])))
  })

  test('is computed alike by every node, and is not the same for tasks that fail together', () => {
    expect(pauseMs(taskAfter([failedOn('a')]))).toBe(pauseMs(taskAfter([failedOn('b')])))
    const pauses = Array.from({ length: 50 }, (_, seq) => {
      const facts = factsOf(failedOn('a'), seq + 1).map((fact) => makeFact(fact, sha256))
      return pauseMs(fold(facts))
    })
    expect(new Set(pauses).size).toBeGreaterThan(25)
    expect(Math.max(...pauses) - Math.min(...pauses)).toBeGreaterThan(backoffMs / 10)
  })
})

test('any waiting task is either closed or tried again after a whole number of milliseconds within the limit', () => {
  const waiting = storedTaskFacts.map(fold).filter((state) => state.standing === 'waiting')
  fc.assert(
    fc.property(waiting, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 4 }), (state, most, nodes) => {
      const found = decide(state, most, nodes, MESH_SETTINGS)
      expect(decide(state, most, nodes, MESH_SETTINGS)).toEqual(found)
      if ('close' in found) {
        expect(['attempts-used-up', 'bad-input', 'poison']).toContain(found.close)
        return
      }
      expect(Number.isInteger(found.again.backoffMs)).toBe(true)
      expect(found.again.backoffMs).toBeGreaterThanOrEqual(0)
      expect(found.again.backoffMs).toBeLessThanOrEqual(MESH_SETTINGS.backoffMsMax)
    }),
    { numRuns: 2_000 },
  )
})
