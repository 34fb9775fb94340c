/** Watches the lives of one disk, however often its core is started anew, and says what no core may do. */
import assert from 'node:assert/strict'
import type { BatchRecord } from '../../src/core/batches.ts'
import type { StoredFact } from '../../src/core/facts.ts'
import type { TaskId, Token } from '../../src/core/ids.ts'
import { blamedLosses, decide } from '../../src/core/retry.ts'
import { MESH_SETTINGS } from '../../src/core/settings.ts'
import { fold, type TaskState } from '../../src/core/task.ts'
import type { CoreBatchView } from '../../src/core/view.ts'
import type { Disk } from './core-disk.ts'
import type { CoreWorld } from './core-world.ts'

interface Pause {
  readonly round: number
  readonly untilMs: number
}

export class Witness {
  readonly #disk: Disk
  /** request => the prompts that it seeds. */
  readonly #seeds = new Map<number, readonly string[]>()
  readonly #acknowledged = new Set<TaskId>()
  readonly #executions = new Map<TaskId, number>()
  /** What was stated about each task, synced or not. */
  readonly #facts = new Map<TaskId, StoredFact[]>()
  readonly #pauses = new Map<TaskId, Pause>()
  /** The completed attempt of each task that counts. */
  readonly #counted = new Map<TaskId, Token>()
  readonly #seen = new Map<TaskId, TaskState>()

  constructor(disk: Disk) {
    this.#disk = disk
  }

  /** Another core goes on with the disk: requests and pauses are forgotten. */
  startsAnew(): void {
    this.#seeds.clear()
    this.#pauses.clear()
    this.#facts.clear()
    for (const task of this.#disk.facts.keys()) this.#facts.set(task, [...this.#disk.factsOf(task)])
  }

  seeds(request: number, prompts: readonly string[]): void {
    this.#seeds.set(request, prompts)
  }

  /** What must hold at any moment. */
  look(world: CoreWorld): void {
    const { profiles, batches } = world.core.view()
    for (const { busy, places, name } of profiles) {
      const live = [...world.running.values()].filter(({ profile }) => profile === name).length
      assert(live <= busy && busy <= places, `no more of ${name} lives than its places`)
    }
    for (const { open, scheduled, running, retrying } of batches)
      assert(Math.min(open, scheduled, running, retrying) >= 0, 'no count is negative')
    const live = this.#live(world)
    assert(live.length < 2 || !live.some(isSuspect), 'a suspect runs alone')
    this.#lookAtReplies(world)
    for (const { facts, atMs } of world.stated.splice(0)) this.#notePauses(facts, atMs)
    this.#lookAtExecutions(world)
    for (const state of this.#disk.states()) if (this.#seen.get(state.task) !== state) this.#lookAt(state)
  }

  /** Of tasks with an attempt that ended: when they may be tried again at the earliest. */
  #notePauses(facts: readonly StoredFact[], atMs: number): void {
    for (const stored of facts) {
      const known = this.#facts.get(stored.fact.task)
      if (known === undefined) this.#facts.set(stored.fact.task, [stored])
      else known.push(stored)
    }
    for (const { fact } of facts) {
      if (fact.kind !== 'ended') continue
      const state = fold(this.#facts.get(fact.task) ?? [])
      const decision = decide(state, Number.POSITIVE_INFINITY, 1, MESH_SETTINGS)
      if (state.standing !== 'waiting' || 'close' in decision || decision.again.backoffMs === 0) continue
      this.#pauses.set(fact.task, { round: state.round, untilMs: atMs + decision.again.backoffMs })
    }
  }

  #lookAtReplies(world: CoreWorld): void {
    for (const [request, prompts] of this.#seeds) {
      const reply = world.replies.get(request)
      if (reply === undefined) continue
      this.#seeds.delete(request)
      if (reply.type === 'refuse') continue
      const onDisk = new Map(this.#disk.states().map((state) => [state.seeded?.prompt, state.task]))
      for (const prompt of prompts) {
        const task = onDisk.get(prompt)
        assert(task !== undefined, 'what is acknowledged is on disk')
        this.#acknowledged.add(task)
      }
    }
  }

  #lookAtExecutions(world: CoreWorld): void {
    for (const { task } of world.executed.splice(0)) {
      this.#executions.set(task, 1 + (this.#executions.get(task) ?? 0))
      const pause = this.#pauses.get(task)
      const isOver = pause?.round !== this.#disk.stateOf(task).round || world.nowMs >= pause.untilMs
      assert(isOver, 'no task is tried again before its pause is over')
    }
  }

  #lookAt(state: TaskState): void {
    const { task, attempts, counts } = state
    this.#seen.set(task, state)
    const seeds = this.#disk.factsOf(task).filter(({ fact }) => fact.kind === 'seeded')
    assert.equal(seeds.length, 1, 'a task is seeded once')
    assert(attempts.filter(({ end }) => end === 'open').length < 2, 'one attempt of a task at once')
    const counted = this.#counted.get(task)
    assert(counted === undefined || counts === counted, 'what counts stays')
    if (counts !== undefined) this.#counted.set(task, counts)
  }

  /** With nothing under way and all pauses over, a free place means that there is nothing for it. */
  lookForIdlePlaces(world: CoreWorld, openTasksMax: number): void {
    const { batches, profiles } = world.core.view()
    const runnable = new Set(batches.filter(isRunnable).map(({ record }) => record.id))
    const waiting = this.#disk.states().filter(({ standing, batch }) => standing === 'waiting' && runnable.has(batch))
    if (waiting.some(isSuspect) || this.#live(world).some(isSuspect)) return
    // Where a batch mixes profiles, tasks that are not to run now may fill the memory.
    const mixing = new Set(batches.filter(({ record }) => this.#mixes(record)).map(({ record }) => record.id))
    const due = waiting.filter(({ batch }) => !mixing.has(batch) || this.#disk.facts.size < openTasksMax)
    for (const { name, busy, places, rest } of profiles) {
      if (busy === places || (rest !== undefined && rest.untilMs > world.nowMs)) continue
      assert(!due.some(({ seeded }) => seeded?.profile === name), `no place of ${name} is free while a task waits`)
    }
  }

  #mixes({ id, fields }: BatchRecord): boolean {
    return this.#disk.states().some(({ batch, seeded }) => batch === id && seeded?.profile !== fields.profile.value)
  }

  /** Tasks with an execution that was not given up. */
  #live({ running }: CoreWorld): TaskState[] {
    return [...running.values()].flatMap(({ task, token }) => {
      const state = this.#disk.stateOf(task)
      return state.attempts.some((each) => each.token === token && each.end === 'open') ? [state] : []
    })
  }

  /** What must hold once everything has ended. */
  lookBack(): void {
    for (const { task, standing, attempts } of this.#disk.states()) {
      assert(['completed', 'failed', 'cancelled'].includes(standing), 'every task has ended')
      assert((this.#executions.get(task) ?? 0) <= attempts.length, 'every execution is an attempt')
    }
    for (const task of this.#acknowledged) assert(this.#disk.facts.has(task), 'what was acknowledged is there')
  }
}

function isSuspect(state: TaskState): boolean {
  return blamedLosses(state) >= MESH_SETTINGS.blamedLossesAlone
}

function isRunnable({ record }: CoreBatchView): boolean {
  return !record.fields.paused.value && !record.fields.cancelled.value
}
