/** Faults of disks and of clocks. */
import type { ClockFault, DiskFault } from './faults.ts'
import { type Injection, nothing, type TakeBack } from './injection.ts'

export function injectDisk(injection: Injection, fault: DiskFault): TakeBack {
  const node = injection.node(fault.node)
  const { trouble } = node
  switch (fault.kind) {
    case 'disk-full':
    case 'disk-failing':
      trouble.problem = fault.kind === 'disk-full' ? 'disk-full' : 'failing'
      return () => {
        trouble.problem = undefined
        if (fault.kind === 'disk-full' && fault.sticky) injection.kill(node, 0)
      }
    case 'slow-sync':
      trouble.slowSyncMs = fault.syncMs
      return () => {
        trouble.slowSyncMs = 0
      }
    case 'reads-fail':
      trouble.readsFail = true
      return () => {
        trouble.readsFail = false
      }
    case 'bit-flips':
      if (!node.up) return nothing
      node.crash()
      injection.tell(node, 'bits-flipped', node.disk.flipBits(injection.random, fault.facts))
      if (fault.tallies) {
        node.disk.damageTallies()
        injection.tell(node, 'tallies-damaged', [])
      }
      node.disk.flipBatches(injection.random, fault.batches ?? 0)
      node.startIn(0)
      return nothing
    case 'wiped':
      if (!node.up) return nothing
      node.crash()
      injection.wipe(node)
      node.startIn(fault.downMs)
      return nothing
    case 'backup': {
      const snapshot = node.disk.snapshot()
      return () => {
        // Its disk was thrown away.
        if (node.retired) return
        node.crash()
        const before = [...node.disk.facts.all()]
        node.disk.restore(snapshot)
        injection.tell(
          node,
          'backup-restored',
          before.filter((fact) => !node.disk.facts.has(fact)),
        )
        node.startIn(0)
      }
    }
  }
}

export function injectClock(injection: Injection, fault: ClockFault): TakeBack {
  const node = injection.node(fault.node)
  switch (fault.kind) {
    case 'drift':
      node.setClockRate(fault.rate)
      return nothing
    case 'block':
      return injection.freeze(node)
    case 'suspend': {
      const open = injection.isolate(node)
      const thaw = injection.freeze(node)
      if (fault.clockStands) node.stopClock()
      return () => {
        open()
        if (fault.clockStands) node.goClock()
        thaw()
      }
    }
  }
}
