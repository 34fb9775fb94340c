/**
 * What nodes say to each other.
 *
 * 1. Stream messages arrive in order and once while a connection lives; what was under way when it broke is lost, so
 *    every message is either repeated until it is answered or only a hint.
 * 2. `load` and `rumour` are hints: they go by gossip, load rows in beats too, and nothing depends on their arrival.
 * 3. Facts travel as the bytes they were born as.
 * 4. Numbers are whole and not below 0 (a priority may be); runs and digests ascend by slot and are apart; epochs are
 *    `EPOCH_MAX` at most. Limits of lists, texts and bytes: src/codec/message-limits.ts. Whoever makes a message keeps to these,
 *    or its encoding throws.
 *
 * docs/protocol.md has the table of who sends what when.
 */
import type { BatchRecord } from './batches.ts'
import type { Params } from './facts.ts'
import type { BatchId, Boot, NodeId, TaskId, Token } from './ids.ts'
import type { MemberEntry } from './member-entry.ts'
import type { Rumour } from './peer.ts'

/** Slots `from`..`to`, inclusive. A list of runs ascends and has no slot twice. */
export interface SlotRun {
  readonly from: number
  readonly to: number
}

/** A promise or its refusal: slots of one ballot. Runs of different ballots may touch. */
export interface BallotRun extends SlotRun {
  readonly epoch: number
  readonly node: NodeId
}

/** Of all facts of a slot; a list of digests ascends by slot. */
export interface SlotDigest {
  readonly slot: number
  readonly count: number
  /** Xor of the first 16 bytes of the facts' hashes, 32 hex digits. */
  readonly xor: string
}

/** One task as the seeding node hands it to an owner. */
export interface IntakeRow {
  readonly task: TaskId
  readonly index: number
  readonly prompt: string
  readonly params: Params
}

interface OwnedTallies {
  readonly ownedSum: string
  readonly batches: readonly LoadBatch[]
}

/**
 * How far a claim goes: tasks of slots that nobody contests, of contested ones too, of orphaned ones too, or, where nothing
 * is to be had anywhere, copies of attempts that are late.
 */
export type ClaimKind = 'work' | 'contested' | 'orphaned' | 'late'

/** What a free place is offered for. */
export interface Want {
  readonly profile: string
  readonly free: number
}

export interface Grant {
  readonly token: Token
  readonly batch: BatchId
  readonly task: TaskId
  readonly index: number
  readonly prompt: string
  readonly params: Params
  readonly profile: string
  /** 1 for the first attempt of the task. */
  readonly attempt: number
  /** Attempts of the task that are known to have failed, anywhere. */
  readonly failures: number
  /** The batch's word on the longest run; null leaves it to the holder. */
  readonly timeoutMs: number | null
  /** It is suspected of ending the process that runs it: nothing else may run there meanwhile. */
  readonly alone: boolean
}

/** One node's row of the mesh's state, said by that node alone; load-rows.ts says which replaces which. */
export interface LoadRow {
  readonly node: NodeId
  readonly incarnation: number
  readonly boot: Boot
  /** Rises with each row of a boot that says something else. */
  readonly seq: number
  /** Per profile: tasks that could be granted now, the best priority among them, and this node's places. */
  readonly profiles: readonly {
    readonly profile: string
    readonly claimable: number
    readonly priority: number
    readonly places: number
    readonly free: number
    /** 0 before the first completion. */
    readonly medianMs: number
    /** Claimable tasks of contested and of orphaned slots: not a part of `claimable`. */
    readonly contested: number
    readonly orphaned: number
    /** Attempts that last too long: another node may make a copy. */
    readonly late: number
    /** Takes nothing of it for a while. */
    readonly resting: boolean
  }[]
  /** Slots owned: how many, and the 64-bit sum of their hashes as 16 hex digits. */
  readonly owned: number
  readonly ownedSum: string
  /** Slots of those that are contested. */
  readonly contested: number
  readonly batches: readonly LoadBatch[]
  /** Batches that the row had no room for. */
  readonly batchesLeftOut: number
}

export interface LoadBatch {
  readonly batch: BatchId
  readonly total: number
  readonly scheduled: number
  readonly running: number
  readonly retrying: number
  readonly completed: number
  readonly failed: number
  readonly cancelled: number
  readonly extra: number
}

