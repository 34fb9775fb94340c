/**
 * The tasks of a batch that may be granted, by contest of their slots and by profile.
 *
 * 1. A task in phase `ready` stands in the queue of its contest and profile; an entry that became void stays until it is
 *    looked at (ready-queue.ts).
 */
import { CONTESTS, type Contest, FIRM } from './contest.ts'
import type { OpenTask } from './open-task.ts'
import { ReadyQueue } from './ready-queue.ts'

export class BatchQueues {
  readonly #queues = CONTESTS.map(() => new Map<string, ReadyQueue>())

  /** Profile => queue. */
  of(contest: Contest = FIRM): ReadonlyMap<string, ReadyQueue> {
    return this.#queues[contest] as Map<string, ReadyQueue>
  }

  /** Puts a task in phase `ready` where it belongs. */
  add(task: OpenTask): void {
    const queues = this.#queues[task.contest] as Map<string, ReadyQueue>
    let queue = queues.get(task.profile)
    if (queue === undefined) {
      queue = new ReadyQueue(task.contest)
      queues.set(task.profile, queue)
    }
    queue.push(task)
  }

  /** How many entries there are, of queues with a valid one: void ones alone would keep other tasks from being read. */
  size(contest: Contest = FIRM): number {
    let count = 0
    for (const queue of this.of(contest).values()) if (queue.peek() !== undefined) count += queue.size
    return count
  }

  get isEmpty(): boolean {
    return CONTESTS.every((contest) => this.size(contest) === 0)
  }

  clear(): void {
    for (const queues of this.#queues) queues.clear()
  }
}
