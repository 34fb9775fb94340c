/** What a core knows, as plain numbers for people; reading it changes nothing. */

import type { AskedTallies } from './asked-tallies.ts'
import type { Away } from './away.ts'
import type { Batch, BatchBook } from './batch-book.ts'
import type { Counts } from './batch-slot.ts'
import type { BatchRecord } from './batches.ts'
import type { CoreParts } from './core-parts.ts'
import type { Boot, NodeId } from './ids.ts'
import { isWhole } from './load.ts'
import type { Standing } from './member-entry.ts'
import type { MeshPeers } from './mesh-peers.ts'
import type { LoadBatch, LoadRow } from './messages.ts'
import type { PeerState } from './peer.ts'
import type { Profile } from './places.ts'
import { openOf } from './tally.ts'
import type { World } from './world.ts'

export interface CoreBatchView {
  readonly record: BatchRecord
  readonly counts: Counts
  /** Tasks that may still run; those of a cancelled batch count as cancelled instead. */
  readonly open: number
  readonly scheduled: number
  readonly running: number
  /** Tasks in memory that wait for another attempt. */
  readonly retrying: number
  /** Slots whose tasks are still being counted, or whose counts are not synced yet. */
  readonly uncounted: number
  /** Other owners whose tally of it is not known here, or old. */
  readonly untold: number
}

export interface CoreProfileView {
  readonly name: string
  readonly places: number
  readonly busy: number
  readonly medianMs: number | undefined
  /**
   * Why it takes nothing now, if so; `forGood`: until its config changes or the node starts anew. `untilMs` is Infinity
   * where nobody knows until when.
   */
  readonly rest: { readonly reason: string; readonly untilMs: number; readonly forGood: boolean } | undefined
}

export interface CoreMemberView {
  readonly id: NodeId
  readonly name: string
  readonly standing: Standing
  /** Of this node itself `alive`; of those that are members no more `unknown`. */
  readonly state: PeerState
  /** Undefined while it has not said. */
  readonly boot: Boot | undefined
  /** On this node's monotonic clock; undefined where it is not dead. */
  readonly deadSinceMs: number | undefined
}

export interface CoreView {
  /** The whole member list, this node and those that left or were forgotten among them, ascending by id. */
  readonly members: readonly CoreMemberView[]
  readonly batches: readonly CoreBatchView[]
  readonly profiles: readonly CoreProfileView[]
  readonly storageProblem: 'disk-full' | 'failing' | undefined
  readonly stopping: boolean
  /** Whether every slot is told of by one owner, and every batch by all: else counts may be too low or too high. */
  readonly whole: boolean
  /** How old the oldest of the others' rows is that these counts rest on; undefined where there is none. */
  readonly oldestRowMs: number | undefined
  /** Slots that another side of a split may be at work on: their tasks come last, or not at all. */
  readonly contested: number
}

/** Slots of a batch with tasks of these standings, ascending, from their tallies; undefined while some are uncounted. */
export function slotsWith(
  batch: Batch,
  standings: readonly ('open' | 'completed' | 'failed' | 'cancelled')[],
): number[] | undefined {
  if (batch.uncounted.size > 0) return undefined
  const numbers: number[] = []
  for (const [number, { tally }] of batch.slots) {
    if (standings.some((standing) => (standing === 'open' ? openOf(tally) : tally[standing]) > 0)) numbers.push(number)
  }
  return numbers.sort((a, b) => a - b)
}

/** Every entry of the member list with what this node holds of it now. */
function memberViews(peers: MeshPeers, away: Away, self: { nodeId: NodeId; boot: Boot }): CoreMemberView[] {
  return peers.list.entries.map(({ id, name, standing }) => {
    const isSelf = id === self.nodeId
    return {
      id,
      name,
      standing,
      state: isSelf ? 'alive' : (peers.liveness.get(id)?.state ?? 'unknown'),
      boot: isSelf ? self.boot : peers.bootOf(id),
      deadSinceMs: away.deadSinceMs(id),
    }
  })
}

type ViewParts = Pick<
  CoreParts,
  'places' | 'claims' | 'rows' | 'peers' | 'load' | 'away' | 'contested' | 'askedTallies'
>

export function coreView(
  world: World,
  book: BatchBook,
  { places, claims, rows, peers, load, away, contested, askedTallies }: ViewParts,
  storageProblem: CoreView['storageProblem'],
): CoreView {
  const counted = rows.all().filter(({ row }) => peers.isUp(row.node) && peers.isMember(row.node))
  const others = counted.map(({ row }) => row)
  const batches = book.inOrder().map((batch) => batchView(batch, others, askedTallies))
  const slotsAreWhole = isWhole([load.ownedSum, ...others.map(({ ownedSum }) => ownedSum)])
  return {
    storageProblem,
    stopping: claims.stopping,
    whole: slotsAreWhole && batches.every(({ untold }) => untold === 0),
    oldestRowMs: counted.length === 0 ? undefined : world.nowMs - Math.min(...counted.map(({ heardMs }) => heardMs)),
    contested: others.reduce((sum, row) => sum + row.contested, contested.count),
    members: memberViews(peers, away, world),
    batches,
    profiles: [...places.profiles].map(([name, profile]) => ({
      name,
      places: profile.settings.places,
      busy: profile.busy,
      medianMs: profile.medianMs,
      rest: restOf(profile),
    })),
  }
}

function restOf({ suspendedFor, restReason, restsUntilMs }: Profile): CoreProfileView['rest'] {
  const forGood = restsUntilMs === Number.POSITIVE_INFINITY
  if (suspendedFor !== undefined && !forGood)
    return { reason: suspendedFor, untilMs: Number.POSITIVE_INFINITY, forGood: false }
  return restReason === undefined ? undefined : { reason: restReason, untilMs: restsUntilMs, forGood }
}

/** What this node owns of a batch and what other owners say, in their rows or when they were asked. */
function batchView(batch: Batch, others: readonly LoadRow[], asked: AskedTallies): CoreBatchView {
  const told = others.map((row) => asked.of(row, batch.id))
  const rows = told.flatMap(({ tally }) => tally ?? [])
  const sum = (own: number, of: (row: LoadBatch) => number) => rows.reduce((all, row) => all + of(row), own)
  const counts = {
    total: sum(batch.counts.total, (row) => row.total),
    completed: sum(batch.counts.completed, (row) => row.completed),
    failed: sum(batch.counts.failed, (row) => row.failed),
    cancelled: sum(batch.counts.cancelled, (row) => row.cancelled),
    extra: sum(batch.counts.extra, (row) => row.extra),
  }
  return {
    record: batch.record,
    counts,
    open: openOf(counts),
    scheduled: sum(batch.scheduled, (row) => row.scheduled),
    running: sum(batch.running, (row) => row.running),
    retrying: sum(batch.retrying, (row) => row.retrying),
    uncounted: batch.uncounted.size + batch.corrections,
    untold: told.filter(({ isMissing }) => isMissing).length,
  }
}
