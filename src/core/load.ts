/**
 * What this node says of itself: its work, places, slots and tallies (protocol.md, sections 7 and 9).
 *
 * 1. A row is made anew only when something in it changed: equal `seq`, equal row. Who says it when: mesh-beats.ts.
 * 2. `ownedSum` adds up over the mesh to `ALL_SLOTS_SUM` exactly when every slot has one owner.
 * 3. What waits in contested and in orphaned slots is told apart from what anybody may claim, and is not told of at all
 *    where it is not granted.
 * 4. A row is never longer than its limit (row-room.ts).
 */
import type { Batch, BatchBook } from './batch-book.ts'
import type { Claims } from './claims.ts'
import { CONTESTED, ORPHANED } from './contest.ts'
import type { Contested } from './contested.ts'
import { SLOT_COUNT } from './ids.ts'
import type { LoadBatch, LoadRow } from './messages.ts'
import type { Ownership } from './ownership.ts'
import type { Places } from './places.ts'
import { withinRoom } from './row-room.ts'
import { openOf } from './tally.ts'
import type { World } from './world.ts'

/** Batches that one row has room for. */
const BATCHES_MAX = 30
/** A row is at most so old when it is said. */
const FRESH_MS = 250

export interface LoadParts {
  readonly book: BatchBook
  readonly places: Places
  readonly ownership: Ownership
  readonly contested: Contested
  readonly claims: Claims
}

/** How contested (contest.ts) => claimable tasks. */
type Claimable = [number, number, number]

export class Load {
  readonly #world: World
  readonly #book: BatchBook
  readonly #places: Places
  readonly #ownership: Ownership
  readonly #contested: Contested
  readonly #claims: Claims
  #row: LoadRow | undefined
  /** The row as text, but for its number. */
  #said = ''
  #madeMs = Number.NEGATIVE_INFINITY
  #seq = 0
  /** The version of the served slots that `#sum` is of. */
  #summed = -1
  #sum = ''
  incarnation = 0

  constructor(world: World, { book, places, ownership, contested, claims }: LoadParts) {
    this.#world = world
    this.#contested = contested
    this.#claims = claims
    this.#book = book
    this.#places = places
    this.#ownership = ownership
  }

  /** This node's row, a quarter of a second old at most. */
  row(): LoadRow {
    if (this.#row === undefined || this.#world.nowMs >= this.#madeMs + FRESH_MS) {
      const row = withinRoom(this.#make())
      const said = JSON.stringify(row)
      if (said !== this.#said) this.#row = { ...row, seq: ++this.#seq }
      this.#said = said
      this.#madeMs = this.#world.nowMs
    }
    return this.#row as LoadRow
  }

  #make(): Omit<LoadRow, 'seq'> {
    const batches = this.#book.inOrder()
    const unfinished = batches.filter((batch) => openOf(batch.counts) > 0)
    const finished = batches.filter((batch) => openOf(batch.counts) === 0)
    const counted = [...unfinished, ...finished].filter(({ isCounted }) => isCounted)
    const said = counted.slice(0, BATCHES_MAX)
    return {
      node: this.#world.nodeId,
      incarnation: this.incarnation,
      boot: this.#world.boot,
      profiles: this.#profiles(unfinished),
      owned: this.#ownership.count,
      ownedSum: this.ownedSum,
      contested: this.#contested.count,
      batches: said.map(loadOf),
      batchesLeftOut: batches.length - said.length,
    }
  }

  /** Of the slots that this node serves. */
  get ownedSum(): string {
    const { version } = this.#ownership
    if (version !== this.#summed) {
      this.#summed = version
      this.#sum = slotsSum(this.#ownership.served())
    }
    return this.#sum
  }

  #profiles(batches: readonly Batch[]): LoadRow['profiles'] {
    const names = new Set([...this.#places.profiles.keys(), ...batches.map(profileOf)])
    return [...names].sort().map((profile) => {
      const here = this.#places.profiles.get(profile)
      const its = batches.filter((batch) => profileOf(batch) === profile && batch.runnable)
      const [claimable, contested, orphaned] = its
        .map((batch) => this.#claimable(batch))
        .reduce(([a, b, c], [x, y, z]) => [a + x, b + y, c + z], [0, 0, 0])
      const takes = this.#places.isCapable(profile) && !this.#claims.stopping
      return {
        profile,
        claimable,
        priority: Math.max(0, ...its.map((batch) => batch.record.fields.priority.value)),
        places: takes ? (here?.settings.places ?? 0) : 0,
        free: takes ? (here?.free(this.#world.nowMs) ?? 0) : 0,
        medianMs: Math.round(here?.medianMs ?? 0),
        contested,
        orphaned,
        late: claimable > 0 ? 0 : this.#claims.speculation.lateCount(profile),
        resting: here?.isResting(this.#world.nowMs) === true,
      }
    })
  }

  /** Tasks of a batch that could be granted now, but for those that wait out a pause. */
  #claimable(batch: Batch): Claimable {
    const all = Math.max(0, openOf(batch.counts) - batch.scheduled - batch.running - batch.resting)
    if (this.#contested.count === 0) return [all, 0, 0]
    const open: Claimable = [0, 0, 0]
    for (const [number, { tally }] of batch.slots) open[this.#contested.of(number)] += openOf(tally)
    for (const { task } of this.#claims.leases.all()) if (task.batch === batch.id) open[task.contest]--
    const orphaned = Math.min(all, Math.max(0, open[ORPHANED]))
    const contested = Math.min(all - orphaned, Math.max(0, open[CONTESTED]))
    return [
      all - orphaned - contested,
      ...(this.#contested.mayGrant ? ([contested, orphaned] as const) : ([0, 0] as const)),
    ]
  }
}

function profileOf(batch: Batch): string {
  return batch.record.fields.profile.value
}

/** What this node owns of a batch, as a row says it. */
export function loadOf(batch: Batch): LoadBatch {
  const { total, completed, failed, cancelled, extra } = batch.counts
  const { id, scheduled, running, retrying } = batch
  return { batch: id, total, scheduled, running, retrying, completed, failed, cancelled, extra }
}

/** 64 bits as 16 hex digits: two sums of 32-bit hashes, so that sets of slots add up. */
function slotsSum(slots: Iterable<number>): string {
  let high = 0
  let low = 0
  for (const slot of slots) {
    high += mix(slot, 0x9e3779b9)
    low += mix(slot, 0x85ebca6b)
  }
  return toHex(high) + toHex(low)
}

/** Whether the sums of several owners tell of every slot once. */
export function isWhole(sums: readonly string[]): boolean {
  const add = (from: number) =>
    toHex(sums.reduce((sum, each) => sum + Number.parseInt(each.slice(from, from + 8), 16), 0))
  return add(0) + add(8) === ALL_SLOTS_SUM
}

function toHex(sum: number): string {
  return (sum % 2 ** 32).toString(16).padStart(8, '0')
}

/** The finaliser of MurmurHash3 (Austin Appleby, public domain) over the slot. */
function mix(slot: number, seed: number): number {
  let hash = (slot ^ seed) >>> 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

const ALL_SLOTS_SUM = slotsSum(Array.from({ length: SLOT_COUNT }, (_, slot) => slot))
