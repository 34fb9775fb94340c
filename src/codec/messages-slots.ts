/** Messages about slots: who serves them, promises, digests, and the facts themselves. */
import { EPOCH_MAX, SLOT_COUNT } from '../core/ids.ts'
import { type MessageCodecs, readFacts, writeFacts, writeIds } from './message-codec.ts'
import { MESSAGE_LIMITS } from './message-limits.ts'
import { readBallotRuns, readDigests, readSlotRuns, writeBallotRuns, writeDigests, writeSlotRuns } from './slot-runs.ts'

const { hashesMax } = MESSAGE_LIMITS
/** Hashes of facts as far as two lists of one slot are compared by them. */
const HASH_BYTES = 8
const LIST_HASH_BYTES = 8

export const SLOT_MESSAGES: MessageCodecs<
  | 'serving'
  | 'promise'
  | 'promised'
  | 'digests-wanted'
  | 'digests'
  | 'slot-wanted'
  | 'slot'
  | 'facts'
  | 'facts-stored'
  | 'not-owner'
> = {
  serving: {
    code: 16,
    fields: 1,
    write: (writer, { runs }) => writeBallotRuns(writer, runs),
    read: (reader) => ({ type: 'serving', runs: readBallotRuns(reader) }),
  },
  promise: {
    code: 17,
    fields: 3,
    write: (writer, { request, epoch, slots }) => {
      writer.uint(request).uint(epoch, EPOCH_MAX)
      writeSlotRuns(writer, slots)
    },
    read: (reader) => ({
      type: 'promise',
      request: reader.uint(),
      epoch: reader.uint(EPOCH_MAX),
      slots: readSlotRuns(reader),
    }),
  },
  promised: {
    code: 18,
    fields: 4,
    write: (writer, { request, slots, refused, digests }) => {
      writeSlotRuns(writer.uint(request), slots)
      writeBallotRuns(writer, refused)
      writeDigests(writer, digests)
    },
    read: (reader) => ({
      type: 'promised',
      request: reader.uint(),
      slots: readSlotRuns(reader),
      refused: readBallotRuns(reader),
      digests: readDigests(reader),
    }),
  },
  'digests-wanted': {
    code: 19,
    fields: 2,
    write: (writer, { request, slots }) => writeSlotRuns(writer.uint(request), slots),
    read: (reader) => ({ type: 'digests-wanted', request: reader.uint(), slots: readSlotRuns(reader) }),
  },
  digests: {
    code: 20,
    fields: 4,
    write: (writer, { request, membersHash, digests, ballots }) => {
      writeDigests(writer.uint(request).hex(membersHash, LIST_HASH_BYTES), digests)
      writeBallotRuns(writer, ballots)
    },
    read: (reader) => ({
      type: 'digests',
      request: reader.uint(),
      membersHash: reader.hex(LIST_HASH_BYTES),
      digests: readDigests(reader),
      ballots: readBallotRuns(reader),
    }),
  },
  'slot-wanted': {
    code: 21,
    fields: 3,
    write: (writer, { request, slot, have }) =>
      writeIds(writer.uint(request).uint(slot, SLOT_COUNT - 1), have, HASH_BYTES, hashesMax),
    read: (reader) => ({
      type: 'slot-wanted',
      request: reader.uint(),
      slot: reader.uint(SLOT_COUNT - 1),
      have: reader.hexes(HASH_BYTES, hashesMax),
    }),
  },
  slot: {
    code: 22,
    fields: 4,
    write: (writer, { request, facts, lacking, done }) => {
      writeFacts(writer.uint(request), facts)
      writeIds(writer, lacking, HASH_BYTES, hashesMax)
      writer.bool(done)
    },
    read: (reader) => ({
      type: 'slot',
      request: reader.uint(),
      facts: readFacts(reader),
      lacking: reader.hexes(HASH_BYTES, hashesMax),
      done: reader.bool(),
    }),
  },
  facts: {
    code: 23,
    fields: 3,
    write: (writer, { seq, ballots, facts }) => {
      writeBallotRuns(writer.uint(seq), ballots)
      writeFacts(writer, facts)
    },
    read: (reader) => ({
      type: 'facts',
      seq: reader.uint(),
      ballots: readBallotRuns(reader),
      facts: readFacts(reader),
    }),
  },
  'facts-stored': {
    code: 24,
    fields: 3,
    write: (writer, { seq, refused, unread }) => {
      writeBallotRuns(writer.uint(seq), refused)
      writer.uint(unread)
    },
    read: (reader) => ({
      type: 'facts-stored',
      seq: reader.uint(),
      refused: readBallotRuns(reader),
      unread: reader.uint(),
    }),
  },
  'not-owner': {
    code: 25,
    fields: 1,
    write: (writer, { ballots }) => writeBallotRuns(writer, ballots),
    read: (reader) => ({ type: 'not-owner', ballots: readBallotRuns(reader) }),
  },
}
