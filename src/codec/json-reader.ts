/**
 * Reads parameters: what JSON can carry, within the limits that `encodeParams` writes them in.
 *
 * 1. What is read can be written again, in as many bytes: a number in another form than the shortest is refused.
 */
import { decode, encode } from 'cborg'
import type { Json, Params } from '../core/facts.ts'
import { MESH_SETTINGS } from '../core/settings.ts'
import type { ByteReader } from './byte-reader.ts'
import { CodecError } from './codec-error.ts'
import { DEPTH_MAX } from './json.ts'

const NEGATIVE = 1
const TEXT = 3
const ARRAY = 4
const MAP = 5
const SIMPLE = 7
const FALSE = 0xf4
const TRUE = 0xf5
const NULL = 0xf6

export function readParams(reader: ByteReader): Params {
  const size = reader.size()
  if (size > MESH_SETTINGS.paramsBytesMax) throw new CodecError(`parameters of ${size} bytes`)
  return readMap(reader, 1)
}

function readMap(reader: ByteReader, depth: number): Params {
  const map: { [name: string]: Json } = {}
  for (let left = reader.map(); left > 0; left--) {
    const name = reader.text(MESH_SETTINGS.paramsBytesMax)
    if (Object.hasOwn(map, name)) throw new CodecError('a parameter given twice')
    const value = readJson(reader, depth)
    if (name === '__proto__')
      Object.defineProperty(map, name, { value, configurable: true, enumerable: true, writable: true })
    else map[name] = value
  }
  return map
}

function readJson(reader: ByteReader, depth: number): Json {
  const major = reader.major()
  if (major <= NEGATIVE) return reader.int()
  if (major === TEXT) return reader.text(MESH_SETTINGS.paramsBytesMax)
  if (major === SIMPLE) return readSimple(reader.item())
  if (depth >= DEPTH_MAX) throw new CodecError(`parameters that nest deeper than ${DEPTH_MAX}`)
  if (major === MAP) return readMap(reader, depth + 1)
  if (major === ARRAY) return readList(reader, depth + 1)
  throw new CodecError('a parameter that JSON cannot carry')
}

function readList(reader: ByteReader, depth: number): Json[] {
  const list: Json[] = []
  for (let left = reader.array(MESH_SETTINGS.paramsBytesMax); left > 0; left--) list.push(readJson(reader, depth))
  return list
}

function readSimple(item: Uint8Array): Json {
  if (item[0] === NULL) return null
  if (item[0] === TRUE || item[0] === FALSE) return item[0] === TRUE
  const value: unknown = item.length > 2 ? decode(item) : undefined
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new CodecError('a parameter that JSON cannot carry')
  if (encode(value)[0] !== item[0]) throw new CodecError(`the number ${value} in another form than the shortest`)
  return value
}
