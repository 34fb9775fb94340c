/** Lower-case hex text to bytes, without Node. */
import { CodecError } from './codec-error.ts'

const VALUES = new Int8Array(128).fill(-1)
for (let value = 0; value < 16; value++) VALUES[value.toString(16).charCodeAt(0)] = value

/** The value of one digit. @throws CodecError where it is none */
export function hexDigitAt(text: string, at: number): number {
  const value = VALUES[text.charCodeAt(at)] ?? -1
  if (value < 0) throw new CodecError('a character that is no lower-case hex digit')
  return value
}

/** @throws CodecError where the text is not an even number of lower-case hex digits */
export function fromHex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length >> 1)
  if (text.length % 2 !== 0) throw new CodecError('hex text of an odd length')
  for (let at = 0; at < bytes.length; at++) {
    bytes[at] = 16 * hexDigitAt(text, 2 * at) + hexDigitAt(text, 2 * at + 1)
  }
  return bytes
}
