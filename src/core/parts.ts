/** Facts cut into parts that fit a frame. */
import type { StoredFact } from './facts.ts'

/** A quarter of the longest frame: a fact of the longest kind still fits beside. */
const PART_BYTES_MAX = 1024 * 1024

/** The bytes of the facts in order; no part where there are none. */
export function partsOf(facts: readonly StoredFact[]): Uint8Array[][] {
  const parts: Uint8Array[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const stored of facts) {
    if (bytes + stored.bytes.length > PART_BYTES_MAX) {
      parts.push([])
      bytes = 0
    }
    parts.at(-1)?.push(stored.bytes)
    bytes += stored.bytes.length
  }
  return parts
}
