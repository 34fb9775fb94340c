/**
 * Writes the few CBOR items that this project needs, as bytes and without intermediate values: the general encoder
 * takes three times as long (docs/decisions/0014). What comes out is the same deterministic CBOR (RFC 8949, section
 * 4.2), which tests compare with the library's.
 */
import { CodecError } from './codec-error.ts'
import { hexDigitAt } from './hex.ts'
import { utf8Length } from './utf8.ts'

const SLAB_BYTES = 64 * 1024

const UINT = 0x00
const NEGATIVE = 0x20
const BYTES = 0x40
const TEXT = 0x60
const ARRAY = 0x80
const FALSE = 0xf4
const TRUE = 0xf5
const NULL = 0xf6

/** One at a time, reused: `begin`, items, then `take`. */
export class ByteWriter {
  #bytes = new Uint8Array(4_096)
  /** Short results share one buffer: to allocate one for each costs more than to write it. */
  #slab = new Uint8Array(SLAB_BYTES)
  #slabAt = 0
  #at = 0

  begin(): this {
    this.#at = 0
    return this
  }

  /** The bytes written since `begin`; what is written later does not change them. */
  take(): Uint8Array {
    if (this.#at > SLAB_BYTES / 8) return this.#bytes.slice(0, this.#at)
    if (this.#slabAt + this.#at > SLAB_BYTES) {
      this.#slab = new Uint8Array(SLAB_BYTES)
      this.#slabAt = 0
    }
    const taken = this.#slab.subarray(this.#slabAt, this.#slabAt + this.#at)
    for (let at = 0; at < this.#at; at++) taken[at] = this.#bytes[at] as number
    this.#slabAt += this.#at
    return taken
  }

  /** Makes room for `count` more bytes. */
  #reserve(count: number): void {
    const needed = this.#at + count
    if (needed <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length))
    larger.set(this.#bytes.subarray(0, this.#at))
    this.#bytes = larger
  }

  array(length: number): this {
    return this.#head(ARRAY, length)
  }

  /** A whole number from 0 to `valueMax`. @throws CodecError for any other */
  uint(value: number, valueMax = Number.MAX_SAFE_INTEGER): this {
    if (!Number.isSafeInteger(value) || value < 0 || value > valueMax)
      throw new CodecError(`${value} is no whole number from 0 to ${valueMax}`)
    return this.#head(UINT, value)
  }

  /** A whole number of either sign. @throws CodecError for any other */
  int(value: number): this {
    if (!Number.isSafeInteger(value) || value >= 0) return this.uint(value)
    return this.#head(NEGATIVE, -1 - value)
  }

  bool(value: boolean): this {
    return this.#byte(value ? TRUE : FALSE)
  }

  null(): this {
    return this.#byte(NULL)
  }

  #byte(byte: number): this {
    this.#reserve(1)
    this.#bytes[this.#at++] = byte
    return this
  }

  /** @throws CodecError for more than `lengthMax` bytes */
  bytes(value: Uint8Array, lengthMax: number): this {
    if (value.length > lengthMax) throw new CodecError(`${value.length} bytes; at most ${lengthMax} are allowed`)
    return this.#head(BYTES, value.length).encoded(value)
  }

  /** Bytes given as hex, exactly `length` of them. @throws CodecError for any other text */
  hex(text: string, length: number): this {
    if (text.length !== 2 * length) throw new CodecError(`an id of ${text.length} digits, not ${2 * length}`)
    this.#head(BYTES, length)
    this.#reserve(length)
    for (let at = 0; at < text.length; at += 2) {
      this.#bytes[this.#at++] = 16 * hexDigitAt(text, at) + hexDigitAt(text, at + 1)
    }
    return this
  }

  /** An item that is encoded already. */
  encoded(bytes: Uint8Array): this {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
    return this
  }

  /** Text of at most `bytesMax` bytes in UTF-8. @throws CodecError for longer text and for lone surrogates */
  text(text: string, bytesMax: number): this {
    if (text.length > bytesMax || !text.isWellFormed())
      throw new CodecError(`text over ${bytesMax} bytes, or not well-formed`)
    const length = utf8Length(text)
    if (length > bytesMax) throw new CodecError(`text of ${length} bytes; at most ${bytesMax} are allowed`)
    this.#head(TEXT, length)
    this.#reserve(length)
    if (length === text.length) this.#ascii(text)
    else this.#utf8(text)
    return this
  }

  #ascii(text: string): void {
    const bytes = this.#bytes
    let to = this.#at
    for (let at = 0; at < text.length; at++) bytes[to++] = text.charCodeAt(at)
    this.#at = to
  }

  #utf8(text: string): void {
    const bytes = this.#bytes
    let to = this.#at
    for (let at = 0; at < text.length; at++) {
      const code = text.codePointAt(at) as number
      if (code < 0x80) bytes[to++] = code
      else {
        if (code < 0x800) bytes[to++] = 0xc0 | (code >> 6)
        else {
          if (code < 0x10000) bytes[to++] = 0xe0 | (code >> 12)
          else {
            bytes[to++] = 0xf0 | (code >> 18)
            bytes[to++] = 0x80 | ((code >> 12) & 0x3f)
            at++
          }
          bytes[to++] = 0x80 | ((code >> 6) & 0x3f)
        }
        bytes[to++] = 0x80 | (code & 0x3f)
      }
    }
    this.#at = to
  }

  /** The shortest head for the value, as deterministic CBOR wants it. */
  #head(major: number, value: number): this {
    this.#reserve(9)
    const bytes = this.#bytes
    if (value < 24) bytes[this.#at++] = major | value
    else if (value < 0x100) {
      bytes[this.#at++] = major | 24
      bytes[this.#at++] = value
    } else if (value < 0x10000) {
      bytes[this.#at++] = major | 25
      this.#bigEndian(value, 2)
    } else if (value < 0x100000000) {
      bytes[this.#at++] = major | 26
      this.#bigEndian(value, 4)
    } else {
      bytes[this.#at++] = major | 27
      this.#bigEndian(value, 8)
    }
    return this
  }

  #bigEndian(value: number, length: number): void {
    let rest = value
    for (let at = this.#at + length - 1; at >= this.#at; at--) {
      this.#bytes[at] = rest % 256
      rest = Math.floor(rest / 256)
    }
    this.#at += length
  }
}
