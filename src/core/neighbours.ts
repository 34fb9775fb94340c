/**
 * Who beats whom: on the circle of members each node beats the next ones clockwise, and judges the silence of those
 * before it, which beat it.
 *
 * 1. In a mesh of 6 or less everyone beats everyone. In a larger one a node beats those after it up to the fifth that it
 *    does not hold for dead: where neighbours died others take their part, so no run of deaths leaves a member unwatched.
 * 2. Where all hold the same members for dead, A beats B exactly where B watches A. While they do not, a watcher hears
 *    no beats and asks before it suspects (judging.ts).
 */
import type { NodeId } from './ids.ts'
import { LIVENESS } from './liveness-settings.ts'
import type { Ring } from './ring.ts'

export interface Neighbours {
  /** To be beaten, the dead among them included. */
  readonly beaten: ReadonlySet<NodeId>
  /** Whose silence this node judges. */
  readonly watched: ReadonlySet<NodeId>
}

/** The neighbours of a member; none where `self` is no member. */
export function neighboursOf(ring: Ring, self: NodeId, isDead: (id: NodeId) => boolean): Neighbours {
  const others = ring.successors(self, ring.members.length)
  const toFifthLiving = (ids: readonly NodeId[]): ReadonlySet<NodeId> => {
    let living = 0
    const isWithin = (id: NodeId) => {
      if (living === LIVENESS.neighbours) return false
      if (!isDead(id)) living++
      return true
    }
    return new Set(ring.members.length <= LIVENESS.everybodyBeatsMax ? ids : ids.filter(isWithin))
  }
  return { beaten: toFifthLiving(others), watched: toFifthLiving(others.toReversed()) }
}
