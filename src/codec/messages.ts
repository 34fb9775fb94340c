/**
 * What nodes say to each other as bytes: one CBOR array `[version, type code, ...fields]`, deterministic (RFC 8949,
 * section 4.2). The types are grouped by theme in files of their own, messages-*.ts.
 *
 * 1. Equal messages give equal bytes.
 * 2. Decoding never throws anything but CodecError, whatever the bytes, and takes no memory before it has compared the
 *    length or count with its limit and with the bytes that are there.
 * 3. Fields that a later version appends, to a message or to an array in it, are ignored. Types are added with new
 *    codes; a type that is not known here is an UnknownMessageError, which a peer's later version explains.
 * 4. Facts in a decoded message are parts of the bytes it was decoded from: whoever keeps one keeps the message, and
 *    nobody may change the bytes.
 */
import type { Message, MessageType } from '../core/messages.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { CodecError } from './codec-error.ts'
import type { MessageCodec, MessageCodecs } from './message-codec.ts'
import { MESSAGE_LIMITS } from './message-limits.ts'
import { BATCH_MESSAGES } from './messages-batches.ts'
import { PEER_MESSAGES } from './messages-peers.ts'
import { SEEDING_MESSAGES } from './messages-seeding.ts'
import { SLOT_MESSAGES } from './messages-slots.ts'
import { WORK_MESSAGES } from './messages-work.ts'

const VERSION = 1

const CODECS: MessageCodecs<MessageType> = {
  ...PEER_MESSAGES,
  ...BATCH_MESSAGES,
  ...SLOT_MESSAGES,
  ...WORK_MESSAGES,
  ...SEEDING_MESSAGES,
}
type AnyCodec = MessageCodec<MessageType>
const BY_CODE = new Map(Object.values(CODECS).map((codec) => [codec.code, codec as AnyCodec]))

const writer = new ByteWriter()

/** Bytes that are a message of a type that this version does not know. */
export class UnknownMessageError extends CodecError {
  constructor(code: number) {
    super(`a message of unknown type ${code}`)
    this.name = 'UnknownMessageError'
  }
}

/**
 * The bytes of a message, at most `bytesMax`: `frameBytesMax` for a stream, `gossipBytesMax` for gossip.
 * @throws CodecError where it is over a limit or could not be read back
 */
export function encodeMessage(message: Message, bytesMax: number = MESSAGE_LIMITS.frameBytesMax): Uint8Array {
  const codec = CODECS[message.type] as AnyCodec
  writer
    .begin()
    .array(2 + codec.fields)
    .uint(VERSION)
    .uint(codec.code)
  codec.write(writer, message)
  const bytes = writer.take()
  if (bytes.length > bytesMax)
    throw new CodecError(`a message ${message.type} of ${bytes.length} bytes; at most ${bytesMax} are allowed`)
  return bytes
}

/**
 * The message that the bytes are.
 * @throws UnknownMessageError where its type is not known, CodecError where the bytes are no message within the limits
 */
export function decodeMessage(bytes: Uint8Array, bytesMax: number = MESSAGE_LIMITS.frameBytesMax): Message {
  if (bytes.length > bytesMax)
    throw new CodecError(`a message of ${bytes.length} bytes; at most ${bytesMax} are allowed`)
  const reader = new ByteReader(bytes)
  const fields = reader.open(2)
  const version = reader.uint()
  if (version !== VERSION) throw new CodecError(`a message of format ${version}; this version knows ${VERSION}`)
  const code = reader.uint()
  const codec = BY_CODE.get(code)
  if (codec === undefined) throw new UnknownMessageError(code)
  if (fields < codec.fields) throw new CodecError(`a message of type ${code} that lacks fields`)
  const message = codec.read(reader)
  reader.close(fields - codec.fields)
  reader.end()
  return message
}
