/**
 * Reads CBOR items one by one, straight from the bytes and without intermediate values: ByteWriter's counterpart.
 *
 * 1. Nothing is thrown but CodecError, whatever the bytes.
 * 2. Every length and count is compared with its limit and with the bytes that are left before memory is taken.
 * 3. Only deterministic CBOR is read (RFC 8949, section 4.2): the shortest heads, definite lengths, well-formed UTF-8.
 * 4. What `bytes` gives is a part of the bytes read, not a copy: whoever keeps it keeps them all.
 */
import { CodecError } from './codec-error.ts'
import { fromUtf8 } from './utf8.ts'

/** Up to this length text of ASCII is read faster without the decoder. */
const SHORT_TEXT_BYTES = 64

const UINT = 0
const NEGATIVE = 1
const BYTES = 2
const TEXT = 3
const ARRAY = 4
const MAP = 5
const TAG = 6
const FALSE = 0xf4
const TRUE = 0xf5
const NULL = 0xf6

/** Bytes that follow the first byte of a head whose lowest five bits are 24 or more; undefined: not allowed. */
const ARGUMENT_BYTES = [1, 2, 4, 8]
/** The least value that needs so many bytes. */
const ARGUMENT_LEAST = [24, 0x100, 0x10000, 0x100000000]

const HIGH_DIGITS = Uint8Array.from({ length: 256 }, (_, byte) => (byte >> 4).toString(16).charCodeAt(0))
const LOW_DIGITS = Uint8Array.from({ length: 256 }, (_, byte) => (byte & 15).toString(16).charCodeAt(0))

