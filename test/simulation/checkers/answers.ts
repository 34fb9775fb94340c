/**
 * P6: once faults have stopped every node answers what people ask, whichever node seeded the batch. I9: at rest what all
 * owners tell adds up to what the node's own view says; and where nothing goes wrong it never misses a task that was on
 * disk when it was asked for, while meshes merge and slots go from owner to owner.
 */
import type { AnswerValue } from '../../../src/core/effects.ts'
import type { CoreBatchView } from '../../../src/core/view.ts'
import type { SimNode } from '../process.ts'
import type { Reply } from '../requests.ts'
import type { Target } from '../schedule.ts'
import type { World } from '../world.ts'
import type { Checker } from './checker.ts'
import { COUNTED, trueBatches, trueCounts } from './truth.ts'

/** By then the mesh has one member view. */
const ASK_AFTER_MS = 75_000

/** By then those that started apart have met, though not everything is where it belongs yet. */
const MET_MS = 10_000
/** Seconds between exact counts of a world where nothing goes wrong. */
const COUNT_EVERY = 5

/** By then every row is up to date. */
const ROWS_MS = 3_000

type Counted = Extract<AnswerValue, { type: 'counts' }>

export class Answers implements Checker {
  readonly #world: World
  #asked = false

  constructor(world: World) {
    this.#world = world
  }

  /** Asks once more, to see that nothing comes of it. */
  askAgain(): void {
    for (const node of this.#world.live) {
      if (!node.up) continue
      this.#ask(node)
      this.#count(node)
    }
  }

  /** Asks one node after the other for exact counts, while everything goes on. */
  #countAmid(): void {
    const up = this.#world.live.filter((node) => node.up)
    const node = up[(this.#seconds / COUNT_EVERY) % up.length]
    if (node === undefined) return
    const truth = trueCounts(this.#world)
    this.#world.desk.ask(node, { type: 'count' }, (reply) => {
      if (reply?.type !== 'answer' || reply.value.type !== 'counts' || !reply.value.whole) return
      const records = trueBatches(this.#world)
      for (const { batch, total } of reply.value.batches) {
        const record = records.get(batch)
        const least = truth.get(batch)?.total ?? 0
        const most = this.#world.scenario.plans.find(({ name }) => name === record?.name)?.tasks ?? 0
        if ((total < least || total > most) && record?.deleted === false)
          this.#world.report(
            'I9',
            `node ${node.index} was told of ${total} tasks of ${batch}; there are ${least} to ${most}`,
          )
      }
    })
  }

  #count(node: SimNode): void {
    this.#world.desk.ask(node, { type: 'count' }, (reply) => {
      this.#heard(node, 'to count', reply)
      if (reply?.type !== 'answer' || reply.value.type !== 'counts') return
      const { schedule } = this.#world
      // The last thing that happened may be in no row yet.
      if (wrongIn(reply.value, node) !== undefined)
        schedule.at(schedule.nowMs + ROWS_MS, this.#judgements, { node, told: reply.value })
    })
  }

  readonly #judgements: Target<{ readonly node: SimNode; readonly told: Counted }> = {
    happen: ({ node, told }) => {
      const wrong = wrongIn(told, node)
      if (wrong !== undefined) this.#world.report('I9', `node ${node.index}, asked to count: ${wrong}`)
    },
  }

  /** Whether every node was asked, and has answered or let time run out. */
  get done(): boolean {
    return this.#asked && this.#open === 0
  }

  #open = 0
  #seconds = 0

  second(): void {
    const { calmMs, schedule, live, scenario } = this.#world
    const isOneMesh = scenario.conditions.calm && schedule.nowMs > scenario.startsWithinMs + MET_MS
    if (isOneMesh && ++this.#seconds % COUNT_EVERY === 0) this.#countAmid()
    if (this.#asked || calmMs === undefined || schedule.nowMs < calmMs + ASK_AFTER_MS) return
    this.#asked = true
    for (const node of live) if (node.up && node.leaving === undefined) this.#ask(node)
  }

  #ask(node: SimNode): void {
    const { desk, scenario } = this.#world
    for (const { name, profile } of scenario.plans) {
      this.#open++
      desk.ask(node, { type: 'create-batch', spec: { name, profile } }, (reply) => {
        this.#open--
        this.#heard(node, `for batch ${name}`, reply)
        if (reply?.type !== 'answer' || reply.value.type !== 'batch') return
        this.#open++
        const question = { type: 'set-batch', batch: reply.value.batch.id, change: { paused: false } } as const
        desk.ask(node, question, (changed) => {
          this.#open--
          this.#heard(node, `to resume batch ${name}`, changed)
        })
      })
    }
  }

  #heard(node: SimNode, what: string, reply: Reply | undefined): void {
    if (reply?.type === 'answer') return
    const why = reply === undefined ? 'did not answer' : `refused: ${reply.code}`
    this.#world.report('P6', `node ${node.index}, asked ${what}, ${why}`)
  }
}

/** How what all owners told differs from what the node's own view says. */
function wrongIn({ batches, whole, missing }: Counted, node: SimNode): string | undefined {
  const view = new Map(node.core?.view().batches.map(({ record, counts }) => [record.id, counts]))
  if (!whole) return `it is not whole, ${missing.length} are missing`
  if (batches.length !== view.size) return `${batches.length} batches, and ${view.size} in its view`
  const wrong = batches.find(({ batch, ...counts }) => !isSame(counts, view.get(batch)))
  return wrong && `${JSON.stringify(wrong)}, and ${JSON.stringify(view.get(wrong.batch))} in its view`
}

function isSame(told: CoreBatchView['counts'], known: CoreBatchView['counts'] | undefined): boolean {
  return COUNTED.every((name) => told[name] === known?.[name])
}
