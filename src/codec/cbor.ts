/** The library's CBOR, for parameters and for the store's own rows: deterministic, of definite lengths, without NaN. */
import { decode, encode } from 'cborg'
import { CodecError } from './codec-error.ts'
import { type Fields, fieldsOf } from './fields.ts'

const STRICT = {
  rejectDuplicateMapKeys: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowNaN: false,
  allowInfinity: false,
  allowBigInt: false,
} as const

/** @throws CodecError where a value cannot be encoded */
export function encodeValue(value: object): Uint8Array {
  try {
    return encode(value)
  } catch (error) {
    throw new CodecError('a value that CBOR cannot carry', { cause: error })
  }
}

/** The fields of an encoded array. @throws CodecError where the bytes are no such thing */
export function decodeFields(bytes: Uint8Array): Fields {
  try {
    return fieldsOf(decode(bytes, STRICT))
  } catch (error) {
    throw error instanceof CodecError ? error : new CodecError('bytes that are not CBOR', { cause: error })
  }
}
