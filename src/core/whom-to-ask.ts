/**
 * Who may know of slots that this node takes over, and has to promise them to it (protocol.md, section 5).
 *
 * 1. In a mesh where everyone is connected to everyone: every other node that is up and can be reached, of all slots.
 * 2. In a larger one: those on the list of each slot, and the last owner that is known of it, as far as they are up,
 *    connected or not. Two of them committed what was stated of the slot, unless it has moved since: then its last
 *    owner knows.
 */
import type { Ballots } from './ballots.ts'
import type { NodeId } from './ids.ts'
import { SlotSet } from './slot-set.ts'
import type { World } from './world.ts'

/** Whom to ask of which slots, ascending by node id. */
export function whomToAsk({ peers, nodeId }: World, ballots: Ballots, slots: SlotSet): Map<NodeId, SlotSet> {
  const others = peers.members.filter((id) => id !== nodeId && peers.isUp(id))
  if (!peers.isLarge) return new Map(others.filter(peers.isReachable).map((id) => [id, slots]))
  const asked = new Map<NodeId, SlotSet>(others.map((id) => [id, new SlotSet()]))
  for (const slot of slots) {
    for (const id of peers.listOf(slot)) asked.get(id)?.add(slot)
    asked.get(ballots.nodeOf(slot))?.add(slot)
  }
  for (const [id, its] of asked) if (its.size === 0) asked.delete(id)
  return asked
}
