/**
 * What every node says of itself a few times a second at most: work, places, tallies (protocol.md, sections 7 and 9).
 *
 * 1. A row is said by its node alone. Of one boot the row with the higher seq counts; of two boots that of the higher
 *    incarnation, and where a backup gave both the same, that of the boot which the node is known to run under.
 * 2. Rows are hints: nothing is decided for good by what one says.
 */
import type { Boot, NodeId } from './ids.ts'
import type { LoadRow } from './messages.ts'

interface Known {
  row: LoadRow
  heardMs: number
}

export class LoadRows {
  readonly #rows = new Map<NodeId, Known>()
  /** All rows, until one of another node comes or one goes. */
  #sorted: Known[] | undefined

  /** Answers whether it is news; `boot` is what its node is known to run under, if that is known. */
  heard(row: LoadRow, boot: Boot | undefined, nowMs: number): boolean {
    if (boot !== undefined && row.boot !== boot) return false
    const known = this.#rows.get(row.node)
    if (known === undefined) {
      this.#rows.set(row.node, { row, heardMs: nowMs })
      this.#sorted = undefined
      return true
    }
    const last = known.row
    if (row.incarnation < last.incarnation || (row.boot === last.boot && row.seq <= last.seq)) return false
    known.row = row
    known.heardMs = nowMs
    return true
  }

  forget(node: NodeId): void {
    if (this.#rows.delete(node)) this.#sorted = undefined
  }

  of(node: NodeId): LoadRow | undefined {
    return this.#rows.get(node)?.row
  }

  /** Rows with the time they came, by ascending node id. */
  all(): readonly Readonly<Known>[] {
    this.#sorted ??= [...this.#rows.values()].sort((a, b) => (a.row.node < b.row.node ? -1 : 1))
    return this.#sorted
  }
}
