/**
 * I10: equal member lists give equal rings: the ring of the nodes is that of the protocol, and where nothing went wrong
 * every slot ends with an owner that is on its list, for good.
 */
import type { NodeId } from '../../../src/core/ids.ts'
import { ringOf } from '../../../src/core/ring.ts'
import { sha256 } from '../fact-pool.ts'
import type { Watch } from '../watch.ts'
import type { World } from '../world.ts'
import type { Checker } from './checker.ts'
import { membersOn } from './members.ts'
import { referenceRing } from './reference-ring.ts'

const SLOTS_LOOKED_AT = 64
/** By then every slot is with the first of its list that lives. */
const SETTLED_MS = 70_000

export class Rings implements Checker {
  readonly #world: World
  readonly #watch: Watch

  constructor(world: World, watch: Watch) {
    this.#world = world
    this.#watch = watch
  }

  finish(): void {
    for (const members of this.#lists()) this.#compare(members)
  }

  second(): void {
    const { scenario, calmMs, schedule } = this.#world
    if (!scenario.conditions.calm || calmMs === undefined || schedule.nowMs < calmMs + SETTLED_MS) return
    const [members, ...others] = this.#lists()
    if (members !== undefined && others.length === 0) this.#owners(members)
  }

  /** The different member lists that disks have. */
  #lists(): (readonly NodeId[])[] {
    return [...new Map(this.#world.live.map((node) => [membersOn(node).join(' '), membersOn(node)])).values()]
  }

  #slots(): readonly number[] {
    const slots = new Set([...this.#world.pool.tasks.values()].map(({ slot }) => slot))
    return [...slots].slice(0, SLOTS_LOOKED_AT)
  }

  #compare(members: readonly NodeId[]): void {
    const [ring, reference] = [ringOf(members, sha256), referenceRing(members)]
    for (const slot of this.#slots()) {
      const [list, expected] = [ring.list(slot).join(' '), reference.list(slot).join(' ')]
      if (list !== expected) this.#world.report('I10', `the list of slot ${slot} is ${list}; it should be ${expected}`)
    }
  }

  #owners(members: readonly NodeId[]): void {
    const reference = referenceRing(members)
    for (const slot of this.#slots()) {
      const listed = reference.list(slot)
      const owner = this.#world.live.find((node) => this.#watch.owns(node, slot))
      if (owner !== undefined && !listed.includes(owner.id))
        this.#world.report('I10', `slot ${slot} is owned by node ${owner.index}, which is not on its list`)
    }
  }
}
