/**
 * What every node says of itself a few times a second at most: work, places, tallies (protocol.md, sections 7 and 9).
 *
 * 1. A row is said by its node alone; a row with a higher (incarnation, seq) replaces a lower one.
 * 2. Rows are hints: nothing is decided for good by what one says.
 */
import type { NodeId } from './ids.ts'
import type { LoadRow } from './messages.ts'

interface Known {
  readonly row: LoadRow
  readonly heardMs: number
}

export class LoadRows {
  readonly #rows = new Map<NodeId, Known>()

  /** Answers whether it is news. */
  heard(row: LoadRow, nowMs: number): boolean {
    const known = this.#rows.get(row.node)?.row
    if (known !== undefined) {
      if (row.incarnation < known.incarnation) return false
      if (row.incarnation === known.incarnation && row.seq <= known.seq) return false
    }
    this.#rows.set(row.node, { row, heardMs: nowMs })
    return true
  }

  forget(node: NodeId): void {
    this.#rows.delete(node)
  }

  of(node: NodeId): LoadRow | undefined {
    return this.#rows.get(node)?.row
  }

  /** Rows with the time they came, by ascending node id. */
  all(): Known[] {
    return [...this.#rows.values()].sort((a, b) => (a.row.node < b.row.node ? -1 : 1))
  }
}
