/** The member list: merging is a join, a node's own word about itself wins, and islands mark nobody. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CodecError } from '../../src/codec/codec-error.ts'
import { encodeMember, MEMBER_LIMITS } from '../../src/codec/members.ts'
import { type MemberEntry, Members } from '../../src/core/membership.ts'
import { sha256 } from '../support/arbitraries.ts'

const IDS = ['a', 'b', 'c', 'd', 'e'] as const

/** Drawn from so few values that ids, incarnations, standings and contents collide all the time. */
const entry: fc.Arbitrary<MemberEntry> = fc.record({
  id: fc.constantFrom(...IDS),
  name: fc.constantFrom('gpu-01', 'gpu-02'),
  incarnation: fc.integer({ min: 0, max: 2 }),
  standing: fc.constantFrom('joined', 'away', 'left', 'forgotten'),
  addresses: fc.constantFrom([], ['/ip4/10.0.0.1/tcp/4001'], ['/ip4/10.0.0.2/tcp/4001']),
})
const entries = fc.array(entry, { maxLength: 12 })

const joined = (id: string, incarnation = 1): MemberEntry => ({
  id,
  name: id,
  incarnation,
  standing: 'joined',
  addresses: [`/dns/${id}`],
})

function membersOf(...lists: readonly (readonly MemberEntry[])[]): Members {
  const members = new Members('self', sha256)
  for (const list of lists) members.merge(list)
  return members
}

/** A node among others that has said its own word. */
function started(self: string, others: readonly string[]): Members {
  const members = new Members(self, sha256)
  members.merge(others.map((id) => joined(id)))
  members.restart({ name: self, addresses: [] }, 1)
  return members
}

const RANKS = ['joined', 'away', 'left', 'forgotten']

/** The greatest entry of each id, by sorting all of them. */
function referenceMerge(all: readonly MemberEntry[]): MemberEntry[] {
  const key = (each: MemberEntry) => `${each.incarnation}${RANKS.indexOf(each.standing)}${sha256(encodeMember(each))}`
  const sorted = all.toSorted((a, b) => (a.id === b.id ? (key(a) < key(b) ? -1 : 1) : a.id < b.id ? -1 : 1))
  return [...new Map(sorted.map((each) => [each.id, each])).values()]
}

describe('merging member lists', () => {
  test('keeps the greatest entry of each id, whatever the order', () => {
    const twoOrders = entries.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    )
    fc.assert(
      fc.property(twoOrders, ([all, shuffled]) => {
        expect(membersOf(all).entries).toEqual(referenceMerge(all))
        expect(membersOf(...shuffled.map((each) => [each])).entries).toEqual(referenceMerge(all))
      }),
    )
  })

  test('is commutative, associative and idempotent, in entries and hash', () => {
    fc.assert(
      fc.property(entries, entries, entries, (a, b, c) => {
        const one = membersOf(membersOf(a, b).entries, c)
        const other = membersOf(c, membersOf(b, a, a).entries, b)
        expect(one.entries).toEqual(other.entries)
        expect(one.hash).toBe(other.hash)
        expect(one.joined).toEqual(other.joined)
        expect(one.merge(other.entries)).toEqual([])
      }),
    )
  })

  test('answers what is news, once an id', () => {
    fc.assert(
      fc.property(entries, entries, (known, told) => {
        const members = membersOf(known)
        const before = new Map(members.entries.map((each) => [each.id, each]))
        const changed = members.merge(told)
        const news = members.entries.filter((each) => before.get(each.id) !== each)
        expect(changed.toSorted((x, y) => (x.id < y.id ? -1 : 1))).toEqual(news)
      }),
    )
  })

  test('refuses ids beyond the limit, counts them, and still takes news of those known and of itself', () => {
    const { membersMax } = MEMBER_LIMITS
    const members = membersOf(Array.from({ length: membersMax - 1 }, (_, at) => joined(`node-${at}`)))
    expect(members.merge([joined('one-more')])).toEqual([])
    expect(members.refused).toBe(1)
    expect(members.merge([joined('node-7', 2)])).toHaveLength(1)
    members.restart({ name: 'self', addresses: [] }, 1)
    expect(members.joined).toHaveLength(membersMax)
    expect(members.hash).toMatch(/^[0-9a-f]{16}$/)
    expect(members.merge([joined('one-more')])).toEqual([])
  })

  test('has room for new members however many left or were forgotten, up to a limit of the list itself', () => {
    const { listEntriesMax } = MEMBER_LIMITS
    const members = started('self', [])
    for (let at = 1; at < listEntriesMax; at++) {
      expect(members.merge([joined(`node-${at}`)])).toHaveLength(1)
      members.merge([{ ...joined(`node-${at}`), standing: at % 2 === 0 ? 'left' : 'forgotten' }])
    }
    expect(members.joined).toEqual(['self'])
    expect(members.hash).toMatch(/^[0-9a-f]{16}$/)
    expect(members.refused).toBe(0)
    expect(members.merge([joined('one-more')])).toEqual([])
    expect(members.refused).toBe(1)
    expect(members.merge([joined('node-7', 2)])).toHaveLength(1)
  })

  test('refuses a member that comes back where there is no room, until there is', () => {
    const { membersMax } = MEMBER_LIMITS
    const members = membersOf([{ ...joined('gone'), standing: 'left' }])
    members.merge(Array.from({ length: membersMax - 1 }, (_, at) => joined(`node-${at}`)))
    expect(members.merge([joined('gone', 2)])).toEqual([])
    members.forget('node-7')
    expect(members.merge([joined('gone', 2)])).toHaveLength(1)
  })
})

