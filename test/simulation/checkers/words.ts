/**
 * P6: what people were told was done to tasks is done. Once an owner has answered, its disk has of each task that it did
 * not hand on: where it was asked to cancel, that the task is cancelled, or had ended before; where it was asked to retry
 * what has failed or is cancelled, that its round is over. Once the node that people asked answers, some disk has the same
 * of every task that they named; and in the end that is on some disk still, unless a disk fault or people took it.
 *
 * An owner goes by what it knows: a mesh that is cut apart may have an owner of the same task on each side.
 */
import type { Effect } from '../../../src/core/effects.ts'
import type { Event } from '../../../src/core/events.ts'
import { type BatchId, slotOf, type TaskId } from '../../../src/core/ids.ts'
import type { MessageOf } from '../../../src/core/messages.ts'
import { fold } from '../../../src/core/task.ts'
import type { PoolFact } from '../fact-pool.ts'
import { heardFrom, saidTo } from '../message-reader.ts'
import type { SimNode } from '../process.ts'
import type { Watch } from '../watch.ts'
import type { World } from '../world.ts'
import type { Checker } from './checker.ts'

/** How a task stood when somebody was asked to change it. */
interface Before {
  readonly round: number
  /** It had failed or was cancelled. */
  readonly isOver: boolean
}

interface Word {
  readonly change: 'cancel' | 'retry'
  readonly batch: BatchId
  /** Those of which there were facts. */
  readonly tasks: ReadonlyMap<TaskId, Before>
}

type FactsOf = (task: TaskId) => readonly PoolFact[]

export class Words implements Checker {
  readonly #world: World
  readonly #watch: Watch
  /** By owner: what others asked it to do, by who asked and the number of the request. */
  readonly #asked = new Map<SimNode, Map<string, Word>>()
  /** What people asked, by the number of their request; and of that, what the node that they asked does itself. */
  readonly #wishes = new Map<number, { readonly all: Word; readonly own: Word }>()
  /** Facts that people were told of, in effect. */
  readonly #told = new Set<PoolFact>()

  constructor(world: World, watch: Watch) {
    this.#world = world
    this.#watch = watch
  }

  event(node: SimNode, event: Event): void {
    if (event.type === 'change-tasks') {
      const { tasks } = event
      const all = wordOf(event, tasks, this.#everywhere)
      const served = tasks.filter((task) => node.core?.serves?.(slotOf(task)) === true)
      this.#wishes.set(event.request, { all, own: wordOf(event, served, factsOn(node)) })
      return
    }
    if (event.type !== 'received') return
    const heard = heardFrom(node.id, event.from, event.bytes, (type) => type === 'change-tasks')
    if (heard?.message.type !== 'change-tasks') return
    const asked = this.#asked.get(node) ?? new Map<string, Word>()
    const { peer, message } = heard
    this.#asked.set(node, asked.set(`${peer} ${message.request}`, wordOf(message, message.tasks, factsOn(node))))
  }

  readonly #everywhere: FactsOf = (task) => this.#world.pool.tasks.get(task)?.facts ?? []

  effect(node: SimNode, effect: Effect): void {
    if (effect.type === 'answer' || effect.type === 'refuse') this.#answered(node, effect)
    if (effect.type !== 'send' || !this.#asked.has(node)) return
    const said = saidTo(node.id, effect.to, effect.bytes, (type) => type === 'changed')
    if (said?.message.type === 'changed') this.#ownerAnswered(node, said.peer, said.message)
  }

  #ownerAnswered(node: SimNode, to: string, { request, elsewhere }: MessageOf<'changed'>): void {
    const word = this.#asked.get(node)?.get(`${to} ${request}`)
    if (word === undefined) return
    this.#asked.get(node)?.delete(`${to} ${request}`)
    const left = new Set(elsewhere)
    this.#judge(node, word, (task) => !left.has(task))
  }

  #answered(node: SimNode, { type, request }: Extract<Effect, { type: 'answer' | 'refuse' }>): void {
    const wish = this.#wishes.get(request)
    if (wish === undefined) return
    this.#wishes.delete(request)
    if (type === 'refuse') return
    this.#judge(node, wish.own, (task) => node.core?.serves?.(slotOf(task)) === true)
    // Of a mesh that is cut apart one side may know of more rounds than the other.
    const isOne = this.#watch.undisturbed && this.#watch.met
    for (const [task, { round, isOver }] of wish.all.tasks) {
      const { change, batch } = wish.all
      if (this.#isExcused(task, batch)) continue
      const facts = this.#everywhere(task)
      const done = doneTo(facts, change, isOne ? round : 0)
      for (const fact of done) this.#told.add(fact)
      // There a task may be known to the other side alone, while this one answers for its slot.
      if (done.length > 0 || !isOne || (change === 'retry' && !isOver)) continue
      this.#world.report('P6', `node ${node.index} answered that it did ${change} task ${task}, which no disk tells of`)
    }
  }

  /** What an owner has on its disk of those that it was to change and answers for. */
  #judge(node: SimNode, { change, batch, tasks }: Word, isAnswered: (task: TaskId) => boolean): void {
    for (const [task, { round, isOver }] of tasks) {
      if (!isAnswered(task) || (change === 'retry' && !isOver) || this.#isExcused(task, batch)) continue
      const facts = node.disk.facts.of(task, slotOf(task))
      // Without its prompt it is left alone.
      if (!facts.some(({ kind }) => kind === 'seeded') || doneTo(facts, change, round).length > 0) continue
      this.#world.report(
        'P6',
        `node ${node.index} answered that it did ${change} task ${task}, and its disk does not say so`,
      )
    }
  }

  #isExcused(task: TaskId, batch: BatchId): boolean {
    return this.#watch.damagedTasks.has(task) || this.#watch.deletedBatches.has(batch)
  }

  gone(node: SimNode): void {
    this.#asked.delete(node)
  }

  finish(): void {
    for (const { copies, kind, task, batch } of this.#told)
      if (copies === 0 && !this.#isExcused(task, batch))
        this.#world.report('P6', `people were told that task ${task} is ${kind}, and no disk tells of it any more`)
  }
}

function factsOn(node: SimNode): FactsOf {
  return (task) => node.disk.facts.of(task, slotOf(task))
}

function wordOf({ change, batch }: Pick<Word, 'change' | 'batch'>, tasks: readonly TaskId[], factsOf: FactsOf): Word {
  const before = new Map<TaskId, Before>()
  for (const task of tasks) {
    const facts = factsOf(task)
    if (facts.length === 0) continue
    const { round, standing } = fold(facts)
    before.set(task, { round, isOver: standing === 'failed' || standing === 'cancelled' })
  }
  return { change, batch, tasks: before }
}

/** Facts that say that the change was made in that round or a later one, or that the task needed none. */
function doneTo(facts: readonly PoolFact[], change: Word['change'], round: number): PoolFact[] {
  return facts.filter(({ fact }) => {
    if (fact.kind === 'ended') return fact.outcome === 'completed'
    if (fact.kind === 'retried') return change === 'retry' && fact.round >= round
    return change === 'cancel' && (fact.kind === 'cancelled' || fact.kind === 'closed') && fact.round >= round
  })
}
