/**
 * With whom this node has attempts under way: the holders of what it granted, and the owners of what it holds
 * (protocol.md, section 4). It beats them and judges their silence, neighbours on the circle or not.
 *
 * 1. The set is told to liveness when it changed, and not else: it is looked at with every step.
 * 2. A holder that another owner granted to is named once a takeover adopted its lease, not before.
 *
 * What follows from their silence is said by leases.ts and holding.ts.
 */
import type { NodeId } from './ids.ts'
import type { Leases } from './leases.ts'
import type { Places } from './places.ts'

export class Partners {
  readonly #leases: Leases
  readonly #places: Places
  #leasesVersion = 0
  #placesVersion = 0

  constructor(leases: Leases, places: Places) {
    this.#leases = leases
    this.#places = places
  }

  /** All of them, where they changed since they were asked for last; this node may be among them. */
  news(): ReadonlySet<NodeId> | undefined {
    const { holdersVersion } = this.#leases
    const { ownersVersion } = this.#places
    if (holdersVersion === this.#leasesVersion && ownersVersion === this.#placesVersion) return undefined
    this.#leasesVersion = holdersVersion
    this.#placesVersion = ownersVersion
    return new Set([...this.#leases.holders, ...this.#places.owners])
  }
}