test('joined and away members are the ring; those that left or were forgotten are not', () => {
  fc.assert(
    fc.property(entries, entries, (a, b) => {
      const members = membersOf(a)
      for (const more of [[], b]) {
        members.merge(more)
        const ofRing = members.entries.filter(({ standing }) => standing === 'joined' || standing === 'away')
        expect(members.joined).toEqual(ofRing.map(({ id }) => id))
        expect(members.ring.members).toEqual(members.joined)
        expect([...members.away]).toEqual(
          members.entries.filter(({ standing }) => standing === 'away').map(({ id }) => id),
        )
        expect(members.listOf(77)).toEqual(members.ring.listOf(77, members.away))
        expect(members.hash).toBe(membersOf(members.entries).hash)
      }
    }),
  )
})

test('another name, address, standing or incarnation gives another hash', () => {
  const base = joined('a')
  const variants: MemberEntry[] = [
    base,
    { ...base, name: 'b' },
    { ...base, addresses: [] },
    { ...base, standing: 'away' },
    { ...base, incarnation: 2 },
    { ...base, id: 'b' },
  ]
  expect(new Set(variants.map((each) => membersOf([each]).hash)).size).toBe(variants.length)
})

describe("a node's own entry", () => {
  test('is written above what the list says of the node and above the stored counter', () => {
    const description = { name: 'gpu', addresses: ['/ip4/10.0.0.9'] }
    const wiped = membersOf([joined('self', 41)])
    expect(wiped.restart(description, 1)).toMatchObject({ incarnation: 42, standing: 'joined', name: 'gpu' })
    expect(membersOf([joined('self', 3)]).restart(description, 9)).toMatchObject({ incarnation: 9 })
    expect(membersOf([{ ...joined('self', 3), standing: 'left' }]).restart(description, 3)).toMatchObject({
      incarnation: 4,
      standing: 'joined',
    })
  })

  test('is written anew above anything that others say of it, and once', () => {
    fc.assert(
      fc.property(entry, fc.integer({ min: 1, max: 2 }), (told, incarnation) => {
        const members = new Members('a', sha256)
        const own = members.restart({ name: 'gpu-01', addresses: [] }, incarnation)
        members.merge([{ ...told, id: 'a' }])
        const lost = members.get('a') !== own
        const answer = members.refute()
        expect(answer !== undefined).toBe(lost)
        if (answer !== undefined) {
          expect(answer).toMatchObject({ name: 'gpu-01', standing: 'joined' })
          expect(answer.incarnation).toBe(1 + Math.max(told.incarnation, incarnation))
        }
        expect(members.refute()).toBeUndefined()
        expect(members.get('a')?.standing).toBe('joined')
        // Whoever heard the other word before or hears it later believes the answer.
        const elsewhere = membersOf([own], [{ ...told, id: 'a' }], answer ? [answer] : [])
        expect(elsewhere.get('a')).toEqual(members.get('a'))
      }),
    )
  })

  test('says nothing before the node started', () => {
    expect(membersOf([{ ...joined('self'), standing: 'forgotten' }]).refute()).toBeUndefined()
    expect(() => membersOf().leave()).toThrow(TypeError)
  })

  test('stays away after it left, whatever is told of it', () => {
    const members = started('a', ['b'])
    const left = members.leave()
    expect(left).toMatchObject({ standing: 'left', incarnation: 2 })
    expect(members.joined).toEqual(['b'])
    members.merge([{ ...left, standing: 'forgotten' }])
    expect(members.refute()).toBeUndefined()
    expect(members.restart({ name: 'a', addresses: [] }, 3)).toMatchObject({ standing: 'joined', incarnation: 3 })
  })

  test('is refused at once where others could not read it', () => {
    expect(() => membersOf().restart({ name: 'x'.repeat(65), addresses: [] }, 1)).toThrow(CodecError)
  })
})

