/**
 * Identifiers, all lower-case hex text of a fixed width, so that plain string order is byte order.
 *
 * - BatchId: 16 digits, the first 8 bytes of SHA-256(meshId, name, generation).
 * - TaskId: 32 digits, the first 16 bytes of SHA-256 over the task's identity (see intake.ts).
 * - Boot: 16 digits, random, new at each start of a node.
 * - Token: 36 digits: epoch (8), seq (12), owner's boot (16). It names an attempt.
 * - NodeId: the libp2p peer id, as libp2p writes it.
 *
 * 1. Tokens are totally ordered by plain string comparison: epoch, then seq, then boot.
 * 2. A task's slot is a pure function of its id.
 */
export type NodeId = string
export type BatchId = string
export type TaskId = string
export type Boot = string
export type Token = string
/** Lower-case hex SHA-256 of some bytes, 64 digits. Handed to the core, which has no crypto of its own. */
export type Sha256 = (bytes: Uint8Array) => string

/** Slots on the ring: a task's slot is the first 14 bits of its id. */
export const SLOT_COUNT = 16_384

/** Ballots have no higher epoch: with a takeover of a slot every second, one after the other, it takes 68 years. */
export const EPOCH_MAX = 2 ** 31 - 1

/** The slot, 0..16383, that a task hashes to. */
export function slotOf(task: TaskId): number {
  return Number.parseInt(task.slice(0, 4), 16) >>> 2
}

/** Builds a token; `epoch` below 2^32, `seq` below 2^48. */
export function makeToken(epoch: number, seq: number, boot: Boot): Token {
  return hex(epoch, 8) + hex(seq, 12) + boot
}

/** The parts of a token. */
export function readToken(token: Token): { epoch: number; seq: number; boot: Boot } {
  return {
    epoch: Number.parseInt(token.slice(0, 8), 16),
    seq: Number.parseInt(token.slice(8, 20), 16),
    boot: token.slice(20),
  }
}

/** A whole number as `digits` hex digits, zero-padded. */
export function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}

/** The seed of a task whose prompt gave none: 32 bits of its id, so a retry anywhere draws the same. */
export function seedOf(task: TaskId): number {
  return Number.parseInt(task.slice(24), 16)
}
