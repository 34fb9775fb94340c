/** Reads the fields of a decoded CBOR array one by one, checking type and limit of each. */
import { CodecError } from './codec-error.ts'
import { utf8Length } from './utf8.ts'

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

  /** Text of at most `bytesMax` bytes in UTF-8. */
  text(bytesMax: number): string {
    const value = this.#next()
    if (typeof value !== 'string' || utf8Length(value) > bytesMax)
      throw this.#wrong(`text of at most ${bytesMax} bytes`)
    return value
  }

  /** An array of at most `countMax` arrays, each read by `read`. */
  list<T>(countMax: number, read: (fields: Fields) => T): T[] {
    const value = this.#next()
    if (!Array.isArray(value) || value.length > countMax) throw this.#wrong(`a list of at most ${countMax}`)
    return value.map((each) => read(fieldsOf(each)))
  }
}
