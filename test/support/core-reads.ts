/**
 * The reads that a core has asked for. Each sees every write that was given before it; of later ones it may see
 * nothing (`old`), all that are on disk when it is delivered (`new`), or what the dice say (`drawn`): the slots of one
 * read as they were at one moment, each task by itself, each page of an index by itself.
 */
import type { Effect } from '../../src/core/effects.ts'
import type { Event } from '../../src/core/events.ts'
import type { TaskId } from '../../src/core/ids.ts'
import type { Disk } from './core-disk.ts'

export type ReadEffect = Extract<Effect, { type: 'load' | 'load-tasks' | 'read-index' }>
export type ReadsAre = 'old' | 'new' | 'drawn'

interface Read {
  readonly effect: ReadEffect
  /** The last write that it must see. */
  readonly ticket: number
  /** What a read at the first moment allowed gives; undefined before that. */
  oldest: Event | undefined
  /** Ids of an index that were handed over already. */
  readonly told: Set<TaskId>
}

export class Reads {
  readonly #disk: Disk
  readonly #are: ReadsAre
  readonly #random: () => number
  /** A doubted index is made anew from the facts, as a store does. */
  readonly #rebuilds: boolean
  readonly #reads: Read[] = []
  #persistedTicket = 0

  constructor(disk: Disk, are: ReadsAre, random: () => number, rebuilds: boolean) {
    this.#disk = disk
    this.#are = are
    this.#random = random
    this.#rebuilds = rebuilds
  }

  get size(): number {
    return this.#reads.length
  }

  give(effect: ReadEffect, ticket: number): void {
    this.#reads.push({ effect, ticket, oldest: undefined, told: new Set() })
    this.persisted(this.#persistedTicket)
  }

  persisted(ticket: number): void {
    this.#persistedTicket = ticket
    for (const read of this.#reads) {
      if (read.ticket <= ticket) read.oldest ??= this.#at(read.effect)
    }
  }

  /** Reads that see all that they must. */
  get ready(): number {
    return this.#reads.filter(({ oldest }) => oldest !== undefined).length
  }

  /** What the ready read of that number is answered with; undefined where there is none. */
  answer(at: number): Event | undefined {
    const read = this.#reads.filter(({ oldest }) => oldest !== undefined)[at]
    if (read?.oldest === undefined) return undefined
    const event = this.#seen(read, read.oldest)
    if (event.type !== 'index-read') this.#drop(read)
    else if (event.done) this.#drop(read)
    else for (const task of event.tasks) read.told.add(task)
    return event
  }

  /** The same, where the store cannot be read. */
  failure(at: number): Event | undefined {
    const read = this.#reads.filter(({ oldest }) => oldest !== undefined)[at]
    if (read === undefined) return undefined
    this.#drop(read)
    const { effect } = read
    return effect.type === 'read-index'
      ? { type: 'index-failed', batch: effect.batch }
      : { type: 'load-failed', load: effect.load }
  }

  #drop(read: Read): void {
    this.#reads.splice(this.#reads.indexOf(read), 1)
  }

  #at(effect: ReadEffect): Event {
    const disk = this.#disk
    if (effect.type === 'load')
      return { type: 'loaded', load: effect.load, facts: disk.slotFacts(effect.batch, effect.slots) }
    if (effect.type === 'load-tasks')
      return { type: 'loaded', load: effect.load, facts: effect.tasks.flatMap((task) => disk.factsOf(task)) }
    const named = [...(disk.index.get(effect.batch)?.keys() ?? [])]
    const tasks = this.#rebuilds && effect.doubted ? named.filter((task) => disk.facts.has(task)) : named
    return { type: 'index-read', batch: effect.batch, tasks, done: true }
  }

  #seen({ effect, told }: Read, oldest: Event): Event {
    if (this.#are === 'old') return oldest
    const newest = this.#at(effect)
    if (this.#are === 'new') return newest
    if (effect.type === 'load-tasks' && oldest.type === 'loaded' && newest.type === 'loaded') {
      const isNew = new Map(effect.tasks.map((task) => [task, this.#random() < 0.5]))
      const facts = [oldest, newest].flatMap((seen) =>
        seen.facts.filter(({ fact }) => isNew.get(fact.task) === (seen === newest)),
      )
      return { ...oldest, facts }
    }
    if (oldest.type === 'index-read' && newest.type === 'index-read') {
      const must = new Set(oldest.tasks)
      const tasks = newest.tasks.filter((task) => !told.has(task) && (must.has(task) || this.#random() < 0.5))
      const done = this.#random() < 0.4
      return { ...oldest, tasks: done ? tasks : tasks.slice(0, 1 + Math.floor(this.#random() * tasks.length)), done }
    }
    return this.#random() < 0.5 ? oldest : newest
  }
}
