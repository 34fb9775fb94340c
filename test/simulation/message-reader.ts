/** The messages that nodes send, decoded once however many look at them. */
import { CodecError } from '../../src/codec/codec-error.ts'
import { decodeMessage } from '../../src/codec/messages.ts'
import type { Message, MessageType } from '../../src/core/messages.ts'

const read = new WeakMap<Uint8Array, Message>()

/** Undefined where a node sent what is no message. */
export function messageOf(bytes: Uint8Array): Message | undefined {
  let message = read.get(bytes)
  if (message === undefined) {
    message = decode(bytes)
    if (message !== undefined) read.set(bytes, message)
  }
  return message
}

/** Types by their codes, as they were met. */
const types: MessageType[] = []

/** What a message is, read from its first bytes where that type was met before: decoding all of them takes long. */
export function typeOf(bytes: Uint8Array): MessageType | undefined {
  const code = codeOf(bytes)
  const known = code === undefined ? undefined : types[code]
  if (known !== undefined) return known
  const type = messageOf(bytes)?.type
  if (type !== undefined && code !== undefined) types[code] = type
  return type
}

/** CBOR: an array of fewer than 24, a version, and a code as one byte or two. */
function codeOf([head = 0, version = 0, first = 0, second]: Uint8Array): number | undefined {
  if (head < 0x80 || head > 0x97 || version > 23) return undefined
  return first < 24 ? first : first === 24 ? second : undefined
}

function decode(bytes: Uint8Array): Message | undefined {
  try {
    return decodeMessage(bytes)
  } catch (error) {
    if (error instanceof CodecError) return undefined
    throw error
  }
}
