/**
 * The tasks of a batch and profile that may be granted, best first: by rank, then index, then id. Tasks of contested and
 * of orphaned slots have queues of their own, in an order that is another on each node (contested.ts).
 *
 * 1. An entry is valid while its task is ready, belongs to the queue, and has the rank that it was put in with, else
 *    void; `peek` drops void entries and gives a task that may be granted.
 * 2. Within a rank the order depends only on what never changes of a task: a change of its rank leaves every entry
 *    where it belongs.
 * 3. A task has at most one entry a rank and queue, also where it became ready more than once.
 */
import { type Contest, FIRM } from './contest.ts'
import { Heap } from './heap.ts'
import type { OpenTask } from './open-task.ts'

const RANKS = [0, 1, 2] as const

export class ReadyQueue {
  readonly #contest: Contest
  readonly #byRank: readonly Heap<OpenTask>[]
  #size = 0

  constructor(contest: Contest = FIRM) {
    this.#contest = contest
    this.#byRank = RANKS.map(() => new Heap(contest === FIRM ? goesBefore : goesBeforeHere))
  }

  /** Entries, void ones among them. */
  get size(): number {
    return this.#size
  }

  push(task: OpenTask): void {
    const entry = this.#entry(task.rank)
    if ((task.entries & entry) !== 0) return
    task.entries |= entry
    this.#size++
    this.#byRank[task.rank]?.push(task)
  }

  #entry(rank: OpenTask['rank']): number {
    return 1 << (RANKS.length * this.#contest + rank)
  }

  /** The task whose turn it is. */
  peek(): OpenTask | undefined {
    for (const rank of RANKS) {
      const heap = this.#byRank[rank] as Heap<OpenTask>
      for (let task = heap.peek(); task !== undefined; task = heap.peek()) {
        if (task.phase === 'ready' && task.rank === rank && task.contest === this.#contest) return task
        this.#drop(rank)
      }
    }
    return undefined
  }

  /** Takes out the first entry: the one of the task that `peek` gave last, whatever became of that since. */
  pop(): void {
    const rank = RANKS.find((each) => this.#byRank[each]?.peek() !== undefined)
    if (rank !== undefined) this.#drop(rank)
  }

  #drop(rank: OpenTask['rank']): void {
    const task = this.#byRank[rank]?.pop()
    if (task === undefined) return
    task.entries &= ~this.#entry(rank)
    this.#size--
  }
}

function goesBefore(a: OpenTask, b: OpenTask): boolean {
  return a.index < b.index || (a.index === b.index && a.id < b.id)
}

function goesBeforeHere(a: OpenTask, b: OpenTask): boolean {
  return a.shuffle < b.shuffle || (a.shuffle === b.shuffle && a.id < b.id)
}
