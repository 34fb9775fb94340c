/**
 * Takes on attempts that this node did not grant itself: of an earlier owner, or of an earlier boot.
 *
 * 1. An attempt whose holder runs as it did when it was granted gets a lease here; any other is lost now.
 * 2. An open attempt of an own earlier boot counts as started, and its loss is blamed on its task: a claim is the last
 *    that is synced before the start, so the facts cannot tell whether a crash came before or after it; and a fact
 *    written after the start would be missing just where a task ends its node at once. Of a node that fell silent
 *    nothing is known: its attempt was only not renewed, for which no task is blamed.
 */
import type { BatchBook } from './batch-book.ts'
import type { LossReason, LostFact } from './facts.ts'
import type { Holding } from './holding.ts'
import type { NodeId, Token } from './ids.ts'
import type { Leases } from './leases.ts'
import type { Ledger } from './ledger.ts'
import type { OpenTask } from './open-task.ts'
import type { Places } from './places.ts'
import type { Progress } from './progress.ts'
import type { Attempt } from './task.ts'
import type { World } from './world.ts'

export interface AdoptingParts {
  readonly book: BatchBook
  readonly ledger: Ledger
  readonly places: Places
  readonly holding: Holding
  readonly leases: Leases
  readonly progress: Progress
  /** Whether the end of an attempt of this node waits to be acknowledged. */
  readonly isReported: (token: Token) => boolean
  readonly started: (holder: NodeId, token: Token, timeoutMs: number) => void
}

export class Adopting {
  readonly #world: World
  readonly #parts: AdoptingParts

  constructor(world: World, parts: AdoptingParts) {
    this.#world = world
    this.#parts = parts
  }

  /** Takes on the open attempts of a task, or ends them where nobody can report them. */
  take(task: OpenTask): void {
    const { leases, ledger } = this.#parts
    for (const attempt of task.state.attempts) {
      if (attempt.end !== 'open' || attempt.holder === undefined || leases.get(attempt.token) !== undefined) continue
      const why = this.#lossOf(attempt)
      if (why !== undefined) ledger.write(task, lostFact(task, attempt.token, why))
      else this.#adopt(task, attempt)
    }
  }

  #lossOf({ token, holder, holderBoot }: Attempt): LossReason | undefined {
    const { nodeId, boot, peers } = this.#world
    if (holder === nodeId) {
      const lives = holderBoot === boot && (this.#parts.places.held.has(token) || this.#parts.isReported(token))
      return lives ? undefined : 'holder-restarted'
    }
    if (holder === undefined) return 'never-renewed'
    if (!peers.isUp(holder)) return peers.isGone(holder) ? 'holder-dead' : 'never-renewed'
    return (peers.bootOf(holder) ?? holderBoot) === holderBoot ? undefined : 'holder-restarted'
  }

  #adopt(task: OpenTask, { token, holder, holderBoot }: Attempt): void {
    if (holder === undefined || holderBoot === undefined) return
    const { book, ledger, places, holding, leases, progress, started } = this.#parts
    book.remember(task)
    const lease = leases.add(token, task, holder, holderBoot)
    const held = places.held.get(token)
    progress.claimed(task)
    ledger.batchOf(task).scheduled++
    if (held?.startedMs !== undefined) started(lease.holder, token, holding.timeoutMs(held))
  }
}

export function lostFact(task: OpenTask, token: Token, why: LossReason): LostFact {
  return { kind: 'lost', batch: task.batch, task: task.id, token, why }
}
