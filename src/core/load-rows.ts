/**
 * What every node says of itself a few times a second at most: work, places, tallies (protocol.md, sections 7 and 9).
 *
 * 1. A row is said by its node alone. Of one boot the row with the higher seq counts; of two boots that of the higher
 *    incarnation, and where a backup gave both the same, that of the boot which the node is known to run under.
 * 2. Rows are hints: nothing is decided for good by what one says.
 * 3. A row is as old as the last word of its node that it still holds: the same row once more, or a beat without a row.
 * 4. Which rows tell of work, and which of free places, is kept up to date: both are asked for with every step, and few
 *    of many rows do.
 */
import type { Boot, NodeId } from './ids.ts'
import type { LoadRow } from './messages.ts'
import type { World } from './world.ts'

interface Known {
  row: LoadRow
  /** When its node said it last. */
  heardMs: number
}

export class LoadRows {
  readonly #rows = new Map<NodeId, Known>()
  readonly #working = new Rows()
  readonly #free = new Rows()
  /** All rows, until one of another node comes or one goes. */
  #sorted: Known[] | undefined

  /** Answers whether it is news; `boot` is what its node is known to run under, if that is known. */
  heard(row: LoadRow, boot: Boot | undefined, nowMs: number): boolean {
    if (boot !== undefined && row.boot !== boot) return false
    const known = this.#rows.get(row.node)
    if (known === undefined) {
      this.#rows.set(row.node, { row, heardMs: nowMs })
      this.#sorted = undefined
    } else {
      const last = known.row
      if (row.boot === last.boot && row.seq === last.seq) known.heardMs = nowMs
      if (row.incarnation < last.incarnation || (row.boot === last.boot && row.seq <= last.seq)) return false
      known.row = row
      known.heardMs = nowMs
    }
    this.#working.put(row, row.profiles.some(hasWork))
    this.#free.put(row, row.profiles.some(hasPlace))
    return true
  }

  /** Its node says that its row is what it was. */
  unchanged(node: NodeId, boot: Boot, nowMs: number): void {
    const known = this.#rows.get(node)
    if (known?.row.boot === boot) known.heardMs = nowMs
  }

  forget(node: NodeId): void {
    if (this.#rows.delete(node)) this.#sorted = undefined
    this.#working.delete(node)
    this.#free.delete(node)
  }

  /** Rows that tell of work, by ascending node id. */
  get working(): readonly LoadRow[] {
    return this.#working.all()
  }

  /** Rows that tell of free places, by ascending node id. */
  get free(): readonly LoadRow[] {
    return this.#free.all()
  }

  of(node: NodeId): LoadRow | undefined {
    return this.#rows.get(node)?.row
  }

  /** What the other nodes that are up, but for one, say of a profile that they perform. */
  performers(
    { nodeId, peers }: Pick<World, 'nodeId' | 'peers'>,
    profile: string,
    but = nodeId,
  ): LoadRow['profiles'][number][] {
    return this.all()
      .filter(({ row }) => row.node !== nodeId && row.node !== but && peers.isUp(row.node))
      .flatMap(({ row }) => row.profiles.filter((each) => each.profile === profile && each.places > 0))
  }

  /** Rows with the time they came, by ascending node id. */
  all(): readonly Readonly<Known>[] {
    this.#sorted ??= [...this.#rows.values()].sort((a, b) => (a.row.node < b.row.node ? -1 : 1))
    return this.#sorted
  }
}

/** Some of the rows, by ascending node id: with every step they are looked at, and with every row that comes one changes. */
class Rows {
  readonly #rows: LoadRow[] = []

  put(row: LoadRow, isOne: boolean): void {
    const at = this.#placeOf(row.node)
    const isKnown = this.#rows[at]?.node === row.node
    if (isOne) this.#rows.splice(at, isKnown ? 1 : 0, row)
    else if (isKnown) this.#rows.splice(at, 1)
  }

  delete(node: NodeId): void {
    const at = this.#placeOf(node)
    if (this.#rows[at]?.node === node) this.#rows.splice(at, 1)
  }

  /** As they are until the next row comes. */
  all(): readonly LoadRow[] {
    return this.#rows
  }

  /** Where the row of a node is, or belongs. */
  #placeOf(node: NodeId): number {
    let [from, to] = [0, this.#rows.length]
    while (from < to) {
      const middle = (from + to) >> 1
      if ((this.#rows[middle] as LoadRow).node < node) from = middle + 1
      else to = middle
    }
    return from
  }
}

function hasWork({ claimable, contested, orphaned, late }: LoadRow['profiles'][number]): boolean {
  return claimable + contested + orphaned + late > 0
}

function hasPlace({ free }: LoadRow['profiles'][number]): boolean {
  return free > 0
}
