/**
 * Makes two nodes have the same facts of some slots: digests are compared, and of a slot that differs each gets what it
 * lacks (anti-entropy, protocol.md, section 6).
 *
 * A comparison: reading own digests -> waiting for the peer's -> slots one after the other, some at a time -> done.
 *
 * 1. Nothing is ever deleted because it is missing elsewhere: what is exchanged is a union. To a node that is not on a
 *    slot's list nothing of it is sent unasked.
 * 2. A comparison ends with `whole: false` where the connection broke, or where nothing came of it for `SILENT_MS`: the peer
 *    may hang on its disk, and takeovers wait for comparisons. It may be begun anew. `equal` are the slots of which both had
 *    the same facts synced, `membersHash` is that of the peer's member list, as it was before it read its digests.
 * 3. At most `SLOTS_AT_ONCE` slots of a comparison are read and under way at a time.
 */
import type { Copies } from './copies.ts'
import { readFacts } from './fact-record.ts'
import type { StoredFact } from './facts.ts'
import { type NodeId, slotOf } from './ids.ts'
import type { MessageOf, SlotDigest } from './messages.ts'
import type { Ownership } from './ownership.ts'
import { partsOf } from './parts.ts'
import type { Reads } from './reads.ts'
import { SlotSet } from './slot-set.ts'
import type { World } from './world.ts'

const SLOTS_AT_ONCE = 8
/** Digests of all slots of a large store take some ten seconds. */
const SILENT_MS = 120_000

interface Comparison {
  readonly peer: NodeId
  readonly done: (whole: boolean, equal: SlotSet, membersHash: string) => void
  /** Whether what differs is exchanged. */
  readonly exchanges: boolean
  readonly waiting: number[]
  underWay: number
  equal: SlotSet
  /** What the peer said of its member list with its digests; empty where it did not. */
  membersHash: string
  /** When it last went on. */
  wentOnMs: number
}

interface DigestsAsked {
  readonly comparison: Comparison
  readonly slots: SlotSet
  readonly mine: readonly SlotDigest[]
}

interface SlotAsked {
  readonly slot: number
  readonly comparison: Comparison
  readonly mine: ReadonlyMap<string, StoredFact>
}

export class Sync {
  readonly #world: World
  readonly #reads: Reads
  readonly #copies: Copies
  readonly #ownership: Ownership
  readonly #digestsAsked = new Map<number, DigestsAsked>()
  readonly #slotsAsked = new Map<number, SlotAsked>()
  readonly #comparisons = new Set<Comparison>()
  /** Is told of served slots of which a peer sent facts that were lacking here. */
  onBrought: (slots: SlotSet) => void = () => undefined

  constructor(world: World, reads: Reads, copies: Copies, ownership: Ownership) {
    this.#world = world
    this.#reads = reads
    this.#copies = copies
    this.#ownership = ownership
  }

  get idle(): boolean {
    return this.#comparisons.size === 0
  }

  /** Compares slots with a connected peer and exchanges what is missing; `done` is called once. */
  compare(peer: NodeId, slots: SlotSet, done: Comparison['done']): void {
    this.#ask(this.#begin(peer, done, true), slots)
  }

  /** Compares only: what differs stays as it is. */
  look(peer: NodeId, slots: SlotSet, done: Comparison['done']): void {
    this.#ask(this.#begin(peer, done, false), slots)
  }

