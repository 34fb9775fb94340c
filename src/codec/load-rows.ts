/** Load rows inside messages: what a node says about itself, in at most `loadRowBytesMax` bytes. */
import { SLOT_COUNT } from '../core/ids.ts'
import type { LoadBatch, LoadRow } from '../core/messages.ts'
import type { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { CodecError } from './codec-error.ts'
import { readList, writeList } from './items.ts'
import { MESSAGE_LIMITS } from './message-limits.ts'

const { incarnationMax, loadRowBytesMax, nodeIdBytesMax, profileBytesMax, profilesMax, recordsMax } = MESSAGE_LIMITS

type LoadProfile = LoadRow['profiles'][number]

/** Apart from the writer of the message that the row becomes a part of. */
const rowWriter = new ByteWriter()

/** @throws CodecError where the row is longer than `loadRowBytesMax` */
export function writeLoadRow(writer: ByteWriter, row: LoadRow): void {
  const bytes = encodeLoadRow(row)
  if (bytes.length > loadRowBytesMax)
    throw new CodecError(`a load row of ${bytes.length} bytes; at most ${loadRowBytesMax} are allowed`)
  writer.encoded(bytes)
}

/** The row as a message has it, also where it is too long: whoever makes one leaves batches out until it fits. */
export function encodeLoadRow(row: LoadRow): Uint8Array {
  const writer = rowWriter
  writer.begin().array(10).text(row.node, nodeIdBytesMax).uint(row.incarnation, incarnationMax)
  writer.hex(row.boot, 8).uint(row.seq)
  writeList(writer, row.profiles, profilesMax, writeProfile)
  writer.uint(row.owned, SLOT_COUNT).hex(row.ownedSum, 8).uint(row.contested, SLOT_COUNT)
  writeList(writer, row.batches, recordsMax, writeLoadBatch)
  return writer.uint(row.batchesLeftOut).take()
}

function writeProfile(writer: ByteWriter, each: LoadProfile): void {
  writer.array(10).text(each.profile, profileBytesMax).uint(each.claimable).int(each.priority)
  writer.uint(each.places).uint(each.free).uint(each.medianMs)
  writer.uint(each.contested).uint(each.orphaned).uint(each.late).bool(each.resting)
}

export function writeLoadBatch(writer: ByteWriter, each: LoadBatch): void {
  writer.array(9).hex(each.batch, 8).uint(each.total).uint(each.scheduled).uint(each.running).uint(each.retrying)
  writer.uint(each.completed).uint(each.failed).uint(each.cancelled).uint(each.extra)
}

export function readLoadRow(reader: ByteReader): LoadRow {
  const from = reader.at
  const more = reader.open(10)
  const row = {
    node: reader.text(nodeIdBytesMax),
    incarnation: reader.uint(incarnationMax),
    boot: reader.hex(8),
    seq: reader.uint(),
    profiles: readList(reader, profilesMax, readProfile),
    owned: reader.uint(SLOT_COUNT),
    ownedSum: reader.hex(8),
    contested: reader.uint(SLOT_COUNT),
    batches: readList(reader, recordsMax, readLoadBatch),
    batchesLeftOut: reader.uint(),
  }
  reader.close(more)
  if (reader.at - from > loadRowBytesMax) throw new CodecError(`a load row of ${reader.at - from} bytes`)
  return row
}

function readProfile(reader: ByteReader): LoadProfile {
  const more = reader.open(10)
  const each = {
    profile: reader.text(profileBytesMax),
    claimable: reader.uint(),
    priority: reader.int(),
    places: reader.uint(),
    free: reader.uint(),
    medianMs: reader.uint(),
    contested: reader.uint(),
    orphaned: reader.uint(),
    late: reader.uint(),
    resting: reader.bool(),
  }
  reader.close(more)
  return each
}

export function readLoadBatch(reader: ByteReader): LoadBatch {
  const more = reader.open(9)
  const each = {
    batch: reader.hex(8),
    total: reader.uint(),
    scheduled: reader.uint(),
    running: reader.uint(),
    retrying: reader.uint(),
    completed: reader.uint(),
    failed: reader.uint(),
    cancelled: reader.uint(),
    extra: reader.uint(),
  }
  reader.close(more)
  return each
}
