/**
 * Whether this node knows what it promised (protocol.md, section 1): a disk that was wiped, or put back to an old
 * backup, has forgotten promises, and two owners could serve a slot on the word of one node.
 *
 * States: sound -> doubtful (others know a later life of this node than this one, or one that started alike) -> sound.
 *
 * 1. While it is doubtful this node serves no slot, promises none, and begins no takeover: who asks it hears nothing,
 *    and goes on as with a node that is silent.
 * 2. It is sound again once it has compared all slots with every member that is up: it has the facts, and knows the
 *    highest ballots that these know. Without any that is up there is nobody to have promised anything to. In a large
 *    mesh not everyone is connected at a time: with each it is compared once.
 *
 * A backup that was made in the same life as the loss is not noticed: the next start has a higher incarnation than
 * anybody saw, as every start has.
 */
import type { NodeId } from './ids.ts'
import type { Ownership } from './ownership.ts'
import { SlotSet } from './slot-set.ts'
import type { Sync } from './sync.ts'
import type { Takeover } from './takeover.ts'
import type { World } from './world.ts'

const AGAIN_MS = 1_000

export class Recollection {
  readonly #world: World
  readonly #ownership: Ownership
  readonly #sync: Sync
  readonly #takeover: Takeover
  #isUnderWay = false
  /** Doubts since the start. */
  #doubts = 0
  /** Who has been compared with since the last of them. */
  readonly #compared = new Set<NodeId>()

  constructor(world: World, ownership: Ownership, sync: Sync, takeover: Takeover) {
    this.#world = world
    this.#ownership = ownership
    this.#sync = sync
    this.#takeover = takeover
  }

  /** Whether this node does not know what its disk has lost. */
  get isDoubtful(): boolean {
    return this.#isUnderWay
  }

  /** Others know a later life of this node. */
  doubt(): void {
    this.#doubts++
    this.#compared.clear()
    this.#takeover.bar()
    this.#ownership.yieldAll()
    if (!this.#isUnderWay) this.#compare()
  }

  #compare(): void {
    this.#isUnderWay = true
    const { peers, nodeId } = this.#world
    const doubts = this.#doubts
    const others = peers.members.filter((id) => id !== nodeId && peers.isUp(id))
    const left = others.filter((id) => !this.#compared.has(id))
    // Who told of it is no member yet, before the lists were exchanged.
    const isKnown = others.length > 0 || peers.connected.length === 0
    const reached = left.filter((id) => peers.isConnected(id))
    for (const peer of left) if (!peers.isConnected(peer)) peers.want(peer)
    let open = reached.length
    if (open === 0) return isKnown && left.length === 0 ? this.#end() : this.#again()
    for (const peer of reached) {
      this.#sync.compare(peer, SlotSet.all(), (whole) => {
        if (whole && doubts === this.#doubts) this.#compared.add(peer)
        if (--open > 0) return
        if (left.every((id) => this.#compared.has(id))) this.#compare()
        else this.#again()
      })
    }
  }

  #again(): void {
    const { timers, nowMs } = this.#world
    timers.add(nowMs + AGAIN_MS, () => this.#compare())
  }

  #end(): void {
    this.#isUnderWay = false
    this.#compared.clear()
    this.#takeover.unbar()
  }
}
