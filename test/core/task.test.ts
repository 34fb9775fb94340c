/** The fold of a task's facts: it equals the reference, and depends on nothing but the set of facts. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeFact } from '../../src/core/fact-record.ts'
import type { EndedFact, Fact, Outcome, StoredFact } from '../../src/core/facts.ts'
import { makeToken, type Token } from '../../src/core/ids.ts'
import { fold } from '../../src/core/task.ts'
import { BATCH, sha256, storedTaskFact, storedTaskFacts, TASK, TOKENS } from '../support/arbitraries.ts'
import { referenceFold } from './reference-fold.ts'

const MANY = { numRuns: 3_000 }
const about = { batch: BATCH, task: TASK }
const [FIRST = '', SECOND = '', THIRD = ''] = TOKENS

function stored(facts: readonly Fact[]): StoredFact[] {
  return facts.map((fact) => makeFact(fact, sha256))
}

function foldOf(...facts: readonly Fact[]): ReturnType<typeof fold> {
  return fold(stored(facts))
}

/** The union of two stores, keyed as a store keys facts. */
function union(a: readonly StoredFact[], b: readonly StoredFact[]): StoredFact[] {
  return [...new Map([...a, ...b].map((each) => [each.hash, each])).values()]
}

const claimed = (token: Token, round = 0): Fact => {
  return { kind: 'claimed', ...about, token, holder: 'node-a', holderBoot: 'b007000000000001', round }
}
const ended = (token: Token, outcome: Outcome, durationMs = 700): EndedFact => {
  return { kind: 'ended', ...about, token, outcome, durationMs }
}
const lost = (token: Token): Fact => ({ kind: 'lost', ...about, token, why: 'holder-dead' })
const chosen = (token: Token): Fact => ({ kind: 'chosen', ...about, token })
const closed = (round: number): Fact => ({ kind: 'closed', ...about, round, why: 'attempts-used-up' })
const retried = (round: number): Fact => ({ kind: 'retried', ...about, round })
const voided = (token: Token, round: number): Fact => ({ kind: 'voided', ...about, token, round })
const cancelled = (round: number): Fact => ({ kind: 'cancelled', ...about, round })
const seeded: Fact = { kind: 'seeded', ...about, index: 0, prompt: 'a cat', params: {}, profile: 'sketch' }

describe('the fold of any facts', () => {
  test('equals the slow reference, attempt by attempt', () => {
    fc.assert(
      fc.property(storedTaskFacts, (facts) => {
        expect(fold(facts)).toEqual(referenceFold(facts))
      }),
      { numRuns: 6_000 },
    )
  })

  test('does not depend on the order of the facts', () => {
    const twoOrders = storedTaskFacts.chain((facts) =>
      fc.tuple(fc.constant(facts), fc.shuffledSubarray(facts, { minLength: facts.length })),
    )
    fc.assert(
      fc.property(twoOrders, ([facts, shuffled]) => {
        expect(fold(shuffled)).toEqual(fold(facts))
      }),
      MANY,
    )
  })

  test('does not depend on how often a fact is given', () => {
    const withRepeats = storedTaskFacts.chain((facts) => fc.tuple(fc.constant(facts), fc.subarray(facts)))
    fc.assert(
      fc.property(withRepeats, ([facts, again]) => {
        expect(fold([...again, ...facts, ...facts, ...again])).toEqual(fold(facts))
      }),
      MANY,
    )
  })

  test('is the same for the union of stores in any grouping and with any overlap', () => {
    fc.assert(
      fc.property(storedTaskFacts, storedTaskFacts, storedTaskFacts, (a, b, c) => {
        const all = fold(union(union(a, b), c))
        expect(fold(union(a, union(b, c)))).toEqual(all)
        expect(fold(union(c, union(b, a)))).toEqual(all)
        expect(fold(union(union(a, c), union(c, b)))).toEqual(all)
        expect(fold([...c, ...a, ...b])).toEqual(all)
      }),
      { numRuns: 1_500 },
    )
  })

  test('leaves the facts that it was given as they are', () => {
    fc.assert(
      fc.property(storedTaskFacts, (facts) => {
        const copy = structuredClone(facts)
        fold(facts)
        expect(facts).toEqual(copy)
      }),
    )
  })

  test('is a mistake of the programmer where there are none', () => {
    expect(() => fold([])).toThrow(TypeError)
  })
})

