/**
 * What other owners have for the free places of this node, by their load rows (protocol.md, section 7).
 *
 * 1. An owner that did not grant what its row promised counts as having nothing until its next row, for
 *    `REFUSED_MS` at most, or until it says that it has work.
 * 2. Of some owners drawn at random the one with the longest remaining time is asked.
 */
import type { NodeId } from './ids.ts'
import type { LoadRows } from './load-rows.ts'
import type { ClaimKind, LoadRow, Want } from './messages.ts'
import type { World } from './world.ts'

const DRAWN = 8
/** A row that stays the same may be kept later: attempts become late, tasks end their rest. */
const REFUSED_MS = 2_000

type Wanted = Pick<Want, 'profile'>

export class Elsewhere {
  readonly #world: World
  readonly #rows: LoadRows
  /** owner => the row that it did not keep, and until when it is not asked again. */
  readonly #refused = new Map<NodeId, { readonly row: LoadRow; readonly untilMs: number }>()

  constructor(world: World, rows: LoadRows) {
    this.#world = world
    this.#rows = rows
  }

  /** Whether another owner has work of that kind for one of the profiles. */
  has(kind: ClaimKind, wants: readonly Wanted[]): boolean {
    return this.#rows.working.some((row) => this.#isOffered(row, kind, wants))
  }

  #isOffered(row: LoadRow, kind: ClaimKind, wants: readonly Wanted[]): boolean {
    const { peers, nodeId } = this.#world
    if (row.node === nodeId || remainingMs(row, kind, wants) === 0) return false
    const refused = this.#refused.get(row.node)
    if (refused?.row === row && this.#world.nowMs < refused.untilMs) return false
    return peers.isUp(row.node) && (peers.isLarge || peers.isReachable(row.node))
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
    return best?.node
  }

  refused(owner: NodeId): void {
    const row = this.#rows.of(owner)
    if (row !== undefined) this.#refused.set(owner, { row, untilMs: this.#world.nowMs + REFUSED_MS })
  }

  /** An owner has work: it may be asked whatever its row says. */
  told(owner: NodeId): void {
    this.#refused.delete(owner)
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
