/**
 * I9: once everything has come to rest, the tallies on the disk of a slot's owner equal the fold of the facts there,
 * and of the union of all live stores.
 *
 * Slots of which a disk fault took facts are left out: their owner may not have read them since; so are batches that
 * were deleted, and slots of a node that has just taken some over: what it counts anew is on its way to the disk.
 */
import type { Writes } from '../../../src/core/effects.ts'
import { slotOf } from '../../../src/core/ids.ts'
import { type SlotTally, sameTally, tallyOf } from '../../../src/core/tally.ts'
import type { TaskState } from '../../../src/core/task.ts'
import type { SimNode } from '../process.ts'
import { type Ballot, isLower } from '../promises.ts'
import type { Watch } from '../watch.ts'
import type { World } from '../world.ts'
import type { Checker } from './checker.ts'
import { tasksOf } from './truth.ts'

const COUNTED_MS = 3_000

export class Tallies implements Checker {
  readonly #world: World
  readonly #watch: Watch
  /** When the disk of a node got other promises last. */
  readonly #promisedMs = new Map<SimNode, number>()

  constructor(world: World, watch: Watch) {
    this.#world = world
    this.#watch = watch
  }

  durable(node: SimNode, { promises }: Writes): void {
    if (promises !== undefined) this.#promisedMs.set(node, this.#world.schedule.nowMs)
  }

  #isCounting(node: SimNode): boolean {
    return this.#world.schedule.nowMs < (this.#promisedMs.get(node) ?? Number.NEGATIVE_INFINITY) + COUNTED_MS
  }

  finish(): void {
    for (const [key, states] of this.#states()) {
      const { batch } = states[0] as TaskState
      const slot = Number(key.slice(batch.length + 1))
      const owner = this.#ownerOf(slot)
      const stored = owner?.disk.tally(batch, slot)
      const folded = tallyOf(batch, slot, states)
      if (owner === undefined || this.#isCounting(owner) || (stored !== undefined && sameTally(stored, folded)))
        continue
      this.#world.report(
        'I9',
        `slot ${slot} of batch ${batch} on node ${owner.index}: ${told(stored)} is stored, the facts say ${told(folded)}`,
      )
    }
  }

  /** `batch slot` => its tasks, but for slots with a damaged one. */
  #states(): Map<string, TaskState[]> {
    const groups = new Map<string, TaskState[]>()
    const damaged = new Set([...this.#watch.brokenTasks].map(slotOf))
    for (const { batch, slot, state } of tasksOf(this.#world)) {
      if (state === undefined || damaged.has(slot) || this.#watch.deletedBatches.has(batch)) continue
      const key = `${batch} ${slot}`
      const group = groups.get(key)
      if (group === undefined) groups.set(key, [state])
      else group.push(state)
    }
    return groups
  }

  /** The live node with the highest ballot for a slot, if that is its own. */
  #ownerOf(slot: number): SimNode | undefined {
    let owner: SimNode | undefined
    let highest: Ballot = { epoch: 0, node: '' }
    for (const node of this.#world.live) {
      const ballot = this.#watch.promises(node).of(slot)
      if (isLower(ballot, highest)) continue
      if (isLower(highest, ballot)) owner = undefined
      if (ballot.node === node.id) owner = node
      highest = ballot
    }
    return owner
  }
}

function told(tally: SlotTally | undefined): string {
  if (tally === undefined) return 'nothing'
  const { total, completed, failed, cancelled, extra } = tally
  return `${total} tasks, ${completed} completed, ${failed} failed, ${cancelled} cancelled, ${extra} extra`
}