describe('a completed task', () => {
  const completedFacts = storedTaskFacts.filter((facts) => fold(facts).standing === 'completed')
  const isVariantOfEnded = (facts: readonly StoredFact[], fact: Fact): boolean =>
    fact.kind === 'ended' && facts.some((each) => each.fact.kind === 'ended' && each.fact.token === fact.token)

  // A second `ended` of one token comes from no honest node: a holder says it once, and its bytes are kept.
  test('stays completed whatever arrives except a `voided`', () => {
    fc.assert(
      fc.property(completedFacts, storedTaskFact, (facts, next) => {
        fc.pre(next.fact.kind !== 'voided' && !isVariantOfEnded(facts, next.fact))
        expect(fold([...facts, next]).standing).toBe('completed')
      }),
      MANY,
    )
  })

  test('keeps the result that counts until it is voided, another is chosen, or a lower token completes', () => {
    fc.assert(
      fc.property(completedFacts, storedTaskFact, (facts, next) => {
        const { fact } = next
        const before = fold(facts)
        const after = fold([...facts, next])
        fc.pre(!isVariantOfEnded(facts, fact))
        if (after.counts === before.counts) return
        const isChosen = facts.some((each) => each.fact.kind === 'chosen' && each.fact.token === after.counts)
        const reasons = {
          voided: fact.kind === 'voided' && fact.token === before.counts,
          chosen: fact.kind === 'chosen' && fact.token === after.counts,
          ended:
            fact.kind === 'ended' &&
            fact.outcome === 'completed' &&
            fact.token === after.counts &&
            (isChosen || fact.token < (before.counts ?? '')),
        }
        expect(Object.values(reasons)).toContain(true)
      }),
      MANY,
    )
  })

  test('counts a completed attempt that is not voided, and counts none in any other standing', () => {
    fc.assert(
      fc.property(storedTaskFacts, (facts) => {
        const state = fold(facts)
        const counting = state.attempts.find((each) => each.token === state.counts)
        expect(counting?.end).toBe(state.standing === 'completed' ? 'completed' : undefined)
        expect(counting?.voided ?? false).toBe(false)
      }),
      MANY,
    )
  })
})

describe('a task that is FAILED or CANCELLED', () => {
  test('becomes completed by a late success, however it came to its end', () => {
    const finished = storedTaskFacts.filter((facts) => ['failed', 'cancelled'].includes(fold(facts).standing))
    const lastToken = makeToken(9, 9, 'b007000000000001')
    const late = makeFact(ended(lastToken, 'completed'), sha256)
    fc.assert(
      fc.property(finished, (facts) => {
        expect(fold([...facts, late])).toMatchObject({ standing: 'completed', counts: lastToken })
      }),
      MANY,
    )
  })

  test('is waiting again once an operator retried it, with its attempts kept', () => {
    const failed = [seeded, claimed(FIRST), ended(FIRST, 'failed'), closed(0)]
    expect(foldOf(...failed)).toMatchObject({ standing: 'failed', round: 0 })
    expect(foldOf(...failed, retried(0))).toMatchObject({ standing: 'waiting', round: 1 })
    expect(foldOf(...failed, retried(0)).attempts).toHaveLength(1)
    expect(foldOf(seeded, cancelled(0), retried(0)).standing).toBe('waiting')
  })

  test('is FAILED again only by a `closed` of the new round', () => {
    const again = [seeded, closed(0), retried(0)]
    expect(foldOf(...again, closed(0)).standing).toBe('waiting')
    expect(foldOf(...again, closed(1)).standing).toBe('failed')
  })

  test('is CANCELLED where it is both closed and cancelled in one round', () => {
    expect(foldOf(seeded, closed(0), cancelled(0)).standing).toBe('cancelled')
  })

  test('stands by what is here while the `retried` that opened its round is not', () => {
    expect(foldOf(seeded, closed(1)).standing).toBe('waiting')
    expect(foldOf(seeded, closed(1), retried(0)).standing).toBe('failed')
  })
})

describe('an attempt', () => {
  test('is open until `ended` or `lost` is here, and the task is claimed until then', () => {
    expect(foldOf(seeded).standing).toBe('waiting')
    expect(foldOf(seeded, claimed(FIRST)).standing).toBe('claimed')
    expect(foldOf(seeded, claimed(FIRST), lost(FIRST)).standing).toBe('waiting')
    expect(foldOf(seeded, claimed(FIRST), ended(FIRST, 'returned')).standing).toBe('waiting')
    expect(foldOf(seeded, claimed(FIRST), lost(FIRST), claimed(SECOND)).standing).toBe('claimed')
  })

  test('that was given up as lost counts as completed when its holder reports in after all', () => {
    const state = foldOf(seeded, claimed(FIRST), lost(FIRST), ended(FIRST, 'completed'))
    expect(state).toMatchObject({ standing: 'completed', counts: FIRST })
    expect(state.attempts).toMatchObject([{ end: 'completed', why: undefined }])
  })

  test('is known, in round 0 and without a holder, from its end alone', () => {
    expect(foldOf(ended(FIRST, 'failed'), lost(SECOND)).attempts).toMatchObject([
      { token: FIRST, round: 0, holder: undefined, holderBoot: undefined, end: 'failed' },
      { token: SECOND, round: 0, holder: undefined, holderBoot: undefined, end: 'lost', why: 'holder-dead' },
    ])
  })

  test('does not come to be by a `chosen` or `voided` that names it', () => {
    expect(foldOf(seeded, chosen(FIRST), voided(SECOND, 0)).attempts).toEqual([])
  })

  test('is listed in the order of tokens: epoch, then seq, then boot', () => {
    const shown = foldOf(...TOKENS.toReversed().map((token) => claimed(token))).attempts
    expect(shown.map((each) => each.token)).toEqual(TOKENS)
  })
})

