/**
 * Random facts and batch records for property tests: `taskFact` draws from alphabets so small that tokens, rounds
 * and holders collide all the time; `wireFact` draws every kind with values as wide as the limits allow.
 */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { type BatchFields, type BatchRecord, type Register, tombstoneOf } from '../../src/core/batches.ts'
import { makeFact } from '../../src/core/fact-record.ts'
import type { Artifact, ErrorClass, Fact, Json, Outcome, Params, Result, StoredFact } from '../../src/core/facts.ts'
import { makeToken, type Sha256, type Token } from '../../src/core/ids.ts'

export const sha256: Sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

export const BATCH = 'ba7c4000000000aa'
export const TASK = '7a5c0000000000000000000000000001'
const BOOTS = ['b007000000000001', 'b007000000000002'] as const
const NODES = ['node-a', 'node-b', 'node-c'] as const

/** Four tokens that differ in epoch, in seq and in boot alone, ascending. */
export const TOKENS: readonly Token[] = [
  makeToken(1, 1, BOOTS[0]),
  makeToken(1, 1, BOOTS[1]),
  makeToken(1, 2, BOOTS[0]),
  makeToken(2, 1, BOOTS[0]),
]

const OUTCOMES: readonly Outcome[] = ['completed', 'failed', 'timed-out', 'returned', 'cancelled']
const LOSSES = ['holder-dead', 'holder-restarted', 'deadline-passed', 'never-renewed'] as const
const CLOSINGS = ['attempts-used-up', 'bad-input', 'poison'] as const
const ERROR_CLASSES: readonly ErrorClass[] = [
  'bad-input',
  'not-here',
  'oom',
  'bad-output',
  'failed',
  'timed-out',
  'backend-down',
  'disk-full',
  'drain',
]

const about = { batch: fc.constant(BATCH), task: fc.constant(TASK) }
const token = fc.constantFrom(...TOKENS)
const round = fc.constantFrom(0, 1, 2)
const flag = fc.boolean()

const seeded: fc.Arbitrary<Fact> = fc.record({
  kind: fc.constant('seeded' as const),
  ...about,
  index: fc.constantFrom(0, 1),
  prompt: fc.constantFrom('a cat', 'a dog'),
  params: fc.constant({}),
  profile: fc.constant('sketch'),
})
const claimed: fc.Arbitrary<Fact> = fc.record({
  kind: fc.constant('claimed' as const),
  ...about,
  token,
  holder: fc.constantFrom(...NODES),
  holderBoot: fc.constantFrom(...BOOTS),
  round,
})
const lost: fc.Arbitrary<Fact> = fc.record({
  kind: fc.constant('lost' as const),
  ...about,
  token,
  why: fc.constantFrom(...LOSSES),
})
const chosen: fc.Arbitrary<Fact> = fc.record({ kind: fc.constant('chosen' as const), ...about, token })
const closed: fc.Arbitrary<Fact> = fc.record({
  kind: fc.constant('closed' as const),
  ...about,
  round,
  why: fc.constantFrom(...CLOSINGS),
})
const retried: fc.Arbitrary<Fact> = fc.record({ kind: fc.constant('retried' as const), ...about, round })
const voided: fc.Arbitrary<Fact> = fc.record({ kind: fc.constant('voided' as const), ...about, token, round })
const cancelled: fc.Arbitrary<Fact> = fc.record({ kind: fc.constant('cancelled' as const), ...about, round })

function endedWith(outcomes: fc.Arbitrary<Outcome>): fc.Arbitrary<Fact> {
  return fc.tuple(token, outcomes, fc.constantFrom(0, 700, 900), flag).map(([of, outcome, durationMs, extra]) => {
    const base = { kind: 'ended', batch: BATCH, task: TASK, token: of, outcome, durationMs } as const
    if (outcome === 'completed') return { ...base, result: { text: extra ? 'one' : 'two', files: [] } }
    if (outcome === 'failed') return { ...base, error: { class: extra ? 'oom' : 'failed', message: 'no' } }
    return base
  })
}

/** One fact about TASK, of any kind, out of small alphabets. */
const taskFact: fc.Arbitrary<Fact> = fc.oneof(
  { weight: 1, arbitrary: seeded },
  { weight: 4, arbitrary: claimed },
  { weight: 2, arbitrary: endedWith(fc.constant<Outcome>('completed')) },
  { weight: 3, arbitrary: endedWith(fc.constantFrom(...OUTCOMES)) },
  { weight: 2, arbitrary: lost },
  { weight: 2, arbitrary: chosen },
  { weight: 2, arbitrary: closed },
  { weight: 1, arbitrary: retried },
  { weight: 1, arbitrary: voided },
  { weight: 2, arbitrary: cancelled },
)

export const storedTaskFact: fc.Arbitrary<StoredFact> = taskFact.map((fact) => makeFact(fact, sha256))

