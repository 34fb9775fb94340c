/** One plain fact of each kind, and ways to spoil its bytes past the checks of `encodeFact`. */
import { isDeepStrictEqual } from 'node:util'
import { decode, encode } from 'cborg'
import { encodeFact } from '../../src/codec/facts.ts'
import type { EndedFact, Fact, Params, SeededFact } from '../../src/core/facts.ts'
import { BATCH, TASK, TOKENS } from './arbitraries.ts'

export const about = { batch: BATCH, task: TASK }
export const token = TOKENS[0] ?? ''
export const seeded: SeededFact = { kind: 'seeded', ...about, index: 7, prompt: 'a cat', params: {}, profile: 'sketch' }
export const failed: EndedFact = {
  kind: 'ended',
  ...about,
  token,
  outcome: 'failed',
  durationMs: 5,
  error: { class: 'failed', message: 'no' },
}
export const completed: EndedFact = {
  kind: 'ended',
  ...about,
  token,
  outcome: 'completed',
  durationMs: 5,
  result: { text: 'done', files: [] },
}
export const artifact = { sha256: 'ab'.repeat(32), bytes: 9, mime: 'image/png', name: 'a.png' }

export const ONE_OF_EACH: readonly Fact[] = [
  seeded,
  { kind: 'claimed', ...about, token, holder: 'node-a', holderBoot: 'b007000000000001', round: 2 },
  failed,
  completed,
  { kind: 'ended', ...about, token, outcome: 'timed-out', durationMs: 2_000 },
  { ...completed, result: { files: [artifact, { ...artifact, name: 'b.png' }] } },
  { kind: 'lost', ...about, token, why: 'holder-restarted' },
  { kind: 'chosen', ...about, token },
  { kind: 'closed', ...about, round: 1, why: 'poison' },
  { kind: 'retried', ...about, round: 0 },
  { kind: 'voided', ...about, token, round: 3 },
  { kind: 'cancelled', ...about, round: 0 },
]

export function withPrompt(prompt: string): SeededFact {
  return { ...seeded, prompt }
}

export function withParams(some: unknown): SeededFact {
  return { ...seeded, params: some as Params }
}

/** The CBOR fields of a fact, for a test to spoil; encoded here, past the checks of `encodeFact`. */
export function fieldsOf(fact: Fact): unknown[] {
  return decode(encodeFact(fact)) as unknown[]
}

/** The bytes of `fact` with `other` in place of each field that is `value`. */
export function spoilt(fact: Fact, value: unknown, other: unknown): Uint8Array {
  const wanted = JSON.stringify(value)
  const replace = (field: unknown): unknown => {
    if (JSON.stringify(field) === wanted) return other
    return Array.isArray(field) ? field.map(replace) : field
  }
  const fields = fieldsOf(fact)
  const changed = fields.map(replace)
  if (isDeepStrictEqual(changed, fields)) throw new TypeError(`no field of the ${fact.kind} fact is ${wanted}`)
  return encode(changed)
}
