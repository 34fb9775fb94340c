/** Messages about batches: their records, and the end of what runs of one. */
import { readBatchRecord, writeBatchRecord } from './batch-records.ts'
import { readList, readWord, writeList } from './items.ts'
import type { MessageCodecs } from './message-codec.ts'
import { MESSAGE_LIMITS } from './message-limits.ts'

const { recordsMax, wordBytesMax } = MESSAGE_LIMITS
const STOPS = ['cancelled', 'returned'] as const

export const BATCH_MESSAGES: MessageCodecs<'batches' | 'batches-stored' | 'stop-batch'> = {
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
}
