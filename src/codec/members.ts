/**
 * Entries of the member list as bytes (deterministic CBOR): one for the store and for hashes, many for messages.
 *
 * An entry is [format, node id, name, incarnation, standing, [address, ...]]. What a later version appends to one is
 * read over.
 */
import { type MemberEntry, STANDINGS } from '../core/member-entry.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { CodecError } from './codec-error.ts'

const VERSION = 1
const FIELDS = 6

export const MEMBER_LIMITS = {
  /** Entries of one message; the limit of a frame is the byte limit beside it. */
  entriesMax: 1_000,
  /** Members of the ring, joined and away: everyone beats some, and holds the points of all. */
  membersMax: 1_000,
  /** Entries of a node's whole list, those that left or were forgotten included: some 500 bytes of memory each. */
  listEntriesMax: 10_000,
  idBytesMax: 128,
  nameBytesMax: 64,
  addressesMax: 16,
  addressBytesMax: 256,
  /** The highest that is taken from others: a node can always go above it. */
  incarnationMax: 2 ** 48,
} as const

const own = new ByteWriter()

/** The canonical bytes of an entry. @throws CodecError where it is over a limit */
export function encodeMember(entry: MemberEntry): Uint8Array {
  writeMember(own.begin(), entry)
  return own.take()
}

/** A node's whole list. @throws CodecError where the list or an entry is over a limit */
export function encodeMembers(entries: readonly MemberEntry[]): Uint8Array {
  writeEntries(own.begin(), entries, MEMBER_LIMITS.listEntriesMax)
  return own.take()
}

/** @throws CodecError where the bytes are not one entry of a known version within the limits */
export function decodeMember(bytes: Uint8Array): MemberEntry {
  const reader = new ByteReader(bytes)
  const entry = readMember(reader)
  reader.end()
  return entry
}

/** @throws CodecError where the bytes are not entries of one message within the limits */
export function decodeMembers(bytes: Uint8Array): MemberEntry[] {
  const reader = new ByteReader(bytes)
  const entries = readMembers(reader)
  reader.end()
  return entries
}

/** Appends entries to a message. @throws CodecError where there are too many, or one is over a limit */
export function writeMembers(writer: ByteWriter, entries: readonly MemberEntry[]): void {
  writeEntries(writer, entries, MEMBER_LIMITS.entriesMax)
}

function writeEntries(writer: ByteWriter, entries: readonly MemberEntry[], countMax: number): void {
  const count = entries.length
  if (count > countMax) throw new CodecError(`a list of ${count} members`)
  writer.array(count)
  for (const entry of entries) writeMember(writer, entry)
}

/** Reads a list that `writeMembers` wrote. @throws CodecError where it is none, or over a limit */
export function readMembers(reader: ByteReader): MemberEntry[] {
  const entries: MemberEntry[] = []
  for (let left = reader.array(MEMBER_LIMITS.entriesMax); left > 0; left--) entries.push(readMember(reader))
  return entries
}

function writeMember(writer: ByteWriter, entry: MemberEntry): void {
  const { id, name, incarnation, standing, addresses } = entry
  checkId(id)
  if (addresses.length > MEMBER_LIMITS.addressesMax) throw new CodecError(`a member of ${addresses.length} addresses`)
  writer.array(FIELDS).uint(VERSION).text(id, MEMBER_LIMITS.idBytesMax).text(name, MEMBER_LIMITS.nameBytesMax)
  writer.uint(incarnation, MEMBER_LIMITS.incarnationMax).uint(STANDINGS.indexOf(standing)).array(addresses.length)
  for (const address of addresses) writer.text(address, MEMBER_LIMITS.addressBytesMax)
}

function readMember(reader: ByteReader): MemberEntry {
  const more = reader.open(FIELDS)
  const version = reader.uint()
  if (version !== VERSION) throw new CodecError(`a member of format ${version}; this version knows ${VERSION}`)
  const id = reader.text(MEMBER_LIMITS.idBytesMax)
  checkId(id)
  const name = reader.text(MEMBER_LIMITS.nameBytesMax)
  const incarnation = reader.uint(MEMBER_LIMITS.incarnationMax)
  const standing = STANDINGS[reader.uint(STANDINGS.length - 1)] as MemberEntry['standing']
  const addresses: string[] = []
  for (let left = reader.array(MEMBER_LIMITS.addressesMax); left > 0; left--)
    addresses.push(reader.text(MEMBER_LIMITS.addressBytesMax))
  reader.close(more)
  return { id, name, incarnation, standing, addresses }
}

function checkId(id: string): void {
  if (id === '') throw new CodecError('a member without an id')
}
