/**
 * The driver's part between one process and its disk (src/node/driver.ts): group commit, repeated writes, reads.
 *
 * 1. One commit is under way at a time; what is asked for meanwhile becomes the next one.
 * 2. A commit that fails is repeated every second, the same writes first, until it succeeds.
 * 3. A read begins when every persist that was given before it is on disk; of later ones it may see some.
 * 4. A crash leaves a prefix of the writes that were not acknowledged, each of them whole.
 * 5. Batches are cleared piece by piece: a crash may come between two; slots are dropped one by one.
 * 6. Reads that are given after slots are to be dropped begin when they are, or that has failed.
 */
import type { Effect } from '../../src/core/effects.ts'
import type { Event } from '../../src/core/events.ts'
import type { SimDisk } from './disk.ts'
import type { PoolFact } from './fact-pool.ts'
import type { Random } from './random.ts'
import type { Schedule, Target } from './schedule.ts'

type Persist = Extract<Effect, { type: 'persist' }>
type Clear = Extract<Effect, { type: 'clear-batches' }>
type Drop = Extract<Effect, { type: 'drop-slots' }>
type Read = Extract<Effect, { type: 'load' | 'load-tasks' | 'read-index' | 'read-digests' | 'read-slot' }>
/** What is done once everything that was given before it to be written is on disk. */
export type OrderedEffect = Read | Clear | Drop

export interface DiskConditions {
  readonly syncMsMin: number
  readonly syncMsMax: number
  readonly readMsMin: number
  readonly readMsMax: number
}

/** What ails the disk of a node now. */
export interface DiskTrouble {
  problem: 'disk-full' | 'failing' | undefined
  /** The longest that a sync takes, where that is out of the ordinary. */
  slowSyncMs: number
  readsFail: boolean
}

export interface StorageOptions {
  readonly schedule: Schedule
  readonly disk: SimDisk
  readonly trouble: DiskTrouble
  readonly conditions: DiskConditions
  readonly random: Random
  readonly post: (event: Event) => void
  readonly onDurable: (writes: Persist) => void
  readonly onDropped: (facts: readonly PoolFact[]) => void
}

const RETRY_MS = 1_000
const INDEX_PAGE = 100

export class Storage {
  readonly #options: StorageOptions
  #waiting: Persist[] = []
  #group: Persist[] = []
  /** The group is on disk although its commit is said to have failed. */
  #isApplied = false
  #committing = false
  #persistedTicket = 0
  #problem: 'disk-full' | 'failing' | undefined
  #dead = false
  #dropping: Drop | undefined
  readonly #reads: { readonly effect: OrderedEffect; readonly ticket: number }[] = []

  constructor(options: StorageOptions) {
    this.#options = options
  }

  persist(effect: Persist): void {
    this.#waiting.push(effect)
    if (this.#committing) return
    this.#committing = true
    this.#later(0, this.#begin, undefined)
  }

  #later<T>(delayMs: number, target: Target<T>, what: T): void {
    const { schedule } = this.#options
    schedule.at(schedule.nowMs + delayMs, target, what)
  }

  readonly #begin: Target<undefined> = {
    happen: () => {
      if (this.#dead) return
      this.#group = this.#waiting
      this.#waiting = []
      this.#later(this.#syncMs(), this.#done, undefined)
    },
  }

