/**
 * The beats that each process has heard of the others lately, for checkers that ask what it must take another node for.
 *
 * 1. Times are by the clock of who hears.
 */
import type { Effect } from '../../src/core/effects.ts'
import type { Event } from '../../src/core/events.ts'
import type { Boot, NodeId } from '../../src/core/ids.ts'
import { awayOn, membersOn } from './checkers/members.ts'
import { messageOf, typeOf } from './message-reader.ts'
import type { Observer } from './observer.ts'
import type { SimNode } from './process.ts'

interface Beat {
  readonly atMs: number
  readonly bytes: Uint8Array
}

/** Beats come every second. */
const GAP_MS = 2_500
const KEPT_MS = 15_000

export class Hearing implements Observer {
  readonly #heard = new Map<SimNode, Map<NodeId, Beat[]>>()

  began(node: SimNode): void {
    this.#heard.set(node, new Map())
  }

  event(node: SimNode, event: Event): void {
    const heard = this.#heard.get(node)
    // A process that is gone shows by its connection at once.
    if (event.type === 'disconnected') heard?.delete(event.peer)
    if (event.type !== 'received') return
    const type = typeOf(event.bytes)
    // Who says hello may be a copy of the one that was heard before.
    if (type === 'hello') heard?.delete(event.from)
    if (type !== 'beat') return
    const beats = heard?.get(event.from) ?? []
    const atMs = node.localMs
    while (beats[0] !== undefined && beats[0].atMs < atMs - KEPT_MS) beats.shift()
    beats.push({ atMs, bytes: event.bytes })
    heard?.set(event.from, beats)
  }

  /** Whoever is to be written down as no member any more, or away, is none already. */
  effect(node: SimNode, effect: Effect): void {
    if (effect.type !== 'persist') return
    for (const { id, standing } of effect.mesh?.members ?? [])
      if (standing !== 'joined') this.#heard.get(node)?.delete(id)
  }

  /**
   * The boot of a member whose beats have come without a gap from then until now, all of that boot and saying that it
   * stores; undefined where they have not, or it cannot be told any more.
   */
  steadyBoot(node: SimNode, peer: NodeId, fromMs: number): Boot | undefined {
    const untilMs = node.localMs
    if (fromMs < untilMs - KEPT_MS || !membersOn(node).includes(peer) || awayOn(node).has(peer)) return undefined
    const beats = (this.#heard.get(node)?.get(peer) ?? []).filter(({ atMs }) => atMs >= fromMs)
    let lastMs = fromMs
    for (const atMs of [...beats.map((beat) => beat.atMs), untilMs]) {
      if (atMs - lastMs > GAP_MS) return undefined
      lastMs = atMs
    }
    const boots = new Set(beats.map(({ bytes }) => storingBoot(bytes)))
    const [boot] = boots
    return boots.size === 1 ? boot : undefined
  }
}

function storingBoot(bytes: Uint8Array): Boot | undefined {
  const message = messageOf(bytes)
  return message?.type === 'beat' && message.storing ? message.boot : undefined
}
