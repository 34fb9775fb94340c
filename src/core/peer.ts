/**
 * What this node holds of one other member now, and what it may ask for on that account.
 *
 * unknown -> alive -> suspect -> indirect | dead; any of these -> alive on hearing from the member itself.
 *
 * 1. `told` is only set on a dead peer: this node has no evidence of its own.
 * 2. `judgedSinceMs` is defined where the peer's silence counts: from then on, or from the last proof of its life.
 */
import type { Boot, NodeId } from './ids.ts'
import { Line } from './line.ts'

export type PeerState = 'unknown' | 'alive' | 'suspect' | 'indirect' | 'dead'

/**
 * heard: it said something itself, or a connection was made; heard-of: its words came by gossip, or it is known to have
 * started anew; reached: another member reached it; withdrawn: nobody holds it for dead any more; silence: for too
 * long; refused: its machine says that its process is gone.
 */
export type Why = 'heard' | 'heard-of' | 'reached' | 'withdrawn' | 'silence' | 'refused'

/** One node's whole word on who is dead, said by that node alone; a higher (incarnation, seq) replaces a lower. */
export interface Rumour {
  readonly by: NodeId
  readonly incarnation: number
  readonly seq: number
  /** Whether `by` itself can sync facts to its disk. */
  readonly storing: boolean
  /** Those whose silence `by` judges, ascending by id. */
  readonly dead: readonly RumouredDeath[]
}

export interface RumouredDeath {
  readonly id: NodeId
  readonly incarnation: number
  readonly why: 'silence' | 'refused'
}

export type LivenessAction =
  | { readonly type: 'beat'; readonly to: NodeId }
  /** Ask whether it can reach `about`; where both are the same, whether it is there. */
  | { readonly type: 'probe'; readonly ask: NodeId; readonly about: NodeId }
  /** The answer to a probe. */
  | { readonly type: 'probed'; readonly to: NodeId; readonly about: NodeId; readonly reached: boolean }
  /** Make a connection: `connected` or `dialFailed` follows. */
  | { readonly type: 'dial'; readonly to: NodeId }
  /** Connect by plain TCP and close again, for the evidence alone: `knocked` follows. */
  | { readonly type: 'knock'; readonly to: NodeId }
  | { readonly type: 'hang-up'; readonly to: NodeId }
  /** To be gossiped. */
  | { readonly type: 'rumour'; readonly rumour: Rumour }
  | {
      readonly type: 'changed'
      readonly id: NodeId
      readonly from: PeerState
      readonly to: PeerState
      readonly why: Why
    }
  | { readonly type: 'storing'; readonly id: NodeId; readonly storing: boolean }
  /** Others held this node for dead, as it runs now. */
  | { readonly type: 'held-for-dead' }
  /** It runs under another boot than before: what ran there is gone. */
  | { readonly type: 'rebooted'; readonly id: NodeId; readonly boot: Boot }

/** A question to another member about a peer. */
export interface Ask {
  readonly atMs: number
  /** `none`: not answered in time, or by one that was lost meanwhile; another is asked instead. */
  answer: 'open' | 'not-reached' | 'none'
}

/** What others of the core may know of a peer. */
export interface PeerView {
  readonly state: PeerState
  /** Of its state; undefined while that is unknown. */
  readonly why: Why | undefined
  readonly told: boolean
  readonly boot: Boot | undefined
  readonly storing: boolean
  readonly connected: boolean
  /** When something came from it on its own connection; -Infinity where nothing did. */
  readonly heardMs: number
  /** Where it is indirect: through whom. */
  readonly via: NodeId | undefined
}

const NEVER = Number.NEGATIVE_INFINITY

export class Peer implements PeerView {
  readonly id: NodeId
  incarnation: number
  readonly line = new Line()
  state: PeerState = 'unknown'
  why: Why | undefined
  told = false
  /** Which of its lives ended, where it is dead. */
  deadIncarnation = 0
  boot: Boot | undefined
  /** Its own last word, as long as that counts. */
  storing = true
  /** When it last said that it does not store. */
  notStoringMs = NEVER
  /** Something came from it on its own connection. */
  heardMs = NEVER
  /** A beat came from it. */
  beatMs = NEVER
  /** Something of its making came by gossip. */
  heardOfMs = NEVER
  /** Another member, `via`, reached it. */
  reachedMs = NEVER
  via: NodeId | undefined
  judgedSinceMs: number | undefined
  pingedMs = NEVER
  readonly asks = new Map<NodeId, Ask>()
  /** When helpers were last asked about it while it was dead. */
  askedAgainMs = NEVER
  /** When it is to be looked at again. */
  dueMs = NEVER

  constructor(id: NodeId, incarnation: number) {
    this.id = id
    this.incarnation = incarnation
  }

  /** Whether this node has evidence of its own that the peer, as it runs now, is dead. */
  get isProvenDead(): boolean {
    return this.state === 'dead' && !this.told && this.deadIncarnation >= this.incarnation
  }

  get connected(): boolean {
    return this.line.connected
  }

  /** Whether it can be relied upon to help: what it says of others arrives. */
  get isHelpful(): boolean {
    return this.state === 'alive' && this.line.connected
  }
}
