/**
 * Keeps facts that other nodes stated.
 *
 * 1. Of slots that this node does not serve they are stored as they are: storing one twice changes nothing.
 * 2. Of slots that it serves they join what is in memory: the fold, the tally and what follows are brought up to date,
 *    and the other nodes of the list get them too.
 * 3. Facts of a batch that is not known here are only stored: they are counted when its record comes.
 * 4. Facts of a deleted batch are refused, whoever sends them.
 * 5. What the node that made it reports goes to the other nodes of the list also where it is known here: it may have come
 *    under an epoch that was over before another node had it.
 */
import type { Batch, BatchBook } from './batch-book.ts'
import type { Claims } from './claims.ts'
import type { StoredFact } from './facts.ts'
import { slotOf, type TaskId, type Token } from './ids.ts'
import type { Intake } from './intake.ts'
import type { Ledger } from './ledger.ts'
import type { Loading } from './loading.ts'
import { OpenTask } from './open-task.ts'
import type { Ownership } from './ownership.ts'
import type { World } from './world.ts'

export interface CopiesParts {
  readonly book: BatchBook
  readonly ownership: Ownership
  readonly ledger: Ledger
  readonly loading: Loading
  readonly claims: Claims
  readonly intake: Intake
}

export class Copies {
  readonly #world: World
  readonly #parts: CopiesParts

  constructor(world: World, parts: CopiesParts) {
    this.#world = world
    this.#parts = parts
  }

  keep(facts: readonly StoredFact[]): void {
    const { book, ownership } = this.#parts
    const served = new Map<Batch, Map<TaskId, StoredFact[]>>()
    for (const stored of facts) {
      const { fact } = stored
      if (book.isDeleted(fact.batch)) continue
      const batch = book.get(fact.batch)
      if (batch !== undefined && ownership.serves(slotOf(fact.task))) {
        addTo(served, batch, stored)
        continue
      }
      this.#copy(stored)
    }
    for (const [batch, tasks] of served) this.join(batch, tasks, () => undefined)
  }

  /** Only keeps it. */
  #copy(stored: StoredFact): void {
    this.#world.commits.copy(stored)
    this.#index(stored)
  }

  /** A task is found by its index from the moment that its prompt is here, however many of its facts came before. */
  #index({ fact }: StoredFact): void {
    if (fact.kind !== 'seeded') return
    this.#world.commits.index({ batch: fact.batch, entries: [{ index: fact.index, task: fact.task }] })
    this.#parts.intake.noted(fact.batch, fact.task)
  }

  /** Brings a fact of a slot that this node serves, as its maker reports it; `then` is called when it has joined. */
  reported(batch: Batch, stored: StoredFact, then: () => void): void {
    const add = (task: OpenTask) => {
      const isKnown = task.knows(stored.hash) && this.#parts.ownership.serves(task.slot)
      if (isKnown) this.#world.commits.fact(stored)
      else this.#add(task, [stored])
    }
    this.join(batch, new Map([[stored.fact.task, [stored]]]), then, add)
  }

  /** Brings facts of slots that this node serves to their tasks; `then` is called when the last has joined. */
  join(
    batch: Batch,
    tasks: ReadonlyMap<TaskId, readonly StoredFact[]>,
    then: () => void,
    add = (task: OpenTask, facts: readonly StoredFact[]): void => this.#add(task, facts),
  ): void {
    const left = new Map(tasks)
    this.#parts.loading.tasks.take(
      {
        batch,
        take: (task) => {
          const facts = left.get(task.id) ?? []
          left.delete(task.id)
          add(task, facts)
        },
        done: () => {
          for (const facts of left.values()) this.#addNew(batch, facts)
          then()
        },
      },
      [...tasks.keys()],
    )
  }

  #add(task: OpenTask, facts: readonly StoredFact[]): void {
    const { ledger, ownership } = this.#parts
    const { counts } = task.state
    const news = facts.filter(({ hash }) => !task.knows(hash))
    if (news.length === 0) return
    if (!ownership.serves(task.slot)) {
      for (const stored of news) this.#copy(stored)
      return
    }
    for (const stored of news) this.#index(stored)
    ledger.join(task, news)
    this.#learn(task, counts)
  }

  /** Without room for the task its result is fixed all the same: another attempt may complete before it is read again. */
  #learn(task: OpenTask, counted?: Token): void {
    const { claims, loading } = this.#parts
    if (loading.keep(task)) claims.learn(task, counted)
    else claims.choose(task, counted)
  }

  /** A task of which this node had no fact. */
  #addNew(batch: Batch, facts: readonly StoredFact[]): void {
    const { ledger, ownership } = this.#parts
    const first = facts[0]
    if (first === undefined || batch.record.deleted) return
    if (!ownership.serves(slotOf(first.fact.task))) {
      for (const stored of facts) this.#copy(stored)
      return
    }
    const task = new OpenTask(facts)
    for (const stored of facts) this.#index(stored)
    ledger.adopt(batch, task, facts)
    // Its prompt may come from anywhere: then all of its facts are read, not the prompt alone.
    if (task.state.seeded === undefined) batch.slot(task.slot).lacksPrompts = true
    else this.#learn(task)
  }
}

function addTo(served: Map<Batch, Map<TaskId, StoredFact[]>>, batch: Batch, stored: StoredFact): void {
  let tasks = served.get(batch)
  if (tasks === undefined) {
    tasks = new Map()
    served.set(batch, tasks)
  }
  const known = tasks.get(stored.fact.task)
  if (known === undefined) tasks.set(stored.fact.task, [stored])
  else known.push(stored)
}
