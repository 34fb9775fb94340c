/** The figures of liveness (protocol.md, section 4), each with its unit and what raising it costs. */

export const LIVENESS = {
  /** Between beats to each neighbour. Raising it tells silence later. */
  beatMs: 1_000,
  /** Living members after a node on the circle that it beats, and that judge its silence. Costs a beat each. */
  neighbours: 5,
  /** Members up to which everyone beats everyone. */
  everybodyBeatsMax: 6,
  /** Members up to which everyone is connected to everyone; above, a node dials its neighbours alone. */
  everybodyConnectsMax: 60,

  /** Silence after which a peer is asked whether it is there: a beat that was not due must not make a suspect. */
  pingMs: 4_000,
  /** Silence that makes a suspect. Raising it delays every verdict by silence. */
  suspectMs: 5_000,
  /** How much longer it may be silent: this, or more in a large mesh. */
  suspicionMsMin: 6_000,
  suspicionMsPerDecade: 4_000,
  /** Other members that must not reach a suspect either. */
  helpers: 3,
  /** Who was heard within so long is asked before others: whom this node is cut off from cannot help. */
  freshMs: 2_000,
  /** Members asked about one suspect, those that did not answer included. */
  asksMax: 6,
  /** An answer that takes longer counts as missed. */
  answerMs: 3_000,
  /** What a helper takes to find out; with the way there and back less than `answerMs`. */
  errandMs: 2_000,
  /** Errands that one node runs at a time. 100 bytes each. */
  errandsMax: 1_000,

  /** Lag of the own event loop that counts as trouble. */
  lagMs: 500,
  /** An own pause after which every judgement of others begins anew. */
  gapMs: 2_000,
  /** Highest factor on the timeouts by which others are judged. */
  stretchMax: 8,
  /** Without trouble for so long, the factor falls by one. */
  recoveryMs: 5_000,

  /** Between dials of a peer that is not known to be dead. */
  redialMs: 1_000,
  /** Of one that is dead, at first and when it was for long. */
  redialDeadMs: 30_000,
  redialLongDeadMs: 300_000,
  longDeadMs: 86_400_000,
  /** The higher id of a pair dials so much later, or one pair has two connections. */
  higherIdWaitsMs: 3_000,
  /** A dial that nobody answered for is given up. */
  dialMsMax: 30_000,
  /** Refusals further apart than this, two of them, are a verdict. */
  refusalsApartMs: 1_000,

  /** Between rumours of one node, at least. */
  rumourPauseMs: 1_000,
  /** A rumour that still says something is repeated: gossip gets lost. */
  rumourRepeatMs: 30_000,
  /** What was not repeated for so long counts no more: three repetitions. */
  rumourKeptMs: 90_000,
  /** Dead members that one rumour names, 60 bytes each. */
  rumourNamesMax: 256,
  /** What the accused has to answer a ping, once a rumour is known. */
  hearsayMs: 2_000,

  /** The peers are looked through at most this often. */
  tickMs: 250,
} as const

/** How much longer than `suspectMs` a member of a mesh of so many may be silent. */
export function suspicionMs(members: number): number {
  const { suspicionMsMin, suspicionMsPerDecade } = LIVENESS
  return Math.round(Math.max(suspicionMsMin, suspicionMsPerDecade * Math.log10(Math.max(1, members))))
}
