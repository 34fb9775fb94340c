/**
 * Facts as bytes: one CBOR array `[version, kind, batch, task, ...fields]`, deterministic (RFC 8949, section 4.2).
 *
 * 1. Equal facts give equal bytes.
 * 2. Fields that a later version appends are ignored here; the bytes themselves are kept by whoever stores them.
 * 3. Decoding never throws anything but CodecError, whatever the bytes.
 */
import type { Artifact, ErrorClass, Fact, FactKind, Outcome, Params, Result, TaskError } from '../core/facts.ts'
import { MESH_SETTINGS } from '../core/settings.ts'
import { ByteWriter } from './byte-writer.ts'
import { decodeFields, encodeValue } from './cbor.ts'
import { CodecError } from './codec-error.ts'
import type { Fields } from './fields.ts'
import { isJsonObject } from './json.ts'

const VERSION = 1
const NAME_BYTES_MAX = 128
const FILE_NAME_BYTES_MAX = 1_024
const MESSAGE_BYTES_MAX = 4 * MESH_SETTINGS.errorMessageMax

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

const writer = new ByteWriter()
/** Items of each kind, the four that all facts begin with included. */
const LENGTHS: { readonly [K in FactKind]: number } = {
  seeded: 8,
  claimed: 8,
  ended: 9,
  lost: 6,
  chosen: 5,
  closed: 6,
  retried: 5,
  voided: 6,
  cancelled: 5,
}
const EMPTY_MAP = Uint8Array.of(0xa0)

/**
 * The bytes of a fact.
 * @throws CodecError where it is over a limit or could not be read back
 */
export function encodeFact(fact: Fact): Uint8Array {
  writer.begin().array(LENGTHS[fact.kind]).uint(VERSION).uint(KIND_CODES[fact.kind])
  writer.hex(fact.batch, 8).hex(fact.task, 16)
  writeBody(fact)
  const bytes = writer.take()
  if (bytes.length > MESH_SETTINGS.factBytesMax) throw new CodecError(`a fact of ${bytes.length} bytes`)
  return bytes
}

function writeBody(fact: Fact): void {
  switch (fact.kind) {
    case 'seeded':
      writer.uint(fact.index).text(fact.prompt, MESH_SETTINGS.promptBytesMax)
      writer.encoded(encodeParams(fact.params)).text(fact.profile, NAME_BYTES_MAX)
      return
    case 'claimed':
      writer.hex(fact.token, 18).text(fact.holder, NAME_BYTES_MAX).hex(fact.holderBoot, 8).uint(fact.round)
      return
    case 'ended':
      writer.hex(fact.token, 18).text(fact.outcome, NAME_BYTES_MAX).uint(fact.durationMs)
      writeError(fact.error)
      writeResult(fact.result)
      return
    case 'lost':
      writer.hex(fact.token, 18).text(fact.why, NAME_BYTES_MAX)
      return
    case 'chosen':
      writer.hex(fact.token, 18)
      return
    case 'voided':
      writer.hex(fact.token, 18).uint(fact.round)
      return
    case 'closed':
      writer.uint(fact.round).text(fact.why, NAME_BYTES_MAX)
      return
    case 'retried':
    case 'cancelled':
      writer.uint(fact.round)
  }
}

/** Parameters as CBOR. @throws CodecError where JSON could not carry them, or they are over their limit */
export function encodeParams(params: object): Uint8Array {
  for (const _ in params) {
    if (!isJsonObject(params)) throw new CodecError('parameters that JSON cannot carry')
    const bytes = encodeValue(params)
    if (bytes.length > MESH_SETTINGS.paramsBytesMax) throw new CodecError(`parameters of ${bytes.length} bytes`)
    return bytes
  }
  return EMPTY_MAP
}

function writeError(error: TaskError | undefined): void {
  if (error === undefined) {
    writer.null()
    return
  }
  checkMessage(error.message)
  writer.array(2).text(error.class, NAME_BYTES_MAX).text(error.message, MESSAGE_BYTES_MAX)
}

function checkMessage(message: string): void {
  if (message.length > MESH_SETTINGS.errorMessageMax) throw new CodecError(`a message of ${message.length} characters`)
}

function writeResult(result: Result | undefined): void {
  if (result === undefined) {
    writer.null()
    return
  }
  writer.array(2)
  if (result.text === undefined) writer.null()
  else writer.text(result.text, MESH_SETTINGS.resultTextBytesMax)
  if (result.files.length > MESH_SETTINGS.artifactsMax) throw new CodecError(`a result of ${result.files.length} files`)
  writer.array(result.files.length)
  for (const file of result.files) {
    writer
      .array(4)
      .hex(file.sha256, 32)
      .uint(file.bytes)
      .text(file.mime, NAME_BYTES_MAX)
      .text(file.name, FILE_NAME_BYTES_MAX)
  }
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
      return {
        kind,
        batch,
        task,
        token: fields.hex(18),
        holder: fields.text(NAME_BYTES_MAX),
        holderBoot: fields.hex(8),
        round: fields.uint(),
      }
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
  const params = fields.object() as Params
  encodeParams(params)
  return { kind: 'seeded', batch, task, index, prompt, params, profile: fields.text(NAME_BYTES_MAX) }
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
  const message = fields.text(MESSAGE_BYTES_MAX)
  checkMessage(message)
  return { class: errorClass, message }
}

function readResult(fields: Fields): Result {
  const text = fields.optionalText(MESH_SETTINGS.resultTextBytesMax)
  const files = fields.list(MESH_SETTINGS.artifactsMax, readArtifact)
  return { ...(text !== undefined && { text }), files }
}

function readArtifact(fields: Fields): Artifact {
  return {
    sha256: fields.hex(32),
    bytes: fields.uint(),
    mime: fields.text(NAME_BYTES_MAX),
    name: fields.text(FILE_NAME_BYTES_MAX),
  }
}
