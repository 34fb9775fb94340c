/** A machine that does nothing but hear, for tests of the wires. */
import type { Event } from '../../src/core/events.ts'
import type { Endpoint } from './network.ts'
import type { Schedule } from './schedule.ts'

export interface Heard {
  readonly atMs: number
  readonly event: Event
}

export class StubEndpoint implements Endpoint {
  readonly index: number
  readonly id: string
  up = true
  frozen = false
  starts = 1
  readonly heard: Heard[] = []
  readonly #schedule: Schedule

  constructor(index: number, schedule: Schedule, id = `node-${index}`) {
    this.index = index
    this.id = id
    this.#schedule = schedule
  }

  post(event: Event): void {
    if (this.up) this.heard.push({ atMs: this.#schedule.nowMs, event })
  }

  /** The numbers of the messages that arrived, in their order. */
  get numbers(): number[] {
    return this.heard.flatMap(({ event }) => (event.type === 'received' ? [numberIn(event.bytes)] : []))
  }

  get types(): string[] {
    return this.heard.map(({ event }) => event.type)
  }

  when(type: Event['type']): number | undefined {
    return this.heard.find(({ event }) => event.type === type)?.atMs
  }
}

/** A message that is a number. */
export function message(number: number): Uint8Array {
  return Uint8Array.of(number >> 8, number & 255)
}

function numberIn([high = 0, low = 0]: Uint8Array): number {
  return 256 * high + low
}
