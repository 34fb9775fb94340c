/** The ring as the protocol says it (section 3), found the slow way: what the real one is compared with. */
import type { NodeId } from '../../../src/core/ids.ts'
import { sha256 } from '../fact-pool.ts'

const POINTS = 128
const SLOT_WIDTH = 2 ** 18
const LISTED = 3

interface Point {
  readonly at: number
  readonly id: NodeId
}

export class ReferenceRing {
  readonly #points: readonly Point[]
  readonly #count: number
  readonly #lists = new Map<number, readonly NodeId[]>()

  constructor(members: readonly NodeId[]) {
    const points = members.flatMap((id) =>
      Array.from({ length: POINTS }, (_, number) => ({ at: pointOf(id, number), id })),
    )
    this.#points = points.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))
    this.#count = members.length
  }

  /** The first min(3, members) different members clockwise from the slot. */
  list(slot: number): readonly NodeId[] {
    let list = this.#lists.get(slot)
    if (list === undefined) {
      list = this.#find(slot)
      this.#lists.set(slot, list)
    }
    return list
  }

  /** The same where some members are away: each is passed over as long as the list is no shorter for it. */
  listWithout(slot: number, away: ReadonlySet<NodeId>): readonly NodeId[] {
    const order = this.#find(slot, this.#count)
    const length = Math.min(LISTED, this.#count)
    const missing = Math.max(0, length - order.filter((id) => !away.has(id)).length)
    const filling = new Set(order.filter((id) => away.has(id)).slice(0, missing))
    return order.filter((id) => !away.has(id) || filling.has(id)).slice(0, length)
  }

  #find(slot: number, count = Math.min(LISTED, this.#count)): NodeId[] {
    const from = this.#points.findIndex(({ at }) => at >= slot * SLOT_WIDTH)
    const start = from < 0 ? 0 : from
    const list: NodeId[] = []
    for (let step = 0; list.length < count; step++) {
      const { id } = this.#points[(start + step) % this.#points.length] as Point
      if (!list.includes(id)) list.push(id)
    }
    return list
  }
}

function pointOf(id: NodeId, number: number): number {
  const name = new TextEncoder().encode(id)
  const bytes = new Uint8Array(name.length + 4)
  bytes.set(name)
  new DataView(bytes.buffer).setUint32(name.length, number)
  return Number.parseInt(sha256(bytes).slice(0, 8), 16)
}

const rings = new Map<string, ReferenceRing>()
const ringsOfLists = new WeakMap<readonly NodeId[], ReferenceRing>()

/** The same one for the same members: making one takes a while. */
export function referenceRing(members: readonly NodeId[]): ReferenceRing {
  const ring = ringsOfLists.get(members) ?? ringOfSet(members)
  ringsOfLists.set(members, ring)
  return ring
}

function ringOfSet(members: readonly NodeId[]): ReferenceRing {
  const key = [...members].sort().join(' ')
  let ring = rings.get(key)
  if (ring === undefined) {
    if (rings.size >= 64) rings.clear()
    ring = new ReferenceRing(members)
    rings.set(key, ring)
  }
  return ring
}
