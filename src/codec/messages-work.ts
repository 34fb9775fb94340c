/** Messages between owners and holders: claims, grants, and what becomes of attempts. */
import type { Grant, MessageOf, Want } from '../core/messages.ts'
import { MESH_SETTINGS } from '../core/settings.ts'
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { encodeParams } from './facts.ts'
import { readList, readWord, writeList } from './items.ts'
import { readParams } from './json-reader.ts'
import {
  type MessageCodecs,
  readFacts,
  readUintOrNull,
  writeFacts,
  writeIds,
  writeUintOrNull,
} from './message-codec.ts'
import { MESSAGE_LIMITS } from './message-limits.ts'

const { grantsMax, profileBytesMax, profilesMax, tokensMax, wordBytesMax } = MESSAGE_LIMITS
const TOKEN_BYTES = 18
const CLAIM_KINDS = ['work', 'contested', 'orphaned', 'late'] as const
const KILLS = ['timed-out', 'cancelled', 'returned'] as const

type Start = MessageOf<'started'>['starts'][number]
type Held = MessageOf<'held'>['tokens'][number]

export const WORK_MESSAGES: MessageCodecs<
  'claim' | 'granted' | 'work' | 'started' | 'held' | 'kill' | 'ended' | 'settled'
> = {
  claim: {
    code: 32,
    fields: 5,
    write: (writer, { seq, boot, wants, idle, kind }) => {
      writeList(writer.uint(seq).hex(boot, 8), wants, profilesMax, writeWant)
      writer.bool(idle).text(kind, wordBytesMax)
    },
    read: (reader) => ({
      type: 'claim',
      seq: reader.uint(),
      boot: reader.hex(8),
      wants: readList(reader, profilesMax, readWant),
      idle: reader.bool(),
      kind: readWord(reader, CLAIM_KINDS),
    }),
  },
  granted: {
    code: 33,
    fields: 3,
    write: (writer, { seq, grants, parked }) => {
      writeList(writer.uint(seq), grants, grantsMax, writeGrant)
      writer.bool(parked)
    },
    read: (reader) => ({
      type: 'granted',
      seq: reader.uint(),
      grants: readList(reader, grantsMax, readGrant),
      parked: reader.bool(),
    }),
  },
  work: {
    code: 34,
    fields: 1,
    write: (writer, { profiles }) => writeList(writer, profiles, profilesMax, writeProfile),
    read: (reader) => ({ type: 'work', profiles: readList(reader, profilesMax, readProfile) }),
  },
  started: {
    code: 35,
    fields: 1,
    write: (writer, { starts }) => writeList(writer, starts, tokensMax, writeStart),
    read: (reader) => ({ type: 'started', starts: readList(reader, tokensMax, readStart) }),
  },
  held: {
    code: 36,
    fields: 4,
    write: (writer, { boot, part, last, tokens }) =>
      writeList(writer.hex(boot, 8).uint(part).bool(last), tokens, tokensMax, writeHeld),
    read: (reader) => ({
      type: 'held',
      boot: reader.hex(8),
      part: reader.uint(),
      last: reader.bool(),
      tokens: readList(reader, tokensMax, readHeld),
    }),
  },
  kill: {
    code: 37,
    fields: 2,
    write: (writer, { tokens, outcome }) => {
      writeIds(writer, tokens, TOKEN_BYTES, tokensMax)
      writer.text(outcome, wordBytesMax)
    },
    read: (reader) => ({
      type: 'kill',
      tokens: reader.hexes(TOKEN_BYTES, tokensMax),
      outcome: readWord(reader, KILLS),
    }),
  },
  ended: {
    code: 38,
    fields: 1,
    write: (writer, { facts }) => writeFacts(writer, facts),
    read: (reader) => ({ type: 'ended', facts: readFacts(reader) }),
  },
  settled: {
    code: 39,
    fields: 1,
    write: (writer, { tokens }) => writeIds(writer, tokens, TOKEN_BYTES, tokensMax),
    read: (reader) => ({ type: 'settled', tokens: reader.hexes(TOKEN_BYTES, tokensMax) }),
  },
}

function writeProfile(writer: ByteWriter, profile: string): void {
  writer.text(profile, profileBytesMax)
}

function readProfile(reader: ByteReader): string {
  return reader.text(profileBytesMax)
}

function writeWant(writer: ByteWriter, { profile, free }: Want): void {
  writer.array(2).text(profile, profileBytesMax).uint(free)
}

function readWant(reader: ByteReader): Want {
  const more = reader.open(2)
  const want = { profile: reader.text(profileBytesMax), free: reader.uint() }
  reader.close(more)
  return want
}

function writeGrant(writer: ByteWriter, grant: Grant): void {
  writer.array(11).hex(grant.token, TOKEN_BYTES).hex(grant.batch, 8).hex(grant.task, 16).uint(grant.index)
  writer.text(grant.prompt, MESH_SETTINGS.promptBytesMax).encoded(encodeParams(grant.params))
  writer.text(grant.profile, profileBytesMax).uint(grant.attempt)
  writeUintOrNull(writer, grant.timeoutMs)
  writer.uint(grant.failures).bool(grant.alone)
}

function readGrant(reader: ByteReader): Grant {
  const more = reader.open(11)
  const grant = {
    token: reader.hex(TOKEN_BYTES),
    batch: reader.hex(8),
    task: reader.hex(16),
    index: reader.uint(),
    prompt: reader.text(MESH_SETTINGS.promptBytesMax),
    params: readParams(reader),
    profile: reader.text(profileBytesMax),
    attempt: reader.uint(),
    timeoutMs: readUintOrNull(reader),
    failures: reader.uint(),
    alone: reader.bool(),
  }
  reader.close(more)
  return grant
}

function writeStart(writer: ByteWriter, { token, timeoutMs }: Start): void {
  writer.array(2).hex(token, TOKEN_BYTES).uint(timeoutMs)
}

function readStart(reader: ByteReader): Start {
  const more = reader.open(2)
  const start = { token: reader.hex(TOKEN_BYTES), timeoutMs: reader.uint() }
  reader.close(more)
  return start
}

function writeHeld(writer: ByteWriter, { token, task, batch, started }: Held): void {
  writer.array(4).hex(token, TOKEN_BYTES).hex(task, 16).hex(batch, 8).bool(started)
}

function readHeld(reader: ByteReader): Held {
  const more = reader.open(4)
  const held = { token: reader.hex(TOKEN_BYTES), task: reader.hex(16), batch: reader.hex(8), started: reader.bool() }
  reader.close(more)
  return held
}
