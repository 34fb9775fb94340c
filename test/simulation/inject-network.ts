/** Faults of wires and of gossip. */
import type { GossipFault, NetworkFault } from './faults.ts'
import { type Injection, nothing, type TakeBack, waysBetween } from './injection.ts'
import type { Target } from './schedule.ts'

export function injectNetwork(injection: Injection, fault: NetworkFault): TakeBack {
  const { network } = injection.surroundings
  const { links } = network
  switch (fault.kind) {
    case 'cut':
      return injection.block(waysBetween(fault.from, fault.to, fault.oneWay))
    case 'split': {
      const ways = fault.groups.flatMap((group, at) =>
        fault.groups.slice(at + 1).flatMap((other) => waysBetween(group, other, false)),
      )
      return injection.block(ways)
    }
    case 'cut-pairs':
      return injection.block(fault.pairs.flatMap(([a, b]) => waysBetween([a], [b], false)))
    case 'swizzle':
      return swizzle(injection, fault)
    case 'slow':
      links.slow(fault.a, fault.b, fault.byMs)
      return () => links.slow(fault.a, fault.b, -fault.byMs)
    case 'reset':
      network.reset(injection.node(fault.a), injection.node(fault.b))
      return nothing
    case 'reset-after':
      network.resetAfter(injection.node(fault.a), injection.node(fault.b), fault.messages)
      return nothing
    case 'flap':
      return flap(injection, fault)
  }
}

function flap(injection: Injection, { a, b, periodMs }: Extract<NetworkFault, { kind: 'flap' }>): TakeBack {
  let open: TakeBack | undefined
  let over = false
  const flip: Target<undefined> = {
    happen: () => {
      if (over) return
      if (open === undefined) open = injection.block(waysBetween([a], [b], false))
      else {
        open()
        open = undefined
      }
      injection.later(periodMs / 2, flip, undefined)
    },
  }
  flip.happen(undefined)
  return () => {
    over = true
    open?.()
  }
}

/** The first half of its time takes machines out, the second brings them back. */
function swizzle(injection: Injection, { out, back, forMs }: Extract<NetworkFault, { kind: 'swizzle' }>): TakeBack {
  const opens = new Map<number, TakeBack>()
  let over = false
  const outs: Target<number> = {
    happen: (node) => {
      if (!over) opens.set(node, injection.isolate(injection.node(node)))
    },
  }
  const backs: Target<number> = {
    happen: (node) => {
      opens.get(node)?.()
      opens.delete(node)
    },
  }
  const stepMs = forMs / (2 * out.length + 1)
  for (const [at, node] of out.entries()) injection.later(at * stepMs, outs, node)
  for (const [at, node] of back.entries()) injection.later(forMs / 2 + at * stepMs, backs, node)
  return () => {
    over = true
    for (const node of [...opens.keys()]) backs.happen(node)
  }
}

export function injectGossip(injection: Injection, fault: GossipFault): TakeBack {
  const { gossip } = injection.surroundings
  if (fault.kind === 'gossip-silenced') {
    gossip.silenced++
    return () => {
      gossip.silenced--
    }
  }
  gossip.everywhere++
  const open = injection.block(injection.everyone.flatMap((node) => waysBetween([node], injection.everyone, true)))
  return () => {
    gossip.everywhere--
    open()
  }
}
