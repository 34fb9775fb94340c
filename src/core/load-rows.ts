/**
 * What every node says of itself a few times a second at most: work, places, tallies (protocol.md, sections 7 and 9).
 *
 * 1. A row is said by its node alone. Of one boot the row with the higher seq counts; of two boots that of the higher
 *    incarnation, and where a backup gave both the same, that of the boot which the node is known to run under.
 * 2. Rows are hints: nothing is decided for good by what one says.
 */
import type { Boot, NodeId } from './ids.ts'
import type { LoadRow } from './messages.ts'
import type { World } from './world.ts'

interface Known {
  readonly row: LoadRow
  readonly heardMs: number
}

export class LoadRows {
  readonly #rows = new Map<NodeId, Known>()

  /** Answers whether it is news; `boot` is what its node is known to run under, if that is known. */
  heard(row: LoadRow, boot: Boot | undefined, nowMs: number): boolean {
    const known = this.#rows.get(row.node)?.row
    if (boot !== undefined && row.boot !== boot) return false
    if (known !== undefined) {
      if (row.incarnation < known.incarnation) return false
      if (row.boot === known.boot && row.seq <= known.seq) return false
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

  /** What the other nodes that are up say of a profile that they perform. */
  performers({ nodeId, peers }: Pick<World, 'nodeId' | 'peers'>, profile: string): LoadRow['profiles'][number][] {
    return this.all()
      .filter(({ row }) => row.node !== nodeId && peers.isUp(row.node))
      .flatMap(({ row }) => row.profiles.filter((each) => each.profile === profile && each.places > 0))
  }

  /** Rows with the time they came, by ascending node id. */
  all(): Known[] {
    return [...this.#rows.values()].sort((a, b) => (a.row.node < b.row.node ? -1 : 1))
  }
}
