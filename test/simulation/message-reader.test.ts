/** What those who watch read of messages. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeMessage } from '../../src/codec/messages.ts'
import { anyMessage } from '../support/message-arbitraries.ts'
import { messageOf, typeOf } from './message-reader.ts'

test('the type that the first bytes tell is that of the message', () => {
  const types = new Set<string>()
  const property = fc.property(anyMessage, (message) => {
    types.add(message.type)
    // Twice: the second time the code is known.
    for (const bytes of [encodeMessage(message), encodeMessage(message)]) expect(typeOf(bytes)).toBe(message.type)
  })
  fc.assert(property, { numRuns: 1_000 })
  expect(types.size).toBeGreaterThan(20)
})

test.each([[[]], [[0xff]], [[0x82, 1]], [[0x82, 1, 0x18, 0xff]]])('the bytes %j are no message', (bytes) => {
  expect(typeOf(Uint8Array.from(bytes))).toBeUndefined()
  expect(messageOf(Uint8Array.from(bytes))).toBeUndefined()
})