export class ByteReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Bytes read so far. */
  get at(): number {
    return this.#at
  }

  /** @throws CodecError where bytes are left */
  end(): void {
    if (this.#at !== this.#bytes.length) throw new CodecError(`${this.#bytes.length - this.#at} bytes too many`)
  }

  /** The kind of the next item: its major type, 0 to 7. */
  major(): number {
    return this.#first() >> 5
  }

  #first(): number {
    if (this.#at >= this.#bytes.length) throw new CodecError('bytes that end too soon')
    return this.#bytes[this.#at] as number
  }

  #wrong(expected: string): CodecError {
    return new CodecError(`byte ${this.#at} does not begin ${expected}`)
  }

  /** The value in a head of the kind that is expected. */
  #head(major: number, expected: string): number {
    const first = this.#first()
    if (first >> 5 !== major) throw this.#wrong(expected)
    const info = first & 31
    if (info >= 24) return this.#argument(info, expected)
    this.#at++
    return info
  }

  /** Beyond 2^53 - 1 the value is not exact, but still beyond it: callers refuse it by their limit. */
  #argument(info: number, expected: string): number {
    const length = ARGUMENT_BYTES[info - 24]
    if (length === undefined || length >= this.#bytes.length - this.#at) throw this.#wrong(expected)
    let value = 0
    for (let at = this.#at + 1; at <= this.#at + length; at++) value = 256 * value + (this.#bytes[at] as number)
    if (value < (ARGUMENT_LEAST[info - 24] as number)) throw this.#wrong(expected)
    this.#at += 1 + length
    return value
  }

  /** A length or count, each of which stands for a byte at least; `expected` says of what. */
  #count(major: number, countMax: number, expected: string): number {
    const count = this.#head(major, expected)
    if (count > countMax) throw new CodecError(`${expected} of ${count}; at most ${countMax} are allowed`)
    if (count > this.#bytes.length - this.#at) throw new CodecError(`${expected} of ${count} that ends too soon`)
    return count
  }

  /** A whole number from 0 to `valueMax`. */
  uint(valueMax = Number.MAX_SAFE_INTEGER): number {
    const value = this.#head(UINT, 'a whole number')
    if (value > valueMax) throw new CodecError(`the number ${value}; at most ${valueMax} is allowed`)
    return value
  }

  /** A whole number of either sign. */
  int(): number {
    if (this.major() !== NEGATIVE) return this.uint()
    const value = -1 - this.#head(NEGATIVE, 'a whole number')
    if (!Number.isSafeInteger(value)) throw new CodecError('a number below -(2^53 - 1)')
    return value
  }

  bool(): boolean {
    const first = this.#first()
    if (first !== FALSE && first !== TRUE) throw this.#wrong('true or false')
    this.#at++
    return first === TRUE
  }

  /** Reads over a null; false where the next item is none. */
  null(): boolean {
    if (this.#first() !== NULL) return false
    this.#at++
    return true
  }

  /** The items of an array that is at most so long. */
  array(countMax: number): number {
    return this.#count(ARRAY, countMax, 'a list')
  }

  /** The entries of a map. */
  map(): number {
    return this.#count(MAP, this.#bytes.length, 'a map')
  }

  /** Begins an array of `known` items or more; gives how many more, to be handed to `close` after the known ones. */
  open(known: number): number {
    const more = this.#count(ARRAY, this.#bytes.length, 'a list') - known
    if (more < 0) throw new CodecError(`a list that lacks ${-more} items`)
    return more
  }

  /** Reads over what a later version appended. */
  close(more: number): void {
    for (let left = more; left > 0; left--) this.skip()
  }

  /** Exactly `length` bytes, as hex. */
  hex(length: number): string {
    if (this.#count(BYTES, length, 'an id') !== length) throw new CodecError(`an id of less than ${length} bytes`)
    return this.#digits(length)
  }

  /** One byte string as ids of `length` bytes each, as hex. */
  hexes(length: number, countMax: number): string[] {
    const bytes = this.#count(BYTES, length * countMax, 'a list of ids')
    if (bytes % length !== 0) throw new CodecError(`ids of ${bytes} bytes, which are not ${length} each`)
    const ids: string[] = []
    for (let left = bytes; left > 0; left -= length) ids.push(this.#digits(length))
    return ids
  }

  #digits(length: number): string {
    const codes = new Array<number>(2 * length)
    for (let at = 0; at < length; at++) {
      const byte = this.#bytes[this.#at + at] as number
      codes[2 * at] = HIGH_DIGITS[byte] as number
      codes[2 * at + 1] = LOW_DIGITS[byte] as number
    }
    this.#at += length
    return String.fromCharCode.apply(null, codes)
  }

  bytes(lengthMax: number): Uint8Array {
    return this.#take(this.#count(BYTES, lengthMax, 'a byte string'))
  }

  /** Never a Buffer, also where a Buffer is read: its `slice` would not copy. */
  #take(length: number): Uint8Array {
    const { buffer, byteOffset } = this.#bytes
    const taken = new Uint8Array(buffer, byteOffset + this.#at, length)
    this.#at += length
    return taken
  }

  /** Text of at most `bytesMax` bytes in UTF-8. */
  text(bytesMax: number): string {
    const length = this.#count(TEXT, bytesMax, 'a text')
    const short = length <= SHORT_TEXT_BYTES ? this.#ascii(length) : undefined
    return short ?? fromUtf8(this.#take(length))
  }

  /** Undefined where a byte is not ASCII. */
  #ascii(length: number): string | undefined {
    const codes = new Array<number>(length)
    for (let at = 0; at < length; at++) {
      const byte = this.#bytes[this.#at + at] as number
      if (byte >= 0x80) return undefined
      codes[at] = byte
    }
    this.#at += length
    return String.fromCharCode.apply(null, codes)
  }

  /** How many bytes the next item has, whatever it is. */
  size(): number {
    const from = this.#at
    this.skip()
    const size = this.#at - from
    this.#at = from
    return size
  }

  /** The bytes of the next item. */
  item(): Uint8Array {
    return this.#take(this.size())
  }

  /** Reads over the next item, whatever it is and however deep it nests. */
  skip(): void {
    for (let left = 1; left > 0; left--) {
      const major = this.major()
      if (major === BYTES || major === TEXT) {
        const length = this.#count(major, this.#bytes.length, 'a string')
        this.#at += length
      } else if (major === ARRAY) left += this.#count(major, this.#bytes.length, 'a list')
      else if (major === MAP) left += 2 * this.#count(major, this.#bytes.length, 'a map')
      else {
        this.#skipHead()
        if (major === TAG) left++
      }
    }
  }

  #skipHead(): void {
    const info = this.#first() & 31
    const more = info < 24 ? 0 : ARGUMENT_BYTES[info - 24]
    if (more === undefined || more >= this.#bytes.length - this.#at) throw this.#wrong('an item')
    this.#at += 1 + more
  }
}
