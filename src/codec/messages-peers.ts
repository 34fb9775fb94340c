/**
 * Messages between nodes as such: greeting, liveness, members and load.
 *
 * `hello` and `refused` keep their form in every version, so that two programs with no version in common can say so.
 */
import type { RumouredDeath } from '../core/peer.ts'
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { readList, readWord, writeList } from './items.ts'
import { readLoadRow, writeLoadRow } from './load-rows.ts'
import { readMembers, writeMembers } from './members.ts'
import type { MessageCodecs } from './message-codec.ts'
import { MESSAGE_LIMITS } from './message-limits.ts'
import { readBallotRuns, writeBallotRuns } from './slot-runs.ts'

const { deathsMax, incarnationMax, nodeIdBytesMax, nodeNameBytesMax, relayedBytesMax, wordBytesMax } = MESSAGE_LIMITS
const REFUSALS = ['mesh', 'version', 'settings', 'cloned', 'forgotten'] as const
const DEATHS = ['silence', 'refused'] as const

export const PEER_MESSAGES: MessageCodecs<
  'hello' | 'refused' | 'beat' | 'members' | 'probe' | 'probed' | 'load' | 'rumour' | 'outlived' | 'relay'
> = {
  hello: {
    code: 1,
    fields: 11,
    write: (writer, message) => {
      writer.hex(message.meshId, 8).uint(message.versionMin).uint(message.versionMax).hex(message.settingsHash, 8)
      writer
        .uint(message.incarnation, incarnationMax)
        .hex(message.boot, 8)
        .hex(message.membersHash, 8)
        .hex(message.batchesHash, 8)
      writeBallotRuns(writer, message.serving)
      writer.text(message.name, nodeNameBytesMax).uint(message.started, incarnationMax)
    },
    read: (reader) => ({
      type: 'hello',
      meshId: reader.hex(8),
      versionMin: reader.uint(),
      versionMax: reader.uint(),
      settingsHash: reader.hex(8),
      incarnation: reader.uint(incarnationMax),
      boot: reader.hex(8),
      membersHash: reader.hex(8),
      batchesHash: reader.hex(8),
      serving: readBallotRuns(reader),
      name: reader.text(nodeNameBytesMax),
      started: reader.uint(incarnationMax),
    }),
  },
  refused: {
    code: 2,
    fields: 1,
    write: (writer, { why }) => writer.text(why, wordBytesMax),
    read: (reader) => ({ type: 'refused', why: readWord(reader, REFUSALS) }),
  },
  beat: {
    code: 3,
    fields: 6,
    write: (writer, { boot, incarnation, storing, membersHash, batchesHash, load }) => {
      writer.hex(boot, 8).uint(incarnation, incarnationMax).bool(storing).hex(membersHash, 8).hex(batchesHash, 8)
      if (load === undefined) writer.null()
      else writeLoadRow(writer, load)
    },
    read: (reader) => ({
      type: 'beat',
      boot: reader.hex(8),
      incarnation: reader.uint(incarnationMax),
      storing: reader.bool(),
      membersHash: reader.hex(8),
      batchesHash: reader.hex(8),
      load: reader.null() ? undefined : readLoadRow(reader),
    }),
  },
  members: {
    code: 4,
    fields: 2,
    write: (writer, { entries, answer }) => {
      writeMembers(writer, entries)
      writer.bool(answer)
    },
    read: (reader) => ({ type: 'members', entries: readMembers(reader), answer: reader.bool() }),
  },
  probe: {
    code: 6,
    fields: 1,
    write: (writer, { about }) => writer.text(about, nodeIdBytesMax),
    read: (reader) => ({ type: 'probe', about: reader.text(nodeIdBytesMax) }),
  },
  probed: {
    code: 7,
    fields: 2,
    write: (writer, { about, reached }) => writer.text(about, nodeIdBytesMax).bool(reached),
    read: (reader) => ({ type: 'probed', about: reader.text(nodeIdBytesMax), reached: reader.bool() }),
  },
  load: {
    code: 8,
    fields: 1,
    write: (writer, { row }) => writeLoadRow(writer, row),
    read: (reader) => ({ type: 'load', row: readLoadRow(reader) }),
  },
  relay: {
    code: 14,
    fields: 6,
    write: (writer, { from, boot, incarnation, to, toBoot, bytes }) => {
      writer.text(from, nodeIdBytesMax).hex(boot, 8).uint(incarnation, incarnationMax).text(to, nodeIdBytesMax)
      if (toBoot === null) writer.null()
      else writer.hex(toBoot, 8)
      writer.bytes(bytes, relayedBytesMax)
    },
    read: (reader) => ({
      type: 'relay',
      from: reader.text(nodeIdBytesMax),
      boot: reader.hex(8),
      incarnation: reader.uint(incarnationMax),
      to: reader.text(nodeIdBytesMax),
      toBoot: reader.null() ? null : reader.hex(8),
      bytes: reader.bytes(relayedBytesMax),
    }),
  },
  rumour: {
    code: 9,
    fields: 5,
    write: (writer, { rumour: { by, incarnation, seq, storing, dead } }) => {
      writer.text(by, nodeIdBytesMax).uint(incarnation, incarnationMax).uint(seq).bool(storing)
      writeList(writer, dead, deathsMax, writeDeath)
    },
    read: (reader) => ({
      type: 'rumour',
      rumour: {
        by: reader.text(nodeIdBytesMax),
        incarnation: reader.uint(incarnationMax),
        seq: reader.uint(),
        storing: reader.bool(),
        dead: readList(reader, deathsMax, readDeath),
      },
    }),
  },
  outlived: {
    code: 10,
    fields: 1,
    write: (writer, { started }) => writer.uint(started, incarnationMax),
    read: (reader) => ({ type: 'outlived', started: reader.uint(incarnationMax) }),
  },
}

function writeDeath(writer: ByteWriter, { id, incarnation, why }: RumouredDeath): void {
  writer.array(3).text(id, nodeIdBytesMax).uint(incarnation, incarnationMax).text(why, wordBytesMax)
}

function readDeath(reader: ByteReader): RumouredDeath {
  const more = reader.open(3)
  const id = reader.text(nodeIdBytesMax)
  const death = { id, incarnation: reader.uint(incarnationMax), why: readWord(reader, DEATHS) }
  reader.close(more)
  return death
}