describe('of several completed attempts', () => {
  const three = [FIRST, SECOND, THIRD].map((token) => ended(token, 'completed'))

  test('the one with the lowest token counts', () => {
    expect(foldOf(...three).counts).toBe(FIRST)
  })

  test('a chosen one counts before a lower token', () => {
    expect(foldOf(...three, chosen(THIRD)).counts).toBe(THIRD)
  })

  test('the lowest chosen one counts where two owners chose', () => {
    expect(foldOf(...three, chosen(THIRD), chosen(SECOND)).counts).toBe(SECOND)
  })

  test('the next counts when the chosen one is voided', () => {
    expect(foldOf(...three, chosen(SECOND), voided(SECOND, 0)).counts).toBe(FIRST)
    expect(foldOf(...three, chosen(SECOND), chosen(THIRD), voided(SECOND, 0)).counts).toBe(THIRD)
  })

  test('a chosen token that did not complete, or is not here yet, decides nothing', () => {
    expect(foldOf(...three, claimed(TOKENS[3] ?? ''), chosen(TOKENS[3] ?? '')).counts).toBe(FIRST)
    expect(foldOf(...three.slice(1), ended(FIRST, 'failed'), chosen(FIRST)).counts).toBe(SECOND)
  })
})

describe('a voided completion', () => {
  test('opens the next round, so that the task is done again', () => {
    const facts = [seeded, claimed(FIRST), ended(FIRST, 'completed')]
    expect(foldOf(...facts)).toMatchObject({ standing: 'completed', round: 0 })
    expect(foldOf(...facts, voided(FIRST, 0))).toMatchObject({ standing: 'waiting', round: 1, counts: undefined })
  })

  test('leaves behind what closed or cancelled its round', () => {
    const facts = [seeded, ended(FIRST, 'completed'), closed(0), cancelled(0), voided(FIRST, 0)]
    expect(foldOf(...facts).standing).toBe('waiting')
  })
})

describe('of two variants of one statement', () => {
  test('the one with the lowest hash counts, also where it says less', () => {
    const variants = stored([ended(FIRST, 'completed'), ended(FIRST, 'failed'), ended(FIRST, 'failed', 900)])
    const lowest = variants.toSorted((a, b) => (a.hash < b.hash ? -1 : 1))[0]?.fact as EndedFact
    expect(fold(variants).attempts).toMatchObject([{ end: lowest.outcome, durationMs: lowest.durationMs }])
  })

  test('a round that one of them opened stays open whatever the others say', () => {
    expect(fold(stored([voided(FIRST, 0), voided(FIRST, 1), voided(FIRST, 2)])).round).toBe(3)
  })

  test('a completion counts before any other end of its attempt', () => {
    for (const durationMs of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const variants = stored([ended(FIRST, 'completed'), { ...ended(FIRST, 'failed'), durationMs } as Fact])
      expect(fold(variants)).toMatchObject({ standing: 'completed', counts: FIRST })
    }
  })
})

test('the random facts reach every standing, every kind of end, later rounds and variants often', () => {
  const states = fc.sample(storedTaskFacts, { numRuns: 2_000, seed: 7 }).map((facts) => ({ facts, ...fold(facts) }))
  const share = (holds: (state: (typeof states)[number]) => boolean): number =>
    states.filter(holds).length / states.length
  for (const standing of ['waiting', 'claimed', 'completed', 'failed', 'cancelled']) {
    expect(
      share((state) => state.standing === standing),
      standing,
    ).toBeGreaterThan(0.03)
  }
  for (const end of ['open', 'completed', 'failed', 'timed-out', 'returned', 'cancelled', 'lost']) {
    expect(
      share((state) => state.attempts.some((each) => each.end === end)),
      end,
    ).toBeGreaterThan(0.05)
  }
  expect(share((state) => state.round > 1)).toBeGreaterThan(0.05)
  expect(share((state) => state.attempts.some((each) => each.voided && each.end === 'completed'))).toBeGreaterThan(0.05)
  expect(share((state) => state.counts !== undefined && state.counts !== lowestCompleted(state))).toBeGreaterThan(0.01)
})

function lowestCompleted({ attempts }: ReturnType<typeof fold>): Token | undefined {
  return attempts.find((each) => each.end === 'completed' && !each.voided)?.token
}