  #ask(comparison: Comparison, slots: SlotSet): void {
    this.#reads.digests(slots.runs(), (mine) => {
      if (!this.#comparisons.has(comparison)) return
      const request = this.#world.nextNumber()
      this.#digestsAsked.set(request, { comparison, slots, mine })
      this.#world.send(comparison.peer, { type: 'digests-wanted', request, slots: slots.runs() })
    })
  }

  /** The same where the peer's digests of these slots are known already. */
  compareWith(peer: NodeId, slots: SlotSet, theirs: readonly SlotDigest[], done: Comparison['done']): void {
    const comparison = this.#begin(peer, done, true)
    if (!this.#world.peers.isConnected(peer)) {
      this.#end(comparison, false)
      return
    }
    this.#reads.digests(slots.runs(), (mine) => {
      if (this.#comparisons.has(comparison)) this.#exchange(comparison, slots, mine, theirs)
    })
  }

  #begin(peer: NodeId, done: Comparison['done'], exchanges: boolean): Comparison {
    const known = { peer, done, exchanges, wentOnMs: this.#world.nowMs }
    const comparison = { ...known, waiting: [], underWay: 0, equal: new SlotSet(), membersHash: '' }
    this.#comparisons.add(comparison)
    this.#watch(comparison)
    return comparison
  }

  #watch(comparison: Comparison): void {
    this.#world.timers.add(comparison.wentOnMs + SILENT_MS, () => {
      if (!this.#comparisons.has(comparison)) return
      if (this.#world.nowMs < comparison.wentOnMs + SILENT_MS) return this.#watch(comparison)
      const isIts = (asked: { readonly comparison: Comparison }) => asked.comparison === comparison
      forgetOf(this.#digestsAsked, isIts)
      forgetOf(this.#slotsAsked, isIts)
      this.#end(comparison, false)
    })
  }

  #end(comparison: Comparison, whole: boolean): void {
    if (this.#comparisons.delete(comparison)) comparison.done(whole, comparison.equal, comparison.membersHash)
  }

  digestsWanted(from: NodeId, { request, slots }: MessageOf<'digests-wanted'>): void {
    const { membersHash } = this.#world.peers
    this.#reads.digests(slots, (digests) => {
      const ballots = this.#ownership.ballots.runsOf(slots)
      this.#world.send(from, { type: 'digests', request, membersHash, digests, ballots })
    })
  }

  digests({ request, membersHash, digests, ballots }: MessageOf<'digests'>): void {
    const asked = this.#digestsAsked.get(request)
    this.#digestsAsked.delete(request)
    this.#ownership.learn(ballots)
    if (asked === undefined) return
    asked.comparison.membersHash = membersHash
    this.#exchange(asked.comparison, asked.slots, asked.mine, digests)
  }

  #exchange(comparison: Comparison, slots: SlotSet, mine: readonly SlotDigest[], theirs: readonly SlotDigest[]): void {
    comparison.wentOnMs = this.#world.nowMs
    const said = new Set(theirs.map(({ slot }) => slot))
    const others = differing(slots, mine, theirs)
    comparison.equal = others.size === 0 ? slots : slots.without(others)
    if (!comparison.exchanges) return this.#end(comparison, true)
    for (const slot of others)
      if (said.has(slot) || this.#isListed(comparison.peer, slot)) comparison.waiting.push(slot)
    this.#next(comparison)
  }

  #isListed(peer: NodeId, slot: number): boolean {
    return this.#world.peers.listOf(slot).includes(peer)
  }

  #next(comparison: Comparison): void {
    if (comparison.waiting.length + comparison.underWay === 0) this.#end(comparison, true)
    while (comparison.underWay < SLOTS_AT_ONCE) {
      const slot = comparison.waiting.shift()
      if (slot === undefined) break
      comparison.underWay++
      this.#reads.slot(slot, (facts) => this.#askSlot(comparison, slot, facts))
    }
  }

  #askSlot(comparison: Comparison, slot: number, facts: readonly StoredFact[]): void {
    if (!this.#comparisons.has(comparison)) return
    const request = this.#world.nextNumber()
    const mine = new Map(facts.map((stored) => [shortHash(stored), stored]))
    this.#slotsAsked.set(request, { slot, comparison, mine })
    this.#world.send(comparison.peer, { type: 'slot-wanted', request, slot, have: [...mine.keys()] })
  }

  slotWanted(from: NodeId, { request, slot, have }: MessageOf<'slot-wanted'>): void {
    this.#reads.slot(slot, (facts) => {
      const theirs = new Set(have)
      const missing = facts.filter((stored) => !theirs.has(shortHash(stored)))
      const mine = new Set(facts.map(shortHash))
      const lacking = have.filter((hash) => !mine.has(hash))
      const parts = partsOf(missing)
      if (parts.length === 0) parts.push([])
      parts.forEach((part, at) => {
        const done = at === parts.length - 1
        this.#world.send(from, { type: 'slot', request, facts: part, lacking: done ? lacking : [], done })
      })
    })
  }

  /** Facts of a slot that was asked for, or with request 0 some that this node lacked. */
  slot({ request, facts, lacking, done }: MessageOf<'slot'>): void {
    const read = readFacts(facts, this.#world)
    this.#copies.keep(read)
    const brought = this.#ownership.servedOf(SlotSet.of(read.map(({ fact }) => slotOf(fact.task))))
    if (brought.size > 0) this.onBrought(brought)
    const asked = this.#slotsAsked.get(request)
    if (asked === undefined) return
    const { slot, comparison, mine } = asked
    comparison.wentOnMs = this.#world.nowMs
    if (!done) return
    this.#slotsAsked.delete(request)
    const wanted = !this.#isListed(comparison.peer, slot) ? [] : lacking.flatMap((hash) => mine.get(hash) ?? [])
    for (const part of partsOf(wanted)) {
      this.#world.send(comparison.peer, { type: 'slot', request: 0, facts: part, lacking: [], done: true })
    }
    comparison.underWay--
    this.#next(comparison)
  }

  /** What was asked of a peer whose connection broke is not answered any more. */
  disconnected(peer: NodeId): void {
    const isItsPeer = ({ comparison }: { readonly comparison: Comparison }) => comparison.peer === peer
    forgetOf(this.#digestsAsked, isItsPeer)
    forgetOf(this.#slotsAsked, isItsPeer)
    for (const comparison of [...this.#comparisons]) if (comparison.peer === peer) this.#end(comparison, false)
  }
}

function forgetOf<Asked>(all: Map<number, Asked>, isOne: (asked: Asked) => boolean): void {
  for (const [request, asked] of all) if (isOne(asked)) all.delete(request)
}

function shortHash(stored: StoredFact): string {
  return stored.hash.slice(0, 16)
}

/** Slots of which the two digests are not equal, ascending; a slot without facts has no digest. */
function differing(slots: SlotSet, mine: readonly SlotDigest[], theirs: readonly SlotDigest[]): SlotSet {
  const left = new Map<number, SlotDigest>()
  for (const digest of mine) left.set(digest.slot, digest)
  const slotsThatDiffer = new SlotSet()
  for (const { slot, count, xor } of theirs) {
    const own = left.get(slot)
    left.delete(slot)
    if (slots.has(slot) && (own?.count !== count || own.xor !== xor)) slotsThatDiffer.add(slot)
  }
  for (const slot of left.keys()) if (slots.has(slot)) slotsThatDiffer.add(slot)
  return slotsThatDiffer
}
