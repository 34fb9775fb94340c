/** Lower-case hex text to bytes and back, without Node. */
import { CodecError } from './codec-error.ts'

const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const VALUES = new Int8Array(128).fill(-1)
for (let value = 0; value < 16; value++) VALUES[value.toString(16).charCodeAt(0)] = value

/** Two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += DIGITS[byte]
  return text
}

/** @throws CodecError where the text is not an even number of lower-case hex digits */
export function fromHex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length >> 1)
  if (text.length % 2 !== 0) throw new CodecError('hex text of an odd length')
  for (let at = 0; at < bytes.length; at++) {
    const high = VALUES[text.charCodeAt(2 * at)] ?? -1
    const low = VALUES[text.charCodeAt(2 * at + 1)] ?? -1
    if (high < 0 || low < 0) throw new CodecError('a character that is no lower-case hex digit')
    bytes[at] = high * 16 + low
  }
  return bytes
}
