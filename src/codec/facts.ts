/**
 * Facts as bytes: one CBOR array `[version, kind, batch, task, ...fields]`, deterministic (RFC 8949, section 4.2).
 *
 * 1. Equal facts give equal bytes.
 * 2. Fields that a later version appends are ignored here; the bytes themselves are kept by whoever stores them.
 * 3. Decoding never throws anything but CodecError, whatever the bytes.
 */
import type { Artifact, ErrorClass, Fact, FactKind, Outcome, Params, Result, TaskError } from '../core/facts.ts'
import { MESH_SETTINGS } from '../core/settings.ts'
import { decodeFields, encodeFields } from './cbor.ts'
import { CodecError } from './codec-error.ts'
import { type Fields, fits } from './fields.ts'
import { fromHex } from './hex.ts'
import { isJsonObject } from './json.ts'

const VERSION = 1

/** The number of each kind on the wire and in store keys; never reused. */
export const KIND_CODES: { readonly [K in FactKind]: number } = {
  seeded: 1,
  claimed: 2,
  ended: 3,
  lost: 4,
  chosen: 5,
  closed: 6,
  retried: 7,
  voided: 8,
  cancelled: 9,
}
const KINDS = Object.fromEntries(Object.entries(KIND_CODES).map(([kind, code]) => [code, kind])) as {
  readonly [code: number]: FactKind | undefined
}

const OUTCOMES = ['completed', 'failed', 'timed-out', 'returned', 'cancelled'] as const satisfies readonly Outcome[]
const LOSSES = ['holder-dead', 'holder-restarted', 'deadline-passed', 'never-renewed'] as const
const CLOSINGS = ['attempts-used-up', 'bad-input', 'poison'] as const
const ERROR_CLASSES = [
  'bad-input',
  'not-here',
  'oom',
  'bad-output',
  'failed',
  'timed-out',
  'backend-down',
  'disk-full',
  'drain',
] as const satisfies readonly ErrorClass[]

/**
 * The bytes of a fact.
 * @throws CodecError where it is over a limit or could not be read back
 */
export function encodeFact(fact: Fact): Uint8Array {
  const bytes = encodeFields([VERSION, KIND_CODES[fact.kind], id(fact.batch, 8), id(fact.task, 16), ...bodyOf(fact)])
  if (bytes.length > MESH_SETTINGS.factBytesMax) throw new CodecError(`a fact of ${bytes.length} bytes`)
  return bytes
}

/** @throws CodecError where a text, number or list of the fact is over its limit */
function checked<T>(value: T, isWithin: boolean, what: string): T {
  if (!isWithin) throw new CodecError(`${what} is over its limit or could not be read back`)
  return value
}

function id(hexDigits: string, bytes: number): Uint8Array {
  return fromHex(checked(hexDigits, hexDigits.length === 2 * bytes, 'an id'))
}

function uint(value: number): number {
  return checked(value, Number.isSafeInteger(value) && value >= 0, 'a number')
}

function text(value: string, bytesMax: number): string {
  return checked(value, fits(value, bytesMax) && value.isWellFormed(), 'a text')
}

function params(value: object): object {
  let empty = true
  for (const _ in value) empty = false
  return empty ? value : checked(value, isJsonObject(value) && paramsFit(value), 'parameters')
}

function paramsFit(value: object): boolean {
  return encodeFields([value]).length - 1 <= MESH_SETTINGS.paramsBytesMax
}

function bodyOf(fact: Fact): unknown[] {
  switch (fact.kind) {
    case 'seeded':
      return [uint(fact.index), text(fact.prompt, MESH_SETTINGS.promptBytesMax), params(fact.params), text(fact.profile, 128)]
    case 'claimed':
      return [id(fact.token, 18), text(fact.holder, 128), id(fact.holderBoot, 8), uint(fact.round)]
    case 'ended':
      return [
        id(fact.token, 18),
        fact.outcome,
        uint(fact.durationMs),
        fact.error === undefined ? null : errorFields(fact.error),
        fact.result === undefined ? null : resultFields(fact.result),
      ]
    case 'lost':
      return [id(fact.token, 18), fact.why]
    case 'chosen':
      return [id(fact.token, 18)]
    case 'voided':
      return [id(fact.token, 18), uint(fact.round)]
    case 'closed':
      return [uint(fact.round), fact.why]
    case 'retried':
    case 'cancelled':
      return [uint(fact.round)]
  }
}

