/**
 * One life of a node's process: its core, and the loop that feeds it and carries out what it asks for.
 *
 * 1. The core takes one step at a time; nothing that a step causes happens inside it.
 * 2. While it is frozen events wait, and then all come at once, in order; the due tick comes first or last.
 * 3. Once it is dead it hears nothing and does nothing; what it had asked for in vain stays undone.
 */
import type { Effect, Writes } from '../../src/core/effects.ts'
import type { Event } from '../../src/core/events.ts'
import type { Core } from './core.ts'
import type { PoolFact } from './fact-pool.ts'
import type { SimNode } from './process.ts'
import type { Random } from './random.ts'
import type { Target } from './schedule.ts'
import { Storage } from './storage.ts'
import type { Surroundings } from './surroundings.ts'

export class SimDriver {
  readonly core: Core
  readonly #node: SimNode
  readonly #surroundings: Surroundings
  readonly #random: Random
  readonly #storage: Storage
  #dead = false
  #frozen = 0
  #backlog: Event[] = []
  #wakeMs = Number.POSITIVE_INFINITY
  #lastMs = 0

  constructor(node: SimNode, surroundings: Surroundings, core: Core, random: Random) {
    this.core = core
    this.#node = node
    this.#surroundings = surroundings
    this.#random = random
    this.#storage = new Storage({
      schedule: surroundings.schedule,
      disk: node.disk,
      trouble: node.trouble,
      conditions: surroundings.conditions.disk,
      random,
      post: (event) => this.post(event),
      onDurable: (writes) => this.#durable(writes),
      onDropped: (facts) => this.#dropped(facts),
    })
  }

  get frozen(): boolean {
    return this.#frozen > 0
  }

  #durable(writes: Writes): void {
    const added = this.#node.disk.write(writes)
    for (const observer of this.#surroundings.observers.of('durable')) observer.durable(this.#node, writes, added)
  }

  #dropped(facts: readonly PoolFact[]): void {
    if (facts.length === 0) return
    for (const observer of this.#surroundings.observers.of('dropped')) observer.dropped(this.#node, facts)
  }

  post(event: Event): void {
    if (this.#dead) return
    if (this.#frozen > 0) {
      this.#backlog.push(event)
      this.#node.waited++
    } else this.#step(event, 0)
  }

  #step(event: Event, atMs: number): void {
    const { observers, tamper, report } = this.#surroundings
    for (const observer of observers.of('event')) observer.event(this.#node, event)
    const given = tamper?.event === undefined ? event : tamper.event(this.#node, event)
    if (given === undefined) return
    this.#lastMs = Math.max(this.#lastMs, this.#node.localMs, atMs)
    this.#node.steps++
    let effects: readonly Effect[]
    try {
      effects = this.core.step(given, this.#lastMs)
    } catch (error) {
      const what = error instanceof Error ? error.stack : String(error)
      report('core', `node ${this.#node.index} threw at ${given.type}: ${what}`)
      this.#node.crash()
      return
    }
    if (tamper?.effects !== undefined) effects = tamper.effects(this.#node, effects, given)
    for (const effect of effects) {
      this.#carryOut(effect)
      if (this.#node.isHit(effect) || this.#dead) return
    }
  }

  #carryOut(effect: Effect): void {
    const { observers, network, dialling, gossip } = this.#surroundings
    this.#node.effects++
    for (const observer of observers.of('effect')) observer.effect(this.#node, effect)
    switch (effect.type) {
      case 'persist':
        return this.#storage.persist(effect)
      case 'send':
        return network.send(this.#node, effect.to, effect.bytes)
      case 'wake':
        return this.#wake(effect.atMs)
      case 'gossip':
        return gossip.publish(this.#node, effect.bytes)
      case 'dial':
        return dialling.dial(this.#node, effect.to)
      case 'knock':
        return dialling.knock(this.#node, effect.to)
      case 'hang-up':
        return network.hangUp(this.#node, effect.to)
      case 'execute':
        return this.#node.execute(effect)
      case 'kill':
        return this.#node.executor.kill(effect.token, effect.outcome)
      case 'answer':
      case 'refuse':
        return this.#node.onReply(effect)
      case 'notice':
        return
      case 'stopped':
        this.#storage.close()
        return this.#node.stopped()
      case 'fatal':
        return this.#node.refused()
      default:
        this.#storage.afterWrites(effect)
    }
  }

  #wake(atMs: number): void {
    this.#wakeMs = atMs
    this.#surroundings.schedule.at(this.#node.clock.virtualMs(atMs), this.#wakes, atMs)
  }

  readonly #wakes: Target<number> = {
    happen: (atMs) => {
      if (this.#dead || atMs !== this.#wakeMs || this.#frozen > 0) return
      // The clock has slowed down since, or rounding has it a moment early.
      if (this.#node.clock.virtualMs(atMs) > this.#surroundings.schedule.nowMs + 0.001) this.#wake(atMs)
      else this.#tick()
    },
  }

  #tick(): void {
    const atMs = this.#wakeMs
    this.#wakeMs = Number.POSITIVE_INFINITY
    this.#step({ type: 'tick' }, atMs)
  }

  /** The node's clock goes at another rate from now on. */
  clockChanged(): void {
    if (Number.isFinite(this.#wakeMs)) this.#wake(this.#wakeMs)
  }

  freeze(): void {
    this.#frozen++
  }

  /** One reason less to be frozen; without any, what waited is done at once. */
  thaw(): void {
    if (this.#frozen === 0) return
    this.#frozen--
    if (this.#frozen > 0) return
    if (this.#isDue() && this.#random.chance(0.5)) this.#tick()
    for (const event of this.#backlog.splice(0)) this.post(event)
    if (this.#isDue()) this.#tick()
    else this.clockChanged()
  }

  #isDue(): boolean {
    return !this.#dead && this.#wakeMs <= this.#node.localMs
  }

  /** The process ends in the middle of whatever it does. */
  crash(): void {
    this.#dead = true
    this.#storage.crash()
  }
}
