/**
 * Which members keep a slot: consistent hashing (protocol.md, section 3; Karger and others, 1997).
 *
 * Each member has 128 points on a circle of 2^32: the first 4 bytes of SHA-256(node id, point number). Slot s sits at
 * s * 2^18, and its list is the first 3 different members clockwise from there, a point at the slot itself included.
 *
 * 1. A ring is a pure function of the set of members: equal sets, in any order, give equal rings on every platform
 *    (I10). Whole numbers alone are compared; of equal points that of the lower node id comes first.
 * 2. A list has min(3, members) entries, all different.
 * 3. A joiner takes only places on lists that it wins; a leaver gives up only those it held.
 * 4. Being away never makes a list shorter: an away member is skipped only where another takes the place.
 *
 * A ring knows nothing of who is alive. Rings are kept in a small cache, which (1) allows: the nodes of a simulation,
 * a thousand in one process, share one table.
 */
import { encodeRingPoints } from '../codec/ring-points.ts'
import { type NodeId, type Sha256, SLOT_COUNT } from './ids.ts'
import { SlotSet } from './slot-set.ts'

const POINTS_PER_MEMBER = 128
/** Members that keep a slot, if there are as many. */
const LISTED = 3
const CIRCLE = 2 ** 32
const SLOT_WIDTH = CIRCLE / SLOT_COUNT
const MEMBERS_MAX = 65_536
/** A ring of ten members takes some 0.1 MB, and up to 2 MB once every list was asked for. */
const RINGS_CACHED = 16
/** Answers of `slotsFirst` a ring, 2 KiB each. */
const FIRSTS_CACHED = 32
/** 0.5 KiB each. */
const MEMBERS_CACHED = 2_048

interface Cache {
  readonly rings: Map<string, Ring>
  readonly points: Map<NodeId, Uint32Array>
}
const caches = new WeakMap<Sha256, Cache>()

/** The ring of these members; doublets count once. @throws RangeError above 65,536 members */
export function ringOf(members: readonly NodeId[], sha256: Sha256): Ring {
  const ascending = [...new Set(members)].sort()
  if (ascending.length > MEMBERS_MAX) throw new RangeError(`a ring of ${ascending.length} members`)
  const cache = cacheOf(sha256)
  const key = JSON.stringify(ascending)
  const ring = cache.rings.get(key) ?? new Ring(ascending, (id) => pointsOf(id, sha256, cache))
  keep(cache.rings, key, ring, RINGS_CACHED)
  return ring
}

function cacheOf(sha256: Sha256): Cache {
  let cache = caches.get(sha256)
  if (cache === undefined) {
    cache = { rings: new Map(), points: new Map() }
    caches.set(sha256, cache)
  }
  return cache
}

/** Makes an entry the youngest of a map, and drops the oldest of those above the limit. */
function keep<K, V>(map: Map<K, V>, key: K, value: V, sizeMax: number): void {
  map.delete(key)
  map.set(key, value)
  for (const oldest of map.keys()) {
    if (map.size <= sizeMax) break
    map.delete(oldest)
  }
}

function pointsOf(id: NodeId, sha256: Sha256, cache: Cache): Uint32Array {
  const points = cache.points.get(id) ?? hashPoints(id, sha256)
  keep(cache.points, id, points, MEMBERS_CACHED)
  return points
}

function hashPoints(id: NodeId, sha256: Sha256): Uint32Array {
  const identities = encodeRingPoints(id, POINTS_PER_MEMBER)
  return Uint32Array.from(identities, (identity) => Number.parseInt(sha256(identity).slice(0, 8), 16))
}

export class Ring {
  /** Ascending. */
  readonly members: readonly NodeId[]
  /** Clockwise by the lowest point of each: the order in which members are each other's neighbours. */
  readonly circle: readonly NodeId[]
  /** Entries of each list. */
  readonly #listed: number
  /** The member, as an index into `members`, of each point of the circle, clockwise. */
  readonly #owners: Uint16Array
  /** The first point at or after each slot, as an index into `#owners`. */
  readonly #starts: Uint32Array
  /** `LISTED` indexes into `members` a slot. */
  readonly #table: Uint16Array
  readonly #lists: (readonly NodeId[] | undefined)[] = []
  /** Each list once, however many slots have it: what is found out of a list holds of all of them. */
  readonly #distinct = new Map<number, readonly NodeId[]>()
  readonly #firsts = new Map<string, SlotSet>()
  readonly #places: ReadonlyMap<NodeId, number>

