/**
 * Facts as bytes: one CBOR array `[version, kind, batch, task, ...fields]`, deterministic (RFC 8949, section 4.2).
 *
 * 1. Equal facts give equal bytes.
 * 2. Fields that a later version appends are ignored here; the bytes themselves are kept by whoever stores them.
 * 3. Decoding never throws anything but CodecError, whatever the bytes.
 */
import type { Artifact, ErrorClass, Fact, FactKind, Outcome, Result, TaskError } from '../core/facts.ts'
import { MESH_SETTINGS } from '../core/settings.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { encodeValue } from './cbor.ts'
import { CodecError } from './codec-error.ts'
import { readList, readWord, WORD_BYTES_MAX, writeList } from './items.ts'
import { isJsonObject } from './json.ts'
import { readParams } from './json-reader.ts'

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
      writer.hex(fact.token, 18).text(fact.outcome, WORD_BYTES_MAX).uint(fact.durationMs)
      writeError(fact.error)
      writeResult(fact.result)
      return
    case 'lost':
      writer.hex(fact.token, 18).text(fact.why, WORD_BYTES_MAX)
      return
    case 'chosen':
      writer.hex(fact.token, 18)
      return
    case 'voided':
      writer.hex(fact.token, 18).uint(fact.round)
      return
    case 'closed':
      writer.uint(fact.round).text(fact.why, WORD_BYTES_MAX)
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
  writer.array(2).text(error.class, WORD_BYTES_MAX).text(error.message, MESSAGE_BYTES_MAX)
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
  writeList(writer, result.files, MESH_SETTINGS.artifactsMax, writeArtifact)
}

function writeArtifact(to: ByteWriter, { sha256, bytes, mime, name }: Artifact): void {
  to.array(4).hex(sha256, 32).uint(bytes).text(mime, NAME_BYTES_MAX).text(name, FILE_NAME_BYTES_MAX)
}

/** @throws CodecError where the bytes are not a fact of a known version within the limits */
export function decodeFact(bytes: Uint8Array): Fact {
  if (bytes.length > MESH_SETTINGS.factBytesMax) throw new CodecError(`a fact of ${bytes.length} bytes`)
  const reader = new ByteReader(bytes)
  const fields = 2 + reader.open(2)
  const version = reader.uint()
  if (version !== VERSION) throw new CodecError(`a fact of format ${version}; this version knows ${VERSION}`)
  const code = reader.uint()
  const kind = KINDS[code]
  if (kind === undefined) throw new CodecError(`a fact of unknown kind ${code}`)
  const more = fields - LENGTHS[kind]
  if (more < 0) throw new CodecError(`a ${kind} fact that lacks ${-more} fields`)
  const fact = readBody(kind, reader)
  reader.close(more)
  reader.end()
  return fact
}

function readBody(kind: FactKind, reader: ByteReader): Fact {
  const batch = reader.hex(8)
  const task = reader.hex(16)
  switch (kind) {
    case 'seeded':
      return {
        kind,
        batch,
        task,
        index: reader.uint(),
        prompt: reader.text(MESH_SETTINGS.promptBytesMax),
        params: readParams(reader),
        profile: reader.text(NAME_BYTES_MAX),
      }
    case 'claimed':
      return {
        kind,
        batch,
        task,
        token: reader.hex(18),
        holder: reader.text(NAME_BYTES_MAX),
        holderBoot: reader.hex(8),
        round: reader.uint(),
      }
    case 'ended':
      return readEnded(batch, task, reader)
    case 'lost':
      return { kind, batch, task, token: reader.hex(18), why: readWord(reader, LOSSES) }
    case 'chosen':
      return { kind, batch, task, token: reader.hex(18) }
    case 'voided':
      return { kind, batch, task, token: reader.hex(18), round: reader.uint() }
    case 'closed':
      return { kind, batch, task, round: reader.uint(), why: readWord(reader, CLOSINGS) }
    case 'retried':
    case 'cancelled':
      return { kind, batch, task, round: reader.uint() }
  }
}

function readEnded(batch: string, task: string, reader: ByteReader): Fact {
  const token = reader.hex(18)
  const outcome = readWord(reader, OUTCOMES)
  const durationMs = reader.uint()
  const error = reader.null() ? undefined : readError(reader)
  const result = reader.null() ? undefined : readResult(reader)
  return { kind: 'ended', batch, task, token, outcome, durationMs, ...(error && { error }), ...(result && { result }) }
}

function readError(reader: ByteReader): TaskError {
  const more = reader.open(2)
  const error = { class: readWord(reader, ERROR_CLASSES), message: reader.text(MESSAGE_BYTES_MAX) }
  checkMessage(error.message)
  reader.close(more)
  return error
}

function readResult(reader: ByteReader): Result {
  const more = reader.open(2)
  const text = reader.null() ? undefined : reader.text(MESH_SETTINGS.resultTextBytesMax)
  const files = readList(reader, MESH_SETTINGS.artifactsMax, readArtifact)
  reader.close(more)
  return { ...(text !== undefined && { text }), files }
}

function readArtifact(reader: ByteReader): Artifact {
  const more = reader.open(4)
  const artifact = {
    sha256: reader.hex(32),
    bytes: reader.uint(),
    mime: reader.text(NAME_BYTES_MAX),
    name: reader.text(FILE_NAME_BYTES_MAX),
  }
  reader.close(more)
  return artifact
}
