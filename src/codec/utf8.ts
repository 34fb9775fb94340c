/** Text and its bytes in UTF-8: how many they are without making them, and back from them. */
import { CodecError } from './codec-error.ts'

/** The platform's own, which the core's type library leaves out; a pure function. */
declare class TextDecoder {
  constructor(encoding: 'utf-8', options: { readonly fatal: true; readonly ignoreBOM: true })
  decode(bytes: Uint8Array): string
}
/** A byte order mark is text like any other: without `ignoreBOM` it would be lost. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @throws CodecError where the bytes are not well-formed UTF-8 */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new CodecError('text that is not UTF-8', { cause })
  }
}

/** Bytes of text in UTF-8; a lone surrogate counts 3, as its replacement character does. */
export function utf8Length(text: string): number {
  let bytes = 0
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit < 0x80) bytes += 1
    else if (unit < 0x800) bytes += 2
    else if (unit >= 0xd800 && unit < 0xdc00 && isLowSurrogate(text.charCodeAt(at + 1))) {
      bytes += 4
      at++
    } else bytes += 3
  }
  return bytes
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000
}
