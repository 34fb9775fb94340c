/**
 * I2: who begins to serve a slot knows what was committed before: every fact that is on two disks when one of those who
 * promised it the slot told what it has, and that one still answers. A completion that it does not know would count no
 * more once another one comes.
 *
 * Left out is what the protocol does not wait for: who promises after 5 s or is gone by then, and what takes a minute.
 */
import type { Effect, Writes } from '../../../src/core/effects.ts'
import type { Event } from '../../../src/core/events.ts'
import type { NodeId } from '../../../src/core/ids.ts'
import type { MessageOf } from '../../../src/core/messages.ts'
import type { PoolFact } from '../fact-pool.ts'
import { messageOf, typeOf } from '../message-reader.ts'
import type { SimNode } from '../process.ts'
import type { Watch } from '../watch.ts'
import type { World } from '../world.ts'
import type { Checker } from './checker.ts'

/** A little less than the takeover waits. */
const SILENT_MS = 4_900
const CATCH_UP_MS = 59_000

/** A takeover for which a node asks others. */
interface Job {
  readonly request: number
  readonly epoch: number
  /** Local time at which it began to ask. */
  readonly sinceMs: number
  /** What those who promised have told that they have, by slot. */
  readonly told: Map<NodeId, ReadonlyMap<number, readonly PoolFact[]>>
}

export class CatchingUp implements Checker {
  readonly #world: World
  readonly #watch: Watch
  readonly #jobs = new Map<SimNode, Job>()
  /** Local time at which a node's own promises were synced last. */
  readonly #promisedMs = new Map<SimNode, number>()
  /** What a node had when it promised, by the promise as it travels. */
  readonly #had = new WeakMap<Uint8Array, ReadonlyMap<number, readonly PoolFact[]>>()

  constructor(world: World, watch: Watch) {
    this.#world = world
    this.#watch = watch
  }

  began(node: SimNode): void {
    this.#jobs.delete(node)
  }

  durable(node: SimNode, { promises }: Writes): void {
    if (promises !== undefined) this.#promisedMs.set(node, node.localMs)
  }

  effect(node: SimNode, effect: Effect): void {
    if (effect.type !== 'send') return
    const type = typeOf(effect.bytes)
    if (type !== 'promise' && type !== 'promised' && type !== 'serving') return
    const message = messageOf(effect.bytes)
    if (message?.type === 'promise') this.#asks(node, message)
    else if (message?.type === 'promised') this.#had.set(effect.bytes, this.#factsOf(node, message))
    else if (message?.type === 'serving') this.#serves(node, message)
  }

  #asks(node: SimNode, { request, epoch }: MessageOf<'promise'>): void {
    if (this.#jobs.get(node)?.request === request) return
    const sinceMs = this.#promisedMs.get(node) ?? node.localMs
    this.#jobs.set(node, { request, epoch, sinceMs, told: new Map() })
  }

  /** Facts of the slots whose digests are still those that it tells. */
  #factsOf(node: SimNode, { digests }: MessageOf<'promised'>): ReadonlyMap<number, readonly PoolFact[]> {
    const facts = new Map<number, readonly PoolFact[]>()
    for (const { slot, count, xor } of digests) {
      if (node.disk.facts.digest(slot) !== `${count} ${xor}`) continue
      const committed = [...node.disk.facts.tasksOf(slot)].flat().filter(({ copies }) => copies > 1)
      facts.set(slot, committed)
    }
    return facts
  }

  event(node: SimNode, event: Event): void {
    const job = this.#jobs.get(node)
    if (job === undefined) return
    if (event.type === 'disconnected') job.told.delete(event.peer)
    if (event.type !== 'received' || typeOf(event.bytes) !== 'promised') return
    const message = messageOf(event.bytes)
    const had = this.#had.get(event.bytes)
    if (message?.type !== 'promised' || message.request !== job.request || had === undefined) return
    if (node.localMs - job.sinceMs < SILENT_MS) job.told.set(event.from, had)
  }

  #serves(node: SimNode, { runs }: MessageOf<'serving'>): void {
    const job = this.#jobs.get(node)
    const its = runs.filter((run) => run.node === node.id && run.epoch === job?.epoch)
    if (job === undefined || its.length === 0) return
    this.#jobs.delete(node)
    if (node.localMs - job.sinceMs > CATCH_UP_MS) return
    for (const [peer, told] of job.told) {
      if (node.core?.isUp?.(peer) === false) continue
      for (const [slot, facts] of told) {
        const lacking = its.some(({ from, to }) => from <= slot && slot <= to) && this.#lacking(node, facts)
        if (lacking)
          this.#world.report(
            'I2',
            `node ${node.index} serves slot ${slot} without a fact (${lacking.kind}) of task ${lacking.task} that ${peer} had when it promised`,
          )
      }
    }
  }

  #lacking(node: SimNode, facts: readonly PoolFact[]): PoolFact | undefined {
    return facts.find((fact) => !this.#watch.has(node, fact) && !this.#watch.deletedBatches.has(fact.batch))
  }
}
