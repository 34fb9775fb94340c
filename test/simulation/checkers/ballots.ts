/**
 * I3: what a disk has promised for a slot never goes down; an owner claims only under the ballot that its own disk has
 * promised; a frame under a lower ballot than that is refused; and once everything is calm a slot does not go back to an
 * owner that it had left.
 */
import type { Effect, Writes } from '../../../src/core/effects.ts'
import type { Event } from '../../../src/core/events.ts'
import type { ClaimedFact } from '../../../src/core/facts.ts'
import { type Boot, type NodeId, readToken, slotOf } from '../../../src/core/ids.ts'
import type { BallotRun, MessageOf } from '../../../src/core/messages.ts'
import { heardFrom, saidTo } from '../message-reader.ts'
import type { DiskDamage } from '../observer.ts'
import { OwnClaims } from '../own-claims.ts'
import type { SimNode } from '../process.ts'
import { isLower, type Promises } from '../promises.ts'
import type { Watch } from '../watch.ts'
import type { World } from '../world.ts'
import type { Checker } from './checker.ts'

export class Ballots implements Checker {
  readonly #world: World
  readonly #watch: Watch
  readonly #claims = new OwnClaims()
  readonly #highest = new Map<SimNode, Promises>()
  /** Node, peer and seq of a frame => slots that must be refused. */
  readonly #tooLow = new Map<string, readonly number[]>()
  /** Frames that came once with nothing to refuse. */
  readonly #admitted = new Set<string>()
  /** Owners of a slot since everything is calm, in order. */
  readonly #owners = new Map<number, { readonly boot: Boot; readonly epoch: number }[]>()

  constructor(world: World, watch: Watch) {
    this.#world = world
    this.#watch = watch
  }

  began(node: SimNode): void {
    this.#raise(node, this.#watch.promises(node))
  }

  durable(node: SimNode, { promises }: Writes): void {
    if (promises !== undefined) this.#raise(node, this.#watch.promises(node))
  }

  damaged(node: SimNode, damage: DiskDamage): void {
    if (damage === 'wiped' || damage === 'backup-restored') this.#highest.delete(node)
  }

  #raise(node: SimNode, promises: Promises): void {
    const before = this.#highest.get(node)
    this.#highest.set(node, promises)
    const slot = before && promises.loweredSince(before)
    if (before === undefined || slot === undefined) return
    const [old, now] = [before.of(slot), promises.of(slot)]
    this.#world.report(
      'I3',
      `node ${node.index} had promised slot ${slot} to ${old.epoch} ${old.node}, now to ${now.epoch} ${now.node}`,
    )
  }

  effect(node: SimNode, effect: Effect): void {
    for (const claim of this.#claims.stated(node, effect)) this.#claimed(node, claim)
    if (effect.type === 'send') {
      const said = saidTo(node.id, effect.to, effect.bytes, (type) => type === 'facts-stored')
      if (said?.message.type === 'facts-stored') this.#stored(node, said.peer, said.message)
    }
  }

  #claimed(node: SimNode, { token, task }: ClaimedFact): void {
    const { boot, epoch } = readToken(token)
    const slot = slotOf(task)
    const promised = this.#watch.promises(node).of(slot)
    if (promised.epoch !== epoch || promised.node !== node.id)
      this.#world.report(
        'I3',
        `node ${node.index} claims in slot ${slot} under epoch ${epoch}; its disk promised it to ${promised.epoch} ${promised.node}`,
      )
    if (this.#world.calmMs !== undefined) this.#calmClaim(slot, boot, epoch)
  }

  #calmClaim(slot: number, boot: Boot, epoch: number): void {
    const owners = this.#owners.get(slot) ?? []
    this.#owners.set(slot, owners)
    const last = owners.at(-1)
    // The owner of before may claim until it hears of the one that took the slot over from it.
    const isOfBefore = [...this.#highest.values()].some((promises) => promises.of(slot).epoch > epoch)
    if (isOfBefore || (last !== undefined && (last.boot === boot || epoch < last.epoch))) return
    if (owners.some((owner) => owner.boot === boot))
      this.#world.report('I3', `slot ${slot} went from owner to owner and back, in all calm`)
    owners.push({ boot, epoch })
  }

  event(node: SimNode, event: Event): void {
    if (event.type !== 'received') return
    const said = heardFrom(node.id, event.from, event.bytes, (type) => type === 'facts')
    // Of two machines with one id nobody can tell whose frame of that number is acknowledged.
    if (said?.message.type !== 'facts' || this.#isCloned(said.peer)) return
    const { peer, message } = said
    const key = `${node.index} ${node.starts} ${peer} ${message.seq}`
    const slots = message.ballots.flatMap((run) => this.#lower(node, run))
    if (slots.length > 0) this.#tooLow.set(key, slots)
    else this.#admitted.add(key)
  }

  #isCloned(id: NodeId): boolean {
    return this.#world.nodes.filter((node) => node.id === id && node.starts > 0).length > 1
  }

  /** Slots of a run for which the disk has promised a higher ballot. */
  #lower(node: SimNode, { from, to, ...ballot }: BallotRun): number[] {
    const promises = this.#watch.promises(node)
    const slots: number[] = []
    for (let slot = from; slot <= to; slot++) if (isLower(ballot, promises.of(slot))) slots.push(slot)
    return slots
  }

  #stored(node: SimNode, to: NodeId, { seq, refused }: MessageOf<'facts-stored'>): void {
    const key = `${node.index} ${node.starts} ${to} ${seq}`
    const slots = this.#tooLow.get(key) ?? []
    this.#tooLow.delete(key)
    // A frame is said again where its acknowledgement was late: it may be the first one that is acknowledged now.
    if (this.#admitted.has(key)) return
    const taken = slots.find((slot) => !refused.some((run) => run.from <= slot && slot <= run.to))
    if (taken !== undefined)
      this.#world.report('I3', `node ${node.index} took facts of slot ${taken} under a ballot below its promise`)
  }
}
