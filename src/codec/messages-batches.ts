/** Messages about batches: their records, tallies that rows leave out, and the end of what runs of one. */
import { readBatchRecord, writeBatchRecord } from './batch-records.ts'
import { readList, readWord, writeList } from './items.ts'
import { readLoadBatch, writeLoadBatch } from './load-rows.ts'
import { type MessageCodecs, writeIds } from './message-codec.ts'
import { MESSAGE_LIMITS } from './message-limits.ts'

const { recordsMax, wordBytesMax } = MESSAGE_LIMITS
const BATCH_BYTES = 8
const STOPS = ['cancelled', 'returned'] as const

export const BATCH_MESSAGES: MessageCodecs<'batches' | 'batches-stored' | 'stop-batch' | 'tallies-wanted' | 'tallies'> =
  {
    batches: {
      code: 5,
      fields: 3,
      write: (writer, { records, answer, request }) => {
        writeList(writer, records, recordsMax, writeBatchRecord)
        writer.bool(answer).uint(request)
      },
      read: (reader) => ({
        type: 'batches',
        records: readList(reader, recordsMax, readBatchRecord),
        answer: reader.bool(),
        request: reader.uint(),
      }),
    },
    'batches-stored': {
      code: 64,
      fields: 1,
      write: (writer, { request }) => writer.uint(request),
      read: (reader) => ({ type: 'batches-stored', request: reader.uint() }),
    },
    'stop-batch': {
      code: 65,
      fields: 2,
      write: (writer, { batch, outcome }) => writer.hex(batch, 8).text(outcome, wordBytesMax),
      read: (reader) => ({ type: 'stop-batch', batch: reader.hex(8), outcome: readWord(reader, STOPS) }),
    },
    'tallies-wanted': {
      code: 66,
      fields: 2,
      write: (writer, { request, batches }) => writeIds(writer.uint(request), batches, BATCH_BYTES, recordsMax),
      read: (reader) => ({
        type: 'tallies-wanted',
        request: reader.uint(),
        batches: reader.hexes(BATCH_BYTES, recordsMax),
      }),
    },
    tallies: {
      code: 67,
      fields: 3,
      write: (writer, { request, ownedSum, batches }) =>
        writeList(writer.uint(request).hex(ownedSum, 8), batches, recordsMax, writeLoadBatch),
      read: (reader) => ({
        type: 'tallies',
        request: reader.uint(),
        ownedSum: reader.hex(8),
        batches: readList(reader, recordsMax, readLoadBatch),
      }),
    },
  }
