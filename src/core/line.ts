/** The connection to a peer, as far as this node knows it: what redialling.ts keeps of each. */

const NEVER = Number.NEGATIVE_INFINITY

export class Line {
  connected = false
  /** When the dial that is under way began. */
  dialledMs: number | undefined
  nextDialMs = NEVER
  /** A connection stood and was not ended by this node. */
  wasClosed = false
  /** When the first attempt that was refused began. */
  refusedMs: number | undefined
  knocksLeft = 0
  knockedMs = NEVER
  /** When its peer was found dead. */
  deadMs = NEVER
}
