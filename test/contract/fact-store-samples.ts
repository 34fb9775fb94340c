/** Facts, batches and writes for the tests of stores. */
import { hash } from 'node:crypto'
import { type BatchRecord, newBatch } from '../../src/core/batches.ts'
import type { Writes } from '../../src/core/effects.ts'
import { makeFact } from '../../src/core/fact-record.ts'
import type { Fact, StoredFact } from '../../src/core/facts.ts'
import { hex, makeToken } from '../../src/core/ids.ts'
import type { SlotDigest } from '../../src/core/messages.ts'
import type { SlotTally } from '../../src/core/tally.ts'
import type { Log } from '../../src/node/ports.ts'
import { BATCH_FIELDS } from '../support/batch-fields.ts'

export const sha256 = (bytes: Uint8Array): string => hash('sha256', bytes, 'hex')

export const BATCH = '00112233445566ff'
export const OTHER_BATCH = 'ffffffffffffffff'
export const NODE = '12D3KooWSampleNode'
const BOOT = '0123456789abcdef'

/** The id of the n-th task: slots differ from one to the next. */
export function taskOf(number: number): string {
  return hex((number * 40_503) % 65_536, 4) + hex(number, 28)
}

export function fact(content: Fact): StoredFact {
  return makeFact(content, sha256)
}

export function seeded(number: number, batch = BATCH): StoredFact {
  return fact({
    kind: 'seeded',
    batch,
    task: taskOf(number),
    index: number,
    prompt: `prompt ${number}`,
    params: {},
    profile: 'sketch',
  })
}

/** One fact of each kind, and of `ended` each shape, all of one task. */
export function everyKind(task: string): StoredFact[] {
  const about = { batch: BATCH, task }
  const token = makeToken(1, 2, BOOT)
  const other = makeToken(1, 3, BOOT)
  const file = { sha256: 'ab'.repeat(32), bytes: 7, mime: 'image/png', name: 'a.png' }
  const contents: Fact[] = [
    {
      kind: 'seeded',
      ...about,
      index: 5,
      prompt: 'a "quoted"\nprompt 🐑',
      params: { seed: 1, size: [2, 'x'] },
      profile: 'sketch',
    },
    { kind: 'claimed', ...about, token, holder: NODE, holderBoot: BOOT, round: 0 },
    { kind: 'ended', ...about, token, outcome: 'completed', durationMs: 12, result: { text: 'done', files: [file] } },
    {
      kind: 'ended',
      ...about,
      token: other,
      outcome: 'failed',
      durationMs: 3,
      error: { class: 'oom', message: 'out of memory' },
    },
    { kind: 'lost', ...about, token, why: 'holder-dead' },
    { kind: 'chosen', ...about, token },
    { kind: 'closed', ...about, round: 0, why: 'poison' },
    { kind: 'retried', ...about, round: 0 },
    { kind: 'voided', ...about, token, round: 1 },
    { kind: 'cancelled', ...about, round: 2 },
  ]
  return contents.map(fact)
}

export function writes(content: Partial<Writes>): Writes {
  return { facts: [], tallies: [], indexes: [], batches: [], promises: undefined, ...content }
}

/** What a commit of seeded tasks holds: their facts and index entries. */
export function seeding(numbers: readonly number[], batch = BATCH): Writes {
  const entries = numbers.map((number) => ({ index: number, task: taskOf(number) }))
  return writes({ facts: numbers.map((number) => seeded(number, batch)), indexes: [{ batch, entries }] })
}

export function tally(slot: number, total: number, batch = BATCH): SlotTally {
  return { batch, slot, total, completed: total >> 1, failed: 0, cancelled: 0, extra: 300 * slot }
}

export function batchRecord(id: string, name: string): BatchRecord {
  return newBatch(id, name, { ...BATCH_FIELDS, profile: 'sketch' }, NODE)
}

export function bySlot(tallies: readonly SlotTally[] | undefined): SlotTally[] {
  return [...(tallies ?? [])].sort((a, b) => (a.batch === b.batch ? a.slot - b.slot : a.batch < b.batch ? -1 : 1))
}

export function hashesOf(facts: readonly StoredFact[]): string[] {
  return facts.map((stored) => stored.hash).sort()
}

/** The digest of a slot that has these facts. */
export function digestOf(slot: number, facts: readonly StoredFact[]): SlotDigest {
  const xor = facts.reduce((sum, stored) => sum ^ BigInt(`0x${stored.hash.slice(0, 32)}`), 0n)
  return { slot, count: facts.length, xor: xor.toString(16).padStart(32, '0') }
}

/** A log that keeps what it is told. */
export function recordingLog(): Log & { readonly messages: string[] } {
  const messages: string[] = []
  const keep = (_fields: object, message: string): void => {
    messages.push(message)
  }
  return { messages, info: keep, warn: keep, error: keep }
}

/** The n-th commit of a row of commits: twenty tasks, and one tally for each of twenty slots that counts commits. */
export function commitNumber(number: number): Writes[] {
  const numbers = Array.from({ length: 20 }, (_, at) => 20 * number + at)
  const tallies = numbers.map((_, at) => tally(800 * at, number + 1))
  return [seeding(numbers), writes({ tallies })]
}
