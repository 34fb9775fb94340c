/**
 * Requests that people's programs have under way at nodes.
 *
 * 1. The caller hears once: of the answer, of the refusal, or of nothing (its node went away, or time ran out).
 * 2. What was asked stays known until it is answered or its node went away, so that a late answer can be judged.
 */
import type { Effect } from '../../src/core/effects.ts'
import type { Event } from '../../src/core/events.ts'
import type { SimNode } from './process.ts'
import type { Schedule, Target } from './schedule.ts'

export type RequestEvent = Extract<Event, { request: number }>
type WithoutRequest<E> = E extends unknown ? Omit<E, 'request'> : never
export type Question = WithoutRequest<RequestEvent>
export type Reply = Extract<Effect, { type: 'answer' | 'refuse' }>

interface Asked {
  readonly node: SimNode
  readonly starts: number
  readonly event: RequestEvent
  readonly hear: (reply: Reply | undefined) => void
  heard: boolean
}

const TIMEOUT_MS = 60_000

export class RequestDesk {
  readonly #schedule: Schedule
  readonly #asked = new Map<number, Asked>()
  #last = 0
  /** Requests whose node went away before it answered. */
  lost = 0

  constructor(schedule: Schedule) {
    this.#schedule = schedule
  }

  attach(node: SimNode): void {
    node.onReply = (reply) => this.#schedule.at(this.#schedule.nowMs, this.#replies, reply)
  }

  /** Whoever is patient waits for as long as the node lives. */
  ask(node: SimNode, question: Question, hear: (reply: Reply | undefined) => void, isPatient = false): void {
    const event = { ...question, request: ++this.#last } as RequestEvent
    const asked = { node, starts: node.starts, event, hear, heard: false }
    this.#asked.set(event.request, asked)
    this.#schedule.at(this.#schedule.nowMs, this.#posts, asked)
    if (!isPatient) this.#schedule.at(this.#schedule.nowMs + TIMEOUT_MS, this.#timeouts, asked)
  }

  /** What was asked under a number. */
  asked(request: number): RequestEvent | undefined {
    return this.#asked.get(request)?.event
  }

  readonly #posts: Target<Asked> = {
    happen: (asked) => {
      if (asked.node.up && asked.node.starts === asked.starts) asked.node.post(asked.event)
      else this.#hear(asked, undefined)
    },
  }

  readonly #timeouts: Target<Asked> = { happen: (asked) => this.#hear(asked, undefined) }

  readonly #replies: Target<Reply> = {
    happen: (reply) => {
      const asked = this.#asked.get(reply.request)
      this.#asked.delete(reply.request)
      if (asked !== undefined) this.#hear(asked, reply)
    },
  }

  #hear(asked: Asked, reply: Reply | undefined): void {
    if (asked.heard) return
    asked.heard = true
    asked.hear(reply)
  }

  /** A process went away with everything that it was asked. */
  gone(node: SimNode): void {
    for (const asked of [...this.#asked.values()]) {
      if (asked.node !== node) continue
      this.#asked.delete(asked.event.request)
      if (!asked.heard) this.lost++
      // Not at once: its node is in the middle of a step.
      this.#schedule.at(this.#schedule.nowMs + 1, this.#timeouts, asked)
    }
  }
}
