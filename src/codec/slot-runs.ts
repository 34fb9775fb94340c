/**
 * Runs of slots, ballots and digests inside messages. Each list is one flat array, and each place in it is a distance
 * from the place before: what is not ascending and apart within the ring cannot be said.
 */
import { EPOCH_MAX, SLOT_COUNT } from '../core/ids.ts'
import type { BallotRun, SlotDigest, SlotRun } from '../core/messages.ts'
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { CodecError } from './codec-error.ts'
import { MESSAGE_LIMITS } from './message-limits.ts'

const XOR_BYTES = 16

/** Slots between `after` and `run`, then how many more than one it has; gives the last. */
function writeRun(writer: ByteWriter, { from, to }: SlotRun, after: number): number {
  if (from <= after || to < from || to >= SLOT_COUNT)
    throw new CodecError(`slots ${from} to ${to} after slot ${after}: not ascending and apart within the ring`)
  writer.uint(from - after - 1).uint(to - from)
  return to
}

/** A slot at the distance that is read from `least`. */
function readSlot(reader: ByteReader, least: number): number {
  return least + reader.uint(SLOT_COUNT - 1 - least)
}

/** Items of a flat array, `each` for one place. */
function readFlat(reader: ByteReader, each: number): number {
  const items = reader.array(each * SLOT_COUNT)
  if (items % each !== 0) throw new CodecError(`a list of ${items} items, which are not ${each} for each place`)
  return items / each
}

export function writeSlotRuns(writer: ByteWriter, runs: readonly SlotRun[]): void {
  writer.array(2 * runs.length)
  let last = -1
  for (const run of runs) last = writeRun(writer, run, last)
}

export function readSlotRuns(reader: ByteReader): SlotRun[] {
  const runs: SlotRun[] = []
  let least = 0
  for (let left = readFlat(reader, 2); left > 0; left--) {
    const from = readSlot(reader, least)
    const to = readSlot(reader, from)
    runs.push({ from, to })
    least = to + 1
  }
  return runs
}

/** The nodes that ballots name, each once, then the runs with the places of their nodes in that list. */
export function writeBallotRuns(writer: ByteWriter, runs: readonly BallotRun[]): void {
  const places = placesOf(runs)
  writer.array(2).array(places.size)
  for (const node of places.keys()) writer.text(node, MESSAGE_LIMITS.nodeIdBytesMax)
  writer.array(4 * runs.length)
  let last = -1
  for (const run of runs) {
    last = writeRun(writer, run, last)
    writer.uint(run.epoch, EPOCH_MAX).uint(places.get(run.node) as number)
  }
}

function placesOf(runs: readonly BallotRun[]): Map<string, number> {
  const places = new Map<string, number>()
  for (const { node } of runs) if (!places.has(node)) places.set(node, places.size)
  return places
}

export function readBallotRuns(reader: ByteReader): BallotRun[] {
  const more = reader.open(2)
  const nodes: string[] = []
  for (let left = reader.array(SLOT_COUNT); left > 0; left--) nodes.push(reader.text(MESSAGE_LIMITS.nodeIdBytesMax))
  const runs: BallotRun[] = []
  let least = 0
  for (let left = readFlat(reader, 4); left > 0; left--) {
    const from = readSlot(reader, least)
    const to = readSlot(reader, from)
    const epoch = reader.uint(EPOCH_MAX)
    const node = nodes[reader.uint()]
    if (node === undefined) throw new CodecError('a ballot of a node that is not named')
    runs.push({ from, to, epoch, node })
    least = to + 1
  }
  reader.close(more)
  return runs
}

export function writeDigests(writer: ByteWriter, digests: readonly SlotDigest[]): void {
  writer.array(3 * digests.length)
  let last = -1
  for (const { slot, count, xor } of digests) {
    if (slot <= last || slot >= SLOT_COUNT)
      throw new CodecError(`the digest of slot ${slot} after that of slot ${last}: not ascending within the ring`)
    writer
      .uint(slot - last - 1)
      .uint(count)
      .hex(xor, XOR_BYTES)
    last = slot
  }
}

export function readDigests(reader: ByteReader): SlotDigest[] {
  const digests: SlotDigest[] = []
  let least = 0
  for (let left = readFlat(reader, 3); left > 0; left--) {
    const slot = readSlot(reader, least)
    digests.push({ slot, count: reader.uint(), xor: reader.hex(XOR_BYTES) })
    least = slot + 1
  }
  return digests
}
