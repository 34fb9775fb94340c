/**
 * Makes a load row fit its limit (protocol.md, sections 7 and 9): every node hears it over and over, and what is longer
 * cannot be said at all.
 *
 * 1. A row that fits stays as it is.
 * 2. Of one that does not, profiles beyond half of it go first: those stay that this node performs, then those with work.
 * 3. Then the last batches go, until it fits; how many is said.
 */
import { encodeLoadRow } from '../codec/load-rows.ts'
import { MESSAGE_LIMITS } from '../codec/message-limits.ts'
import type { LoadRow } from './messages.ts'
import { partsBy } from './parts.ts'

export type UnnumberedRow = Omit<LoadRow, 'seq'>

const HALF_BYTES = MESSAGE_LIMITS.loadRowBytesMax / 2

export function withinRoom(row: UnnumberedRow): UnnumberedRow {
  if (fits(row)) return row
  const profiles = mostTelling(row.profiles)
  let kept = row.batches.length
  const rowOf = (): UnnumberedRow => ({
    ...row,
    profiles,
    batches: row.batches.slice(0, kept),
    batchesLeftOut: row.batchesLeftOut + row.batches.length - kept,
  })
  while (kept > 0 && !fits(rowOf())) kept--
  return rowOf()
}

function fits(row: UnnumberedRow): boolean {
  return encodeLoadRow({ ...row, seq: Number.MAX_SAFE_INTEGER }).length <= MESSAGE_LIMITS.loadRowBytesMax
}

/** As many as half a row has room for, by name as before. */
function mostTelling(profiles: LoadRow['profiles']): LoadRow['profiles'] {
  const [kept = []] = partsBy([...profiles].sort(goesFirst), profileBytes, HALF_BYTES)
  return kept.sort((a, b) => (a.profile < b.profile ? -1 : 1))
}

function goesFirst(a: LoadRow['profiles'][number], b: LoadRow['profiles'][number]): number {
  return Number(b.places > 0) - Number(a.places > 0) || workOf(b) - workOf(a) || (a.profile < b.profile ? -1 : 1)
}

/** 1 where another node could claim something of it. */
function workOf({ claimable, contested, orphaned, late }: LoadRow['profiles'][number]): number {
  return Number(claimable + contested + orphaned + late > 0)
}

/** What a profile takes in a row, or a little more: its name, nine numbers and a truth value. */
function profileBytes({ profile }: LoadRow['profiles'][number]): number {
  return 3 * profile.length + 90
}
