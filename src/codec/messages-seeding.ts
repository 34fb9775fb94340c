/** Messages about tasks as a whole: seeding them, cancelling and retrying them. */
import type { IntakeRow } from '../core/messages.ts'
import { MESH_SETTINGS } from '../core/settings.ts'
import { readBatchRecord, writeBatchRecord } from './batch-records.ts'
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { encodeParams } from './facts.ts'
import { readList, readWord, writeList } from './items.ts'
import { readParams } from './json-reader.ts'
import { type MessageCodecs, writeIds } from './message-codec.ts'
import { MESSAGE_LIMITS } from './message-limits.ts'

const { profileBytesMax, rowsMax, tasksMax, wordBytesMax } = MESSAGE_LIMITS
const TASK_BYTES = 16
const CHANGES = ['cancel', 'retry'] as const

export const SEEDING_MESSAGES: MessageCodecs<'intake' | 'taken' | 'change-tasks' | 'changed'> = {
  intake: {
    code: 48,
    fields: 4,
    write: (writer, { request, record, profile, rows }) => {
      writeBatchRecord(writer.uint(request), record)
      writer.text(profile, profileBytesMax)
      writeList(writer, rows, rowsMax, writeRow)
    },
    read: (reader) => ({
      type: 'intake',
      request: reader.uint(),
      record: readBatchRecord(reader),
      profile: reader.text(profileBytesMax),
      rows: readList(reader, rowsMax, readRow),
    }),
  },
  taken: {
    code: 49,
    fields: 6,
    write: (writer, message) => {
      writer.uint(message.request).uint(message.new).uint(message.existing).uint(message.copies)
      writeIds(writer, message.elsewhere, TASK_BYTES, rowsMax)
      writer.uint(message.retryAfterMs)
    },
    read: (reader) => ({
      type: 'taken',
      request: reader.uint(),
      new: reader.uint(),
      existing: reader.uint(),
      copies: reader.uint(),
      elsewhere: reader.hexes(TASK_BYTES, rowsMax),
      retryAfterMs: reader.uint(),
    }),
  },
  'change-tasks': {
    code: 50,
    fields: 5,
    write: (writer, { request, batch, change, tasks, stopRunning }) => {
      writer.uint(request).hex(batch, 8).text(change, wordBytesMax)
      writeIds(writer, tasks, TASK_BYTES, tasksMax)
      writer.bool(stopRunning)
    },
    read: (reader) => ({
      type: 'change-tasks',
      request: reader.uint(),
      batch: reader.hex(8),
      change: readWord(reader, CHANGES),
      tasks: reader.hexes(TASK_BYTES, tasksMax),
      stopRunning: reader.bool(),
    }),
  },
  changed: {
    code: 51,
    fields: 3,
    write: (writer, { request, tasks, elsewhere }) =>
      writeIds(writer.uint(request).uint(tasks), elsewhere, TASK_BYTES, tasksMax),
    read: (reader) => ({
      type: 'changed',
      request: reader.uint(),
      tasks: reader.uint(),
      elsewhere: reader.hexes(TASK_BYTES, tasksMax),
    }),
  },
}

function writeRow(writer: ByteWriter, { task, index, prompt, params }: IntakeRow): void {
  writer.array(4).hex(task, TASK_BYTES).uint(index).text(prompt, MESH_SETTINGS.promptBytesMax)
  writer.encoded(encodeParams(params))
}

function readRow(reader: ByteReader): IntakeRow {
  const more = reader.open(4)
  const row = {
    task: reader.hex(TASK_BYTES),
    index: reader.uint(),
    prompt: reader.text(MESH_SETTINGS.promptBytesMax),
    params: readParams(reader),
  }
  reader.close(more)
  return row
}
