/** The messages that nodes send, decoded once however many look at them. */
import { CodecError } from '../../src/codec/codec-error.ts'
import { decodeMessage } from '../../src/codec/messages.ts'
import type { NodeId } from '../../src/core/ids.ts'
import type { Message, MessageOf, MessageType } from '../../src/core/messages.ts'

export interface Said {
  /** To whom it is, or from whom. */
  readonly peer: NodeId
  readonly message: Message
}

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

type IsWanted = (type: MessageType) => boolean

/** What a node says to a peer with what it sends, through a third node too; undefined where it passes on. */
export function saidTo(self: NodeId, to: NodeId, bytes: Uint8Array, isWanted: IsWanted): Said | undefined {
  return unwrapped(to, bytes, isWanted, (relay) => (relay.from === self ? relay.to : undefined))
}

/** What a peer says to a node with what that received, through a third node too; undefined where it is to pass it on. */
export function heardFrom(self: NodeId, from: NodeId, bytes: Uint8Array, isWanted: IsWanted): Said | undefined {
  return unwrapped(from, bytes, isWanted, (relay) => (relay.to === self ? relay.from : undefined))
}

/** Only what is wanted is decoded: there are many messages. */
function unwrapped(
  direct: NodeId,
  bytes: Uint8Array,
  isWanted: IsWanted,
  peerOf: (relay: MessageOf<'relay'>) => NodeId | undefined,
): Said | undefined {
  const type = typeOf(bytes)
  if (type === undefined || (type !== 'relay' && !isWanted(type))) return undefined
  const message = messageOf(bytes)
  if (message?.type !== 'relay') return message && { peer: direct, message }
  const peer = peerOf(message)
  return peer === undefined ? undefined : unwrapped(peer, message.bytes, isWanted, () => undefined)
}

function decode(bytes: Uint8Array): Message | undefined {
  try {
    return decodeMessage(bytes)
  } catch (error) {
    if (error instanceof CodecError) return undefined
    throw error
  }
}
