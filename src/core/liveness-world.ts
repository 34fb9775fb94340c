/** What the parts of liveness share within one node. */
import type { NodeId } from './ids.ts'
import type { LivenessAction, Peer } from './peer.ts'
import type { Ring } from './ring.ts'

export interface LivenessWorld {
  readonly self: NodeId
  readonly out: (action: LivenessAction) => void
  /** Every other member of the ring, ascending by id. */
  readonly peers: Map<NodeId, Peer>
  ring: Ring
  nowMs: number
  /** The factor on every timeout by which others are judged. */
  stretch: number
}