/** Facts of TASK as a node may hold them: any part of a history, in any order, with variants and repeats. */
export const storedTaskFacts: fc.Arbitrary<StoredFact[]> = fc.array(storedTaskFact, { minLength: 1, maxLength: 14 })

const digits = (bytes: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((raw) => Buffer.from(raw).toString('hex'))
const text = (unitsMax: number): fc.Arbitrary<string> => fc.string({ unit: 'binary', maxLength: unitsMax })
const wholeNumber = fc.maxSafeNat()

/** Parameters as a user can give them: whatever JSON carries, with `__proto__` and the like among the keys. */
export const params: fc.Arbitrary<Params> = fc.dictionary(
  fc.oneof(text(12), fc.constantFrom('__proto__', 'constructor', 'toString', 'seed')),
  // A number goes through JSON.stringify and back before it is a parameter: it has no negative zero.
  fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)) as Json),
  { maxKeys: 6 },
)

const artifact: fc.Arbitrary<Artifact> = fc.record({
  sha256: digits(32),
  bytes: wholeNumber,
  mime: fc.constantFrom('image/png', 'text/plain'),
  name: text(20),
})
const result: fc.Arbitrary<Result> = fc.record(
  { text: text(40), files: fc.array(artifact, { maxLength: 4 }) },
  { requiredKeys: ['files'] },
)
const wideAbout = { batch: digits(8), task: digits(16) }

/** A fact of any kind, about any task, as an honest node may write it. */
export const wireFact: fc.Arbitrary<Fact> = fc.oneof(
  fc.record({
    kind: fc.constant('seeded' as const),
    ...wideAbout,
    index: wholeNumber,
    prompt: text(200),
    params,
    profile: text(20),
  }),
  fc.record({
    kind: fc.constant('claimed' as const),
    ...wideAbout,
    token: digits(18),
    holder: text(20),
    holderBoot: digits(8),
    round: wholeNumber,
  }),
  fc.record(
    {
      kind: fc.constant('ended' as const),
      ...wideAbout,
      token: digits(18),
      outcome: fc.constantFrom(...OUTCOMES),
      durationMs: wholeNumber,
      error: fc.record({ class: fc.constantFrom(...ERROR_CLASSES), message: text(100) }),
      result,
    },
    { requiredKeys: ['kind', 'batch', 'task', 'token', 'outcome', 'durationMs'] },
  ),
  fc.record({ kind: fc.constant('lost' as const), ...wideAbout, token: digits(18), why: fc.constantFrom(...LOSSES) }),
  fc.record({ kind: fc.constant('chosen' as const), ...wideAbout, token: digits(18) }),
  fc.record({
    kind: fc.constant('closed' as const),
    ...wideAbout,
    round: wholeNumber,
    why: fc.constantFrom(...CLOSINGS),
  }),
  fc.record({ kind: fc.constant('retried' as const), ...wideAbout, round: wholeNumber }),
  fc.record({ kind: fc.constant('voided' as const), ...wideAbout, token: digits(18), round: wholeNumber }),
  fc.record({ kind: fc.constant('cancelled' as const), ...wideAbout, round: wholeNumber }),
)

function register<T>(value: fc.Arbitrary<T>): fc.Arbitrary<Register<T>> {
  return fc.record({ value, counter: fc.constantFrom(1, 2, 3), node: fc.constantFrom(...NODES) })
}

/** What a node may know of one batch: all records have the same identity and differ in their fields. */
export const liveRecord: fc.Arbitrary<BatchRecord> = fc.record({
  id: fc.constant(BATCH),
  name: fc.constant('parti'),
  generation: fc.constant(0),
  deleted: fc.constant(false as const),
  fields: fc.record({
    profile: register(fc.constantFrom('sketch', 'sdxl')),
    priority: register(fc.constantFrom(-1, 0, 2, 10)),
    maxAttempts: register(fc.constantFrom(1, 3)),
    timeoutMs: register(fc.constantFrom(null, 1_000, 20_000)),
    paused: register(fc.boolean()),
    cancelled: register(fc.boolean()),
    born: register(fc.constantFrom(1, 2)),
  }),
})

/** The same; some nodes know that it is deleted. */
export const batchRecord: fc.Arbitrary<BatchRecord> = fc.oneof(
  { weight: 5, arbitrary: liveRecord },
  { weight: 1, arbitrary: liveRecord.map(tombstoneOf) },
)

/** A change of one or more fields of a batch. */
export const batchChange: fc.Arbitrary<Partial<BatchFields>> = fc
  .record(
    {
      profile: fc.constantFrom('sketch', 'sdxl'),
      priority: fc.constantFrom(-1, 0, 2, 10),
      maxAttempts: fc.constantFrom(1, 3),
      timeoutMs: fc.constantFrom(null, 1_000, 20_000),
      paused: fc.boolean(),
      cancelled: fc.boolean(),
    },
    { requiredKeys: [] },
  )
  .filter((change) => Object.keys(change).length > 0)
