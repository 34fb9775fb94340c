/** What the parts of the core ask about the other members; membership.ts and liveness.ts know it. */
import type { NodeId } from './ids.ts'
import type { SlotSet } from './slot-set.ts'

export interface Peers {
  /** Members of the ring, this node among them, ascending. */
  readonly members: readonly NodeId[]
  /** Members that are away: others take their places on lists. Another set wherever the lists may have changed. */
  readonly away: ReadonlySet<NodeId>
  /** Of the whole member list: who says the same has the same lists of slots. */
  readonly membersHash: string
  /** The members on a slot's list, its first owner first. */
  listOf(slot: number): readonly NodeId[]
  /** The slots of whose list the first eligible member is `id`. */
  slotsFirst(id: NodeId, isEligible: (id: NodeId) => boolean): SlotSet
  /** All members clockwise from the slot. */
  order(slot: number): readonly NodeId[]
  /** Not known to be dead or gone: suspects are still relied upon. */
  isUp(id: NodeId): boolean
  /** Known to be dead by evidence: its machine says that its process has ended. */
  isGone(id: NodeId): boolean
  /** Up, and able to sync facts to its disk. */
  isStoring(id: NodeId): boolean
  isMember(id: NodeId): boolean
  /** Its hello was accepted, and the connection stands. */
  isConnected(id: NodeId): boolean
  /** Nodes whose hello was accepted, ascending: those too that are no members yet, or no more. */
  readonly connected: readonly NodeId[]
  /** What is said to it now arrives, on its own connection or, of some types, through another member (relay.ts). */
  isReachable(id: NodeId): boolean
  /** Asks for a connection to it, where not everyone is connected to everyone. */
  want(id: NodeId): void
  /** Whether there are so many members that not everyone is connected to everyone. */
  readonly isLarge: boolean
  /** Undefined while nothing was heard of it. */
  bootOf(id: NodeId): string | undefined
  /** When this node last heard of it; -Infinity where it never did. */
  heardMs(id: NodeId): number
}
