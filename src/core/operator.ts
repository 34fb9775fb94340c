/**
 * What people ask for about tasks that this node owns: cancelling and retrying them.
 *
 * 1. An answer comes after the change is synced.
 * 2. `cancel` takes tasks that are waiting or claimed, `retry` those that are failed or cancelled; others stay as they
 *    are and are not counted.
 */
import type { Batch } from './batch-book.ts'
import type { Claims } from './claims.ts'
import type { TaskId } from './ids.ts'
import type { Ledger } from './ledger.ts'
import type { Loading } from './loading.ts'
import type { OpenTask } from './open-task.ts'
import type { Ownership } from './ownership.ts'
import type { World } from './world.ts'

export class Operator {
  readonly #world: World
  readonly #ledger: Ledger
  readonly #claims: Claims
  readonly #loading: Loading
  readonly #ownership: Ownership

  constructor(world: World, ledger: Ledger, claims: Claims, loading: Loading, ownership: Ownership) {
    this.#world = world
    this.#ledger = ledger
    this.#claims = claims
    this.#loading = loading
    this.#ownership = ownership
  }

  /** Changes tasks that this node owns; `done` is given how many it concerned, once that is committed. */
  changeTasks(
    batch: Batch,
    change: 'cancel' | 'retry',
    tasks: readonly TaskId[],
    stopRunning: boolean,
    done: (changed: number) => void,
  ): void {
    let changed = 0
    const take = (task: OpenTask) => {
      if (task.state.seeded === undefined || !this.#ownership.serves(task.slot)) return
      this.#claims.adoptOpen(task)
      if (change === 'cancel' ? this.#cancel(task, stopRunning) : this.#retry(task)) changed++
    }
    const whenTaken = () => this.#world.commits.afterwards(() => done(changed))
    this.#loading.tasks.take({ batch, take, done: whenTaken }, tasks)
  }

  #cancel(task: OpenTask, stopRunning: boolean): boolean {
    const { standing, round } = task.state
    if (standing !== 'waiting' && standing !== 'claimed') return false
    this.#ledger.write(task, { kind: 'cancelled', batch: task.batch, task: task.id, round })
    if (stopRunning) this.#claims.kills.task(task, 'cancelled')
    this.#claims.progress.follow(task)
    return true
  }

  #retry(task: OpenTask): boolean {
    const { standing, round } = task.state
    if (standing !== 'failed' && standing !== 'cancelled') return false
    this.#ledger.write(task, { kind: 'retried', batch: task.batch, task: task.id, round })
    if (this.#loading.keep(task)) this.#claims.progress.follow(task)
    return true
  }
}
