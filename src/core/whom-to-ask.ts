/**
 * Who may know of slots that this node takes over, and has to promise them to it (protocol.md, section 5).
 *
 * 1. Those on the list of each slot, and the last owner that is known of it, as far as they are up, connected or not: two
 *    of them committed what was stated of the slot, unless it has moved since, and then its last owner knows. Whoever
 *    takes a slot over without hearing them may take a result for the one that counts that is not.
 * 2. In a mesh where everyone is connected to everyone, also every other node that can be reached, of all slots: one may
 *    have stood in for those.
 * 3. Who is connected and no member any more: it is leaving, and has yet to hand over what it serves.
 */
import type { Ballots } from './ballots.ts'
import type { NodeId } from './ids.ts'
import { SlotSet } from './slot-set.ts'
import type { World } from './world.ts'

/** Whom to ask of which slots, ascending by node id. */
export function whomToAsk({ peers, nodeId }: World, ballots: Ballots, slots: SlotSet): Map<NodeId, SlotSet> {
  const others = peers.members.filter((id) => id !== nodeId && peers.isUp(id))
  const asked = new Map<NodeId, SlotSet>(others.map((id) => [id, new SlotSet()]))
  // The first round is for those alone that are not asked of all slots anyway.
  const everySlot = peers.isLarge ? [] : others.filter(peers.isReachable)
  if (everySlot.length < others.length) {
    for (const slot of slots) {
      for (const id of peers.listOf(slot)) asked.get(id)?.add(slot)
      asked.get(ballots.nodeOf(slot))?.add(slot)
    }
  }
  for (const id of everySlot) asked.set(id, slots)
  for (const id of peers.connected) if (!peers.isMember(id)) asked.set(id, slots)
  for (const [id, its] of asked) if (its.size === 0) asked.delete(id)
  return asked
}
