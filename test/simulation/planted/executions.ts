/** Bugs in what is started, and in what is heard of its end. */
import type { Event } from '../../../src/core/events.ts'
import { makeToken, readToken } from '../../../src/core/ids.ts'
import type { SimNode } from '../process.ts'
import type { Tamper } from '../surroundings.ts'
import { altered } from '../tampering.ts'
import type { World } from '../world.ts'
import { diceOf } from './dice.ts'

/** Does not hear that some attempts have completed. */
export function missesCompletions(world: World): Tamper {
  const random = diceOf(world)
  const isMissed = (event: Event) =>
    event.type === 'execution-ended' && event.outcome === 'completed' && random.chance(0.03)
  return { event: (_node, event) => (isMissed(event) ? undefined : event) }
}

/** Says of some attempts that have completed that they were returned: their tasks are performed again. */
export function returnsCompletions(world: World): Tamper {
  const random = diceOf(world)
  return {
    event(_node, event) {
      if (event.type !== 'execution-ended' || event.outcome !== 'completed' || !random.chance(0.1)) return event
      const { type, token, durationMs } = event
      return { type, token, durationMs, outcome: 'returned' }
    },
  }
}

/** Takes the result of an attempt for that of the next on the same node. */
export function mistakesResults(world: World): Tamper {
  const random = diceOf(world)
  const last = new Map<SimNode, Extract<Event, { type: 'execution-ended' }>>()
  return {
    event(node, event) {
      if (event.type !== 'execution-ended' || event.outcome !== 'completed') return event
      const earlier = last.get(node)
      last.set(node, event)
      return earlier?.result === undefined || !random.chance(0.1) ? event : { ...event, result: earlier.result }
    },
  }
}

/** Grants a place and starts nothing in it. */
export function startsNothing(world: World): Tamper {
  const random = diceOf(world)
  return {
    effects: (_node, effects) => altered(effects, 'execute', (effect) => (random.chance(0.3) ? [] : [effect])),
  }
}

/** Starts some executions only when 20 s have passed, or people cancel something. */
export function startsLate(world: World): Tamper {
  const LATE_MS = 20_000
  const held = new Map<
    unknown,
    { readonly effect: { readonly type: 'execute' }; readonly sinceMs: number; readonly starts: number }[]
  >()
  return {
    effects(node, effects, event) {
      const { nowMs } = world.schedule
      const isCancelled =
        (event.type === 'set-batch' && event.change.cancelled === true) ||
        (event.type === 'change-tasks' && event.change === 'cancel')
      const list = (held.get(node) ?? []).filter(({ starts }) => starts === node.starts)
      const due = list.filter(({ sinceMs }) => isCancelled || nowMs - sinceMs > LATE_MS)
      const kept = list.filter((each) => !due.includes(each))
      const now = altered(effects, 'execute', (effect) => {
        if (kept.length > 0) return [effect]
        kept.push({ effect, sinceMs: nowMs, starts: node.starts })
        return []
      })
      held.set(node, kept)
      return [...now, ...due.map(({ effect }) => effect as (typeof effects)[number])]
    },
  }
}

/** Executes some tasks three times at once. */
export function executesThrice(world: World): Tamper {
  const random = diceOf(world)
  return {
    effects: (_node, effects) =>
      altered(effects, 'execute', (effect) => {
        if (!random.chance(0.05)) return [effect]
        const { epoch, seq, boot } = readToken(effect.token)
        const again = (more: number) => ({ ...effect, token: makeToken(epoch, seq + more, boot) })
        return [effect, again(2 ** 40), again(2 ** 41)]
      }),
  }
}

/** Takes failures of tasks for faults of the node. */
export function excusesFailures(): Tamper {
  return {
    event: (_node, event) =>
      event.type === 'execution-ended' && event.outcome === 'failed' ? { ...event, outcome: 'returned' } : event,
  }
}

/** Starts some of what it holds for others only when it has not heard their owner for 16 s. */
export function startsUnheard(world: World): Tamper {
  const UNHEARD_MS = 16_000
  const heardMs = new Map<string, number>()
  const held = new Map<SimNode, { readonly effect: { readonly type: 'execute' }; readonly key: string }[]>()
  const keyOf = (node: SimNode, peer: string) => `${node.index} ${node.starts} ${peer}`
  const ownerOf = (boot: string) => world.nodes.find((each) => each.boot === boot)
  return {
    event(node, event) {
      if (event.type === 'received') heardMs.set(keyOf(node, event.from), node.localMs)
      return event
    },
    effects(node, effects) {
      const list = held.get(node) ?? []
      const isDue = ({ key }: { key: string }) => node.localMs - (heardMs.get(key) ?? node.localMs) > UNHEARD_MS
      const due = list.filter(isDue)
      const kept = list.filter((each) => !isDue(each) && each.key.startsWith(`${node.index} ${node.starts} `))
      const now = altered(effects, 'execute', (effect) => {
        const owner = ownerOf(readToken(effect.token).boot)
        if (owner === undefined || owner.id === node.id || kept.length > 0) return [effect]
        kept.push({ effect, key: keyOf(node, owner.id) })
        return []
      })
      held.set(node, kept)
      return [...now, ...due.map(({ effect }) => effect as (typeof effects)[number])]
    },
  }
}

/** Takes nothing any more once its back end was down. */
export function restsForEver(): Tamper {
  const resting = new Map<SimNode, number>()
  const reason = 'the back end was down once'
  return {
    event(node, event) {
      if (event.type === 'execution-ended' && event.error?.class === 'backend-down') resting.set(node, node.starts)
      return event.type === 'tick' && resting.get(node) === node.starts
        ? { type: 'suspend', cause: 'drain', reason }
        : event
    },
  }
}
