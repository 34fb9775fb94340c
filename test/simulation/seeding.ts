/**
 * One file being seeded, as `promptmesh seed` does it (src/node/seeding.ts), by somebody who does not give up.
 *
 * 1. Rows are named in the order of the file; a frame is sent again until it is answered, at any node that is up.
 * 2. At most `WINDOW` frames are under way.
 * 3. A file whose batch people delete meanwhile is not seeded to its end.
 */

import type { IntakeRow } from '../../src/core/events.ts'
import type { BatchId } from '../../src/core/ids.ts'
import { TaskNamer } from '../../src/core/task-identity.ts'
import type { BatchPlan } from './batch-plan.ts'
import { promptOf } from './batch-plan.ts'
import { sha256 } from './fact-pool.ts'
import type { SimNode } from './process.ts'
import type { Random } from './random.ts'
import type { Reply, RequestDesk } from './requests.ts'
import type { Schedule, Target } from './schedule.ts'

export interface SeedingOptions {
  readonly desk: RequestDesk
  readonly schedule: Schedule
  readonly random: Random
  readonly plan: BatchPlan
  readonly nodes: readonly SimNode[]
  /** The node that is asked first. */
  readonly first: SimNode
  readonly frameRows: number
  readonly onRows: (batch: BatchId, rows: readonly IntakeRow[]) => void
}

interface Frame {
  readonly rows: readonly IntakeRow[]
  tries: number
}

const WINDOW = 4
const PAUSE_MS = 500
const PAUSE_MS_MAX = 10_000

export class Seeding {
  done = false
  readonly #options: SeedingOptions
  #node: SimNode
  #batch: BatchId | undefined
  #namer: TaskNamer | undefined
  #named = 0
  #underWay = 0
  #tries = 0

  constructor(options: SeedingOptions) {
    this.#options = options
    this.#node = options.first
  }

  begin(): void {
    const { desk, plan } = this.#options
    this.#chooseNode()
    const { name, profile, priority, maxAttempts } = plan
    desk.ask(this.#node, { type: 'create-batch', spec: { name, profile, priority, maxAttempts } }, (reply) =>
      this.#created(reply),
    )
  }

  /** Stays with its node while that is up. */
  #chooseNode(): void {
    const { nodes, random } = this.#options
    if (this.#node.up) return
    const up = nodes.filter((node) => node.up && !node.retired)
    if (up.length > 0) this.#node = random.pick(up)
  }

  #created(reply: Reply | undefined): void {
    if (reply?.type !== 'answer' || reply.value.type !== 'batch') {
      this.#again(this.#beginnings, undefined, ++this.#tries)
      return
    }
    this.#tries = 0
    const { id } = reply.value.batch
    if (this.#batch !== id) {
      this.#batch = id
      this.#namer = new TaskNamer(sha256, id, this.#options.plan.profile)
      this.#named = 0
    }
    this.#fill()
  }

  #again<T>(target: Target<T>, what: T, tries: number): void {
    const { schedule, random } = this.#options
    const pauseMs = Math.min(PAUSE_MS * 2 ** Math.min(tries, 10), PAUSE_MS_MAX)
    schedule.at(schedule.nowMs + pauseMs * random.between(0.5, 1), target, what)
  }

  readonly #beginnings: Target<undefined> = { happen: () => this.begin() }

  #fill(): void {
    const { plan, frameRows } = this.#options
    while (this.#underWay < WINDOW && this.#named < plan.tasks) {
      const rows: IntakeRow[] = []
      while (rows.length < frameRows && this.#named < plan.tasks)
        rows.push((this.#namer as TaskNamer).next(promptOf(plan, this.#named++)))
      this.#underWay++
      this.#send({ rows, tries: 0 })
    }
    if (this.#underWay > 0 || this.done) return
    this.done = true
    this.#node.post({ type: 'intake-ended', batch: this.#batch as BatchId })
  }

  #send(frame: Frame): void {
    if (this.done) return
    const { desk, plan } = this.#options
    this.#chooseNode()
    const batch = this.#batch as BatchId
    desk.ask(this.#node, { type: 'intake', batch, profile: plan.profile, rows: frame.rows }, (reply) =>
      this.#answered(frame, batch, reply),
    )
  }

  #answered(frame: Frame, batch: BatchId, reply: Reply | undefined): void {
    if (reply?.type === 'answer') {
      this.#options.onRows(batch, frame.rows)
      this.#underWay--
      this.#fill()
      return
    }
    frame.tries++
    if (reply?.type === 'refuse' && reply.code === 'MESH_BATCH_UNKNOWN') this.#createAgain(frame)
    else this.#again(this.#sendings, frame, frame.tries)
  }

  readonly #sendings: Target<Frame> = { happen: (frame) => this.#send(frame) }

  /** That node does not know the batch, or not any more; where it is another batch by now, people deleted this one. */
  #createAgain(frame: Frame): void {
    const { desk, plan } = this.#options
    const { name, profile, priority, maxAttempts } = plan
    desk.ask(this.#node, { type: 'create-batch', spec: { name, profile, priority, maxAttempts } }, (reply) => {
      const created = reply?.type === 'answer' && reply.value.type === 'batch' ? reply.value.batch.id : this.#batch
      if (created === this.#batch) this.#again(this.#sendings, frame, frame.tries)
      else this.done = true
    })
  }
}
