/**
 * What can go wrong, and what people do, each with its time: a list that can be written down, cut shorter and played
 * again. Every field is a plain number, text or list.
 */
import type { ErrorClass } from '../../src/core/facts.ts'

interface At {
  /** Virtual time at which it begins. */
  readonly atMs: number
}
interface Lasting extends At {
  readonly forMs: number
}

export type NetworkFault =
  /** Everything from each of the first to each of the second is held up; both ways unless `oneWay`. */
  | ({
      readonly kind: 'cut'
      readonly from: readonly number[]
      readonly to: readonly number[]
      readonly oneWay: boolean
    } & Lasting)
  | ({ readonly kind: 'split'; readonly groups: readonly (readonly number[])[] } & Lasting)
  | ({ readonly kind: 'flap'; readonly a: number; readonly b: number; readonly periodMs: number } & Lasting)
  /** Pairs that do not reach each other, whatever lies between: a ring, two sides with one bridge. */
  | ({ readonly kind: 'cut-pairs'; readonly pairs: readonly (readonly [number, number])[] } & Lasting)
  /** Machines lose their wires one by one, in that order, and get them back in another (FoundationDB's swizzling). */
  | ({ readonly kind: 'swizzle'; readonly out: readonly number[]; readonly back: readonly number[] } & Lasting)
  | ({ readonly kind: 'reset'; readonly a: number; readonly b: number } & At)
  /** The connection ends in the middle of what is said: after so many more messages of the pair. */
  | ({ readonly kind: 'reset-after'; readonly a: number; readonly b: number; readonly messages: number } & At)
  | ({ readonly kind: 'slow'; readonly a: number; readonly b: number; readonly byMs: number } & Lasting)

export type GossipFault =
  | ({ readonly kind: 'gossip-silenced' } & Lasting)
  /** Gossip passes everywhere while all streams are held up. */
  | ({ readonly kind: 'gossip-alone' } & Lasting)

export type ProcessFault =
  | ({ readonly kind: 'crash'; readonly node: number; readonly downMs: number } & At)
  /** It ends after so many more effects, of that type where one is named. */
  | ({
      readonly kind: 'crash-after'
      readonly node: number
      readonly effects: number
      readonly type?: 'persist' | 'execute' | 'send' | 'answer' | 'kill'
      readonly downMs: number
    } & At)
  | ({ readonly kind: 'restarts'; readonly node: number; readonly times: number; readonly everyMs: number } & At)
  | ({ readonly kind: 'kill-all'; readonly downMs: number } & At)
  | ({ readonly kind: 'pause'; readonly node: number } & Lasting)
  | ({ readonly kind: 'power-cut'; readonly node: number } & Lasting)
  | ({ readonly kind: 'stop'; readonly node: number; readonly now: boolean } & At)
  /** Its machine and its disk are gone for good. */
  | ({ readonly kind: 'death'; readonly node: number } & At)
  /** A copy of its disk runs on another machine. */
  | ({ readonly kind: 'clone'; readonly node: number } & Lasting)

export type DiskFault =
  /** `sticky`: there is room again only for a process that opens the store anew. */
  | ({ readonly kind: 'disk-full'; readonly node: number; readonly sticky: boolean } & Lasting)
  | ({ readonly kind: 'disk-failing'; readonly node: number } & Lasting)
  | ({ readonly kind: 'slow-sync'; readonly node: number; readonly syncMs: number } & Lasting)
  | ({ readonly kind: 'reads-fail'; readonly node: number } & Lasting)
  /** The process ends, some facts and batch records and perhaps the tallies are damaged, and it starts again. */
  | ({
      readonly kind: 'bit-flips'
      readonly node: number
      readonly facts: number
      readonly tallies: boolean
      /** None where it is not said. */
      readonly batches?: number
    } & At)
  | ({ readonly kind: 'wiped'; readonly node: number; readonly downMs: number } & At)
  /** The disk is put back to what it was `forMs` before. */
  | ({ readonly kind: 'backup'; readonly node: number } & Lasting)

export type ClockFault =
  | ({ readonly kind: 'drift'; readonly node: number; readonly rate: number } & At)
  /** Its event loop is blocked: its clock goes on, its timers are late. */
  | ({ readonly kind: 'block'; readonly node: number } & Lasting)
  /** Its machine sleeps. */
  | ({ readonly kind: 'suspend'; readonly node: number; readonly clockStands: boolean } & Lasting)

export type ExecutorFault =
  | ({ readonly kind: 'fails-fast'; readonly node: number; readonly error: ErrorClass } & Lasting)
  /** It takes nothing of any profile: drained, off duty, its disk below the floor. */
  | ({ readonly kind: 'suspended'; readonly node: number } & Lasting)

export type OperatorDeed =
  | ({
      readonly kind: 'pause-batch' | 'resume-batch' | 'cancel-batch' | 'uncancel-batch'
      readonly node: number
      readonly batch: number
      readonly stopRunning: boolean
    } & At)
  | ({ readonly kind: 'prefer-batch'; readonly node: number; readonly batch: number; readonly priority: number } & At)
  | ({
      readonly kind: 'cancel-tasks' | 'retry-tasks'
      readonly node: number
      readonly batch: number
      readonly share: number
      readonly stopRunning: boolean
      /** Whoever retries waits until something has failed or is cancelled, and picks from that. */
      readonly looks?: boolean
    } & At)
  /** For good: what is seeded under its name later is another batch. */
  | ({ readonly kind: 'delete-batch'; readonly node: number; readonly batch: number } & At)
  /** The whole file once more, at another node. */
  | ({ readonly kind: 'seed-again'; readonly node: number; readonly batch: number } & At)
  | ({ readonly kind: 'open-profiles'; readonly node: number } & At)
  /** It hands over and ends its membership, for good or to come back later; for good its disk is thrown away. */
  | ({ readonly kind: 'leave'; readonly node: number; readonly backMs?: number } & At)
  /** One node is told that another will not come back, whether that lives or not. */
  | ({ readonly kind: 'forget'; readonly node: number; readonly whom: number } & At)
  /** A machine starts for the first time. */
  | ({ readonly kind: 'join'; readonly node: number } & At)

export type Fault = NetworkFault | GossipFault | ProcessFault | DiskFault | ClockFault | ExecutorFault | OperatorDeed
export type FaultKind = Fault['kind']

/** By then a node that was asked to stop has stopped, or was ended, and started again. */
const STOPPED_MS = 45_000

/** The time after which it has no more effect of its own. */
export function endOf(fault: Fault): number {
  if ('forMs' in fault) return fault.atMs + fault.forMs
  if (fault.kind === 'restarts') return fault.atMs + fault.times * fault.everyMs
  if (fault.kind === 'stop') return fault.atMs + STOPPED_MS
  return fault.atMs + ('downMs' in fault ? fault.downMs : 0)
}
