/**
 * Strays: facts of slots that this node keeps although it is not on their lists (protocol.md, section 5): of lists that
 * were, of a stand-in. They are dropped once those who are have them.
 *
 * A slot here: unlisted -> compared with its list (a round) -> confirmed by enough of them -> dropped; from each of these
 * back to unlisted, where the next round begins anew.
 *
 * 1. A round begins every 60 s, where the member list has been the same for so long and this node has such slots. What
 *    differs is exchanged in every tenth round alone: owners offer theirs themselves when lists change or a node is
 *    connected (scrub.ts), and a slot that is worked on differs all the time.
 * 2. A slot is dropped only where two members on its list had the very facts synced that this node has, both with the
 *    same member list as this node's, which has not changed since the round began. Where its list has fewer living members
 *    nothing of it is dropped.
 * 3. Nothing is dropped of a slot that is served here or about to be, nor by a node that leaves, is thought to be away,
 *    cannot write, or does not know what its disk has lost.
 * 4. The store drops a slot only while its digest is the one that was confirmed (effects.ts).
 *
 * Why no fact is lost: a member list never goes back to what it was, and reads that are given after a drop see it. Who
 * confirmed a slot under a list is on it there, so it drops that slot only later and under a later list, confirmed by
 * others for whom the same holds. Those who confirmed the drop under the last of these lists keep the facts, however long
 * anything took and whoever crashed in between.
 */

import type { NodeId } from './ids.ts'
import type { Intake } from './intake.ts'
import type { Leaving } from './leaving.ts'
import type { MeshPeers } from './mesh-peers.ts'
import type { SlotDigest } from './messages.ts'
import type { Ownership } from './ownership.ts'
import type { Reads } from './reads.ts'
import type { Recollection } from './recollection.ts'
import { SlotSet } from './slot-set.ts'
import type { Sync } from './sync.ts'
import type { Takeover } from './takeover.ts'
import type { World } from './world.ts'

const ROUND_MS = 60_000
/** Every such round exchanges what differs. */
const EXCHANGING = 10
/** Connections that a round asks for, where not everyone is connected to everyone. */
const WANTED_MAX = 8
/** Others that must have a slot before it is dropped here. */
const CONFIRMATIONS = 2

export interface StraysParts {
  readonly peers: MeshPeers
  readonly ownership: Ownership
  readonly takeover: Takeover
  readonly recollection: Recollection
  readonly leaving: Leaving
  readonly reads: Reads
  readonly sync: Sync
  readonly intake: Intake
}

interface Round {
  readonly membersHash: string
  readonly digests: readonly SlotDigest[]
  /** How many of its list have the slot as it is here. */
  readonly confirmed: Map<number, number>
  /** Comparisons that have not ended. */
  open: number
}

export class Strays {
  readonly #world: World
  readonly #parts: StraysParts
  #rounds = 0
  #isUnderWay = false
  /** The hash of the member list when it was last looked at. */
  #membersHash = ''
  #listed = { membersHash: '', elsewhere: new SlotSet() }

  constructor(world: World, parts: StraysParts) {
    this.#world = world
    this.#parts = parts
  }

  start(): void {
    this.#world.timers.add(this.#world.nowMs + ROUND_MS, () => {
      this.start()
      this.#look()
    })
  }

  #look(): void {
    const { membersHash } = this.#parts.peers
    const isCalm = membersHash === this.#membersHash
    this.#membersHash = membersHash
    if (!isCalm || this.#isUnderWay || !this.#mayDrop) return
    const slots = this.#unlisted()
    if (slots.size === 0) return
    this.#isUnderWay = true
    this.#rounds++
    this.#parts.reads.digests(slots.runs(), (digests) => {
      this.#compare({ membersHash, digests, confirmed: new Map(), open: 0 })
    })
  }

  get #mayDrop(): boolean {
    const { peers, recollection, leaving } = this.#parts
    const own = peers.list.get(this.#world.nodeId)
    return own?.standing === 'joined' && this.#world.storing && leaving.isStaying && !recollection.isDoubtful
  }

  #unlisted(): SlotSet {
    const slots = new SlotSet()
    for (const slot of this.#elsewhere()) if (!this.#isOwn(slot)) slots.add(slot)
    return slots
  }

  /** The slots that have other nodes on their lists alone, found once for each member list. */
  #elsewhere(): SlotSet {
    const { peers } = this.#parts
    if (this.#listed.membersHash === peers.membersHash) return this.#listed.elsewhere
    const elsewhere = new SlotSet()
    for (const slot of SlotSet.all()) if (!peers.listOf(slot).includes(this.#world.nodeId)) elsewhere.add(slot)
    this.#listed = { membersHash: peers.membersHash, elsewhere }
    return elsewhere
  }

  /** Served here, or about to be. */
  #isOwn(slot: number): boolean {
    return this.#parts.ownership.serves(slot) || this.#parts.takeover.isTaking(slot)
  }

  #isStray(slot: number): boolean {
    return !this.#isOwn(slot) && this.#elsewhere().has(slot)
  }

  #compare(round: Round): void {
    const { sync } = this.#parts
    const asked = this.#whomToAsk(round)
    round.open = asked.size
    if (asked.size === 0) return this.#end(round)
    for (const [peer, slots] of asked) {
      const done = (_whole: boolean, equal: SlotSet, membersHash: string) => {
        if (membersHash === round.membersHash)
          for (const slot of equal) round.confirmed.set(slot, 1 + (round.confirmed.get(slot) ?? 0))
        if (--round.open === 0) this.#end(round)
      }
      if (this.#rounds % EXCHANGING === 0) sync.compare(peer, slots, done)
      else sync.look(peer, slots, done)
    }
  }

  /** The members on the lists of what is here, and what each of them is asked about. */
  #whomToAsk({ digests }: Round): Map<NodeId, SlotSet> {
    const { peers } = this.#parts
    const asked = new Map<NodeId, SlotSet>()
    const wanted = new Set<NodeId>()
    for (const { slot } of digests) {
      for (const peer of peers.listOf(slot).filter(peers.isStoring)) {
        if (!peers.isConnected(peer)) {
          wanted.add(peer)
          continue
        }
        const slots = asked.get(peer) ?? new SlotSet()
        slots.add(slot)
        asked.set(peer, slots)
      }
    }
    for (const peer of [...wanted].slice(0, WANTED_MAX)) peers.want(peer)
    return asked
  }

  #end({ membersHash, digests, confirmed }: Round): void {
    this.#isUnderWay = false
    if (membersHash !== this.#parts.peers.membersHash || !this.#mayDrop) return
    const slots = digests.filter(({ slot }) => (confirmed.get(slot) ?? 0) >= CONFIRMATIONS && this.#isStray(slot))
    if (slots.length === 0) return
    this.#parts.intake.dropped()
    this.#world.out({ type: 'drop-slots', slots })
  }
}
