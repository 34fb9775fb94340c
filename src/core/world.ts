/**
 * What every part of the core shares within one node: who it is, what time it is, and where its writes and
 * effects go. Parts never reach the outside in any other way.
 */
import type { Commits } from './commits.ts'
import type { AnswerValue, Effect } from './effects.ts'
import type { MeshErrorCode } from './errors.ts'
import type { RequestId } from './events.ts'
import type { Boot, NodeId, Sha256 } from './ids.ts'
import type { Message } from './messages.ts'
import type { Peers } from './peers.ts'
import type { MeshSettings, NodeSettings } from './settings.ts'
import type { Timers } from './timers.ts'

export interface World {
  readonly settings: MeshSettings
  readonly nodeSettings: NodeSettings
  readonly sha256: Sha256
  readonly commits: Commits
  readonly timers: Timers
  readonly requests: Requests
  readonly out: (effect: Effect) => void
  readonly peers: Peers
  /** Says something to a peer; lost where it is not connected. */
  readonly send: (to: NodeId, message: Message) => void
  /** A number in [0, 1). */
  readonly draw: () => number
  /** Numbers reads. */
  readonly nextLoad: () => number
  /**
   * Numbers what other nodes are asked, or sent, and answer by its number: late answers to an earlier boot of this node come
   * to the present one too, and must not be taken for answers to what that has asked.
   */
  readonly nextNumber: () => number
  /** Counts what a peer said that cannot be right. */
  readonly badMessage: () => void
  /** Whether this node can sync facts to its disk. */
  storing: boolean
  nodeId: NodeId
  boot: Boot
  nowMs: number
}

/**
 * Requests that wait for an answer.
 *
 * 1. Each is answered or refused once: what comes later is dropped.
 */
export class Requests {
  /** Each with whether it waits also while nothing can be written. */
  readonly #open = new Map<RequestId, boolean>()
  readonly #out: (effect: Effect) => void

  constructor(out: (effect: Effect) => void) {
    this.#out = out
  }

  open(request: RequestId, isPatient = false): void {
    this.#open.set(request, isPatient)
  }

  answer(request: RequestId, value: AnswerValue): void {
    if (this.#open.delete(request)) this.#out({ type: 'answer', request, value })
  }

  refuse(request: RequestId, code: MeshErrorCode, message: string): void {
    if (this.#open.delete(request)) this.#out({ type: 'refuse', request, code, message })
  }

  refuseAll(code: MeshErrorCode, message: string): void {
    for (const request of [...this.#open.keys()]) this.refuse(request, code, message)
  }

  /** Refuses those that do not wait until something can be written. */
  refuseWrites(code: MeshErrorCode, message: string): void {
    for (const [request, isPatient] of [...this.#open]) if (!isPatient) this.refuse(request, code, message)
  }
}

/** Where the numbers of a boot begin: 24 bits of it are room for 268 million numbers before those of another. */
export function firstNumberOf(boot: Boot): number {
  return Number.parseInt(boot.slice(0, 6), 16) * 2 ** 28
}
