/** Reads the fields of a decoded CBOR array one by one, checking type and limit of each. */
import { CodecError } from './codec-error.ts'
import { toHex } from './hex.ts'
import { fits } from './utf8.ts'

/** @throws CodecError where the value is not an array */
export function fieldsOf(value: unknown): Fields {
  if (!Array.isArray(value)) throw new CodecError('a value that is no array')
  return new Fields(value)
}

export class Fields {
  readonly #values: readonly unknown[]
  #at = 0

  constructor(values: readonly unknown[]) {
    this.#values = values
  }

  #next(): unknown {
    if (this.#at >= this.#values.length) throw new CodecError(`field ${this.#at} is missing`)
    return this.#values[this.#at++]
  }

  #wrong(expected: string): CodecError {
    return new CodecError(`field ${this.#at - 1} is not ${expected}`)
  }

  /** Any value: the caller checks it. */
  any(): unknown {
    return this.#next()
  }

  /** A whole number from 0 to 2^53 - 1. */
  uint(): number {
    const value = this.#next()
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw this.#wrong('a whole number')
    return value
  }

  /** Exactly `bytes` bytes, as hex. */
  hex(bytes: number): string {
    const value = this.#next()
    if (!(value instanceof Uint8Array) || value.length !== bytes) throw this.#wrong(`${bytes} bytes`)
    return toHex(value)
  }

  /** Text of at most `bytesMax` bytes in UTF-8. */
  text(bytesMax: number): string {
    const value = this.#next()
    if (typeof value !== 'string' || !fits(value, bytesMax)) throw this.#wrong(`text of at most ${bytesMax} bytes`)
    return value
  }

  optionalText(bytesMax: number): string | undefined {
    if (this.#values[this.#at] === null) {
      this.#at++
      return undefined
    }
    return this.text(bytesMax)
  }

  /** One of the given words. */
  word<W extends string>(words: readonly W[]): W {
    const value = this.#next()
    const word = words.find((each) => each === value)
    if (word === undefined) throw this.#wrong(`one of ${words.join(', ')}`)
    return word
  }

  /** A map with text keys. */
  object(): object {
    const value = this.#next()
    const plain = typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
    if (!plain) throw this.#wrong('a map')
    return value
  }

  /** null, or an array that `read` reads. */
  optional<T>(read: (fields: Fields) => T): T | undefined {
    const value = this.#next()
    return value === null ? undefined : read(fieldsOf(value))
  }

  /** An array of at most `countMax` arrays, each read by `read`. */
  list<T>(countMax: number, read: (fields: Fields) => T): T[] {
    const value = this.#next()
    if (!Array.isArray(value) || value.length > countMax) throw this.#wrong(`a list of at most ${countMax}`)
    return value.map((each) => read(fieldsOf(each)))
  }
}