describe('marking others', () => {
  const everyone = () => true

  test('belongs to the lowest id of a side with more than half of all members', () => {
    const alive =
      (...ids: string[]) =>
      (id: string) =>
        ids.includes(id)
    const members = started('b', ['a', 'c', 'd', 'e'])
    expect(members.mayMarkAway(everyone)).toBe(false)
    expect(members.mayMarkAway(alive('c', 'd'))).toBe(true)
    expect(members.mayMarkAway(alive('c'))).toBe(false)
    const four = started('b', ['a', 'c', 'd'])
    expect(four.mayMarkAway(alive('c'))).toBe(false)
  })

  test('counts away members to all, so that a mesh cannot shrink itself into a majority', () => {
    const members = started('a', ['b', 'c', 'd', 'e'])
    const alive =
      (...ids: string[]) =>
      (id: string) =>
        ids.includes(id)
    for (const id of ['c', 'd']) members.markAway(id)
    expect(members.mayMarkAway(alive('b'))).toBe(false)
    expect(members.mayMarkAway(alive('b', 'e'))).toBe(true)
  })

  test('is at most one node at a time, where all see the same', () => {
    fc.assert(
      fc.property(fc.subarray([...IDS]), fc.subarray([...IDS]), (up, gone) => {
        const markers = up.filter((self) => {
          const members = started(
            self,
            IDS.filter((id) => id !== self),
          )
          members.merge(gone.map((id) => ({ ...joined(id), standing: 'away' as const })))
          members.refute()
          return members.mayMarkAway((id) => up.some((each) => each === id))
        })
        const candidates = up.filter((id) => !gone.includes(id))
        const expected = 2 * up.length > IDS.length ? candidates.slice(0, 1) : []
        expect(markers.filter((id) => !gone.includes(id))).toEqual(expected)
      }),
    )
  })

  test('skips an away member in lists, and a higher incarnation ends that', () => {
    const members = started('a', ['b', 'c', 'd'])
    const [first = ''] = members.listOf(0).filter((id) => id !== 'a')
    expect(members.markAway(first)).toMatchObject({ id: first, standing: 'away', incarnation: 1 })
    expect(members.listOf(0)).not.toContain(first)
    expect(members.joined).toHaveLength(4)
    expect(members.markAway(first)).toBeUndefined()
    members.merge([joined(first, 2)])
    expect(members.listOf(0)).toContain(first)
  })

  test('forgets members, but never the node itself, nor those that nobody knows', () => {
    const members = started('a', ['b', 'c'])
    members.markAway('b')
    expect(members.forget('b')).toMatchObject({ standing: 'forgotten', incarnation: 1 })
    expect(members.joined).toEqual(['a', 'c'])
    expect(members.forget('b')).toBeUndefined()
    expect(members.markAway('b')).toBeUndefined()
    expect(members.forget('a')).toBeUndefined()
    expect(members.forget('nobody')).toBeUndefined()
    members.merge([joined('b', 2)])
    expect(members.joined).toEqual(['a', 'b', 'c'])
  })
})
