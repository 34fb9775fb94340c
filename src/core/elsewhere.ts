/**
 * What other owners have for the free places of this node, by their load rows (protocol.md, section 7).
 *
 * 1. An owner that did not grant what its row promised counts as having nothing of that kind until its next row, for
 *    `REFUSED_MS` at most, or until it says that it has work: what it has may not run here, and what it has of another kind
 *    may. Where no row tells of any work, who said that is asked once.
 * 2. Of some owners drawn at random the one with the longest remaining time is asked.
 */
import type { NodeId } from './ids.ts'
import type { LoadRows } from './load-rows.ts'
import type { ClaimKind, LoadRow, Want } from './messages.ts'
import type { World } from './world.ts'

const DRAWN = 8
/** Work that was told of is gone by then, or in a row. */
const TOLD_MS = 3_000
/** A row that stays the same may be kept later: attempts become late, tasks end their rest. */
const REFUSED_MS = 2_000

type Wanted = Pick<Want, 'profile'>

export class Elsewhere {
  readonly #world: World
  readonly #rows: LoadRows
  /** owner => the row that it did not keep, and until when it is not asked again for which kinds. */
  readonly #refused = new Map<NodeId, { readonly row: LoadRow; readonly untilMs: Map<ClaimKind, number> }>()
  /** owner => the profiles that it said it has work of, and until when that counts. */
  readonly #told = new Map<NodeId, { readonly profiles: readonly string[]; readonly untilMs: number }>()

  constructor(world: World, rows: LoadRows) {
    this.#world = world
    this.#rows = rows
  }

  /** Whether another owner has work of that kind for one of the profiles. */
  has(kind: ClaimKind, wants: readonly Wanted[]): boolean {
    return this.#rows.working.some((row) => this.#isOffered(row, kind, wants))
  }

  #isOffered(row: LoadRow, kind: ClaimKind, wants: readonly Wanted[]): boolean {
    if (row.node === this.#world.nodeId || remainingMs(row, kind, wants) === 0) return false
    const refused = this.#refused.get(row.node)
    if (refused?.row === row && this.#world.nowMs < (refused.untilMs.get(kind) ?? 0)) return false
    return this.#canBeAsked(row.node)
  }

  #canBeAsked(owner: NodeId): boolean {
    const { peers } = this.#world
    return peers.isUp(owner) && (peers.isLarge || peers.isReachable(owner))
  }

  /** Whom to ask for work of that kind. */
  ownerWith(kind: ClaimKind, wants: readonly Wanted[]): NodeId | undefined {
    const candidates = this.#rows.working.filter((row) => this.#isOffered(row, kind, wants))
    for (let at = 0; at < Math.min(DRAWN, candidates.length - 1); at++) {
      const other = at + Math.floor(this.#world.draw() * (candidates.length - at))
      const row = candidates[at] as LoadRow
      candidates[at] = candidates[other] as LoadRow
      candidates[other] = row
    }
    let best: LoadRow | undefined
    for (const row of candidates.slice(0, DRAWN)) {
      if (best === undefined || remainingMs(row, kind, wants) > remainingMs(best, kind, wants)) best = row
    }
    return best?.node ?? (kind === 'work' ? this.#toldOwner(wants) : undefined)
  }

  refused(owner: NodeId, kinds: readonly ClaimKind[]): void {
    this.#told.delete(owner)
    const row = this.#rows.of(owner)
    if (row === undefined) return
    const known = this.#refused.get(owner)
    const untilMs = known?.row === row ? known.untilMs : new Map<ClaimKind, number>()
    for (const kind of kinds) untilMs.set(kind, this.#world.nowMs + REFUSED_MS)
    this.#refused.set(owner, { row, untilMs })
  }

  /** An owner has work of these profiles. */
  told(owner: NodeId, profiles: readonly string[]): void {
    this.#refused.delete(owner)
    this.#told.set(owner, { profiles, untilMs: this.#world.nowMs + TOLD_MS })
  }

  /** What an owner told of is asked for no more: it granted something, and its row will tell of the rest, or it is gone. */
  settled(owner: NodeId): void {
    this.#told.delete(owner)
  }

  /** Whether nobody is known to have anything. */
  get isEmpty(): boolean {
    return this.#rows.working.length === 0 && this.#told.size === 0
  }

  /** An owner that has told of work which its row does not tell of. */
  #toldOwner(wants: readonly Wanted[]): NodeId | undefined {
    for (const [owner, { profiles, untilMs }] of this.#told) {
      if (this.#world.nowMs >= untilMs || !this.#canBeAsked(owner)) this.#told.delete(owner)
      else if (wants.some(({ profile }) => profiles.includes(profile))) return owner
    }
    return undefined
  }
}

/** How long the work of an owner would take its own places; 0 where it has none of that kind that these could do. */
function remainingMs(row: LoadRow, kind: ClaimKind, wants: readonly Wanted[]): number {
  let longest = 0
  for (const each of row.profiles) {
    const tasks = kind === 'work' ? each.claimable : each[kind]
    if (tasks === 0 || !wants.some((want) => want.profile === each.profile)) continue
    longest = Math.max(longest, (tasks * Math.max(1, each.medianMs)) / Math.max(1, each.places))
  }
  return longest
}
