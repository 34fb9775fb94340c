/** Turns the core's answers into promises: one request, one answer. */
import type { AnswerValue, Effect } from '../core/effects.ts'
import { MeshError } from '../core/errors.ts'
import type { Event } from '../core/events.ts'

type Requesting = Extract<Event, { request: number }>
type WithoutRequest<E> = E extends unknown ? Omit<E, 'request'> : never

interface Waiting {
  readonly resolve: (value: AnswerValue) => void
  readonly reject: (error: Error) => void
}

export class PendingRequests {
  readonly #post: (event: Event) => void
  readonly #waiting = new Map<number, Waiting>()
  #last = 0
  #closed: Error | undefined

  constructor(post: (event: Event) => void) {
    this.#post = post
  }

  /** @throws what the core refuses the request with */
  ask(event: WithoutRequest<Requesting>): Promise<AnswerValue> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    const request = ++this.#last
    return new Promise((resolve, reject) => {
      this.#waiting.set(request, { resolve, reject })
      this.#post({ ...event, request } as Requesting)
    })
  }

  reply(effect: Extract<Effect, { type: 'answer' | 'refuse' }>): void {
    const waiting = this.#waiting.get(effect.request)
    this.#waiting.delete(effect.request)
    if (effect.type === 'answer') waiting?.resolve(effect.value)
    else waiting?.reject(new MeshError(effect.code, effect.message))
  }

  /** Refuses what waits and what is still to come. */
  close(error: Error): void {
    this.#closed = error
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
