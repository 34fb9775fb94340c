/**
 * The seeding node's side: names the rows of a file and hands them to their owner in frames.
 *
 * 1. At most `WINDOW` frames are under way: rows are asked for only when there is room.
 * 2. A frame has at most 1,000 rows and 4 MiB.
 */
import type { BatchRecord } from '../core/batches.ts'
import type { Event, IntakeRow } from '../core/events.ts'
import type { BatchId, Sha256 } from '../core/ids.ts'
import { TaskNamer } from '../core/task-identity.ts'
import type { PromptRow, SeedAnswer, SeedProgress, SeedRequest } from './api.ts'
import type { PendingRequests } from './requests.ts'

const WINDOW = 4
const FRAME_ROWS_MAX = 1_000
const FRAME_BYTES_MAX = 4 * 1024 * 1024

export class Seeding {
  readonly #requests: PendingRequests
  readonly #post: (event: Event) => void
  readonly #sha256: Sha256
  /** batch => how many files are being seeded into it now. */
  readonly #sessions = new Map<BatchId, number>()

  constructor(requests: PendingRequests, post: (event: Event) => void, sha256: Sha256) {
    this.#requests = requests
    this.#post = post
    this.#sha256 = sha256
  }

  /** @throws what the core refuses, or what `rows` throws; rows handed over before that stay */
  async seed(
    request: SeedRequest,
    rows: AsyncIterable<readonly PromptRow[]>,
    onProgress: (progress: SeedProgress) => void,
  ): Promise<SeedAnswer> {
    const record = await this.#createBatch(request)
    this.#sessions.set(record.id, 1 + (this.#sessions.get(record.id) ?? 0))
    try {
      return await this.#feed(record, request.profile, rows, onProgress)
    } finally {
      const left = (this.#sessions.get(record.id) ?? 1) - 1
      if (left > 0) this.#sessions.set(record.id, left)
      else {
        this.#sessions.delete(record.id)
        this.#post({ type: 'intake-ended', batch: record.id })
      }
    }
  }

  async #createBatch(request: SeedRequest): Promise<BatchRecord> {
    const { batch: name, profile, priority, maxAttempts, timeoutMs } = request
    const spec = {
      name,
      profile,
      ...(priority !== undefined && { priority }),
      ...(maxAttempts !== undefined && { maxAttempts }),
      ...(timeoutMs !== undefined && { timeoutMs }),
    }
    const answer = await this.#requests.ask({ type: 'create-batch', spec })
    if (answer.type !== 'batch') throw new TypeError(`create-batch was answered with ${answer.type}`)
    return answer.batch
  }

  async #feed(
    record: BatchRecord,
    profile: string,
    rows: AsyncIterable<readonly PromptRow[]>,
    onProgress: (progress: SeedProgress) => void,
  ): Promise<SeedAnswer> {
    const namer = new TaskNamer(this.#sha256, record.id, profile)
    const total = { new: 0, existing: 0 }
    let copies = 1
    const underWay = new Set<Promise<void>>()
    const send = async (frame: readonly IntakeRow[]) => {
      const answer = await this.#requests.ask({ type: 'intake', batch: record.id, profile, rows: frame })
      if (answer.type !== 'intake') throw new TypeError(`intake was answered with ${answer.type}`)
      total.new += answer.new
      total.existing += answer.existing
      copies = answer.copies
      onProgress(total)
    }
    try {
      for await (const chunk of rows) {
        for (const frame of framesOf(chunk, namer)) {
          const sent: Promise<void> = send(frame).then(() => void underWay.delete(sent))
          underWay.add(sent)
          if (underWay.size >= WINDOW) await Promise.race(underWay)
        }
      }
      await Promise.all(underWay)
    } finally {
      await Promise.allSettled(underWay)
    }
    return { batch: record.name, id: record.id, ...total, copies }
  }
}

function* framesOf(rows: readonly PromptRow[], namer: TaskNamer): Iterable<readonly IntakeRow[]> {
  let frame: IntakeRow[] = []
  let bytes = 0
  for (const row of rows) {
    frame.push(namer.next(row))
    bytes += 2 * row.prompt.length
    if (frame.length < FRAME_ROWS_MAX && bytes < FRAME_BYTES_MAX / 2) continue
    yield frame
    frame = []
    bytes = 0
  }
  if (frame.length > 0) yield frame
}
