/** Lists cut into parts that fit a message. */
import type { StoredFact } from './facts.ts'

/** A quarter of the longest frame: a fact of the longest kind still fits beside. */
const PART_BYTES_MAX = 1024 * 1024

/** The items in order, in parts of so many bytes and items at most; a single one may be longer. None of nothing. */
export function partsBy<T>(
  items: readonly T[],
  bytesOf: (item: T) => number,
  bytesMax: number,
  countMax = Number.POSITIVE_INFINITY,
): T[][] {
  const parts: T[][] = []
  let bytes = 0
  for (const item of items) {
    const its = bytesOf(item)
    const last = parts.at(-1)
    if (last === undefined || last.length >= countMax || bytes + its > bytesMax) {
      parts.push([item])
      bytes = its
      continue
    }
    last.push(item)
    bytes += its
  }
  return parts
}

/** The bytes of the facts in order; no part where there are none. */
export function partsOf(facts: readonly StoredFact[]): Uint8Array[][] {
  return partsBy(
    facts.map(({ bytes }) => bytes),
    ({ length }) => length,
    PART_BYTES_MAX,
  )
}
