/** Faults of processes: ends, pauses, power, copies. */
import type { ProcessFault } from './faults.ts'
import { type Injection, nothing, type TakeBack } from './injection.ts'
import type { SimNode } from './process.ts'
import type { Target } from './schedule.ts'

/** How long who asked a node to stop waits for it. */
const GRACE_MS = 30_000

const kills: Target<{ readonly injection: Injection; readonly node: SimNode }> = {
  happen: ({ injection, node }) => {
    if (!injection.healed) injection.kill(node, 0)
  },
}

const graceEnds: Target<{ readonly injection: Injection; readonly node: SimNode; readonly starts: number }> = {
  happen: ({ injection, node, starts }) => {
    if (node.starts === starts) injection.kill(node, 0)
  },
}

export function injectProcess(injection: Injection, fault: ProcessFault): TakeBack {
  if (fault.kind === 'kill-all') {
    for (const node of injection.nodes) injection.kill(node, fault.downMs)
    return nothing
  }
  const node = injection.node(fault.node)
  switch (fault.kind) {
    case 'crash':
      injection.kill(node, fault.downMs)
      return nothing
    case 'crash-after':
      node.armed = { type: fault.type, count: fault.effects, downMs: fault.downMs }
      return nothing
    case 'restarts':
      for (let time = 0; time < fault.times; time++) injection.later(time * fault.everyMs, kills, { injection, node })
      return nothing
    case 'pause':
      return injection.freeze(node)
    case 'power-cut': {
      const open = injection.isolate(node)
      node.powerOff()
      return () => {
        open()
        node.powerOn()
      }
    }
    case 'stop':
      node.post({ type: 'stop', now: fault.now })
      injection.later(GRACE_MS, graceEnds, { injection, node, starts: node.starts })
      return nothing
    case 'death':
      node.retired = true
      node.crash(false)
      injection.wipe(node)
      return nothing
    case 'clone': {
      const clone = injection.clone(node)
      return () => {
        if (clone === undefined) return
        clone.retired = true
        clone.crash()
        injection.wipe(clone)
      }
    }
  }
}

/** A node that starts anew meanwhile is told nothing. */
export function injectSuspension(node: SimNode): TakeBack {
  node.post({ type: 'suspend', cause: 'duty-hours', reason: 'off duty' })
  return () => node.post({ type: 'suspend', cause: 'duty-hours', reason: undefined })
}