function errorFields(error: TaskError): unknown[] {
  const short = error.message.length <= MESH_SETTINGS.errorMessageMax
  return [error.class, text(checked(error.message, short, 'an error message'), 4 * MESH_SETTINGS.errorMessageMax)]
}

function resultFields(result: Result): unknown[] {
  checked(result.files, result.files.length <= MESH_SETTINGS.artifactsMax, 'a list of files')
  const files = result.files.map((file) => [id(file.sha256, 32), uint(file.bytes), text(file.mime, 128), text(file.name, 1_024)])
  return [result.text === undefined ? null : text(result.text, MESH_SETTINGS.resultTextBytesMax), files]
}

/** @throws CodecError where the bytes are not a fact of a known version within the limits */
export function decodeFact(bytes: Uint8Array): Fact {
  if (bytes.length > MESH_SETTINGS.factBytesMax) throw new CodecError(`a fact of ${bytes.length} bytes`)
  const fields = decodeFields(bytes)
  const version = fields.uint()
  if (version !== VERSION) throw new CodecError(`a fact of format ${version}; this version knows ${VERSION}`)
  const code = fields.uint()
  const kind = KINDS[code]
  if (kind === undefined) throw new CodecError(`a fact of unknown kind ${code}`)
  return readBody(kind, fields)
}

function readBody(kind: FactKind, fields: Fields): Fact {
  const batch = fields.hex(8)
  const task = fields.hex(16)
  switch (kind) {
    case 'seeded':
      return readSeeded(batch, task, fields)
    case 'claimed':
      return { kind, batch, task, token: fields.hex(18), holder: fields.text(128), holderBoot: fields.hex(8), round: fields.uint() }
    case 'ended':
      return readEnded(batch, task, fields)
    case 'lost':
      return { kind, batch, task, token: fields.hex(18), why: fields.word(LOSSES) }
    case 'chosen':
      return { kind, batch, task, token: fields.hex(18) }
    case 'voided':
      return { kind, batch, task, token: fields.hex(18), round: fields.uint() }
    case 'closed':
      return { kind, batch, task, round: fields.uint(), why: fields.word(CLOSINGS) }
    case 'retried':
    case 'cancelled':
      return { kind, batch, task, round: fields.uint() }
  }
}

function readSeeded(batch: string, task: string, fields: Fields): Fact {
  const index = fields.uint()
  const prompt = fields.text(MESH_SETTINGS.promptBytesMax)
  const read = fields.object()
  return { kind: 'seeded', batch, task, index, prompt, params: params(read) as Params, profile: fields.text(128) }
}

function readEnded(batch: string, task: string, fields: Fields): Fact {
  const token = fields.hex(18)
  const outcome = fields.word(OUTCOMES)
  const durationMs = fields.uint()
  const error = fields.optional(readError)
  const result = fields.optional(readResult)
  return { kind: 'ended', batch, task, token, outcome, durationMs, ...(error && { error }), ...(result && { result }) }
}

function readError(fields: Fields): TaskError {
  const errorClass = fields.word(ERROR_CLASSES)
  const message = fields.text(4 * MESH_SETTINGS.errorMessageMax)
  return { class: errorClass, message: checked(message, message.length <= MESH_SETTINGS.errorMessageMax, 'a message') }
}

function readResult(fields: Fields): Result {
  const text = fields.optionalText(MESH_SETTINGS.resultTextBytesMax)
  const files = fields.list(MESH_SETTINGS.artifactsMax, readArtifact)
  return { ...(text !== undefined && { text }), files }
}

function readArtifact(fields: Fields): Artifact {
  return { sha256: fields.hex(32), bytes: fields.uint(), mime: fields.text(128), name: fields.text(1_024) }
}
