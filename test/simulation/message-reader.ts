/** The messages that nodes send, decoded once however many look at them. */
import { CodecError } from '../../src/codec/codec-error.ts'
import { decodeMessage } from '../../src/codec/messages.ts'
import type { Message } from '../../src/core/messages.ts'

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

function decode(bytes: Uint8Array): Message | undefined {
  try {
    return decodeMessage(bytes)
  } catch (error) {
    if (error instanceof CodecError) return undefined
    throw error
  }
}