export type Message =
  | {
      readonly type: 'hello'
      readonly meshId: string
      readonly versionMin: number
      readonly versionMax: number
      /** Of the settings that shape ring and fold; 16 hex digits, as all hashes here. */
      readonly settingsHash: string
      readonly incarnation: number
      readonly boot: Boot
      readonly membersHash: string
      readonly batchesHash: string
      readonly serving: readonly BallotRun[]
      readonly name: string
      /** The incarnation that this boot started with. */
      readonly started: number
    }
  | { readonly type: 'refused'; readonly why: 'mesh' | 'version' | 'settings' | 'cloned' | 'forgotten' }
  /** Another boot of the receiver started with this incarnation, and the present one with none above it. */
  | { readonly type: 'outlived'; readonly started: number }
  | {
      readonly type: 'beat'
      readonly boot: Boot
      readonly incarnation: number
      readonly storing: boolean
      readonly membersHash: string
      readonly batchesHash: string
      readonly load: LoadRow | undefined
    }
  | { readonly type: 'members'; readonly entries: readonly MemberEntry[]; readonly answer: boolean }
  | {
      readonly type: 'batches'
      readonly records: readonly BatchRecord[]
      /** Asks for the receiver's own records. */
      readonly answer: boolean
      /** Where it is not 0, `batches-stored` names it once the records are synced. */
      readonly request: number
    }
  | { readonly type: 'batches-stored'; readonly request: number }
  /** Batches that the receiver's row leaves out, `request` 0, or of which exact counts are asked for. */
  | { readonly type: 'tallies-wanted'; readonly request: number; readonly batches: readonly BatchId[] }
  /** What the sender has of them now; those are left out that it does not know, or has not counted whole. */
  | ({ readonly type: 'tallies'; readonly request: number } & OwnedTallies)
  /** Ends what runs of a batch, on an operator's word. */
  | { readonly type: 'stop-batch'; readonly batch: BatchId; readonly outcome: 'cancelled' | 'returned' }
  | { readonly type: 'probe'; readonly about: NodeId }
  | { readonly type: 'probed'; readonly about: NodeId; readonly reached: boolean }
  /** A message from one member to another that it cannot reach, handed to a third; the boots of both ends. */
  | {
      readonly type: 'relay'
      readonly from: NodeId
      readonly boot: Boot
      readonly incarnation: number
      readonly to: NodeId
      /** null: not known. */
      readonly toBoot: Boot | null
      readonly bytes: Uint8Array
    }
  | { readonly type: 'serving'; readonly runs: readonly BallotRun[] }
  | { readonly type: 'promise'; readonly request: number; readonly epoch: number; readonly slots: readonly SlotRun[] }
  | {
      readonly type: 'promised'
      readonly request: number
      readonly slots: readonly SlotRun[]
      /** Ballots that are in the way. */
      readonly refused: readonly BallotRun[]
      readonly digests: readonly SlotDigest[]
    }
  | { readonly type: 'digests-wanted'; readonly request: number; readonly slots: readonly SlotRun[] }
  | {
      readonly type: 'digests'
      readonly request: number
      /** Of the sender's member list, as it was before it read its digests. */
      readonly membersHash: string
      readonly digests: readonly SlotDigest[]
      readonly ballots: readonly BallotRun[]
    }
  /** `have`: first 8 bytes of the hashes of the facts that the asker has of the slot, 16 hex digits each. */
  | { readonly type: 'slot-wanted'; readonly request: number; readonly slot: number; readonly have: readonly string[] }
  /** Facts that the asker lacks; `lacking`: those that this node lacks. `done` with the last part. */
  | {
      readonly type: 'slot'
      readonly request: number
      readonly facts: readonly Uint8Array[]
      readonly lacking: readonly string[]
      readonly done: boolean
    }
  | {
      readonly type: 'facts'
      readonly seq: number
      readonly ballots: readonly BallotRun[]
      readonly facts: readonly Uint8Array[]
    }
  | {
      readonly type: 'facts-stored'
      readonly seq: number
      readonly refused: readonly BallotRun[]
      /** How many facts of the frame are not stored, because who was to store them cannot read them. */
      readonly unread: number
    }
  | {
      readonly type: 'claim'
      readonly seq: number
      readonly boot: Boot
      readonly wants: readonly Want[]
      /** Nothing lives on the claiming node. */
      readonly idle: boolean
      readonly kind: ClaimKind
    }
  | { readonly type: 'granted'; readonly seq: number; readonly grants: readonly Grant[]; readonly parked: boolean }
  /** There is work that the receiver could claim. */
  | { readonly type: 'work'; readonly profiles: readonly string[] }
  | { readonly type: 'started'; readonly starts: readonly { readonly token: Token; readonly timeoutMs: number }[] }
  | {
      readonly type: 'held'
      readonly boot: Boot
      /** A long list goes in parts, numbered from 0; it counts once its last has come. */
      readonly part: number
      readonly last: boolean
      readonly tokens: readonly {
        readonly token: Token
        readonly task: TaskId
        readonly batch: BatchId
        readonly started: boolean
      }[]
    }
  | {
      readonly type: 'kill'
      readonly tokens: readonly Token[]
      readonly outcome: 'timed-out' | 'cancelled' | 'returned'
    }
  | { readonly type: 'ended'; readonly facts: readonly Uint8Array[] }
  /** The attempts' ends are committed, or their batch is gone: nothing need be kept for them. */
  | { readonly type: 'settled'; readonly tokens: readonly Token[] }
  | { readonly type: 'not-owner'; readonly ballots: readonly BallotRun[] }
  | {
      readonly type: 'intake'
      readonly request: number
      readonly record: BatchRecord
      readonly profile: string
      readonly rows: readonly IntakeRow[]
    }
  | {
      readonly type: 'taken'
      readonly request: number
      readonly new: number
      readonly existing: number
      readonly copies: number
      /** Rows of slots that the answering node does not serve: to be sent elsewhere. Of a busy node: all. */
      readonly elsewhere: readonly TaskId[]
      /** The node is busy: what it did not take may be sent again then. 0: it is not. */
      readonly retryAfterMs: number
    }
  | {
      readonly type: 'change-tasks'
      readonly request: number
      readonly batch: BatchId
      readonly change: 'cancel' | 'retry'
      readonly tasks: readonly TaskId[]
      readonly stopRunning: boolean
    }
  | {
      readonly type: 'changed'
      readonly request: number
      readonly tasks: number
      readonly elsewhere: readonly TaskId[]
    }
  | { readonly type: 'load'; readonly row: LoadRow }
  | { readonly type: 'rumour'; readonly rumour: Rumour }

export type MessageType = Message['type']
export type MessageOf<T extends MessageType> = Extract<Message, { type: T }>
