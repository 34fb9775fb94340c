/**
 * A running hash over everything that every core was told and asked for, and when: two runs with the same hash were
 * the same run (I12).
 */
import type { Effect } from '../../src/core/effects.ts'
import type { Event } from '../../src/core/events.ts'
import type { SlotRun } from '../../src/core/messages.ts'
import type { Observer } from './observer.ts'
import type { SimNode } from './process.ts'
import type { Schedule } from './schedule.ts'

export class Trace implements Observer {
  readonly #schedule: Schedule
  #high = 0x811c9dc5
  #low = 0x01000193

  constructor(schedule: Schedule) {
    this.#schedule = schedule
  }

  get hash(): string {
    return [this.#high, this.#low].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
  }

  #number(value: number): void {
    const whole = Math.floor(value)
    this.#high = Math.imul(this.#high ^ (whole | 0) ^ Math.floor((value - whole) * 2 ** 32), 0x85ebca6b)
    this.#low = Math.imul(this.#low + (this.#high >>> 15), 0xc2b2ae35) ^ this.#high
  }

  #text(text: string): void {
    let hash = text.length
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
    this.#number(hash)
  }

  #bytes(bytes: Uint8Array): void {
    let hash = bytes.length
    for (let at = 0; at < bytes.length; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193)
    this.#number(hash)
  }

  event(node: SimNode, event: Event): void {
    this.#number(this.#schedule.nowMs)
    this.#number(node.index)
    this.#text(event.type)
    switch (event.type) {
      case 'received':
        this.#text(event.from)
        return this.#bytes(event.bytes)
      case 'gossiped':
        return this.#bytes(event.bytes)
      case 'tick':
        return
      case 'persisted':
        return this.#number(event.ticket)
      case 'digests-read':
        this.#number(event.load)
        for (const { slot, count, xor } of event.digests) {
          this.#number(slot)
          this.#number(count)
          this.#text(xor)
        }
        return
      case 'loaded':
      case 'slot-read':
        this.#number(event.load)
        return this.#facts(event.facts)
      case 'start': {
        const { mesh, ...rest } = event
        this.#json(rest)
        return this.#json({ ...mesh, outbox: mesh?.outbox.map(({ hash }) => hash) })
      }
      default:
        this.#json(event)
    }
  }

  /** What is small, or seldom. */
  #json(value: unknown): void {
    this.#text(JSON.stringify(value))
  }

  #facts(facts: readonly { readonly hash: string }[]): void {
    this.#number(facts.length)
    for (const { hash } of facts) this.#text(hash.slice(0, 8))
  }

  effect(node: SimNode, effect: Effect): void {
    this.#number(node.index)
    this.#text(effect.type)
    switch (effect.type) {
      case 'send':
        this.#text(effect.to)
        return this.#bytes(effect.bytes)
      case 'gossip':
        return this.#bytes(effect.bytes)
      case 'persist':
        return this.#writes(effect)
      case 'wake':
        return this.#number(effect.atMs)
      case 'read-digests':
        this.#number(effect.load)
        return this.#runs(effect.slots)
      default:
        this.#json(effect)
    }
  }

  #runs(runs: readonly SlotRun[]): void {
    for (const { from, to } of runs) {
      this.#number(from)
      this.#number(to)
    }
  }

  #writes({ ticket, facts, tallies, indexes, batches, promises, mesh }: Extract<Effect, { type: 'persist' }>): void {
    this.#number(ticket)
    this.#facts(facts)
    for (const tally of tallies) this.#json(tally)
    for (const index of indexes) this.#json(index)
    for (const batch of batches) this.#json(batch)
    this.#runs(promises ?? [])
    for (const { epoch, node } of promises ?? []) {
      this.#number(epoch)
      this.#text(node)
    }
    if (mesh !== undefined) this.#json({ ...mesh, outbox: mesh.outbox.map(({ hash }) => hash) })
  }
}