  #syncMs(): number {
    const { random, conditions, trouble } = this.#options
    const usual = random.between(conditions.syncMsMin, conditions.syncMsMax)
    return trouble.slowSyncMs > 0 ? random.between(usual, trouble.slowSyncMs) : usual
  }

  readonly #done: Target<undefined> = {
    happen: () => {
      if (this.#dead) return
      const { trouble, post } = this.#options
      if (trouble.problem !== undefined) {
        this.#failed(trouble.problem)
        return
      }
      this.#applyGroup()
      const ticket = (this.#group.at(-1) as Persist).ticket
      this.#group = []
      this.#isApplied = false
      this.#persistedTicket = ticket
      this.#committing = this.#waiting.length > 0
      if (this.#committing) this.#later(0, this.#begin, undefined)
      if (this.#problem !== undefined) {
        this.#problem = undefined
        post({ type: 'storage', problem: undefined })
      }
      post({ type: 'persisted', ticket })
      this.#runReads()
    },
  }

  #failed(problem: 'disk-full' | 'failing'): void {
    const { random, post } = this.#options
    // A write that failed for another reason than space may be on disk all the same.
    if (problem === 'failing' && random.chance(0.3)) this.#applyGroup()
    this.#later(RETRY_MS, this.#done, undefined)
    if (this.#problem === problem) return
    this.#problem = problem
    post({ type: 'storage', problem })
  }

  /** A group is one atomic batch: what is on disk of it is all of it, and written again it is the same. */
  #applyGroup(): void {
    if (!this.#isApplied) this.#apply(this.#group)
    this.#isApplied = true
  }

  #apply(group: readonly Persist[]): void {
    for (const writes of group) this.#options.onDurable(writes)
  }

  afterWrites(effect: OrderedEffect): void {
    const ticket = this.#waiting.at(-1)?.ticket ?? this.#group.at(-1)?.ticket ?? this.#persistedTicket
    this.#reads.push({ effect, ticket })
    this.#runReads()
  }

  #runReads(): void {
    while (!this.#dead && this.#dropping === undefined && this.#reads.length > 0) {
      const { effect, ticket } = this.#reads[0] as { effect: OrderedEffect; ticket: number }
      if (ticket > this.#persistedTicket) return
      this.#reads.shift()
      if (effect.type === 'clear-batches') this.#later(this.#syncMs(), this.#clearings, effect)
      else if (effect.type === 'drop-slots') this.#drop(effect)
      else this.#read(effect)
    }
  }

  #drop(effect: Drop): void {
    this.#dropping = effect
    this.#later(this.#syncMs(), this.#drops, effect)
  }

  readonly #drops: Target<Drop> = {
    happen: (effect) => {
      if (this.#dead) return
      this.#dropping = undefined
      if (this.#options.trouble.problem === undefined) this.#dropSlots(effect, effect.slots.length)
      this.#runReads()
    },
  }

  #dropSlots({ slots }: Drop, count: number): void {
    const { disk, onDropped } = this.#options
    onDropped(disk.dropSlots(slots.slice(0, count)))
  }

  readonly #clearings: Target<Clear> = {
    happen: (effect) => {
      if (this.#dead) return
      const { disk, random, trouble } = this.#options
      const isLast = trouble.problem === undefined && random.chance(0.7)
      if (trouble.problem === undefined) disk.clear(effect.batches, isLast ? 1 : random.between(0, 1))
      if (!isLast) this.#later(RETRY_MS, this.#clearings, effect)
    },
  }

  #read(effect: Read): void {
    const { random, conditions, trouble } = this.#options
    if (trouble.readsFail && random.chance(0.5)) {
      this.#later(RETRY_MS, this.#failures, effect)
      return
    }
    const delayMs = random.between(conditions.readMsMin, conditions.readMsMax)
    if (random.chance(0.5)) this.#later(delayMs, this.#answers, effect)
    else this.#later(delayMs, this.#posts, this.#answersTo(effect))
  }

  readonly #answers: Target<Read> = {
    happen: (effect) => this.#posts.happen(this.#answersTo(effect)),
  }

  readonly #posts: Target<readonly Event[]> = {
    happen: (events) => {
      for (const event of events) if (!this.#dead) this.#options.post(event)
    },
  }

  readonly #failures: Target<Read> = {
    happen: (effect) => {
      if (this.#dead) return
      if (effect.type === 'read-index') this.#options.post({ type: 'index-failed', batch: effect.batch })
      else this.#options.post({ type: 'load-failed', load: effect.load })
    },
  }

  #answersTo(effect: Read): readonly Event[] {
    const { disk } = this.#options
    switch (effect.type) {
      case 'load':
        return [{ type: 'loaded', load: effect.load, facts: disk.readSlots(effect.batch, effect.slots) }]
      case 'load-tasks':
        return [{ type: 'loaded', load: effect.load, facts: disk.readTasks(effect.batch, effect.tasks) }]
      case 'read-digests':
        return [{ type: 'digests-read', load: effect.load, digests: disk.facts.readDigests(effect.slots) }]
      case 'read-slot':
        return [{ type: 'slot-read', load: effect.load, facts: disk.facts.readSlot(effect.slot) }]
      case 'read-index':
        return pagesOf(effect.batch, disk.readIndex(effect.batch, effect.doubted))
    }
  }

  /** The process is gone: some of what was under way reached the disk, in its order. */
  crash(): void {
    if (this.#dead) return
    this.#dead = true
    const { random, trouble } = this.#options
    const unsynced = [...(this.#isApplied ? [] : this.#group), ...this.#waiting]
    const kept = trouble.problem === 'disk-full' ? 0 : random.below(unsynced.length + 1)
    if (this.#dropping !== undefined && trouble.problem === undefined)
      this.#dropSlots(this.#dropping, random.below(this.#dropping.slots.length + 1))
    this.#apply(unsynced.slice(0, kept))
  }

  /** Nothing is written any more that was not written before. */
  close(): void {
    this.#dead = true
  }
}

function pagesOf(batch: string, tasks: readonly string[]): readonly Event[] {
  const pages: Event[] = []
  for (let at = 0; at < tasks.length; at += INDEX_PAGE)
    pages.push({ type: 'index-read', batch, tasks: tasks.slice(at, at + INDEX_PAGE), done: false })
  pages.push({ type: 'index-read', batch, tasks: [], done: true })
  return pages
}
