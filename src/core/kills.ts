/**
 * The owner's wish that executions end: of a task, or of a batch.
 *
 * 1. Holders may be asked again; each attempt is over only when its holder says so, or its lease has ended.
 * 2. A wish that is lost on the way is said again when the holder lists the attempt of a task that has its result.
 */
import type { Batch } from './batch-book.ts'
import type { Holding } from './holding.ts'
import type { NodeId, Token } from './ids.ts'
import type { Lease, Leases } from './leases.ts'
import type { OpenTask } from './open-task.ts'
import type { World } from './world.ts'

export type KillOutcome = 'cancelled' | 'returned'

export class Kills {
  readonly #world: World
  readonly #leases: Leases
  readonly #holding: Holding
  /** Tells another node to end executions. */
  onKill: (holder: NodeId, tokens: readonly Token[], outcome: KillOutcome) => void = () => undefined

  constructor(world: World, leases: Leases, holding: Holding) {
    this.#world = world
    this.#leases = leases
    this.#holding = holding
  }

  /** Asks the executions of a task to end. */
  task(task: OpenTask, outcome: KillOutcome): void {
    for (const { token } of task.state.attempts) {
      const lease = this.#leases.get(token)
      if (lease !== undefined) this.#kill([lease], outcome)
    }
  }

  /** Asks the executions of a batch to end that this node granted. */
  batch(batch: Batch, outcome: KillOutcome): void {
    this.#kill(
      [...this.#leases.all()].filter((lease) => lease.task.batch === batch.id),
      outcome,
    )
  }

  /** A holder lists what it holds: of that, what no one needs any more is to end. */
  listed(tokens: readonly { readonly token: Token }[]): void {
    const leases = tokens.map(({ token }) => this.#leases.get(token)).filter((lease) => lease !== undefined)
    this.#kill(
      leases.filter(({ task }) => task.state.standing === 'completed'),
      'cancelled',
    )
  }

  #kill(leases: readonly Lease[], outcome: KillOutcome): void {
    const byHolder = new Map<NodeId, Token[]>()
    for (const { holder, token } of leases) {
      const its = byHolder.get(holder)
      if (its === undefined) byHolder.set(holder, [token])
      else its.push(token)
    }
    for (const [holder, tokens] of byHolder) {
      if (holder === this.#world.nodeId) this.#holding.kill(tokens, outcome)
      else this.onKill(holder, tokens, outcome)
    }
  }
}