  constructor(members: readonly NodeId[], pointsOf: (id: NodeId) => Uint32Array) {
    this.members = members
    this.#listed = Math.min(LISTED, members.length)
    const points = sortedPoints(members.map(pointsOf))
    this.#owners = Uint16Array.from(points, (point) => point % MEMBERS_MAX)
    this.#starts = startsOf(points)
    this.#table = this.#fill()
    this.circle = [...new Set(this.#owners)].map((member) => this.#memberAt(member))
    this.#places = new Map(this.circle.map((id, place) => [id, place]))
  }

  /** The members on a slot's list, its first owner first; equal lists are the same array. */
  list(slot: number): readonly NodeId[] {
    const known = this.#lists[slot]
    if (known !== undefined) return known
    const from = LISTED * slot
    const entries = this.#table.subarray(from, from + this.#listed)
    // Three indexes below 2^16 are exact in a double.
    const key = entries.reduce((sum, entry) => sum * MEMBERS_MAX + entry, 0)
    const list = this.#distinct.get(key) ?? Array.from(entries, (entry) => this.#memberAt(entry))
    this.#distinct.set(key, list)
    this.#lists[slot] = list
    return list
  }

  /** The slot's list while some members are away, in clockwise order as ever. */
  listOf(slot: number, away: ReadonlySet<NodeId>): readonly NodeId[] {
    const list = this.list(slot)
    if (away.size === 0 || !list.some((id) => away.has(id))) return list
    const present: NodeId[] = []
    const absent: NodeId[] = []
    for (const id of this.order(slot)) {
      if (present.length === this.#listed) break
      if (away.has(id)) absent.push(id)
      else present.push(id)
    }
    if (present.length === this.#listed) return present
    const chosen = new Set([...present, ...absent.slice(0, this.#listed - present.length)])
    return [...this.order(slot)].filter((id) => chosen.has(id))
  }

  /** All members clockwise from the slot, found as they are asked for: the list, then who stands in. */
  *order(slot: number): Generator<NodeId, void, undefined> {
    const seen = new Uint8Array(this.members.length)
    const start = this.#starts[slot] as number
    let left = this.members.length
    for (let step = 0; left > 0; step++) {
      const member = this.#owners[(start + step) % this.#owners.length] as number
      if (seen[member] === 1) continue
      seen[member] = 1
      left--
      yield this.#memberAt(member)
    }
  }

  /** The next `count` members clockwise in `circle`, the member itself left out; none of a node that is no member. */
  successors(id: NodeId, count: number): NodeId[] {
    const place = this.#places.get(id)
    if (place === undefined) return []
    const { circle } = this
    const length = Math.min(count, circle.length - 1)
    return Array.from({ length }, (_, step) => circle[(place + 1 + step) % circle.length] as NodeId)
  }

  /** The slots on whose list a member is, ascending. */
  slotsListing(id: NodeId): number[] {
    const member = this.members.indexOf(id)
    const slots: number[] = []
    if (member < 0) return slots
    for (let at = 0; at < this.#table.length; at++) {
      const isUsed = at % LISTED < this.#listed
      if (isUsed && this.#table[at] === member) slots.push(Math.floor(at / LISTED))
    }
    return slots
  }

  /** The slots of whose list the first eligible member is `id`; not to be changed. */
  slotsFirst(id: NodeId, isEligible: (id: NodeId) => boolean, away: ReadonlySet<NodeId>): SlotSet {
    const eligible = Uint8Array.from(this.members, (member) => Number(isEligible(member)))
    const isAway = Uint8Array.from(this.members, (member) => Number(away.has(member)))
    // It is asked for again and again while who is up comes and goes.
    const key = `${id} ${eligible.join('')} ${isAway.join('')}`
    const slots = this.#firsts.get(key) ?? this.#slotsFirst(this.members.indexOf(id), eligible, isAway, away)
    keep(this.#firsts, key, slots, FIRSTS_CACHED)
    return slots
  }

  #slotsFirst(wanted: number, eligible: Uint8Array, isAway: Uint8Array, away: ReadonlySet<NodeId>): SlotSet {
    const slots = new SlotSet()
    const isEligible = (id: NodeId) => eligible[this.members.indexOf(id)] === 1
    const [table, listed] = [this.#table, this.#listed]
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      let first = -1
      for (let at = LISTED * slot; at < LISTED * slot + listed; at++) {
        const member = table[at] as number
        if (isAway[member] === 1) {
          first = this.members.indexOf(this.listOf(slot, away).find(isEligible) ?? '')
          break
        }
        if (first < 0 && eligible[member] === 1) first = member
      }
      if (first === wanted && wanted >= 0) slots.add(slot)
    }
    return slots
  }

  #memberAt(index: number): NodeId {
    return this.members[index] as NodeId
  }

  #fill(): Uint16Array {
    const table = new Uint16Array(LISTED * SLOT_COUNT)
    const [owners, listed] = [this.#owners, this.#listed]
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const from = LISTED * slot
      let at = this.#starts[slot] as number
      for (let found = 0; found < listed; at = at + 1 === owners.length ? 0 : at + 1) {
        const member = owners[at] as number
        if (found > 0 && table[from] === member) continue
        if (found > 1 && table[from + 1] === member) continue
        table[from + found++] = member
      }
    }
    return table
  }
}

/** All points in order, each as point * 65,536 + member: exact in a double, and equal points go by member. */
function sortedPoints(pointsOfMembers: readonly Uint32Array[]): Float64Array {
  const points = new Float64Array(POINTS_PER_MEMBER * pointsOfMembers.length)
  let at = 0
  for (const [member, own] of pointsOfMembers.entries())
    for (const point of own) points[at++] = point * MEMBERS_MAX + member
  return points.sort()
}

/** For each slot the index of the first point at or after it; behind the last point the circle begins again. */
function startsOf(points: Float64Array): Uint32Array {
  const starts = new Uint32Array(SLOT_COUNT)
  let at = 0
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    while (at < points.length && (points[at] as number) < slot * SLOT_WIDTH * MEMBERS_MAX) at++
    starts[slot] = at === points.length ? 0 : at
  }
  return starts
}
