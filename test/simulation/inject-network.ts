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
    case 'slow':
      links.slow(fault.a, fault.b, fault.byMs)
      return () => links.slow(fault.a, fault.b, -fault.byMs)
    case 'reset':
      network.reset(injection.node(fault.a), injection.node(fault.b))
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
