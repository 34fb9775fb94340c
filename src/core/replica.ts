/**
 * Keeps what owners state about their slots (protocol.md, section 6).
 *
 * 1. A frame is synced before it is acknowledged.
 * 2. Slots of which a higher ballot is known are refused: nothing of them is kept, and their owner is told.
 * 3. A fact that cannot be read, of a later version or damaged, is not kept, since its key is unknown. The owner is told how
 *    many those are: they are not on this node, and must not keep all that the owner states later from being committed.
 */
import type { Copies } from './copies.ts'
import { readFacts } from './fact-record.ts'
import { type NodeId, slotOf } from './ids.ts'
import type { MessageOf } from './messages.ts'
import type { Ownership } from './ownership.ts'
import { runsOfFew } from './slot-set.ts'
import type { World } from './world.ts'

export class Replica {
  readonly #world: World
  readonly #ownership: Ownership
  readonly #copies: Copies

  constructor(world: World, ownership: Ownership, copies: Copies) {
    this.#world = world
    this.#ownership = ownership
    this.#copies = copies
  }

  facts(from: NodeId, { seq, ballots, facts }: MessageOf<'facts'>): void {
    const read = readFacts(facts, this.#world)
    const unread = facts.length - read.length
    const stated = ballots.filter((run) => run.node === from)
    this.#ownership.learn(stated)
    this.#ownership.persist()
    const isAdmitted = (slot: number) =>
      stated.some((run) => {
        const isNamed = run.from <= slot && slot <= run.to
        return isNamed && this.#ownership.ballots.admits(slot, run.epoch, from)
      })
    const refused: number[] = []
    const kept = read.filter(({ fact }) => {
      const slot = slotOf(fact.task)
      const isKept = isAdmitted(slot)
      if (!isKept) refused.push(slot)
      return isKept
    })
    this.#copies.keep(kept)
    const inTheWay = this.#ownership.ballots.runsOf(runsOfFew(refused))
    this.#world.commits.whenStored(() =>
      this.#world.send(from, { type: 'facts-stored', seq, refused: inTheWay, unread }),
    )
  }
}
