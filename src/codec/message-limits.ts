/**
 * The limits of messages (protocol.md, section 11), each kept by who writes and by who reads. Those of member
 * entries stand in members.ts, those of facts, prompts and parameters in MESH_SETTINGS.
 */
import { MESH_SETTINGS } from '../core/settings.ts'
import { WORD_BYTES_MAX } from './items.ts'
import { MEMBER_LIMITS } from './members.ts'

const MIB = 1024 * 1024

export const MESSAGE_LIMITS = {
  /** Longest message on a stream, bytes. Costs this much memory for every peer that sends one. */
  frameBytesMax: 4 * MIB,
  /** Longest message that goes through a third node: a whole frame of facts, and what is around it fits a frame. */
  relayedBytesMax: 3 * MIB,
  /** Longest message that is gossiped, bytes. Everyone in the mesh pays for it. */
  gossipBytesMax: 64 * 1024,
  /** Longest row of the mesh's state, bytes: every node gossips one, over and over. */
  loadRowBytesMax: 4_096,
  /** Longest batch record, bytes, with what later versions may add to it. */
  recordBytesMax: 16 * 1024,
  factBytesMax: MESH_SETTINGS.factBytesMax,
  nodeIdBytesMax: MEMBER_LIMITS.idBytesMax,
  /** As in facts. */
  profileBytesMax: 128,
  nodeNameBytesMax: MEMBER_LIMITS.nameBytesMax,
  incarnationMax: MEMBER_LIMITS.incarnationMax,
  wordBytesMax: WORD_BYTES_MAX,
  /** Dead members that one rumour names. */
  deathsMax: 256,
  /** Batch records of one message, and batches in one load row or one word about tallies. */
  recordsMax: 1_000,
  /** Rows of one intake frame. */
  rowsMax: 1_000,
  /** More than 2 MiB of the shortest facts: a sender that minds the bytes need not count. */
  factsMax: 100_000,
  grantsMax: 10_000,
  /** Profiles named in one claim, load row or hint. */
  profilesMax: 1_000,
  tokensMax: 100_000,
  tasksMax: 100_000,
  /** Hashes of the facts of one slot; 8 bytes each on the wire, some 40 in memory. */
  hashesMax: 262_144,
} as const
